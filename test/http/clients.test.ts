/** The API as its users call it: with fetch and the documented retry, with curl, and with Python's requests. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { Agent, interceptors, request } from 'undici';
import { answers, findPython, isCi } from '../support/interpreter.ts';
import { type Api, openApi, unauthorized } from './api.ts';

const run = promisify(execFile);
const limit = { timeout: 120_000 };
let api: Api;

before(async () => {
  api = await openApi();
});
after(() => api?.end());

const environment = () => ({
  ...process.env,
  WORKFLOWS_API_KEY: api.fullKey,
  BIFROST_URL: api.daemon.url,
  no_proxy: '*',
});

/** What a user would paste into a shell. @returns what it prints, each line read as JSON. */
async function paste(line: string): Promise<unknown[]> {
  const { stdout } = await run('sh', ['-c', line], { env: environment(), timeout: 100_000 });
  return jsonLines(stdout);
}

const jsonLines = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** Reads are admitted five at a time, and the next ones soon after. */
async function openStrict(t: TestContext): Promise<Api> {
  const strict = await openApi({ WORKFLOW_KEYS_READ_LIMIT: '5', WORKFLOW_KEYS_RATE_WINDOW_SECONDS: '2' });
  t.after(() => strict.end());
  return strict;
}

test('the documented client waits until Reset and is admitted, over a limit of 5 (A32)', limit, async (t) => {
  const strict = await openStrict(t);
  const statuses: number[] = [];

  async function fetchWithRetry(url: string, options: RequestInit, maxRetries = 3): Promise<Response> {
    for (let i = 0; i < maxRetries; i++) {
      const response = await fetch(url, options);
      statuses.push(response.status);
      if (response.status === 429) {
        const resetTime = response.headers.get('X-RateLimit-Reset');
        const waitMs = resetTime ? Number.parseInt(resetTime, 10) * 1000 - Date.now() : 2 ** i * 1000;
        await new Promise((resolve) => setTimeout(resolve, waitMs));
        continue;
      }
      return response;
    }
    throw new Error('Max retries exceeded');
  }

  const ask = () =>
    fetchWithRetry(`${strict.daemon.url}/api/v1/workflows`, { headers: { 'x-api-key': strict.fullKey } });
  // All at once, so that one window has to refuse some of them.
  const responses = await Promise.all(Array.from({ length: 7 }, ask));
  assert.ok(responses.every(({ status }) => status === 200));
  assert.ok(statuses.includes(429));
});

test("undici's own retries go by Retry-After and succeed, over a limit of 5 (A32, D20)", limit, async (t) => {
  const strict = await openStrict(t);
  const client = new Agent();
  t.after(() => client.close());
  let asked = 0;
  const counted = client.compose((dispatch) => (options, handler) => {
    asked += 1;
    return dispatch(options, handler);
  });
  const retrying = counted.compose(interceptors.retry({ maxRetries: 3, statusCodes: [429] }));
  const ask = async () => {
    const { statusCode, body } = await request(`${strict.daemon.url}/api/v1/workflows`, {
      dispatcher: retrying,
      headers: { 'x-api-key': strict.fullKey },
    });
    await body.dump();
    return statusCode;
  };
  const statuses = await Promise.all(Array.from({ length: 7 }, ask));
  assert.deepEqual(new Set(statuses), new Set([200]));
  assert.ok(asked > 7);
});

test('a window of another length than a minute is said as what it is', limit, async (t) => {
  const strict = await openApi({ WORKFLOW_KEYS_READ_LIMIT: '1', WORKFLOW_KEYS_RATE_WINDOW_SECONDS: '3600' });
  t.after(() => strict.end());
  await strict.call('GET', '/api/v1/workflows');
  const { status, headers, body } = await strict.call('GET', '/api/v1/workflows');
  assert.equal(status, 429);
  assert.equal(body.error.message, 'Rate limit exceeded. Limit: 1 requests per 3600 seconds.');
  assert.ok(Number(headers['retry-after']) > 60);
});

if (!answers('curl', ['--version'])) {
  if (isCi) {
    test('curl is there, as CI must have it', () => assert.fail('install curl'));
  }
} else {
  test('keys are made, listed and revoked with curl as documented (A35–A38)', limit, async () => {
    const [made] = (await paste(`curl -sS -X POST $BIFROST_URL/api/v1/auth/api-keys \\
      -H "x-api-key: $WORKFLOWS_API_KEY" \\
      -H "Content-Type: application/json" \\
      -d '{
        "name": "Production API Key",
        "scopes": ["workflows:read", "workflows:write", "workflows:execute"]
      }'`)) as { success: boolean; data: { id: string; key: string } }[];
    assert.equal(made?.success, true);
    assert.match(made.data.key, /^wfk_[0-9A-Za-z]{32}$/);

    const list = `curl -sS $BIFROST_URL/api/v1/auth/api-keys -H "x-api-key: $WORKFLOWS_API_KEY"`;
    const [listed] = (await paste(list)) as { data: { id: string; name: string }[] }[];
    const row = listed?.data.find(({ id }) => id === made.data.id);
    assert.equal(row?.name, 'Production API Key');
    assert.ok(!JSON.stringify(listed).includes(made.data.key));

    const address = `$BIFROST_URL/api/v1/auth/api-keys/${made.data.id}`;
    await paste(`curl -sS -X DELETE ${address} -H "x-api-key: $WORKFLOWS_API_KEY"`);
    const withOld = `curl -sS -w '\\n%{http_code}\\n' $BIFROST_URL/api/v1/workflows -H 'x-api-key: ${made.data.key}'`;
    assert.deepEqual(await paste(withOld), [unauthorized, 401]);
  });

  test("curl's own retries go by Retry-After and succeed, over a limit of 5 (A32, D20)", limit, async (t) => {
    const strict = await openStrict(t);
    const line = `curl -sS --retry 3 -D - ${strict.daemon.url}/api/v1/workflows -H 'x-api-key: ${strict.fullKey}'`;
    let statuses: (string | undefined)[];
    // Once more where curl has started only after the window of those that fill it.
    do {
      await Promise.all(Array.from({ length: 5 }, () => strict.call('GET', '/api/v1/workflows')));
      const { stdout } = await run('sh', ['-c', line], { env: environment(), timeout: 100_000 });
      statuses = [...stdout.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
      assert.equal(statuses.at(-1), '200');
    } while (statuses.length === 1);
    assert.deepEqual(statuses, ['429', '200']);
  });

  test('curl runs a workflow by every dialect, over HTTP/1.0 too', limit, async () => {
    const [ran, execution, endpoint, old] = (await paste(
      [
        `curl -sS -X POST "$BIFROST_URL/api/v1/workflows/echo/run?wait=true" -H "x-api-key: $WORKFLOWS_API_KEY" --json '{"input": {"name": "curl"}}' -w '\\n'`,
        `curl -sS -X POST "$BIFROST_URL/api/workflows/echo/run?wait=true" -H "Authorization: Bearer $WORKFLOWS_API_KEY" --json '{"input": {"name": "curl"}}' -w '\\n'`,
        `curl -sS -X POST "$BIFROST_URL/api/endpoints/echo" -H "X-Bifrost-Key: $WORKFLOWS_API_KEY" --json '{"name": "curl"}' -w '\\n'`,
        `curl -sS -0 "$BIFROST_URL/api/v1/workflows/echo" -H "x-api-key: $WORKFLOWS_API_KEY"`,
      ].join('\n'),
    )) as { data?: { result: unknown; id: string }; result?: unknown }[];
    const result = { name: 'curl', times: 1, org: null };
    assert.deepEqual(ran?.data?.result, result);
    assert.deepEqual(execution?.data?.result, result);
    assert.deepEqual(endpoint?.result, result);
    assert.equal(old?.data?.id, 'echo');
  });
}

const python = findPython('requests');
if (python === undefined) {
  if (isCi) {
    test("Python's requests is there, as CI must have it", () => assert.fail('install python3-requests'));
  }
} else {
  test(
    "a client with Python's requests that waits until Reset is admitted, over a limit of 5 (A32)",
    limit,
    async (t) => {
      const strict = await openStrict(t);
      const program = `
import json, os, requests, time

session = requests.Session()
session.headers["x-api-key"] = os.environ["WORKFLOWS_API_KEY"]

def get_with_retry(url, max_retries=3):
    statuses = []
    for _ in range(1 + max_retries):
        response = session.get(url)
        statuses.append(response.status_code)
        if response.status_code != 429:
            break
        time.sleep(max(0, int(response.headers["X-RateLimit-Reset"]) - time.time()))
    return statuses

statuses = [200]
while statuses == [200]:
    statuses = get_with_retry(os.environ["BIFROST_URL"] + "/api/v1/workflows")
print(json.dumps(statuses))
`;
      const { stdout } = await run(python, ['-c', program], {
        env: { ...environment(), WORKFLOWS_API_KEY: strict.fullKey, BIFROST_URL: strict.daemon.url },
        timeout: 100_000,
      });
      assert.deepEqual(jsonLines(stdout), [[429, 200]]);
    },
  );

  test(
    "Python's requests runs a workflow, follows its run and reads the limits (F23, F24, A28–A30)",
    limit,
    async () => {
      const program = `
import json, os, requests

url = os.environ["BIFROST_URL"]
session = requests.Session()
session.headers["Authorization"] = "Bearer " + os.environ["WORKFLOWS_API_KEY"]

response = session.post(url + "/api/workflows/echo/run", json={"input": {"name": "requests"}}, params={"wait": "true"})
response.raise_for_status()
run = response.json()["data"]
print(json.dumps(run["result"]))
print(json.dumps(session.get(url + "/api/executions/" + run["id"]).json()["data"]["status"]))
print(json.dumps([name for name in ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset") if name in response.headers]))
print(json.dumps(requests.get(url + "/api/v1/workflows", headers={"x-api-key": "wfk_test"}).status_code))
`;
      const { stdout } = await run(python, ['-c', program], { env: environment(), timeout: 100_000 });
      assert.deepEqual(jsonLines(stdout), [
        { name: 'requests', times: 1, org: null },
        'Success',
        ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'],
        401,
      ]);
    },
  );
}
