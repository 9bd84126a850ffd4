/** Every diagnostic but `config/missing`, and what silences them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnosticTable } from '../../server/language/diagnostics.ts';
import { looksLikeSecret } from '../../server/secretNames.ts';
import { check, checkBody, findDiagnostics, forAcme, known, uri } from './check.ts';

test('a name that was imported without its value is marked', () => {
  checkBody(
    `
await config.get("shadowed")
                 ^^^^^^^^^^ config/needs-value: "shadowed" has no value for Acme: it was imported without it. Set it again.
await config.get("shadowed", default=1)
await config.get("shadowed", scope="global")
`,
    forAcme,
  );
});

test('a coroutine that is used as the value is marked', () => {
  const call = 'config.get("set_everywhere")';
  const carets = '^'.repeat(call.length);
  const message =
    'config/unawaited: config.get(…) is not awaited, so this is a coroutine, not the value. Write "await" before it.';
  for (const [before, after] of [
    ['', ''],
    ['value = ', ''],
    ['value: str = ', ''],
    ['self.value = ', ''],
    ['print(', ')'],
    ['value = (', ')'],
    ['value = ', '.strip()'],
    ['value = ', ' or "x"'],
    ['value = f"{', '}"'],
    ['value = {"a": ', '}'],
    ['return ', ''],
    ['if ', ': pass'],
    ['value = "a" + ', ''],
  ] as const) {
    checkBody(`${before}${call}${after}\n${' '.repeat(before.length)}${carets} ${message}`);
  }
});

test('a coroutine that somebody else may await is silent', () => {
  checkBody(`
await asyncio.gather(config.get("set_everywhere"), config.get("set_everywhere"))
task = asyncio.create_task(config.get("set_everywhere"))
calls = [config.get("set_everywhere"), config.get("set_everywhere")]
later = config.get("set_everywhere")
await later
kept = config.get("set_everywhere")
await asyncio.wait_for(kept, 3)
given = config.get("set_everywhere")
value = await resolve("given", prepare(1), given)
one = two = config.get("set_everywhere")
value = await one
other = config.get("set_everywhere")
renamed = other
value = await renamed
first = config.get("set_everywhere")
both = [first, config.get("set_everywhere")]
await asyncio.gather(*both)
shown = config.get("set_everywhere")
print(f"{await shown}")
read = lambda: config.get("set_everywhere")
await (config.get("set_everywhere") if context else config.get("set_everywhere"))
value = await config.get("set_everywhere")
`);
  check(`
from bifrost import config
def read():
    return config.get("set_everywhere")
def read_later():
    coroutine = config.get("set_everywhere")
    return coroutine
`);
});

test('a coroutine that is kept, and of which only the name appears elsewhere, is marked', () => {
  const call = 'config.get("set_everywhere")';
  const claim = `${' '.repeat(8)}${'^'.repeat(call.length)} config/unawaited: config.get(…) is not awaited, so this is a coroutine, not the value. Write "await" before it.`;
  for (const use of [
    'headers["token"] = token',
    'client = Client(token)',
    'await client.fetch("token", id=1)',
    'return token',
    'await token.refresh()',
  ]) {
    checkBody(`token = ${call}\n${claim}\n${use}`);
  }
});

test('a write that is not awaited is said to have no effect', () => {
  checkBody(`
config.set("cursor", 1)
^^^^^^^^^^^^^^^^^^^^^^^ config/unawaited: config.set(…) is not awaited, so nothing is set. Write "await" before it.
config.delete("cursor")
^^^^^^^^^^^^^^^^^^^^^^^ config/unawaited: config.delete(…) is not awaited, so nothing is deleted. Write "await" before it.
`);
});

test('where no await can stand, the function is to be changed', () => {
  check(`
from bifrost import config
def read():
    value = config.get("set_everywhere")
            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ config/unawaited: config.get(…) is not awaited, so this is a coroutine, not the value. Make the function "async def" and await it there.
`);
});

test('a secret that is stored in plain is marked by its name', () => {
  checkBody(`
await config.set("stripe_api_key", value)
                 ^^^^^^^^^^^^^^^^ config/plain-secret: "stripe_api_key" looks like a secret, but is stored in plain. Write is_secret=True to have it encrypted.
await config.set("db_password", value, is_secret=False)
                 ^^^^^^^^^^^^^ config/plain-secret: "db_password" looks like a secret, but is stored in plain. Write is_secret=True to have it encrypted.
await config.set("db_password", value, False)
                 ^^^^^^^^^^^^^ config/plain-secret: "db_password" looks like a secret, but is stored in plain. Write is_secret=True to have it encrypted.
await config.set("stripe_api_key", value, is_secret=True)
await config.set("stripe_api_key", value, True)
await config.set("stripe_api_key", value, is_secret=decide())
await config.set("stripe_api_key", value, **options)
await config.set("tenant_id", value)
`);
});

test('a name that holds a secret stays one, and making it plain is marked', () => {
  checkBody(
    `
await config.set("acme_only", value)
await config.set("acme_only", value, is_secret=False)
                 ^^^^^^^^^^^ config/plain-secret: "acme_only" holds a secret, and is_secret=False would make it plain: this raises. Leave it out, or write is_secret=True.
`,
    forAcme,
  );
});

test('names of API keys, client secrets, passwords, signing keys and tokens look like secrets', () => {
  for (const name of [
    'api_key',
    'stripe_api_key',
    'STRIPE_API_KEY',
    'stripeApiKey',
    'oauth.client_secret',
    'postgres_password',
    'webhook-signing-key',
    'webhook_secret',
    'github_token',
    'private_key_pem',
    'apikey',
  ]) {
    assert.ok(looksLikeSecret(name), name);
  }
});

test('identifiers and what describes a secret do not look like secrets', () => {
  for (const name of [
    'tenant_id',
    'company_id',
    'client_id',
    'api_key_id',
    'token_url',
    'token_expiry',
    'password_policy',
    'max_tokens',
    'public_key',
    'primary_key',
    'keyboard',
    'monkey',
    'base_url',
    'retries',
    '',
  ]) {
    assert.ok(!looksLikeSecret(name), name);
  }
});

test('two workflows of one name are marked on both, each naming the other', () => {
  check(`
from bifrost import workflow

@workflow(name="pay")
               ^^^^^ workflow/duplicate-name: Another workflow is named "pay" too; the endpoint of neither runs until one is renamed.
async def one(context): ...

@workflow
async def pay(context): ...
          ^^^ workflow/duplicate-name: Another workflow is named "pay" too; the endpoint of neither runs until one is renamed.

@workflow
async def other(context): ...
`);
});

test('a duplicate in another file is named, and this file as it was saved is not', () => {
  const text = 'from bifrost import workflow\n@workflow\ndef pay(): ...\n';
  const range = { start: { line: 3, character: 4 }, end: { line: 3, character: 7 } };
  const other = { id: 'pay', uri: 'file:///folder/other.py', range };
  const [found, ...more] = findDiagnostics(text, known, { workflows: [{ id: 'pay', uri, range }, other] });
  assert.equal(more.length, 0);
  assert.deepEqual(found?.relatedInformation, [
    { location: { uri: other.uri, range }, message: '"pay" is defined here too.' },
  ]);
  assert.deepEqual(findDiagnostics(text, known, { workflows: [{ id: 'pay', uri, range }] }), []);
});

test('options that are unknown, ill-typed or not readable are marked', () => {
  check(`
from bifrost import workflow
METHODS = ["GET", "POST"]
LIMIT = 60

@workflow(
    name="",
         ^^ workflow/bad-option: "name" must be one line of text.
    tags="nightly",
         ^^^^^^^^^ workflow/bad-option: "tags" must be a list of texts.
    endpoint_enabled="yes",
                     ^^^^^ workflow/bad-option: "endpoint_enabled" must be True or False.
    allowed_methods=["FETCH"],
                    ^^^^^^^^^ workflow/bad-option: "allowed_methods" must be a list of GET, POST, PUT, PATCH, DELETE.
    public_endpoint=is_public(),
                    ^^^^^^^^^^^ workflow/bad-option: "public_endpoint" is read without running the file; write True or False here, or a constant.
    execution_mode="later",
                   ^^^^^^^ workflow/bad-option: "execution_mode" must be "sync" or "async".
    timeout_seconds=-1,
                    ^^ workflow/bad-option: "timeout_seconds" must be a number of seconds, 0 for none.
    endpoint_enable=True,
    ^^^^^^^^^^^^^^^^^^^^ workflow/bad-option: @workflow has no option "endpoint_enable"; it has name, description, category, tags, endpoint_enabled, allowed_methods, public_endpoint, disable_global_key, execution_mode, timeout_seconds.
    **more,
    ^^^^^^ workflow/bad-option: Options are read without running the file; give each option by its name.
)
async def bad(context): ...

@workflow(name="half \\ud800")
               ^^^^^^^^^^^^^ workflow/bad-option: "name" must be one line of text.
async def half(context): ...

@workflow("good", allowed_methods=METHODS, timeout_seconds=LIMIT, description=None)
async def fine(context): ...
`);
});

test('a file that does not parse is marked once, where it goes wrong', () => {
  check(`
from bifrost import workflow

@workflow
async def one(context):
    total = 0
    value = = 1
            ^ workflow/syntax: This is not valid Python; until it is corrected and saved, the workflows of this file stay as they were.
    return total
`);
});

test('a comment on the line silences a code, or all', () => {
  checkBody(`
await config.get("a")  # workflow-keys: ignore[config/missing]
await config.get("b")  # workflow-keys: ignore
await config.get("c")  # workflow-keys: ignore[config/unawaited, config/missing]
await config.get("d")  # workflow-keys: ignore[config/unawaited]
                 ^^^ config/missing: "d" is not set globally. Set it globally, or give a default.
await config.get("e"), "# workflow-keys: ignore"
                 ^^^ config/missing: "e" is not set globally. Set it globally, or give a default.
`);
});

test('a setting changes the severity of a code, or switches it off', () => {
  const text = 'from bifrost import config\nasync def f():\n    await config.get("nowhere")\n';
  const severityOf = (severity: 'off' | 'hint' | 'error') =>
    findDiagnostics(text, known, { severity: { 'config/missing': severity } }).map((one) => one.severity);
  assert.deepEqual(severityOf('off'), []);
  assert.deepEqual(severityOf('hint'), [4]);
  assert.deepEqual(severityOf('error'), [1]);
});

test('each diagnostic says whose it is, and has a code of the table', () => {
  const [found] = findDiagnostics('from bifrost import config\nconfig.get("a", 1)\n');
  assert.equal(found?.source, 'workflow-keys');
  assert.ok(found && Object.hasOwn(diagnosticTable, found.code));
});
