"""What a workflow knows of its own run; read-only, and fixed by the daemon before the run starts (D47)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, cast


@dataclass(frozen=True)
class Organization:
    """The organization that a run belongs to."""

    id: str
    name: str


@dataclass(frozen=True)
class ExecutionContext:
    """Who runs, for whom, and as what."""

    user_id: str
    name: str
    email: str
    organization: Optional[Organization]
    execution_id: str
    workflow_name: str
    is_platform_admin: bool = False
    is_function_key: bool = False
    public_url: str = ""

    @property
    def org_id(self) -> Optional[str]:
        """The organization's id; `None` in the global scope."""
        return self.organization.id if self.organization else None

    @property
    def scope(self) -> str:
        """The organization's id, or `"global"`."""
        return self.organization.id if self.organization else "global"


class _CurrentContext:
    """Reads as the `ExecutionContext` of the present run, for code that is not handed one."""

    def __getattr__(self, name: str) -> Any:
        if _current is None:
            raise RuntimeError(
                "bifrost.context is known inside a run only; start the workflow through Workflow Keys."
            )
        return getattr(_current, name)


_current: Optional[ExecutionContext] = None
context = cast(ExecutionContext, _CurrentContext())


def enter(current: ExecutionContext) -> None:
    """Makes `current` what `bifrost.context` reads; called once per process, by the host."""
    global _current
    _current = current
