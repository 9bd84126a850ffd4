/** Workflows as the documentation has them, for every test that shows that they work as they are written there. */

/** S10: checks a signature. `options` are further ones of the decorator, e.g. `, endpoint_enabled=True`. */
export const verifyWebhook = (options = '') => `
import hmac
import hashlib

@workflow(name="verify_webhook"${options})
async def verify_webhook(context: ExecutionContext, payload: str, signature: str):
    webhook_secret = await config.get("webhook_secret")

    # Calculate expected signature
    expected = hmac.new(
        webhook_secret.encode(),
        payload.encode(),
        hashlib.sha256
    ).hexdigest()

    if not hmac.compare_digest(expected, signature):
        raise ValueError("Invalid webhook signature")

    return {"verified": True}
`;

/** S16: answers for a secret that is missing. */
export const safeApiCall = `
@workflow(name="safe_api_call")
async def safe_api_call(context: ExecutionContext):
    try:
        api_key = await config.get("api_key")
    except KeyError:
        return {
            "success": False,
            "error": "API key not configured",
            "action": "Add 'api_key' to Configuration in Settings"
        }

    # Use api_key...
    return {"success": True}
`;
