"""A workflow that needs a secret: set it with the quick fix on the name, or on the command line."""

import hashlib
import hmac
import logging

from bifrost import ExecutionContext, config, workflow

logger = logging.getLogger(__name__)


@workflow(name="verify_webhook", description="Checks the signature of a payload.", endpoint_enabled=True)
async def verify_webhook(context: ExecutionContext, payload: str, signature: str):
    webhook_secret = await config.get("webhook_secret")
    expected = hmac.new(webhook_secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, signature):
        raise ValueError("Invalid webhook signature")
    logger.info("The signature is right")
    return {"verified": True}


@workflow(
    name="charge_card",
    description="Says whether the payment key is configured.",
    endpoint_enabled=True,
    disable_global_key=True,
)
async def charge_card(context: ExecutionContext, amount: int):
    try:
        await config.get("stripe_api_key")
    except KeyError:
        return {
            "success": False,
            "error": "API key not configured",
            "action": "Add 'stripe_api_key' to Configuration in Settings",
        }
    return {"success": True, "amount": amount}
