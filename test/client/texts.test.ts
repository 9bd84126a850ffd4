/** What rows of configuration, workflows and runs tell, and small pieces of text. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { escapeMarkdown, oneLine, relativeTime } from '../../client/text.ts';
import { auditDocument } from '../../client/views/auditText.ts';
import { configText } from '../../client/views/configText.ts';
import { isActive, runDocument, runText } from '../../client/views/runText.ts';
import { endpointState, workflowText } from '../../client/views/workflowText.ts';
import type { AuditRow } from '../../server/protocol/audit.ts';
import type { ConfigRow } from '../../server/protocol/configs.ts';
import type { RunDetail } from '../../server/protocol/runs.ts';
import type { WorkflowRow } from '../../server/protocol/workflows.ts';
import { context, inDays } from './context.ts';

describe('configuration', () => {
  const row: ConfigRow = {
    name: 'api_key',
    type: 'secret',
    value: '[SECRET]',
    needsValue: false,
    updatedAt: inDays(-1),
    updatedBy: 'editor',
  };

  test('a secret is exactly six dots, whatever the daemon answers', () => {
    for (const value of ['[SECRET]', 'leaked-test-value', null]) {
      const text = configText({ ...row, value }, context);
      assert.equal(text.description, '••••••');
      assert.doesNotMatch(JSON.stringify(text), /leaked/);
    }
  });

  test('a secret that is kept elsewhere says where, and not what it is', () => {
    const text = configText({ ...row, reference: 'command' }, context);
    assert.equal(text.description, '•••••• from a command');
  });

  test('a value that was imported without its secret says that it is needed', () => {
    const text = configText({ ...row, value: null, needsValue: true }, context);
    assert.equal(text.description, 'needs a value');
    assert.equal(text.icon, 'warning');
  });

  test('a long text and a JSON value stand in one line', () => {
    const json = configText({ ...row, type: 'json', value: { retries: 3 } }, context);
    assert.equal(json.description, '{"retries":3}');
    const long = configText({ ...row, type: 'string', value: 'a\nb'.repeat(100) }, context);
    assert.equal([...long.description].length, 80);
    assert.doesNotMatch(long.description, /\n/);
  });

  test('a value of many thousand characters does not fill the tooltip', () => {
    const { tooltip } = configText({ ...row, type: 'string', value: 'x'.repeat(50_000) }, context);
    assert.ok(tooltip.length < 2_000);
  });
});

describe('workflows', () => {
  const row: WorkflowRow = {
    id: 'greet',
    functionName: 'greet',
    folder: '/project',
    file: '/project/workflows/hello.py',
    range: { start: { line: 4, character: 0 }, end: { line: 4, character: 5 } },
    tags: [],
    endpointEnabled: true,
    publicEndpoint: false,
    disableGlobalKey: false,
    acceptsExtra: false,
    allowedMethods: ['POST'],
    executionMode: 'sync',
    timeoutSeconds: 1800,
    parameters: [
      { name: 'name', annotation: 'str', required: true },
      { name: 'count', annotation: 'int', required: false },
    ],
    duplicate: false,
    url: 'http://127.0.0.1:3000/api/endpoints/greet',
  };

  test('a row says who may call the endpoint', () => {
    const states = [
      [{}, 'any-key'],
      [{ disableGlobalKey: true }, 'own-key'],
      [{ publicEndpoint: true }, 'public'],
      [{ endpointEnabled: false }, 'off'],
      [{ endpointEnabled: false, publicEndpoint: true }, 'off'],
      [{ duplicate: true }, 'duplicate'],
    ] as const;
    for (const [flags, expected] of states) assert.equal(endpointState({ ...row, ...flags }), expected);
  });

  test('the tooltip shows address and signature, but no address where none answers', () => {
    assert.match(
      workflowText(row, context).tooltip,
      /`POST http:.*`\n\n`greet\(name: str, count: int = …\)`/,
    );
    assert.doesNotMatch(workflowText({ ...row, endpointEnabled: false }, context).tooltip, /http:/);
  });
});

describe('the audit log', () => {
  const row: AuditRow = {
    seq: 12,
    at: '2026-11-21T09:00:00.000Z',
    actor: 'run',
    action: 'secret.read',
    target: 'stripe_api_key',
    outcome: 'ok',
  };

  test('a line says for which organization it was, and which run or request it belongs to', () => {
    const text = auditDocument([
      { ...row, organizationId: 'acme', runId: 'r1', detail: { scope: 'global' } },
      { ...row, seq: 13, action: 'request.refused', outcome: 'refused', requestId: 'q1' },
    ]);
    assert.equal(
      text,
      '    12  2026-11-21T09:00:00.000Z  ok       secret.read  stripe_api_key  by run  organization=acme  run=r1  scope=global\n' +
        '    13  2026-11-21T09:00:00.000Z  refused  request.refused  stripe_api_key  by run  request=q1\n',
    );
  });
});

describe('runs', () => {
  const run: RunDetail = {
    id: 'r1',
    workflowId: 'greet',
    status: 'Success',
    triggeredBy: 'editor',
    createdAt: inDays(0),
    durationMs: 42,
    input: { name: 'Ada' },
    result: { greeting: 'Hello Ada' },
    error: null,
    logs: [{ at: inDays(0), level: 'INFO', message: 'token is [REDACTED]\n' }],
    droppedLogBytes: 0,
  };

  test('a document shows input, result and logs in this order', () => {
    const text = runDocument(run);
    assert.match(text, /^greet {2}Success in 42 ms\n/);
    assert.match(
      text,
      /── input.*"Ada".*── result.*"Hello Ada".*── logs\n.*INFO {5}token is \[REDACTED\]\n$/s,
    );
  });

  test('a failed run shows its traceback in place of a result', () => {
    const error = { type: 'ValueError', message: 'no', traceback: 'Traceback …\nValueError: no\n' };
    const text = runDocument({ ...run, status: 'Failed', result: null, error });
    assert.match(text, /── error\nTraceback …\nValueError: no\n/);
    assert.doesNotMatch(text, /── result/);
  });

  test('a run that goes on has no result yet, and output that was dropped is counted', () => {
    const text = runDocument({ ...run, status: 'Running', durationMs: null, droppedLogBytes: 512 });
    assert.doesNotMatch(text, /── result/);
    assert.match(text, /512 bytes of output were dropped/);
  });

  test('a retry names the run that it repeats', () => {
    assert.match(runDocument({ ...run, retryOf: 'r0' }), /^run {6}r1\nrepeats {2}r0$/m);
  });

  test('only pending and running runs can be cancelled', () => {
    assert.equal(isActive({ ...run, status: 'Pending' }), true);
    assert.equal(isActive({ ...run, status: 'Running' }), true);
    assert.equal(isActive({ ...run, status: 'Timeout' }), false);
  });

  test('a row says when it ran, how long, and who started it', () => {
    assert.equal(runText(run, context).description, 'now · 42 ms · editor');
    const byKey = runText({ ...run, triggeredBy: 'key:01a1' }, context);
    assert.equal(byKey.description, 'now · 42 ms · a key');
  });
});

test('times are told in the unit that fits, and 90 days stay days', () => {
  const cases = [
    [0, 'now'],
    [-0.02, '29 minutes ago'],
    [0.5, 'in 12 hours'],
    [-3, '3 days ago'],
    [90, 'in 90 days'],
    [180, 'in 6 months'],
    [365, 'next year'],
  ] as const;
  for (const [days, expected] of cases) assert.equal(relativeTime(inDays(days), context), expected);
});

test('a line is cut between code points, never inside one', () => {
  assert.equal(oneLine('🔑🔑🔑', 2), '🔑…');
  assert.equal(oneLine(' a \n b '), 'a b');
});

test('an address in a text is no link in Markdown, so that it is shown as it is', () => {
  assert.equal(escapeMarkdown('https://a_b.test/$(x)<y'), 'https\\://a\\_b\\.test/\\$\\(x\\)\\<y');
});

test('Markdown in a text stands for itself', () => {
  assert.equal(escapeMarkdown('a|b\n$(trash) `x`'), 'a\\|b \\$\\(trash\\) \\`x\\`');
});
