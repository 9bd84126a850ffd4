"""The run host: imports a folder's workflows once, then forks one process for each run, ahead of time.

Its standard input and output are the control channel, one JSON object per line. It knows no configuration and no
input: those reach the forked process over a connection of its own.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import os
import select
import signal
import socket
import sys
from typing import Any, Dict, List, Optional, Set

from bifrost import _channel
from bifrost._host import processes
from bifrost._host.modules import Modules
from bifrost._host.output import Output, take_standard_streams
from bifrost._host.run import rehearse, serve


class Host:
    """The forking process."""

    def __init__(self, control_in: int, control_out: int) -> None:
        self._control_in = control_in
        self._control_out = control_out
        self._received = b""
        self._tokens: Dict[int, str] = {}
        self._own: Set[int] = set()
        self._output = Output()
        self._output.install()
        self._woken, self._wake = socket.socketpair()
        self._socket_path = ""
        self._modules: Modules

    def run(self) -> None:
        start = self._next_line()
        if start is None:
            return
        self._socket_path = start["socket"]
        processes.confine(start["memoryLimitBytes"])
        failed = self._import(start["folder"], start["files"])
        processes.adopt_orphans()
        # Workflow modules may have started processes of their own while they were imported.
        self._own = processes.list_children()
        for descriptor in (self._woken, self._wake):
            descriptor.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        faulthandler.enable(file=2)
        rehearse()
        gc.collect()
        gc.freeze()
        self._say({"ready": ".".join(map(str, sys.version_info[:3])), "failed": failed})
        self._loop()
        for pid in self._tokens:
            processes.end_group(pid)
        processes.end_strangers(set())

    def _import(self, folder: str, files: List[str]) -> List[Dict[str, Any]]:
        self._modules = Modules(folder)
        failed = self._modules.load(files)
        self._modules.prepare()
        return failed

    def _loop(self) -> None:
        poll = select.poll()
        poll.register(self._control_in, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        while True:
            ready = [fd for fd, _ in poll.poll()]
            if self._woken.fileno() in ready:
                self._reap()
            if self._control_in in ready and not self._obey():
                return

    def _obey(self) -> bool:
        """Follows the waiting orders; false once the daemon has gone."""
        data = os.read(self._control_in, 65536)
        if not data:
            return False
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            order = json.loads(line)
            if "fork" in order:
                self._fork(order["fork"])
            elif "kill" in order:
                for pid, token in self._tokens.items():
                    if token == order["kill"]:
                        processes.end_group(pid)
        return True

    def _fork(self, token: str) -> None:
        self._output.flush()
        channel = self._connect()
        output = self._connect()
        pid = os.fork()
        if pid == 0:
            self._become_run(token, channel, output)
        self._tokens[pid] = token
        channel.close()
        output.close()

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(self._socket_path)
        return connection

    def _become_run(self, token: str, connection: socket.socket, output: socket.socket) -> None:
        """The forked side, which never returns."""
        try:
            os.setsid()
            processes.end_with_parent()
            processes.adopt_orphans()
            # The handler of SIGCHLD does nothing and may stay: `signal.signal` would cost more than all the rest here.
            signal.set_wakeup_fd(-1)
            connection.sendall(f"channel {token} {os.getpid()}\n".encode("ascii"))
            output.sendall(f"output {token}\n".encode("ascii"))
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            os.close(self._control_in)
            os.close(self._control_out)
            self._woken.close()
            self._wake.close()
            channel_fd = connection.detach()
            channel = _channel.Channel(channel_fd, channel_fd)
            serve(channel, self._modules, self._output, lambda: output.shutdown(socket.SHUT_WR))
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            # Nothing below this frame may run twice.
            os._exit(70)

    def _reap(self) -> None:
        try:
            while self._woken.recv(4096):
                pass
        except BlockingIOError:
            pass
        exits: List[Dict[str, Any]] = []
        while True:
            dead = processes.reap(self._tokens.__contains__)
            if dead is None:
                break
            pid, status = dead
            self._own.discard(pid)
            if pid in self._tokens:
                exits.append({"exited": self._tokens.pop(pid), **processes.name_exit(status)})
        if exits:
            processes.end_strangers(set(self._tokens) | self._own)
        for report in exits:
            self._say(report)

    def _say(self, message: Dict[str, Any]) -> None:
        rest = memoryview(json.dumps(message).encode("ascii") + b"\n")
        while rest:
            rest = rest[os.write(self._control_out, rest) :]

    def _next_line(self) -> Optional[Dict[str, Any]]:
        while b"\n" not in self._received:
            data = os.read(self._control_in, 65536)
            if not data:
                return None
            self._received += data
        line, self._received = self._received.split(b"\n", 1)
        message: Dict[str, Any] = json.loads(line)
        return message


if __name__ == "__main__":
    # The control channel leaves descriptors 0 and 1, so that nothing a workflow module prints can reach it.
    Host(*take_standard_streams()).run()
