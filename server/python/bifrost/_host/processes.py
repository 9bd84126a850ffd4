"""What the operating system is asked for so that a run is confined, and leaves nothing behind."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Callable, Dict, List, Optional, Set, Tuple, Union

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38

_prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform.startswith("linux") else None
_CHILDREN = f"/proc/self/task/{os.getpid()}/children"


def adopt_orphans() -> None:
    """Processes whose parent has ended become children of this one, where the system knows how (Linux)."""
    if _prctl is not None:
        _prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_with_parent() -> None:
    """This process is killed when the one that forked it ends, where the system knows how (Linux)."""
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def confine(memory_limit_bytes: int) -> None:
    """No core files, no way to gain rights, and a limit of address space (0: none). Inherited by every fork."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory_limit_bytes > 0:
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        limit = memory_limit_bytes if hard == resource.RLIM_INFINITY else min(memory_limit_bytes, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    if _prctl is not None:
        _prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def list_children() -> Set[int]:
    """The living and the dead but unread children of this process; empty where the system does not tell."""
    try:
        with open(_CHILDREN, "rb", buffering=0) as listing:
            return {int(pid) for pid in listing.read(1 << 20).split()}
    except (OSError, ValueError):
        return set()


def end_group(pid: int) -> None:
    """Kills a run's process and its whole group. The process must not have been waited for."""
    for kill in (os.killpg, os.kill):
        try:
            kill(pid, signal.SIGKILL)
        except OSError:
            pass


def reap(is_run: Callable[[int], bool]) -> Optional[Tuple[int, int]]:
    """Process number and status of a child that has ended, its group killed if it was a run; `None` if none has."""
    try:
        if not hasattr(os, "waitid"):
            pid, status = os.waitpid(-1, os.WNOHANG)
            if is_run(pid):
                end_group(pid)
            return (pid, status) if pid else None
        dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if dead is None:
            return None
        # Until it is waited for, its number cannot be given to another process or group.
        if is_run(dead.si_pid):
            end_group(dead.si_pid)
        return os.waitpid(dead.si_pid, 0)
    except ChildProcessError:
        return None


def name_exit(status: int) -> Dict[str, Union[int, str, None]]:
    """How a process ended: its exit code, or the name of the signal that killed it."""
    if not os.WIFSIGNALED(status):
        return {"code": os.WEXITSTATUS(status), "signal": None}
    number = os.WTERMSIG(status)
    try:
        return {"code": None, "signal": signal.Signals(number).name}
    except ValueError:
        return {"code": None, "signal": f"signal {number}"}


def end_strangers(known: Set[int]) -> None:
    """Kills children that nobody knows, until there are none.

    Invariant: an unknown child belongs to a run that has ended. While a run lives it adopts its own orphans; only
    when it ends do they come here.
    """
    for _ in range(1000):
        strangers: List[int] = list(list_children() - known)
        if not strangers:
            return
        for pid in strangers:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        for pid in strangers:
            try:
                os.waitpid(pid, 0)
            except OSError:
                pass
