/** Types into a long workflow file over a real LSP connection, and asks for diagnostics after each character. */

import {
  createProtocolConnection,
  SocketMessageReader,
  SocketMessageWriter,
} from 'vscode-languageserver/node';
import { openSocket } from '../../server/cli/connect.ts';

/** Workflows of 20 lines each, as people write them, until there are `lines` of them. */
function longFile(lines: number): string {
  const blocks = [
    'from bifrost import ExecutionContext, config, workflow\nimport logging\n\nlogger = logging.getLogger(__name__)\n',
  ];
  for (let index = 0; blocks.length * 20 < lines; index += 1) {
    blocks.push(`
@workflow(name="step_${index}", endpoint_enabled=True)
async def step_${index}(context: ExecutionContext, amount: int = ${index}, label: str = "x"):
    """Adds up what the step before has left."""
    known = await config.get("name_${index}")
    missing = await config.get("missing_${index}")
    try:
        caught = await config.get("caught_${index}")
    except KeyError:
        caught = None
    total = 0
    for number in range(amount):
        if number % 2 == 0:
            total += number
        else:
            total -= 1
    logger.info("total %d", total)
    if caught and known and missing:
        return {"total": total, "label": label, "rest": [value for value in range(3)]}
    return {"total": total}
`);
  }
  return blocks.join('');
}

export async function measureKeystrokes(
  data: string,
  lines: number,
  strokes: number,
): Promise<{ roundTripsMs: number[]; fullParseMs: number }> {
  const socket = await openSocket(data);
  const connection = createProtocolConnection(
    new SocketMessageReader(socket),
    new SocketMessageWriter(socket),
  );
  connection.onRequest('workspace/diagnostic/refresh', () => null);
  connection.onRequest('workspace/codeLens/refresh', () => null);
  connection.listen();
  try {
    await connection.sendRequest('initialize', {
      processId: null,
      rootUri: null,
      capabilities: { textDocument: { diagnostic: {} } },
      initializationOptions: { trusted: true },
    });
    await connection.sendNotification('initialized', {});
    const uri = 'file:///bench/long.py';
    const text = longFile(lines);
    const diagnose = async (least: number) => {
      const report = await connection.sendRequest<{ items: unknown[] }>('textDocument/diagnostic', {
        textDocument: { uri },
      });
      if (report.items.length < least) throw new Error(`Only ${report.items.length} diagnostics`);
    };
    const beforeOpen = performance.now();
    await connection.sendNotification('textDocument/didOpen', {
      textDocument: { uri, languageId: 'python', version: 1, text },
    });
    await diagnose(50);
    const fullParseMs = performance.now() - beforeOpen;

    // Characters of a new line in the middle of the file, as somebody types them.
    const line = Math.floor(text.split('\n').length / 2);
    const typed = '    extra = await config.get("missing_while_typing")  # and a comment behind it\n';
    const roundTripsMs: number[] = [];
    let character = 0;
    for (let stroke = 0; stroke < strokes; stroke += 1) {
      const letter = typed[stroke % typed.length] ?? ' ';
      const before = performance.now();
      await connection.sendNotification('textDocument/didChange', {
        textDocument: { uri, version: stroke + 2 },
        contentChanges: [{ range: { start: { line, character }, end: { line, character } }, text: letter }],
      });
      await diagnose(40);
      roundTripsMs.push(performance.now() - before);
      character = letter === '\n' ? 0 : character + 1;
    }
    return { roundTripsMs, fullParseMs };
  } finally {
    connection.dispose();
    socket.destroy();
  }
}
