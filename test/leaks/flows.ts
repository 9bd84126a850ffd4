/** Workflows that give away what they read, in every way and through every door. */

import { transforms } from '../support/transforms.ts';

const ways = transforms.map(({ python }) => `    lambda s: ${python},`).join('\n');

export const source = `
import asyncio, base64, ctypes, html, json, logging, os, pathlib, shlex, signal, sys, time
import urllib.parse, xml.sax.saxutils
from bifrost import ExecutionContext, config, credentials, http, workflow

WAYS = [
${ways}
]

def written(values):
    return [way(value) for value in values for way in WAYS]

def tell(values):
    """Through every door that is open while a run goes on."""
    for index, text in enumerate(written(values)):
        if index % 4 == 0: print(text)
        elif index % 4 == 1: logging.getLogger("leak").warning("it is %s", text)
        elif index % 4 == 2: print(text, file=sys.stderr, flush=True)
        else: os.write(1, text.encode("utf-8", "replace") + b"\\n")
    # In pieces, and without an end.
    for value in values:
        for at in range(0, len(value), 7):
            sys.stdout.write(value[at:at + 7])
            sys.stdout.flush()
        sys.stdout.write("\\n")

async def read(names):
    return [await config.get(name) for name in names]

@workflow(name="give", endpoint_enabled=True)
async def give(context: ExecutionContext, names: list, given: str = ""):
    values = await read(names)
    tell(values)
    print(given)
    return {"list": written(values), "keys": {text: 1 for text in written(values[:3])}, "given": given, "all": " ".join(values)}

@workflow(name="fail", endpoint_enabled=True)
async def fail(context: ExecutionContext, names: list, way: int = 0):
    values = await read(names)
    try:
        raise KeyError(values[0])
    except KeyError:
        raise ValueError(" ".join(written(values))) from LookupError(WAYS[way](values[0]))

@workflow(name="later", endpoint_enabled=True, execution_mode="async")
async def later(context: ExecutionContext, names: list, given: str = ""):
    values = await read(names)
    tell(values)
    print(given)
    return written(values) + [given]

@workflow(name="hold", endpoint_enabled=True)
async def hold(context: ExecutionContext, names: list, sign: str, given: str = ""):
    values = await read(names)
    tell(values)
    pathlib.Path(sign).write_text("held")
    while True:
        time.sleep(0.01)

@workflow(name="slow", endpoint_enabled=True, timeout_seconds=1)
async def slow(context: ExecutionContext, names: list):
    tell(await read(names))
    await asyncio.sleep(60)

@workflow(name="crash", endpoint_enabled=True)
async def crash(context: ExecutionContext, names: list, way: str):
    values = await read(names)
    tell(values)
    sys.stdout.write("unfinished " + values[0])
    sys.stdout.flush()
    if way == "abort": os.abort()
    if way == "segfault": ctypes.string_at(0)
    if way == "exit": os._exit(3)
    os.kill(os.getpid(), signal.SIGKILL)

@workflow(name="store", endpoint_enabled=True)
async def store(context: ExecutionContext, prefix: str, path: str):
    values = json.loads(pathlib.Path(path).read_text())
    for index, value in enumerate(values):
        await config.set(f"{prefix}{index}", value, is_secret=True)
    again = await read([f"{prefix}{index}" for index in range(len(values))])
    tell(again)
    return [again, await config.list()]

@workflow(name="store_input", endpoint_enabled=True)
async def store_input(context: ExecutionContext, name: str, value: str):
    await config.set(name, value, is_secret=True)
    print(value)
    return value

@workflow(name="call", endpoint_enabled=True)
async def call(context: ExecutionContext, url: str, credential: str):
    answer = await http.request("POST", url, credential=credential, json={"test": 1})
    print(answer.status, answer.headers, answer.text)
    return [answer.text, answer.headers, answer.url]

@workflow(name="headers", endpoint_enabled=True)
async def headers(context: ExecutionContext, credential: str):
    given = await credentials.get(credential)
    tell([value for value in given.values()])
    tell([value.split(" ")[-1] for value in given.values()])
    return given

@workflow(name="hook", endpoint_enabled=True, public_endpoint=True)
async def hook(context: ExecutionContext, payload: str, signature: str = ""):
    values = await read(["hook_secret"])
    tell(values)
    return [payload, signature, values]
`;

/** What a person may type into a file, and the editor marks. */
export const draft = (secret: string) => `
from bifrost import config, workflow

API_KEY = "${secret}"

@workflow(name="draft")
async def draft(token: str = "${secret}"):
    await config.set("api_token", "${secret}")
    return await config.get("missing_${secret.slice(0, 6)}")
`;
