"""What a run prints and logs, as one ordered stream; it knows neither the line to the daemon nor the workflow.

Raw bytes (of subprocesses and C code) and records of Python's own streams share descriptor 1, so that they keep
their order. A record is a JSON text sequence (RFC 7464): RS, `["level", "text"]`, LF. The level is `stdout` or
`stderr` for a piece of a stream, and a level of `logging` for a whole entry.
"""

from __future__ import annotations

import codecs
import functools
import io
import json
import logging
import os
import sys
import threading
from typing import Any, Tuple

_PIECE_CHARACTERS = 16 * 1024
_MOST_DESCRIPTORS = 4096


class Output:
    """Where the records of this process go, and how much of them.

    Before `start` (while modules are imported) everything passes through unmarked.
    """

    def __init__(self) -> None:
        self.dropped_bytes = 0
        self._left = 0
        self._recording = False
        self._sending = threading.Lock()
        self.stdout = _open_stream(self, 1, "stdout")
        self.stderr = _open_stream(self, 2, "stderr")

    def install(self) -> None:
        """Takes the place of `sys.stdout` and `sys.stderr`, and of the handlers of the root logger."""
        sys.stdout = sys.__stdout__ = self.stdout
        sys.stderr = sys.__stderr__ = self.stderr
        root = logging.getLogger()
        root.setLevel(logging.INFO)
        handler = _EntryHandler(self)
        root.addHandler(handler)
        _keep_in_basic_config(handler)

    def start(self, limit_bytes: int) -> None:
        """From now on Python's streams are recorded. Past the limit text is counted and not sent."""
        self._left = limit_bytes
        self._recording = True
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew_lock)

    def flush(self) -> None:
        for stream in (sys.stdout, sys.stderr, self.stdout, self.stderr):
            try:
                stream.flush()
            except (OSError, ValueError, AttributeError):
                pass

    def write_piece(self, fd: int, level: str, data: bytes, text: str) -> None:
        """A piece of a stream, as it comes."""
        if not self._recording:
            _write_all(fd, data)
            return
        for start in range(0, len(text), _PIECE_CHARACTERS):
            self._record(level, text[start : start + _PIECE_CHARACTERS])

    def write_entry(self, level: str, text: str) -> None:
        """A whole entry, which may have several lines."""
        if self._recording:
            self._record(level, text)
        else:
            _write_all(2, (text + "\n").encode("utf-8", "backslashreplace"))

    def _record(self, level: str, text: str) -> None:
        # What crosses the limit is still sent, so that the daemon can cut it exactly.
        kept = text[: self._left + 1] if self._left >= 0 else ""
        self._left -= len(kept)
        if len(kept) < len(text):
            self.dropped_bytes += len(text[len(kept) :].encode("utf-8", "replace"))
        if kept:
            line = json.dumps([level, kept], ensure_ascii=False).encode("utf-8", "backslashreplace")
            with self._sending:
                _write_all(1, b"\x1e" + line + b"\n")

    def _renew_lock(self) -> None:
        self._sending = threading.Lock()


def take_standard_streams() -> Tuple[int, int]:
    """Other numbers for the present standard input and output; then input is empty, and output goes where errors go.

    To be called first: whatever else this process has inherited is closed.
    """
    os.closerange(3, _MOST_DESCRIPTORS)
    taken = (os.dup(0), os.dup(1))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return taken


class _StreamPieces(io.RawIOBase):
    """The bottom of `sys.stdout` and `sys.stderr`."""

    def __init__(self, output: Output, fd: int, level: str) -> None:
        self._output = output
        self._fd = fd
        self._level = level
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fd

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._output.write_piece(self._fd, self._level, piece, self._decoder.decode(piece))
        return len(piece)


class _EntryHandler(logging.Handler):
    """Turns each record of `logging` into one entry, with its traceback."""

    def __init__(self, output: Output) -> None:
        super().__init__()
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._output.write_entry(_level_name(record.levelno), self.format(record))
        except RecursionError:
            raise
        except Exception:
            self.handleError(record)


def _keep_in_basic_config(handler: logging.Handler) -> None:
    """Lets workflow code call `logging.basicConfig` as in a program of its own.

    It does nothing where the root logger has a handler, so ours does not count as one; and what it would send to our
    own streams stays with our handler, which keeps the level of each entry.
    """
    original = logging.basicConfig

    @functools.wraps(original)
    def basic_config(**options: Any) -> None:
        root = logging.getLogger()
        root.removeHandler(handler)
        try:
            original(**options)
        finally:
            root.addHandler(handler)
        for other in root.handlers[:]:
            if type(other) is logging.StreamHandler and other.stream in (sys.stdout, sys.stderr):
                root.removeHandler(other)
                if options.get("format") is not None:
                    handler.setFormatter(other.formatter)

    logging.basicConfig = basic_config


def _level_name(level: int) -> str:
    """The standard level at or below a custom one."""
    for name in ("CRITICAL", "ERROR", "WARNING", "INFO"):
        if level >= getattr(logging, name):
            return name
    return "DEBUG"


def _open_stream(output: Output, fd: int, level: str) -> io.TextIOWrapper:
    raw = _StreamPieces(output, fd, level)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding="utf-8",
        errors="backslashreplace",
        newline="\n",
        line_buffering=True,
    )


def _write_all(fd: int, data: bytes) -> None:
    """Output is lost, and the run goes on, when nobody listens any more."""
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[os.write(fd, rest) :]
    except OSError:
        pass
