"""The run's line to the daemon: one JSON object per line each way; it knows no workflow and no value's meaning.

Invariant: only the process that was handed the line speaks on it; a copy made by `os.fork` lets go of it.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from concurrent.futures import Future
from typing import Any, Callable, Dict, Optional

from . import errors


class Channel:
    """Frames over two descriptors, which may be the same socket."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._fds = {read_fd, write_fd}
        self._owner = os.getpid()
        self._received = b""
        self._sending = threading.Lock()
        self._state = threading.Lock()
        self._asked: Dict[int, Future[Dict[str, Any]]] = {}
        self._last_id = 0
        self._reader: Optional[threading.Thread] = None
        self._ended = False

    def is_owner(self) -> bool:
        return os.getpid() == self._owner

    def read(self) -> Optional[Dict[str, Any]]:
        """The next frame; `None` when the daemon has closed the line."""
        pieces = [self._received]
        while b"\n" not in pieces[-1]:
            piece = os.read(self._read_fd, 65536)
            if not piece:
                return None
            pieces.append(piece)
        line, self._received = b"".join(pieces).split(b"\n", 1)
        frame: Dict[str, Any] = json.loads(line)
        return frame

    def send(self, frame: bytes) -> None:
        """Sends one frame, which must not hold a line feed."""
        if not self.is_owner():
            raise RuntimeError("A forked copy of a run cannot speak to the daemon.")
        rest = memoryview(frame + b"\n")
        with self._sending:
            while rest:
                rest = rest[os.write(self._write_fd, rest) :]

    def ask(self, verb: str, arguments: Dict[str, Any]) -> "Future[Dict[str, Any]]":
        """Asks the daemon; the future ends with its answer, in any thread."""
        answer: Future[Dict[str, Any]] = Future()
        with self._state:
            if self._ended:
                raise RuntimeError("The run's line to the daemon is closed.")
            self._last_id += 1
            ask_id = self._last_id
            self._asked[ask_id] = answer
            # Most runs ask nothing, and a process without threads is safer to fork.
            if self._reader is None:
                self._reader = threading.Thread(target=self._receive, name="bifrost", daemon=True)
                self._reader.start()
        try:
            self.send(_encode({"ask": verb, "id": ask_id, **arguments}))
        except BaseException:
            with self._state:
                self._asked.pop(ask_id, None)
            raise
        return answer

    def let_go(self) -> None:
        """Called in a forked copy: the descriptors belong to the original alone."""
        fds, self._fds = self._fds, set()
        for fd in fds:
            try:
                os.close(fd)
            except OSError:
                pass

    def _receive(self) -> None:
        while True:
            try:
                frame = self.read()
            except OSError:
                frame = None
            if frame is None:
                break
            with self._state:
                answer = self._asked.pop(frame.get("id", 0), None)
            if answer is not None and answer.set_running_or_notify_cancel():
                answer.set_result(frame)
        with self._state:
            self._ended = True
            waiting, self._asked = self._asked, {}
        for answer in waiting.values():
            if answer.set_running_or_notify_cancel():
                answer.set_exception(RuntimeError("The run's line to the daemon is closed."))


current: Optional[Channel] = None


async def ask(
    verb: str,
    arguments: Dict[str, Any],
    raised: Callable[[str, str], Exception] = errors.from_code,
) -> Dict[str, Any]:
    """The daemon's answer, without holding up other tasks; its failures are raised as `raised` makes them."""
    if current is None or not current.is_owner():
        raise RuntimeError(
            f"{verb}() works inside a run only; start the workflow through Workflow Keys, "
            "from the editor, with `workflow-keys run`, or over HTTP."
        )
    answer = await asyncio.wrap_future(current.ask(verb, arguments))
    failure = answer.get("failure")
    if failure is not None:
        raise raised(failure["code"], failure["message"])
    return answer


def _encode(frame: Dict[str, Any]) -> bytes:
    try:
        return json.dumps(frame, allow_nan=False).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise errors.InvalidConfigError("The value cannot be written as JSON.", "bad-input") from error
