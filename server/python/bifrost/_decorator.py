"""The `@workflow` decorator; it only remembers which function it marked."""

from __future__ import annotations

import sys
from typing import Any, Callable, List, NamedTuple, Optional, Sequence, TypeVar, Union, overload

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Marked(NamedTuple):
    """A function that was decorated, and where."""

    module: str
    id: str
    function: Callable[..., Any]


marked: List[Marked] = []


@overload
def workflow(function: _Function) -> _Function: ...


@overload
def workflow(
    function: Optional[str] = None,
    *,
    name: Optional[str] = None,
    description: Optional[str] = None,
    category: Optional[str] = None,
    tags: Optional[Sequence[str]] = None,
    endpoint_enabled: bool = False,
    allowed_methods: Optional[Sequence[str]] = None,
    public_endpoint: bool = False,
    disable_global_key: bool = False,
    execution_mode: str = "sync",
    timeout_seconds: float = 1800,
    **other: Any,
) -> Callable[[_Function], _Function]: ...


def workflow(function: Union[Callable[..., Any], str, None] = None, **options: Any) -> Any:
    """Marks a function as a workflow; the function itself is unchanged.

    The options are read from the source, never from here, so that a listing runs no code (D46).
    """
    module = sys._getframe(1).f_globals.get("__name__", "")
    name = function if isinstance(function, str) else options.get("name")

    def mark(marked_function: _Function) -> _Function:
        own_name = getattr(marked_function, "__name__", "")
        marked.append(Marked(module, name if isinstance(name, str) else own_name, marked_function))
        return marked_function

    return mark(function) if callable(function) else mark
