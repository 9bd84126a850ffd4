"""The workflow modules of a folder, imported once; one that raises does not keep the others from running."""

from __future__ import annotations

import asyncio
import builtins
import importlib
import importlib.util
import os
import sys
import traceback
from types import ModuleType
from typing import Any, Callable, Dict, List, Optional

from .. import _decorator, _execution
from .arguments import Signature


class Workflow:
    """A function that can be run."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.signature = Signature(function)


class ModuleFailed(Exception):
    """A workflow's module raised when it was imported."""

    def __init__(self, error: Dict[str, str]) -> None:
        super().__init__(error["message"])
        self.error = error


class Modules:
    """The files of one folder, which takes the first place on `sys.path`."""

    def __init__(self, folder: str) -> None:
        sys.path[0] = folder
        sys.argv = [""]
        # A compiled file is trusted by its second of change, so one from just before an edit would hide the edit.
        sys.dont_write_bytecode = True
        # Samples in the documentation leave these imports out, and run as written.
        builtins.workflow = _decorator.workflow  # type: ignore[attr-defined]
        builtins.ExecutionContext = _execution.ExecutionContext  # type: ignore[attr-defined]
        self._folder = folder
        self._modules: Dict[str, ModuleType] = {}
        self._failed: Dict[str, Dict[str, str]] = {}
        self._workflows: Dict[str, Workflow] = {}

    def load(self, files: List[str]) -> List[Dict[str, Any]]:
        """Imports each file, given relative to the folder; the answer has those that raised, in short."""
        for file in files:
            try:
                self._modules[file] = _import_file(self._folder, file)
            except BaseException as error:
                self._failed[file] = describe(error)
        # The whole of it is for the runs: a folder can hold many files, and each can raise as much as it likes.
        return [
            {"file": file, "error": {"type": error["type"], "message": error["message"][:200]}}
            for file, error in self._failed.items()
        ]

    def prepare(self) -> None:
        """Reads the signatures of all marked functions ahead of the first run."""
        files = {module.__name__: file for file, module in self._modules.items()}
        for entry in _decorator.marked:
            file = files.get(entry.module)
            if file is not None:
                try:
                    self.find(file, getattr(entry.function, "__name__", ""), entry.id)
                except Exception:
                    # The run of that workflow says what is wrong with it.
                    continue

    def find(self, file: str, function_name: str, workflow_id: str) -> Workflow:
        """The function of a workflow. Raises `ModuleFailed`, or `LookupError` when the module has none such."""
        if file in self._failed:
            raise ModuleFailed(self._failed[file])
        module = self._modules.get(file)
        if module is None:
            raise LookupError(f"{file} is not loaded; save it again.")
        index = f"{file}\n{workflow_id}"
        if index not in self._workflows:
            function = _find_function(module, function_name, workflow_id)
            if function is None:
                raise LookupError(f"{file} has no function {function_name!r} once it is imported.")
            self._workflows[index] = Workflow(function)
        return self._workflows[index]


def describe(error: BaseException, limit_characters: int = 65536) -> Dict[str, Any]:
    """Type, message and traceback of an exception, without the host's own frames."""
    trace = error.__traceback__
    while trace is not None and _is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    try:
        message = str(error)
    except BaseException:
        message = "(the exception's own text could not be made)"
    try:
        lines = traceback.format_exception(type(error), error, trace, limit=-100)
        text = "".join(lines)
    except BaseException:
        text = ""
    return {
        "type": _type_name(error),
        "message": message[:limit_characters],
        "traceback": text[: 4 * limit_characters],
        "cut": len(message) > limit_characters or len(text) > 4 * limit_characters,
    }


def _type_name(error: BaseException) -> str:
    """The class's name; words that the daemon uses itself are told apart by their module."""
    kind = type(error)
    return f"{kind.__module__}.{kind.__qualname__}" if kind.__qualname__ in _OUR_WORDS else kind.__qualname__


# Types of error that only the daemon and this host may report.
_OUR_WORDS = frozenset(
    ("Cancelled", "Crashed", "HostFailed", "InputError", "Interrupted", "ResultError", "StorageFailed", "Timeout")
)
# What stands between the host and workflow code in every traceback.
_NOT_THE_USERS = (
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
    os.path.dirname(asyncio.__file__),
    importlib.__file__,
    "<frozen importlib",
)


def _is_ours(path: str) -> bool:
    return path.startswith(_NOT_THE_USERS)


def _import_file(folder: str, file: str) -> ModuleType:
    """Imports by dotted name where the path allows it, so that workflows which import each other share one module."""
    path = os.path.join(folder, *file.split("/"))
    parts = file[: -len(".py")].split("/")
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    if all(part.isidentifier() for part in parts):
        name = ".".join(parts)
        spec = importlib.util.find_spec(name) if name not in sys.modules else sys.modules[name].__spec__
        if spec is not None and spec.origin is not None and os.path.realpath(spec.origin) == os.path.realpath(path):
            return importlib.import_module(name)
    # Such as `my-flow.py`, or `json.py`, whose name already stands for another module.
    spec = importlib.util.spec_from_file_location("workflow_file_" + file.encode().hex(), path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} cannot be imported.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _find_function(module: ModuleType, function_name: str, workflow_id: str) -> Optional[Callable[..., Any]]:
    """The module's attribute; where two workflows share a function's name, the one that was marked with this id."""
    namesakes = [
        entry
        for entry in _decorator.marked
        if entry.module == module.__name__ and getattr(entry.function, "__name__", "") == function_name
    ]
    if len(namesakes) > 1:
        for entry in reversed(namesakes):
            if entry.id == workflow_id:
                return entry.function
    function = getattr(module, function_name, None)
    return function if callable(function) else None
