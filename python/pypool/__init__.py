"""Python functions for a pool of workers that Node runs.

A module that imports this stays a plain module: nothing here needs Node until a worker serves it::

    from pypool import expose

    @expose
    def embed(text: str) -> list[float]: ...
"""

from .context import Call, Worker, current_call, current_worker
from .errors import Cancelled, Fail, HostError
from .expose import expose, include
from .hooks import before_fork, on_worker_start, on_worker_stop
from .shielding import shield
from .value_types import register_type
from .version import VERSION as __version__

__all__ = [
    "Call",
    "Cancelled",
    "Fail",
    "HostError",
    "Worker",
    "__version__",
    "before_fork",
    "current_call",
    "current_worker",
    "expose",
    "include",
    "on_worker_start",
    "on_worker_stop",
    "register_type",
    "shield",
]
