/**
 * Writes to the store in its arguments (engine, directory, round) until it is killed, and prints one line for each
 * write that was acknowledged: `key <id>`, `run <id> <status>`, `audit <seq>`, `used <key id>`.
 */

import { writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';

import { type EngineName, engines } from './engines.ts';
import { runRecord } from './historyContract.ts';
import { entry, keyRecord } from './stateContract.ts';

// Who is killed does not come to it.
flushCompileCache();
const [engine, directory, round] = process.argv.slice(2);
const { state, history, audit } = await engines[engine as EngineName](String(directory));
const acknowledge = (line: string) => writeSync(1, `${line}\n`);
const writers = 4;

async function writeKeys(writer: number): Promise<never> {
  for (let count = 0; ; count++) {
    const id = `${round}-${writer}-${count}`;
    await state.transact(async (tx) => {
      tx.put('keys', keyRecord(id));
      // Both records of a pair say the same, or a transaction was torn.
      for (const side of ['left', 'right']) tx.put('meta', { id: side, value: id });
      // Keeps the document small over many rounds.
      if (count > 1) tx.remove('keys', `${round}-${writer}-${count - 2}`);
      tx.audit({ ...entry, action: 'key.created', target: id });
    });
    acknowledge(`key ${id}`);
  }
}

async function writeRuns(writer: number): Promise<never> {
  for (let count = 0; ; count++) {
    const pending = runRecord(Number(round) * 1_000_000 + count * writers + writer);
    await history.putRun(pending);
    acknowledge(`run ${pending.id} Pending`);
    const [record] = await audit.append([{ entry: { ...entry, action: 'secret.read', runId: pending.id } }]);
    acknowledge(`audit ${record?.seq}`);
    await history.putRun({ ...pending, status: 'Success', result: { count } });
    acknowledge(`run ${pending.id} Success`);
  }
}

acknowledge('ready');
const writing: Promise<never>[] = [];
for (let writer = 0; writer < writers; writer++) writing.push(writeKeys(writer), writeRuns(writer));
await Promise.all(writing);
