"""A workflow's return value as JSON; it says by path what JSON cannot hold, and never shows a value."""

from __future__ import annotations

import dataclasses
import datetime
import json
import math
import uuid
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any, Callable, Dict, List, Set

_DEEPEST = 200
# Beyond it a reader that holds numbers as doubles would round, so such integers become strings, as decimals do.
_LARGEST_EXACT = 2**53 - 1


class UnfitResult(Exception):
    """The message names the part that JSON cannot hold."""


def to_json(result: Any) -> str:
    """The result as JSON text.

    Dates and times become ISO 8601, `Decimal`, `UUID`, paths and integers beyond 2^53 strings, sets lists
    (sorted where they can be), tuples lists, dataclasses, named tuples, pydantic models and records of database
    drivers objects, enums their value, bytes text. Anything else raises `UnfitResult`.
    """
    plain = _Conversion().convert(result, "result", 0)
    return json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class _Conversion:
    def __init__(self) -> None:
        self._open: Set[int] = set()

    def convert(self, value: Any, path: str, depth: int) -> Any:
        if value is None or value is True or value is False:
            return value
        kind = type(value)
        if kind is str:
            return _text(value, path)
        if kind is int:
            return _integer(value, path)
        if isinstance(value, Enum):
            return self.convert(value.value, path, depth)
        if isinstance(value, str):
            return _text(str.__str__(value), path)
        if isinstance(value, int):
            return _integer(int(value), path)
        if isinstance(value, float):
            return _number(float(value), path)
        if isinstance(value, (datetime.date, datetime.time)):
            return value.isoformat()
        if isinstance(value, (Decimal, uuid.UUID, PurePath)):
            return _text(str(value), path)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return _bytes(bytes(value), path)
        return self._nested(value, path, depth)

    def _nested(self, value: Any, path: str, depth: int) -> Any:
        if depth >= _DEEPEST:
            raise UnfitResult(
                f"{_shortened(path)} is nested more than {_DEEPEST} levels deep; return a flatter value."
            )
        if id(value) in self._open:
            raise UnfitResult(f"{path} contains itself, which JSON cannot hold.")
        self._open.add(id(value))
        try:
            return self._container(value, path, depth + 1)
        finally:
            self._open.discard(id(value))

    def _container(self, value: Any, path: str, depth: int) -> Any:
        if isinstance(value, Mapping):
            return self._object(value, path, depth)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return self._fields({name: getattr(value, name) for name in value._fields}, path, depth)
        if isinstance(value, (list, tuple)):
            return [self.convert(item, f"{path}[{index}]", depth) for index, item in enumerate(value)]
        if isinstance(value, (set, frozenset)):
            return [self.convert(item, f"{path}[{index}]", depth) for index, item in enumerate(_ordered(value))]
        if isinstance(value, type):
            raise _unfit(value, path)
        if dataclasses.is_dataclass(value):
            fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
            return self._fields(fields, path, depth)
        if callable(getattr(value, "model_dump", None)):
            return self._fields(value.model_dump(), path, depth)
        if callable(getattr(value, "keys", None)) and hasattr(value, "__getitem__"):
            return self._object({name: value[name] for name in value.keys()}, path, depth)
        raise _unfit(value, path)

    def _object(self, value: "Mapping[Any, Any]", path: str, depth: int) -> Dict[str, Any]:
        converted: Dict[str, Any] = {}
        for name, item in value.items():
            text = _name(name, path)
            if text in converted:
                raise UnfitResult(f"{path} has two keys that are both {_quoted(text)} in JSON.")
            converted[text] = self.convert(item, f"{path}[{_quoted(text)}]", depth)
        return converted

    def _fields(self, fields: Dict[str, Any], path: str, depth: int) -> Dict[str, Any]:
        return {name: self.convert(item, f"{path}.{name}", depth) for name, item in fields.items()}


def _text(value: str, path: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise UnfitResult(f"{path} holds an unpaired surrogate, which JSON cannot hold.") from None
    return value


def _integer(value: int, path: str) -> Any:
    if -_LARGEST_EXACT <= value <= _LARGEST_EXACT:
        return value
    try:
        return str(value)
    except ValueError:
        raise UnfitResult(f"{path} is an integer of too many digits; return it as text.") from None


def _number(value: float, path: str) -> float:
    if math.isfinite(value):
        return value
    word = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    raise UnfitResult(f"{path} is {word}, which JSON cannot hold.")


def _bytes(value: bytes, path: str) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        message = f"{path} is bytes that are not UTF-8 text; encode them, for instance with base64."
        raise UnfitResult(message) from None


def _name(name: Any, path: str) -> str:
    """A dictionary's key as the text that JSON needs."""
    where = f"A key of {path}"
    if isinstance(name, Enum):
        name = name.value
    if isinstance(name, str):
        return _text(str.__str__(name), where)
    if name is None or isinstance(name, bool):
        return json.dumps(name)
    if isinstance(name, float):
        return json.dumps(_number(float(name), where))
    if isinstance(name, (int, Decimal, uuid.UUID, PurePath)):
        return str(name)
    if isinstance(name, (datetime.date, datetime.time)):
        return name.isoformat()
    raise _unfit(name, where)


def _ordered(value: Any) -> List[Any]:
    """Sorted, so that equal sets give equal results; as it comes when its items have no order."""
    natural: Callable[[Any], List[Any]] = sorted
    try:
        return natural(value)
    except TypeError:
        return list(value)


def _quoted(name: str) -> str:
    return json.dumps(_shortened(name), ensure_ascii=False)


def _shortened(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"


def _unfit(value: Any, path: str) -> UnfitResult:
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return UnfitResult(f"{path} is of type {name}, which JSON cannot hold; convert it before you return it.")
