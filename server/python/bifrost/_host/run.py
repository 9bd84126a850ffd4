"""One run in this process, from the frame that starts it to the frame that ends it."""

from __future__ import annotations

import asyncio
import atexit
import inspect
import json
import os
from typing import Any, Callable, Dict, List, NoReturn

from .. import _channel, _execution
from .arguments import Signature
from .conversion import UnfitInput
from .modules import ModuleFailed, Modules, Workflow, describe
from .output import Output
from .results import UnfitResult, to_json

_LEFTOVER_SECONDS = 1.0
_REHEARSALS = 50
# What the standard library itself registered: it tidies up what the end of the process tidies up as well.
_OWN_EXIT_HANDLERS = atexit._ncallbacks()


def serve(channel: _channel.Channel, modules: Modules, output: Output, close_output: Callable[[], None]) -> NoReturn:
    """Waits for the one run of this process, runs it, reports it, and ends the process."""
    frame = channel.read()
    if frame is None:
        os._exit(0)
    _channel.current = channel
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=channel.let_go)
    output.start(frame["maxLogBytes"])
    outcome = _outcome(frame, modules)
    if not channel.is_owner():
        # A copy that `os.fork` made in workflow code came back here: the original alone reports.
        output.flush()
        os._exit(0 if outcome["done"] == "success" else 1)
    output.flush()
    # Everything printed lies before the end of the stream, so the daemon has it all when it sees the result.
    close_output()
    outcome["dropped"] = output.dropped_bytes
    channel.send(_encode(outcome, frame["maxResultBytes"]))
    _finish()


def rehearse() -> None:
    """Goes through the motions of a run, ahead of every fork.

    The interpreter rewrites code while it is new. A page that is written to after the fork is copied, and these
    copies are most of what a run costs: a fifth of them goes away.
    """
    fields = {"userId": "", "name": "", "email": "", "executionId": "", "workflowName": "", "publicUrl": ""}
    signature = Signature(_do_nothing)
    for _ in range(_REHEARSALS):
        context = _context({**fields, "organization": {"id": "", "name": ""}, "isFunctionKey": False})
        positional, named = signature.bind(json.loads('{"value": 1}'), context)
        loop = asyncio.new_event_loop()
        result = loop.run_until_complete(_do_nothing(*positional, **named))
        loop.close()
        _encode({"done": "success", "result": to_json(result), "dropped": 0}, 1024)


async def _do_nothing(context: _execution.ExecutionContext, value: int) -> Dict[str, Any]:
    return {"value": value}


def _outcome(frame: Dict[str, Any], modules: Modules) -> Dict[str, Any]:
    context = _context(frame["context"])
    _execution.enter(context)
    try:
        workflow = modules.find(frame["file"], frame["functionName"], frame["workflowId"])
        positional, named = workflow.signature.bind(frame["input"], context)
    except ModuleFailed as failed:
        return {"done": "failed", "error": failed.error}
    except UnfitInput as unfit:
        return {"done": "rejected", "error": {"type": "InputError", "message": str(unfit)}}
    except Exception as error:
        return {"done": "failed", "error": describe(error)}
    try:
        result = _call(workflow, positional, named)
    except BaseException as error:
        return {"done": "failed", "error": describe(error)}
    try:
        return {"done": "success", "result": to_json(result)}
    except UnfitResult as unfit:
        return {"done": "failed", "error": {"type": "ResultError", "message": str(unfit)}}
    except BaseException as error:
        return {"done": "failed", "error": describe(error)}


def _call(workflow: Workflow, positional: List[Any], named: Dict[str, Any]) -> Any:
    function = workflow.function
    if not inspect.iscoroutinefunction(function):
        result = function(*positional, **named)
        # A decorator may hide that the function is a coroutine function.
        if not inspect.isawaitable(result):
            return result
        return _run_loop(_await(result))
    return _run_loop(function(*positional, **named))


async def _await(awaitable: Any) -> Any:
    return await awaitable


def _run_loop(coroutine: Any) -> Any:
    """As `asyncio.run`, but tasks that refuse to be cancelled do not hold up the result."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(coroutine)
    finally:
        leftover = asyncio.all_tasks(loop)
        if leftover:
            for task in leftover:
                task.cancel()
            loop.run_until_complete(asyncio.wait(leftover, timeout=_LEFTOVER_SECONDS))


def _context(fields: Dict[str, Any]) -> _execution.ExecutionContext:
    organization = fields["organization"]
    return _execution.ExecutionContext(
        user_id=fields["userId"],
        name=fields["name"],
        email=fields["email"],
        organization=_execution.Organization(**organization) if organization else None,
        execution_id=fields["executionId"],
        workflow_name=fields["workflowName"],
        is_function_key=fields["isFunctionKey"],
        public_url=fields["publicUrl"],
    )


def _encode(outcome: Dict[str, Any], limit_bytes: int) -> bytes:
    """The result is JSON text already, and is put in as it is."""
    result: str = outcome.pop("result", "")
    text = result.encode("utf-8")
    if len(text) > limit_bytes:
        message = f"The result is {len(text)} bytes of JSON; at most {limit_bytes} are kept. Return less."
        outcome.update(done="failed", error={"type": "ResultError", "message": message})
        text = b""
    head = json.dumps(outcome).encode("ascii")
    return head[:-1] + b', "result": ' + text + b"}" if text else head


def _finish() -> NoReturn:
    """Ends at once: what the run left behind (threads, tasks) must not keep its process."""
    if atexit._ncallbacks() != _OWN_EXIT_HANDLERS:
        try:
            atexit._run_exitfuncs()
        except BaseException:
            pass
    os._exit(0)


