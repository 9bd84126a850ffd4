/** A real run may write its secret in whatever way and wherever it can: what is left of the run does not hold it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inPython } from '../support/pythonTransforms.ts';
import { sampleSecrets } from '../support/sampleSecrets.ts';
import { transforms } from '../support/transforms.ts';
import { messages, openBench } from './bench.ts';

const source = `
import base64, html, json, logging, os, shlex, sys, urllib.parse, xml.sax.saxutils
from bifrost import config

async def written(codes: list):
    s = await config.get("token")
    return [eval(code, {**globals(), "s": s}) for code in codes]

async def tell(codes: list):
    texts = await written(codes)
    for text in texts:
        print(text)
        logging.error("failed with %s", text)
        data = ("raw " + text + "\\n").encode()
        sys.stdout.flush()
        for at in range(0, len(data), 7):
            os.write(1, data[at:at + 7])
    return {"list": texts, "names": {text: 1 for text in texts}}

async def fail(codes: list):
    raise RuntimeError("\\n---\\n".join(await written(codes)))
`;

const codes = transforms.map(({ python }) => python);

for (const kind of ['alphanumeric', 'punctuated', 'not ASCII', 'several lines']) {
  test(`a secret (${kind}) that a run writes in 33 ways is in none of its results, logs and errors`, {
    timeout: 120_000,
  }, async (t) => {
    const secret = sampleSecrets[kind] ?? '';
    const bench = await openBench(t, { source });
    bench.configs.put('token', secret);
    const told = await bench.run('tell', { input: { codes } });
    const failed = await bench.run('fail', { input: { codes } });
    assert.deepEqual([told.status, failed.status, failed.error?.type], ['Success', 'Failed', 'RuntimeError']);

    const left = [
      messages(told).join('\n'),
      JSON.stringify(told.result),
      failed.error?.message ?? '',
      failed.error?.traceback ?? '',
    ];
    const [written = {}] = await inPython([secret]);
    const leaks = Object.entries(written).flatMap(([name, text]) =>
      left.some((one) => one.includes(text) || one.includes(JSON.stringify(text).slice(1, -1))) ? [name] : [],
    );
    assert.deepEqual(leaks, []);
    // Every one of them was there.
    assert.equal(
      (told.result as { list: string[] }).list.filter((text) => text.includes('[REDACTED]')).length,
      33,
    );
    assert.ok(messages(told).filter((line) => line.includes('[REDACTED]')).length >= 99);
    assert.ok(bench.keptOut.includes(secret), "the daemon's log was not told of the secret");
  });
}
