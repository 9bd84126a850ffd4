/** Whoever can write the history, but does not have the log's key, is found out: 10,000 ways to try, from a seed. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openAuditLog } from '../../server/audit/auditLog.ts';
import { verifyChain } from '../../server/audit/chain.ts';
import { Failure } from '../../server/errors.ts';
import { auditSeal, newAuditKey } from '../../server/keys/auditSeal.ts';
import { openSqliteHistory } from '../../server/store/sqliteHistory.ts';
import { sha256 } from '../store/engines.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { openForger } from './forger.ts';
import { randomFrom } from './random.ts';

const seal = auditSeal(newAuditKey());
const clock = () => 1_795_000_000_000;

/** A sealed log of 16 records of every shape, closed; answers its folder. */
async function makeSealedLog(t: TestContext): Promise<string> {
  const folder = temporaryFolder();
  t.after(folder.remove);
  const history = await openSqliteHistory({ directory: folder.path });
  const audit = await openAuditLog({ history, hash: sha256, clock });
  audit.sealWith(seal);
  for (let index = 0; index < 15; index += 1) {
    await audit.append([
      {
        entry: {
          actor: index % 2 ? `run:r${index}` : 'cli',
          action: index % 2 ? 'secret.read' : 'key.created',
          target: index % 3 ? `NAME_${index}` : 'ünï 🙂',
          outcome: index % 4 ? 'ok' : 'refused',
          ...(index % 5 === 0 && { organizationId: 'acme' }),
          ...(index % 3 === 0 && { requestId: `request-${index}` }),
          ...(index % 2 === 1 && {
            runId: `r${index}`,
            detail: { workflowId: 'w', attempt: index, last: true },
          }),
        },
        ...(index % 2 === 0 && { revision: index / 2 + 1 }),
      },
    ]);
  }
  await history.close();
  return folder.path;
}

test('10,000 random edits, deletions, swaps and truncations of the stored log are each found', {
  timeout: 400_000,
}, async (t) => {
  const seed = Number(process.env.TAMPER_SEED ?? Date.now() % 2 ** 32);
  t.diagnostic(`TAMPER_SEED=${seed}`);
  const random = randomFrom(seed);
  const directory = await makeSealedLog(t);
  const forger = openForger(directory, random);
  const history = await openSqliteHistory({ directory });
  t.after(async () => {
    forger.close();
    await history.close();
  });
  assert.equal((await verifyChain(history, sha256, { seal })).firstBad, null);
  for (let round = 0; round < 10_000; round += 1) {
    const done = forger.forge();
    const { firstBad } = await verifyChain(history, sha256, { seal });
    assert.ok(firstBad, `seed ${seed}, round ${round}: nobody saw ${done.join(', then ')}`);
  }
  forger.restore();
  assert.equal((await verifyChain(history, sha256, { seal })).firstBad, null);
});

test('what was changed while the daemon was away is still found when it has started and written on', {
  timeout: 400_000,
}, async (t) => {
  const seed = Number(process.env.TAMPER_SEED ?? Date.now() % 2 ** 32);
  t.diagnostic(`TAMPER_SEED=${seed}`);
  const directory = await makeSealedLog(t);
  const forger = openForger(directory, randomFrom(seed));
  t.after(() => forger.close());
  let begun = 0;
  for (let round = 0; round < 200; round += 1) {
    const done = forger.forge();
    const history = await openSqliteHistory({ directory });
    try {
      const audit = await openAuditLog({ history, hash: sha256, clock, seal });
      await audit.append([{ entry: { actor: 'cli', action: 'key.created', target: 'k', outcome: 'ok' } }]);
      const { firstBad } = await audit.verify();
      assert.ok(firstBad, `seed ${seed}, round ${round}: nobody saw ${done.join(', then ')}`);
      begun += 1;
    } catch (thrown) {
      // One that cannot even be begun is found too.
      if (!(thrown instanceof Failure)) throw thrown;
      assert.match(thrown.code, /^(data-damaged|storage-failed)$/);
    } finally {
      await history.close();
    }
  }
  assert.ok(begun > 150, `of 200 logs only ${begun} could be written on`);
});
