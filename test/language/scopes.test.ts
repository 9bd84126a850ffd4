/** Whose `config` it is, and which name it is asked for: imports, shadows and constants. */

import { test } from 'node:test';
import { check } from './check.ts';

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

test('a name that an inner function may assign again is silent, wherever its import stands', () => {
  for (const [before, after] of [
    ['from bifrost import config', 'pass'],
    ['pass', 'from bifrost import config'],
  ]) {
    check(`
import bifrost
async def one():
    ${before}
    def inner():
        nonlocal config
        config = {}
    ${after}
    inner()
    await config.get("nowhere")
`);
  }
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

test('a file without bifrost is silent', () => {
  check(`
import config
config.get("nowhere")
`);
});
