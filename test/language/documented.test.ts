/** The workflows of the documentation that we follow, as a user would paste them into a file. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { safeApiCall } from '../support/documentedWorkflows.ts';
import { check, readFacts } from './check.ts';

test('a documented Bearer call, a database password and a webhook secret are marked until they are set', () => {
  check(`
import hashlib
import hmac

import asyncpg
import requests
from bifrost import config


@workflow(name="external_api")
async def external_api(context: ExecutionContext):
    api_key = await config.get("stripe_api_key")
                               ^^^^^^^^^^^^^^^^ config/missing: "stripe_api_key" is not set globally. Set it globally, or give a default.

    response = requests.post(
        "https://api.example.test/v1/charges",
        headers={"Authorization": f"Bearer {api_key}"}
    )
    return response.json()


@workflow(name="db_query")
async def db_query(context: ExecutionContext):
    db_password = await config.get("postgres_password")
                                   ^^^^^^^^^^^^^^^^^^^ config/missing: "postgres_password" is not set globally. Set it globally, or give a default.
    conn = await asyncpg.connect(host="db.example.test", user="bifrost", password=db_password)
    result = await conn.fetch("SELECT * FROM users")
    await conn.close()
    return result


@workflow(name="verify_webhook")
async def verify_webhook(context: ExecutionContext, payload: str, signature: str):
    webhook_secret = await config.get("webhook_secret")
                                      ^^^^^^^^^^^^^^^^ config/missing: "webhook_secret" is not set globally. Set it globally, or give a default.
    expected = hmac.new(webhook_secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, signature):
        raise ValueError("Invalid webhook signature")
    return {"verified": True}
`);
});

test('the documented handler of a missing secret is silent', () => {
  check(`
from bifrost import config
${safeApiCall}`);
});

test('the documented ways to store a secret are silent, also at the top of a script', () => {
  check(`
from bifrost import config
await config.set("api_key", "sk_test_example", is_secret=True)
`);
});

test('documented parameters are read without the context', () => {
  const [fact] = readFacts(`
from bifrost import config
@workflow(name="charge_card")
async def charge_card(context: ExecutionContext, amount: int):
    api_key = await config.get("stripe_api_key")
`).workflows;
  assert.equal(fact?.workflow.id, 'charge_card');
  assert.deepEqual(fact.workflow.parameters, [{ name: 'amount', annotation: 'int', required: true }]);
});
