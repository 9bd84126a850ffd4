"""What workflow code imports: the decorator, the context of the run, the configuration, and outgoing calls.

The run's side of the host lives in `bifrost._host`, which workflow code has no business with.
"""

from . import config, credentials, errors, http
from ._decorator import workflow
from ._execution import ExecutionContext, Organization, context

__all__ = ["ExecutionContext", "Organization", "config", "context", "credentials", "errors", "http", "workflow"]
