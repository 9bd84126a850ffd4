"""A run's input as the arguments of a workflow function; it names what does not fit, and never shows a value."""

from __future__ import annotations

import inspect
import typing
from typing import Any, Callable, Dict, List, Mapping, Tuple

from .._execution import ExecutionContext
from .conversion import UNION_KINDS, UnfitInput, convert, read_hints

_EMPTY = inspect.Parameter.empty


class Signature:
    """How one function is called. Read once per host, because it costs more than a run should pay."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._parameters = list(inspect.signature(function).parameters.values())
        self._hints = read_hints(function)

    def bind(self, given: Mapping[str, Any], context: ExecutionContext) -> Tuple[List[Any], Dict[str, Any]]:
        """Positional and named arguments. Raises `UnfitInput`; input that names no parameter is ignored."""
        positional: List[Any] = []
        named: Dict[str, Any] = {}
        rest = dict(given)
        for position, parameter in enumerate(self._parameters):
            if parameter.kind is parameter.VAR_POSITIONAL:
                continue
            if parameter.kind is parameter.VAR_KEYWORD:
                named.update(rest)
                continue
            hint = self._hints.get(parameter.name, parameter.annotation)
            if _takes_context(hint) or (position == 0 and _is_bare_context(parameter, hint)):
                # Whatever the input says of it: who calls does not choose for whom a run is.
                rest.pop(parameter.name, None)
                value: Any = context
            elif parameter.name in rest:
                value = convert(rest.pop(parameter.name), hint, parameter.name)
            elif parameter.default is not _EMPTY:
                value = parameter.default
            else:
                raise UnfitInput(f"Parameter {parameter.name!r} is missing.")
            if parameter.kind is parameter.POSITIONAL_ONLY:
                positional.append(value)
            else:
                named[parameter.name] = value
        return positional, named


def _takes_context(hint: Any) -> bool:
    if isinstance(hint, str):
        return hint.strip("'\" ").rpartition(".")[2] == "ExecutionContext"
    if typing.get_origin(hint) in UNION_KINDS:
        return any(choice is ExecutionContext for choice in typing.get_args(hint))
    return hint is ExecutionContext


def _is_bare_context(parameter: inspect.Parameter, hint: Any) -> bool:
    """A first parameter called `context` needs no annotation; the daemon reads the source by the same rule."""
    return parameter.name == "context" and hint is _EMPTY
