/** The samples of the documentation run as they are written there: the good ones work, the bad ones leak nothing. */

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { safeApiCall, verifyWebhook } from '../support/documentedWorkflows.ts';
import { type Bench, messages, openBench } from './bench.ts';

const limit = { timeout: 120_000 };
const value = 'sk_live_test_4eC39HqLyjWDarjtT1zdp7dc';

/** The samples share one module, each as its page has it. Names that the pages leave to the reader come first. */
const source = `
import logging
from bifrost import config

logger = logging.getLogger(__name__)
url = "http://127.0.0.1:9/test"

async def make_api_call(url, headers):
    return {"sent": headers}

class user:
    id = 7


@workflow(name="call_api")
async def call_api(context: ExecutionContext):
    # Get secret (works for both Secret and Secret Reference types)
    api_key = await config.get("api_key")

    headers = {"Authorization": f"Bearer {api_key}"}
    response = await make_api_call(url, headers=headers)
    return response
${verifyWebhook()}${safeApiCall}

@workflow(name="store")
async def store(context: ExecutionContext, value: str):
    # Store a secret (encrypted in database)
    await config.set("api_key", value, is_secret=True)


@workflow(name="do_this")
async def do_this(context: ExecutionContext):
    # Get encrypted secret
    api_key = await config.get("api_key")

    # Log without exposing value
    logger.info("Making API call with stored credentials")

    # Don't return in response
    return {"success": True, "user_id": user.id}


@workflow(name="logs_it")
async def logs_it(context: ExecutionContext):
    api_key = await config.get("api_key")
    # Logged secret value
    logger.info(f"API key: {api_key}")


@workflow(name="returns_it")
async def returns_it(context: ExecutionContext):
    api_key = await config.get("api_key")
    # Returned in response
    return {"api_key": api_key}
`;

async function openSeeds(t: Parameters<typeof openBench>[0]): Promise<Bench> {
  const bench = await openBench(t, { source });
  bench.configs.put('api_key', value, { organization: 'acme' });
  return bench;
}

const acme = { organization: { id: 'acme', name: 'Acme', createdAt: 0 } };

test('the call with a stored key works, and an echo of its header shows no key', limit, async (t) => {
  const bench = await openSeeds(t);
  const record = await bench.run('call_api', acme);
  assert.deepEqual(record.result, { sent: { Authorization: 'Bearer [REDACTED]' } });
});

test('a webhook is verified by its signature, and a wrong one is refused (S10)', limit, async (t) => {
  const bench = await openSeeds(t);
  bench.configs.put('webhook_secret', 'whsec_test_example', { organization: 'acme' });
  const payload = '{"event": "test"}';
  const signature = createHmac('sha256', 'whsec_test_example').update(payload).digest('hex');
  const good = await bench.run('verify_webhook', { ...acme, input: { payload, signature } });
  assert.deepEqual(good.result, { verified: true });
  const bad = await bench.run('verify_webhook', { ...acme, input: { payload: `${payload} `, signature } });
  assert.equal(bad.error?.type, 'ValueError');
  assert.equal(bad.error?.message, 'Invalid webhook signature');
});

test(
  'a missing secret is handled as the page shows it, and only where it is missing (S16)',
  limit,
  async (t) => {
    const bench = await openSeeds(t);
    assert.deepEqual((await bench.run('safe_api_call', acme)).result, { success: true });
    assert.deepEqual((await bench.run('safe_api_call')).result, {
      success: false,
      error: 'API key not configured',
      action: "Add 'api_key' to Configuration in Settings",
    });
  },
);

test('a secret that workflow code stores is read by the next run (S4)', limit, async (t) => {
  const bench = await openSeeds(t);
  const stored = await bench.run('store', { input: { value: 'sk_live_test_new_value' } });
  assert.equal(stored.status, 'Success');
  assert.deepEqual(stored.input, { value: '[REDACTED]' });
  assert.deepEqual(bench.configs.values.get('/api_key'), { value: 'sk_live_test_new_value', secret: true });
  assert.deepEqual((await bench.run('safe_api_call')).result, { success: true });
});

test('what the page recommends is logged and returned as it is', limit, async (t) => {
  const bench = await openSeeds(t);
  const record = await bench.run('do_this', acme);
  assert.deepEqual(record.result, { success: true, user_id: 7 });
  assert.deepEqual(messages(record), ['Making API call with stored credentials']);
});

test('what the page warns of leaks nothing', limit, async (t) => {
  const bench = await openSeeds(t);
  const logged = await bench.run('logs_it', acme);
  assert.deepEqual(messages(logged), ['API key: [REDACTED]']);
  const returned = await bench.run('returns_it', acme);
  assert.deepEqual(returned.result, { api_key: '[REDACTED]' });
});
