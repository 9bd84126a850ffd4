"""One value of the input as its annotation wants it; it names what does not fit, and never shows a value."""

from __future__ import annotations

import ast
import collections.abc
import dataclasses
import datetime
import decimal
import enum
import inspect
import pathlib
import re
import sys
import types
import typing
import uuid
from typing import Any, Callable, Dict, List, Optional, Tuple, Union

UNION_KINDS = (Union, getattr(types, "UnionType", Union))


class UnfitInput(Exception):
    """The message names the parameter (D47)."""


def convert(value: Any, hint: Any, path: str) -> Any:
    """`value` as `hint` says; `path` is the parameter, or the place in it. Raises `UnfitInput`."""
    origin = typing.get_origin(hint)
    if origin is None:
        return _convert_plain(value, hint, path)
    arguments = typing.get_args(hint)
    if origin is typing.Annotated:
        return convert(value, arguments[0], path)
    if origin in UNION_KINDS:
        return _convert_union(value, arguments, path)
    if origin is typing.Literal:
        if value in arguments:
            return value
        raise _unfit(path, "one of the values that its annotation lists")
    if origin in (list, set, frozenset, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Set):
        item_hint = arguments[0] if arguments else Any
        items = [convert(item, item_hint, f"{path}[{index}]") for index, item in enumerate(_list(value, path))]
        makers: Dict[Any, Any] = {set: set, frozenset: frozenset, collections.abc.Set: set}
        return _made(makers.get(origin, list), items, path)
    if origin is tuple:
        return _convert_tuple(value, arguments, path)
    if origin in (dict, collections.abc.Mapping, collections.abc.MutableMapping):
        name_hint, item_hint = arguments if len(arguments) == 2 else (Any, Any)
        return {
            convert(name, name_hint, f"a key of {path}"): convert(item, item_hint, f"{path}.{name}")
            for name, item in _mapping(value, path).items()
        }
    return value


def read_hints(function: Callable[..., Any]) -> Dict[str, Any]:
    """Annotations as objects; one that cannot be evaluated stays text, and its values stay as they came."""
    target = inspect.unwrap(function)
    try:
        return typing.get_type_hints(target, include_extras=True)
    except Exception:
        hints: Dict[str, Any] = {}
        for name, annotation in getattr(target, "__annotations__", {}).items():
            hints[name] = _evaluate(annotation, target) if isinstance(annotation, str) else annotation
        return hints


def _evaluate(annotation: str, target: Any) -> Any:
    """Before Python 3.10, `|` between types means nothing, and it never does beside a text; a `Union` is the same."""
    known = getattr(target, "__globals__", None) or vars(sys.modules[target.__module__])
    try:
        tree = _Unions().visit(ast.parse(annotation, mode="eval"))
        code = compile(ast.fix_missing_locations(tree), "<annotation>", "eval")
        # As the type of something, a text within it is looked up as well.
        holder = type("_Holder", (), {"__annotations__": {"it": eval(code, {**known, _UNION: Union})}})
        return typing.get_type_hints(holder, known, include_extras=True)["it"]
    except Exception:
        return annotation


_UNION = "__bifrost_union__"


class _Unions(ast.NodeTransformer):
    """Writes `a | b` as `Union[a, b]`."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.BitOr):
            return node
        both = ast.Tuple(elts=[node.left, node.right], ctx=ast.Load())
        return ast.Subscript(value=ast.Name(id=_UNION, ctx=ast.Load()), slice=both, ctx=ast.Load())

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        # What stands in a `Literal` is no type.
        if ast.unparse(node.value).rpartition(".")[2] == "Literal":
            return node
        self.generic_visit(node)
        return node


def _convert_union(value: Any, choices: Tuple[Any, ...], path: str) -> Any:
    if value is None and type(None) in choices:
        return None
    named = [choice for choice in choices if choice is not type(None)]
    # What already is of one of the types is not converted into another: `int | str` keeps "3".
    for choice in named:
        if isinstance(choice, type) and type(value) is choice:
            return value
    failure: Optional[UnfitInput] = None
    for choice in named:
        try:
            return convert(value, choice, path)
        except UnfitInput as error:
            failure = failure or error
    if len(named) == 1 and failure is not None:
        raise failure
    raise _unfit(path, "of one of the types that its annotation lists")


def _convert_tuple(value: Any, arguments: Tuple[Any, ...], path: str) -> Any:
    items = _list(value, path)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        arguments = (arguments[0],) * len(items)
    elif arguments and len(arguments) != len(items):
        raise _unfit(path, f"a list of {len(arguments)} items")
    hints = arguments or (Any,) * len(items)
    return tuple(convert(item, hint, f"{path}[{index}]") for index, (item, hint) in enumerate(zip(items, hints)))


def _convert_plain(value: Any, hint: Any, path: str) -> Any:
    if hint in _SCALARS:
        return _SCALARS[hint](value, path)
    if hint in (list, tuple, set, frozenset):
        return _made(hint, _list(value, path), path)
    if hint is dict:
        return _mapping(value, path)
    if not isinstance(hint, type):
        # A NewType stands for the type that it was made of.
        inner = getattr(hint, "__supertype__", None)
        return value if inner is None else convert(value, inner, path)
    if issubclass(hint, enum.Enum):
        return _enum(value, hint, path)
    if dataclasses.is_dataclass(hint):
        return _dataclass(value, hint, path)
    if callable(getattr(hint, "model_validate", None)):
        return _model(value, hint, path)
    return value


def _str(value: Any, path: str) -> str:
    if isinstance(value, str):
        return value
    raise _unfit(path, "a text")


def _int(value: Any, path: str) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, (int, str)) and not isinstance(value, bool):
        try:
            return int(value)
        except ValueError:
            pass
    raise _unfit(path, "an integer")


def _float(value: Any, path: str) -> float:
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            return float(value)
        except (ValueError, OverflowError):
            pass
    raise _unfit(path, "a number")


def _bool(value: Any, path: str) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "1": True, "false": False, "0": False}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise _unfit(path, "true or false")


def _none(value: Any, path: str) -> None:
    if value is not None:
        raise _unfit(path, "null")


def _decimal(value: Any, path: str) -> decimal.Decimal:
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            return decimal.Decimal(str(value))
        except decimal.InvalidOperation:
            pass
    raise _unfit(path, "a decimal number")


def _uuid(value: Any, path: str) -> uuid.UUID:
    if isinstance(value, str):
        try:
            return uuid.UUID(value)
        except ValueError:
            pass
    raise _unfit(path, "a UUID")


def _bytes(value: Any, path: str) -> bytes:
    return _str(value, path).encode("utf-8", "surrogatepass")


def _path(value: Any, path: str) -> pathlib.Path:
    return pathlib.Path(_str(value, path))


def _from_iso(kind: Any, expected: str) -> Callable[[Any, str], Any]:
    def from_iso(value: Any, path: str) -> Any:
        if isinstance(value, str) and len(value) <= _LONGEST_TIME:
            try:
                return kind.fromisoformat(value if kind is datetime.date else _as_before_3_11(value))
            except ValueError:
                pass
        raise _unfit(path, expected)

    return from_iso


# Longer than any, and short enough for the patterns below, whoever makes up the text.
_LONGEST_TIME = 64


def _as_before_3_11(time: str) -> str:
    """As older Pythons want it: "Z" is +00:00, an offset has its colon, and a fraction has six digits."""
    time = re.sub(r"[Zz]$", "+00:00", time)
    time = re.sub(r"(:.*[+-]\d\d)(\d\d)$", r"\1:\2", time)
    return re.sub(r"[.,](\d{1,6})\d*", lambda found: f".{found.group(1):0<6}", time)


_SCALARS: Dict[Any, Callable[[Any, str], Any]] = {
    str: _str,
    int: _int,
    float: _float,
    bool: _bool,
    None: _none,
    type(None): _none,
    bytes: _bytes,
    decimal.Decimal: _decimal,
    uuid.UUID: _uuid,
    pathlib.Path: _path,
    datetime.datetime: _from_iso(datetime.datetime, "a date and time such as 2026-01-31T12:00:00Z"),
    datetime.date: _from_iso(datetime.date, "a date such as 2026-01-31"),
    datetime.time: _from_iso(datetime.time, "a time such as 12:00:00"),
}


def _enum(value: Any, hint: Any, path: str) -> Any:
    for member in hint:
        if member.value == value and type(member.value) is type(value):
            return member
    for member in hint:
        if isinstance(value, str) and value in (member.name, str(member.value)):
            return member
    raise _unfit(path, "one of " + ", ".join(str(member.value) for member in hint))


def _dataclass(value: Any, hint: Any, path: str) -> Any:
    given = _mapping(value, path)
    hints = read_hints(hint)
    fields: Dict[str, Any] = {}
    for field in dataclasses.fields(hint):
        where = f"{path}.{field.name}"
        if not field.init:
            continue
        if field.name in given:
            fields[field.name] = convert(given[field.name], hints.get(field.name, Any), where)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise UnfitInput(f"Parameter {where!r} is missing.")
    return hint(**fields)


def _model(value: Any, hint: Any, path: str) -> Any:
    """A pydantic model. Its own messages quote values, so only the places are told."""
    try:
        return hint.model_validate(value)
    except Exception as error:
        places = getattr(error, "errors", None)
        wrong = [".".join(map(str, (path, *entry["loc"]))) for entry in places()] if callable(places) else [path]
        raise UnfitInput(f"Parameter {', '.join(map(repr, wrong))} does not fit {hint.__name__}.") from None


def _list(value: Any, path: str) -> List[Any]:
    if isinstance(value, list):
        return value
    raise _unfit(path, "a list")


def _mapping(value: Any, path: str) -> Dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise _unfit(path, "an object")


def _made(maker: Any, items: List[Any], path: str) -> Any:
    try:
        return maker(items)
    except TypeError:
        raise _unfit(path, "a list of values that can stand in a set") from None


def _unfit(path: str, expected: str) -> UnfitInput:
    return UnfitInput(f"Parameter {path!r} must be {expected}.")
