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
with suppress(KeyError):
    await config.get("nowhere")
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
`);
});

test('aliases and imports of every form are followed', () => {
  check(`
from bifrost import config as c
import bifrost
import bifrost as b
import bifrost.config as whole
settings = b.config

async def one():
    await c.get("n1")
                ^^^^ config/missing: "n1" is not set globally. Set it globally, or give a default.
    await bifrost.config.get("n2")
                             ^^^^ config/missing: "n2" is not set globally. Set it globally, or give a default.
    await b.config.get("n3")
                       ^^^^ config/missing: "n3" is not set globally. Set it globally, or give a default.
    await whole.get("n4")
                    ^^^^ config/missing: "n4" is not set globally. Set it globally, or give a default.
    await settings.get("n5")
                       ^^^^ config/missing: "n5" is not set globally. Set it globally, or give a default.
    from bifrost import config as local
    await local.get("n6")
                    ^^^^ config/missing: "n6" is not set globally. Set it globally, or give a default.

async def two():
    await local.get("n7")
`);
});

test('a star import of bifrost alone brings the configuration', () => {
  check(`
from bifrost import *
async def one():
    await config.get("n1")
                     ^^^^ config/missing: "n1" is not set globally. Set it globally, or give a default.
`);
  check(`
from bifrost import *
from settings import *
async def one():
    await config.get("n1")
`);
});

test('a config of somebody else is silent', () => {
  check(`
from settings import config
import bifrost
async def one():
    await config.get("nowhere")
`);
  check(`
import bifrost
async def one():
    await config.get("nowhere")
    await settings.bifrost.config.get("nowhere")
`);
});

test('a shadowed name is silent, wherever it is shadowed', () => {
  check(`
from bifrost import config

def parameter(config):
    config.get("nowhere")

def parameters(*config):
    config.get("nowhere")

def keyword(*, config: dict = {}):
    config.get("nowhere")

def local():
    config = {"a": 1}
    config.get("nowhere")

def before():
    config.get("nowhere")
    config = {}

def loop():
    for config in [{}]:
        config.get("nowhere")

def opened():
    with open("x") as config:
        config.get("nowhere")

def caught():
    try:
        pass
    except ValueError as config:
        config.get("nowhere")

def walrus():
    if (config := {}):
        config.get("nowhere")

def unpacked():
    name, (other, *config) = read()
    config.get("nowhere")

def imported():
    from settings import config
    config.get("nowhere")

def matched(value):
    match value:
        case {"config": config}:
            config.get("nowhere")

def nested():
    config = {}
    def inner():
        return config.get("nowhere")

def defined():
    def config():
        pass
    config.get("nowhere")

values = [config.get("nowhere") for config in [{}]]
handler = lambda config: config.get("nowhere")

class Settings:
    config = {}
    value = config.get("nowhere")
`);
});

test('a name that is assigned again is silent', () => {
  check(`
from bifrost import config
config = wrap(config)
async def one():
    await config.get("nowhere")
`);
  check(`
from bifrost import config
async def one():
    global config
    config = {}
async def two():
    await config.get("nowhere")
`);
  check(`
try:
    from bifrost import config
except ImportError:
    config = {}
async def one():
    await config.get("nowhere")
`);
});

test('what is bound in one scope does not shadow another', () => {
  check(`
from bifrost import config

class Settings:
    config = {}
    async def read(self):
        await config.get("n1")
                         ^^^^ config/missing: "n1" is not set globally. Set it globally, or give a default.

async def one():
    names = [config for config in "ab"]
    await config.get("n2")
                     ^^^^ config/missing: "n2" is not set globally. Set it globally, or give a default.

async def two():
    config.retries = 3
    global other
    other = 1
    await config.get("n3")
                     ^^^^ config/missing: "n3" is not set globally. Set it globally, or give a default.
`);
});

test('a name that is a constant is resolved, and the argument is marked', () => {
  check(`
from bifrost import config
PREFIX = "stripe"
NAME = PREFIX + "_" "key"
ONCE: str = 'n2'

async def one():
    await config.get(NAME)
                     ^^^^ config/missing: "stripe_key" is not set globally. Set it globally, or give a default.
    await config.get(ONCE)
                     ^^^^ config/missing: "n2" is not set globally. Set it globally, or give a default.
    local = f"n3"
    await config.get(local)
                     ^^^^^ config/missing: "n3" is not set globally. Set it globally, or give a default.
    await config.get("n" "4")
                     ^^^^^^^ config/missing: "n4" is not set globally. Set it globally, or give a default.
    await config.get(name="n5")
                          ^^^^ config/missing: "n5" is not set globally. Set it globally, or give a default.
    await config.get(key="n6")
                         ^^^^ config/missing: "n6" is not set globally. Set it globally, or give a default.
    await config.get(r"n7")
                     ^^^^^ config/missing: "n7" is not set globally. Set it globally, or give a default.
    await config.get("\\x6e8")
                     ^^^^^^^ config/missing: "n8" is not set globally. Set it globally, or give a default.
`);
});

test('a name that only a run can tell is silent', () => {
  check(`
from bifrost import config
import os
TWICE = "a"
TWICE = "b"
COUNTED = "a"
COUNTED += "b"

async def one(name, suffix):
    await config.get(name)
    await config.get(f"key_{suffix}")
    await config.get("key_" + suffix)
    await config.get(TWICE)
    await config.get(COUNTED)
    await config.get(os.environ["NAME"])
    await config.get(b"bytes")
    await config.get(*name)
    await config.get()
    for looped in ["a"]:
        await config.get(looped)
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

test('a file without bifrost is silent', () => {
  check(`
import config
config.get("nowhere")
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
});
