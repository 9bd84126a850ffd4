"""A process for one run, where the system cannot fork: imports the one module, runs, ends.

Its standard input and output are the run's line to the daemon, its standard error takes all that the run prints.
"""

from __future__ import annotations

import faulthandler
import os
import socket

from bifrost._channel import Channel
from bifrost._host import processes
from bifrost._host.modules import Modules
from bifrost._host.output import Output, take_standard_streams
from bifrost._host.run import serve


def run_one(channel: Channel) -> None:
    start = channel.read()
    if start is None:
        return
    output = Output()
    output.install()
    faulthandler.enable(file=2)
    processes.confine(start["memoryLimitBytes"])
    modules = Modules(start["folder"])
    modules.load(start["files"])
    output.flush()
    serve(channel, modules, output, close_output)


def close_output() -> None:
    """Ends the stream for this process and all that inherited it; where it is a pipe, for this process only."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        socket.socket(fileno=os.dup(1)).shutdown(socket.SHUT_WR)
    except OSError:
        pass
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    os.close(nothing)


if __name__ == "__main__":
    # The line leaves descriptors 0 and 1, so that nothing a workflow prints or reads can reach it.
    run_one(Channel(*take_standard_streams()))
