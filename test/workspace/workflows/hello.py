"""The first workflow to try: it answers with what it was given."""

from bifrost import ExecutionContext, workflow


@workflow(name="hello", description="Greets whoever calls.", endpoint_enabled=True)
async def hello(context: ExecutionContext, name: str = "world"):
    return {"greeting": f"Hello, {name}!"}


@workflow(name="echo", description="Returns its input.", endpoint_enabled=True)
async def echo(context: ExecutionContext, **values):
    return values
