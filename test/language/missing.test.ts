/** `config/missing`: which names are marked, for whom, and everything that must stay silent. */

import { test } from 'node:test';
import { check, checkBody, forAcme, known } from './check.ts';

test('a name that nobody has set is marked on exactly its string', () => {
  checkBody(`
token = await config.get("nowhere")
                         ^^^^^^^^^ config/missing: "nowhere" is not set globally. Set it globally, or give a default.
other = await config.get('set_everywhere')
`);
});

test('the message says for which organization a name is missing, and where it is set', () => {
  checkBody(
    `
await config.get("globex_only")
                 ^^^^^^^^^^^^^ config/missing: "globex_only" is not set for Acme or globally. It is set for Globex. Set it for Acme or globally, or give a default.
await config.get("acme_only")
await config.get("set_everywhere")
`,
    forAcme,
  );
});

test('without a chosen organization only global names count', () => {
  checkBody(`
await config.get("acme_only")
                 ^^^^^^^^^^^ config/missing: "acme_only" is not set globally. It is set for Acme. Set it globally, or give a default.
`);
});

test('an incomplete list of names gives silence', () => {
  checkBody('await config.get("nowhere")', { ...known, complete: false });
});

test('a default by position or by name, even None, is silent', () => {
  checkBody(`
await config.get("nowhere", None)
await config.get("nowhere", default=None)
await config.get("nowhere", **options)
await config.get("nowhere", *rest)
`);
});

test('a handled KeyError is silent, however it is caught', () => {
  checkBody(`
try:
    await config.get("nowhere")
except KeyError:
    pass
try:
    if context:
        await config.get("nowhere")
except (ValueError, KeyError) as error:
    pass
try:
    await config.get("nowhere")
except Exception:
    pass
try:
    await config.get("nowhere")
except:
    pass
try:
    await config.get("nowhere")
except EXPECTED_ERRORS:
    pass
try:
    await config.get("nowhere")
except* KeyError:
    pass
try:
    await config.get("nowhere")
except expected_errors:
    pass
with suppress(KeyError):
    await config.get("nowhere")
with pytest.raises((KeyError, ValueError)):
    await config.get("nowhere")
found = await asyncio.gather(config.get("nowhere"), return_exceptions=True)
with open("x") as f, contextlib.suppress(ValueError, KeyError):
    await config.get("nowhere")
`);
});

test('another exception, the handler itself, or a function within the try is no handling', () => {
  checkBody(`
try:
    await config.get("a")
                     ^^^ config/missing: "a" is not set globally. Set it globally, or give a default.
except ValueError:
    await config.get("b")
                     ^^^ config/missing: "b" is not set globally. Set it globally, or give a default.
else:
    await config.get("c")
                     ^^^ config/missing: "c" is not set globally. Set it globally, or give a default.
try:
    async def later():
        return await config.get("d")
                                ^^^ config/missing: "d" is not set globally. Set it globally, or give a default.
except KeyError:
    pass
with suppress(ValueError):
    await config.get("e")
                     ^^^ config/missing: "e" is not set globally. Set it globally, or give a default.
with self.assertRaises(ValueError):
    await config.get("f")
                     ^^^ config/missing: "f" is not set globally. Set it globally, or give a default.
await asyncio.gather(config.get("g"))
                                ^^^ config/missing: "g" is not set globally. Set it globally, or give a default.
`);
});

test('scope= is followed where it is written out, and silent where it is not', () => {
  checkBody(`
await config.get("acme_only", scope=None)
                 ^^^^^^^^^^^ config/missing: "acme_only" is not set globally. It is set for Acme. Set it globally, or give a default.
await config.get("acme_only", scope="global")
                 ^^^^^^^^^^^ config/missing: "acme_only" is not set globally. It is set for Acme. Set it globally, or give a default.
await config.get("acme_only", scope="globex")
                 ^^^^^^^^^^^ config/missing: "acme_only" is not set for Globex or globally. It is set for Acme. Set it for Globex or globally, or give a default.
await config.get("acme_only", scope="acme")
await config.get("nowhere", scope="not an organization yet")
await config.get("nowhere", scope=context.org_id)
`);
});

test('a call over several lines is marked on its string', () => {
  checkBody(`
await config.get(
    # The name that billing uses.
    "nowhere",
    ^^^^^^^^^ config/missing: "nowhere" is not set globally. Set it globally, or give a default.
)
await (
    config
    .get("elsewhere")
         ^^^^^^^^^^^ config/missing: "elsewhere" is not set globally. Set it globally, or give a default.
)
`);
});

test('a name that was surely set just before is silent', () => {
  checkBody(`
await config.set("cursor", 1)
await config.get("cursor")
if context:
    await config.get("cursor")
    await config.set("other", 1)
await config.get("other")
                 ^^^^^^^ config/missing: "other" is not set globally. Set it globally, or give a default.
`);
});

test('what cannot be a name is said so', () => {
  checkBody(`
await config.get("api key")
                 ^^^^^^^^^ config/missing: "api key" cannot be the name of a config: letters, digits, ".", "_" and "-" are allowed, at most 255.
`);
});

test('columns are UTF-16 code units', () => {
  checkBody(`
text = "😀"; await config.get("nowhere")
                              ^^^^^^^^^ config/missing: "nowhere" is not set globally. Set it globally, or give a default.
await config.get("😀")
                 ^^^^ config/missing: "😀" cannot be the name of a config: letters, digits, ".", "_" and "-" are allowed, at most 255.
`);
});

test('a half-written line marks nothing that was silent before', () => {
  const claims = `
from bifrost import config

async def one():
    try:
        await config.get("handled")
    except KeyError:
        pass
`;
  const broken = ['x = config.get("', 'x = (', 'x = [1, {', 'if', '"""', 'def', 'try:'];
  for (const line of broken) {
    for (const indent of ['', '    ', '        ']) {
      check(`${claims.trimEnd()}\n${indent}${line}\n`, known, { severity: { 'workflow/syntax': 'off' } });
    }
  }
  check(`
from bifrost import config

async def one():
    try:
        await config.get("to be handled")
    exc
`);
});
