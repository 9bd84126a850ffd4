/** Organizations from the command line to a real run: whose run it is, what goes with one, and that none sees another. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Call, withDaemon } from '../../server/cli/connect.ts';
import type { AuditRow } from '../../server/protocol/audit.ts';
import type { OrganizationRow } from '../../server/protocol/organizations.ts';
import type { WorkflowRow } from '../../server/protocol/workflows.ts';
import { runCommand, runJson } from '../support/daemonProcess.ts';
import { converse } from '../support/terminal.ts';
import { type Api, openApi } from './api.ts';

const source = `
from bifrost import config, errors, workflow
import random

@workflow(name="whose", endpoint_enabled=True)
async def whose(context):
    return {"org": context.org_id, "value": await config.get("place", default=None)}

@workflow(name="whose_public", endpoint_enabled=True, public_endpoint=True)
async def whose_public(context):
    return context.org_id

@workflow(name="mingle", endpoint_enabled=True)
async def mingle(context, seed: int, others: list[str]):
    """Reads, writes, removes and lists names that all organizations use; every value says whose it is."""
    chance = random.Random(seed)
    me = context.org_id or "global"
    seen, refused = set(), 0
    def note(name, value):
        if value != "[SECRET]":
            seen.add(str(value).split("|")[0])
    for _ in range(12):
        name = chance.choice(["alpha", "beta", "gamma"])
        doing = chance.choice(["set", "secret", "get", "get", "delete", "list", "foreign"])
        if doing == "set":
            await config.set(name, f"{me}|{chance.random()}")
        elif doing == "secret":
            await config.set(name, f"{me}|{chance.random()}", is_secret=True)
        elif doing == "get":
            note(name, await config.get(name, default=f"{me}|missing"))
        elif doing == "delete":
            await config.delete(name)
        elif doing == "list":
            for found, value in (await config.list()).items():
                note(found, value)
        else:
            other = chance.choice(others)
            for attempt in (
                lambda: config.get(name, default="leaked|", scope=other),
                lambda: config.set(name, f"{me}|planted", scope=other),
                lambda: config.delete(name, scope=other),
                lambda: config.list(scope=other),
            ):
                try:
                    await attempt()
                    seen.add("foreign scope was open")
                except errors.AccessError:
                    refused += 1
    return {"seen": sorted(seen), "refused": refused}
`;

let api: Api;
const cli = <T>(...args: string[]) => runJson<T>(api.daemon.data, args);
const call = async (workflow: string, key: string, body: object = {}) => {
  const answer = await api.call('POST', `/api/endpoints/${workflow}`, { key, body });
  return { status: answer.status, ...answer.body };
};
const ask: Call = (method, params) => withDaemon(api.daemon.data, (call) => call(method, params));
/** A global key, of this organization if one is given. */
const workflowKey = async (organizationId?: string) =>
  (
    await ask('workflowKeys/keys/create', {
      description: 'Test',
      global: true,
      ...(organizationId !== undefined && { organizationId }),
    })
  ).key;
/** With a value of its own. */
const addOrganization = async (id: string) => {
  await ask('workflowKeys/organizations/add', { id });
  await ask('workflowKeys/configs/set', { name: 'place', type: 'string', value: id, organizationId: id });
};
const setOrganization = (id: string, organizationId: string) =>
  ask('workflowKeys/workflows/setOrganization', { id, organizationId });

before(async () => {
  api = await openApi({}, { 'organizations.py': source });
  for (const id of ['acme', 'globex', 'initech']) await addOrganization(id);
  await ask('workflowKeys/configs/set', { name: 'place', type: 'string', value: 'global' });
});
after(() => api?.end());

test("a run is the key's organization's, else the workflow's, else global, whatever the request says (D28)", async () => {
  const [global, globex] = [await workflowKey(), await workflowKey('globex')];
  const body = { org: 'initech', org_id: 'initech', organizationId: 'initech' };
  assert.deepEqual((await call('whose', global, body)).result, { org: null, value: 'global' });

  const row = await cli<WorkflowRow>('workflows', 'set', 'whose', '--org', 'acme');
  assert.equal(row.organizationId, 'acme');
  assert.deepEqual((await call('whose', global, body)).result, { org: 'acme', value: 'acme' });
  assert.deepEqual((await call('whose', globex, body)).result, { org: 'globex', value: 'globex' });
  await setOrganization('whose_public', 'acme');
  assert.equal((await api.call('POST', '/api/endpoints/whose_public', { key: '' })).body.result, 'acme');
  // A developer who runs it chooses, as a key does.
  assert.equal((await cli<{ result: { org: string } }>('run', 'whose')).result.org, 'acme');
  assert.equal(
    (await cli<{ result: { org: string } }>('run', 'whose', '--org', 'globex')).result.org,
    'globex',
  );

  assert.equal('organizationId' in (await cli<object>('workflows', 'set', 'whose', '--no-org')), false);
  assert.deepEqual((await call('whose', global)).result, { org: null, value: 'global' });
});

test("a workflow's organization is read and set over HTTP, and a key of another learns nothing of it", async () => {
  const path = '/api/v1/workflows/echo';
  const set = await api.call('PUT', path, { body: { organizationId: 'acme' } });
  assert.equal(set.body.data.organizationId, 'acme');
  const shownTo = async (organization: string) => {
    const key = await api.makeKeyOf(organization, ['workflows:read', 'workflows:write']);
    assert.equal((await api.call('PUT', path, { key, body: { organizationId: null } })).status, 403);
    return (await api.call('GET', path, { key })).body.data.organizationId;
  };
  assert.equal(await shownTo('acme'), 'acme');
  assert.equal(await shownTo('globex'), undefined);
  const unknown = await api.call('PUT', path, { body: { organizationId: 'nobody' } });
  assert.equal(unknown.status, 400);
  assert.match(unknown.body.error.message, /no organization "nobody"; add it first/);
  const back = await api.call('PUT', path, { body: { organizationId: null } });
  assert.equal('organizationId' in back.body.data, false);
});

test('runs of three organizations and of none at once, on one workflow: none ever sees or reaches another', async () => {
  const organizations = ['acme', 'globex', 'initech'];
  const keys = await Promise.all(organizations.map((id) => workflowKey(id)));
  const callers = [...organizations.map((id, index) => ({ id, key: keys[index] ?? '' }))];
  callers.push({ id: 'global', key: await workflowKey() });
  let refused = 0;
  await Promise.all(
    Array.from({ length: 60 }, async (_, seed) => {
      const caller = callers[seed % callers.length];
      assert.ok(caller);
      const others = [...organizations, 'nobody'].filter((id) => id !== caller.id);
      const run = await call('mingle', caller.key, { seed, others });
      assert.equal(run.status, 'Success', run.error);
      const own = new Set([caller.id, 'global']);
      assert.deepEqual(
        run.result.seen.filter((whose: string) => !own.has(whose)),
        [],
        `a run of ${caller.id} has seen another's value`,
      );
      refused += run.result.refused;
    }),
  );
  assert.ok(refused > 100);
  const audited = (await auditRows()).filter(
    ({ action, detail }) => action.startsWith('config.') && detail?.reason === 'other-organization',
  );
  assert.equal(audited.length, refused);
  assert.ok(audited.every(({ outcome, actor, runId }) => outcome === 'refused' && actor === `run:${runId}`));
});

test('removal is refused without an answer, and says what would go and how to say yes', async () => {
  await addOrganization('hooli');
  const key = await workflowKey('hooli');
  await setOrganization('whose', 'hooli');
  const loss = '1 key revoked, 1 config and 0 credentials gone, 1 workflow refused';
  const { code, stderr } = await runCommand(api.daemon.data, ['orgs', 'remove', 'hooli']);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`^workflow-keys: [^\\n]*${loss}[^\\n]*--yes[^\\n]*\\n$`));
  const type = (answer: string) =>
    converse(api.daemon.data, ['orgs', 'remove', 'hooli'], [[/\[y\/N\]: /, answer]]);
  for (const answer of ['yep', '', '\u0003', '\u0004']) {
    const { code, shown } = await type(answer);
    assert.equal(code, 1);
    assert.match(shown, /Nothing was removed\.|Cancelled; nothing was changed\./);
  }
  assert.deepEqual((await call('whose', key)).result, { org: 'hooli', value: 'hooli' });
  assert.match((await type('y')).shown, new RegExp(`Removed hooli: ${loss}`));
  assert.ok(!(await cli<OrganizationRow[]>('orgs', 'list')).some(({ id }) => id === 'hooli'));
});

test('nothing of a removed organization becomes global: its keys end, its workflows are refused, its runs stay', async () => {
  await addOrganization('umbrella');
  const [own, global] = [await workflowKey('umbrella'), await workflowKey()];
  await setOrganization('whose', 'umbrella');
  const { execution_id } = await call('whose', own);
  const removed = await cli<object>('orgs', 'remove', 'umbrella', '--yes');
  assert.deepEqual(removed, { keys: 1, configs: 1, credentials: 0, workflows: 1 });
  assert.equal((await call('whose', own)).status, 401);
  const refusal = await api.call('POST', '/api/endpoints/whose', { key: global });
  assert.equal(refusal.status, 409);
  assert.match(refusal.body.error.message, /"umbrella", which was removed; choose another/);
  assert.match((await runCommand(api.daemon.data, ['run', 'whose'])).stderr, /"umbrella", which was removed/);
  assert.match(
    (await runCommand(api.daemon.data, ['runs', 'retry', execution_id])).stderr,
    /organization, is not/,
  );
  const [kept] = await cli<{ id: string }[]>('runs', 'list', '--org', 'umbrella');
  assert.equal(kept?.id, execution_id);
  await cli('workflows', 'set', 'whose', '--no-org');
  assert.deepEqual((await call('whose', global)).result, { org: null, value: 'global' });
});

test('an organization that is added under the id of a removed one has nothing of its runs', async () => {
  const scopes = ['runs:read', 'workflows:execute'];
  await addOrganization('cyberdyne');
  const before = await call('whose', await workflowKey('cyberdyne'));
  const waiting = await api.call('POST', '/api/v1/workflows/waits/run', {
    key: await api.makeKeyOf('cyberdyne', scopes),
  });
  await cli('orgs', 'remove', 'cyberdyne', '--yes');
  await addOrganization('cyberdyne');
  const key = await api.makeKeyOf('cyberdyne', scopes);
  const after = await call('whose', await workflowKey('cyberdyne'));
  const own = await api.call('GET', '/api/v1/runs', { key });
  assert.deepEqual(
    own.body.data.map(({ id }: { id: string }) => id),
    [after.execution_id],
  );
  assert.equal((await api.call('GET', `/api/executions/${after.execution_id}`, { key })).status, 200);
  for (const id of [before.execution_id, waiting.body.data.id]) {
    for (const [method, path] of [
      ['GET', `/api/v1/runs/${id}`],
      ['GET', `/api/v1/runs/${id}/logs`],
      ['POST', `/api/v1/runs/${id}/retry`],
      ['POST', `/api/v1/runs/${id}/cancel`],
    ] as const) {
      assert.equal((await api.call(method, path, { key })).status, 404, path);
    }
  }
  // Whoever sees to the whole workspace still sees them, and ends what goes on; nobody begins one again for the new one.
  await cli('runs', 'cancel', waiting.body.data.id);
  assert.match(
    (await runCommand(api.daemon.data, ['runs', 'retry', before.execution_id])).stderr,
    /organization, is not/,
  );
  const all = await cli<{ id: string }[]>('runs', 'list', '--org', 'cyberdyne');
  assert.equal(all.length, 3);
});

test('renaming changes what people see, and neither the id nor what runs', async () => {
  const row = await cli<OrganizationRow>('orgs', 'rename', 'acme', 'Acme Ltd.');
  assert.deepEqual([row.id, row.name], ['acme', 'Acme Ltd.']);
  assert.deepEqual((await call('whose', await workflowKey('acme'))).result, {
    org: 'acme',
    value: 'acme',
  });
  const { stderr } = await runCommand(api.daemon.data, ['orgs', 'rename', 'nobody', 'X']);
  assert.match(stderr, /no organization "nobody"/);
});

/** The whole log, page by page. */
async function auditRows(): Promise<AuditRow[]> {
  const rows: AuditRow[] = [];
  for (let cursor = ''; ; ) {
    const { body } = await api.call('GET', `/api/v1/audit?limit=100${cursor && `&cursor=${cursor}`}`);
    rows.push(...body.data);
    if (!body.meta.hasMore) return rows;
    cursor = encodeURIComponent(body.meta.cursor);
  }
}
