"""Records of ``logging`` and warnings, taken where they pass, so that Node hears of them as well.

Nothing that users configure is touched: no handler is added (one on the root logger would make their
``basicConfig`` do nothing), no level set. A record is sent as it is handed to its handlers. One that has
none is not written to stderr as Python would: Node does that while nobody listens there. So it appears once.

Neither module is imported for this: it waits for the user's code to do so.
"""

from __future__ import annotations

import sys
from _thread import _local as ThreadLocal
from time import time

from .context import find_author
from .failures import shortened, text_of
from .messages import log_message
from .tracing import current_traceparent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any, Literal

    from .log_outbox import LogOutbox

__all__ = ["capture_logs"]

MAX_MESSAGE = 8_192
"""Longest text of a record, in characters; of its traceback likewise."""

_WARNING = 30
_WARNINGS_LOGGER = "py.warnings"
"""The logger that ``logging.captureWarnings`` uses."""


def capture_logs(outbox: LogOutbox, level: int) -> None:
    """Send what is logged from now on, and warnings, which count as WARNING.

    Args:
        outbox: Where to.
        level: The least that is sent, as a number of ``logging``. What is below it goes where it always went.
    """
    watch = _ImportWatch()
    watch.add("logging", lambda module: _capture_logging(module, outbox, level))
    if level <= _WARNING:
        watch.add("warnings", lambda module: _capture_warnings(module, outbox))


def _capture_logging(logging: Any, outbox: LogOutbox, level: int) -> None:
    handle = logging.Logger.callHandlers
    inside = ThreadLocal()

    def callHandlers(self: Any, record: Any) -> None:
        # What a record's own `__str__` logs while it is read would go round for ever.
        if record.levelno >= level and outbox.open and not hasattr(inside, "reading"):
            inside.reading = True
            try:
                handled = self.hasHandlers()
                outbox.put(_message_of(record, handled))
            except Exception:
                handled = True  # unreadable: let Python say so
            finally:
                del inside.reading
            if not handled:
                return
        handle(self, record)

    logging.Logger.callHandlers = callHandlers


def _capture_warnings(warnings: Any, outbox: LogOutbox) -> None:
    # Below `showwarning`, which is the users' to replace, and where `catch_warnings(record=True)` hooks in.
    show = warnings._showwarnmsg_impl

    def _showwarnmsg_impl(warning: Any) -> None:
        if warning.file is not None or not outbox.open:
            show(warning)
            return
        place = f"{warning.filename}:{warning.lineno}"
        text = f"{place}: {warning.category.__name__}: {text_of(warning.message, MAX_MESSAGE)}"
        outbox.put(_message("warnings", "WARNING", _WARNINGS_LOGGER, text, time(), None, False))

    warnings._showwarnmsg_impl = _showwarnmsg_impl


def _message_of(record: Any, handled: bool) -> dict[str, Any]:
    name = str(record.name)
    try:
        text = str(record.getMessage())
    except Exception as error:
        text = f"{text_of(record.msg, MAX_MESSAGE)} (its arguments do not fit: {text_of(error, 200)})"
    return _message(
        "warnings" if name == _WARNINGS_LOGGER else "logging",
        str(record.levelname),
        name,
        text,
        float(record.created),
        _exception_of(record),
        handled,
    )


def _message(
    source: Literal["logging", "warnings"],
    level: str,
    logger: str,
    text: str,
    time: float,
    exception: str | None,
    handled: bool,
) -> dict[str, Any]:
    call = find_author()
    return log_message(
        source,
        level,
        logger,
        shortened(text, MAX_MESSAGE),
        time,
        None if call is None else call.id,
        None if call is None else call.name,
        None if call is None else call.session_id,
        exception,
        handled,
        traceparent=current_traceparent(call),
    )


def _exception_of(record: Any) -> str | None:
    text = record.exc_text  # what another formatter has made of it already
    if not text and record.exc_info and record.exc_info[0] is not None:
        import traceback

        text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
    return shortened(str(text), MAX_MESSAGE) if text else None


class _ImportWatch:
    """A finder that finds nothing by itself, and is told when certain modules have been imported."""

    def __init__(self) -> None:
        self._awaited: dict[str, Callable[[Any], None]] = {}

    def add(self, name: str, then: Callable[[Any], None]) -> None:
        """Call `then` with the module once it is there; at once, if it is already."""
        module = sys.modules.get(name)
        if module is not None:
            then(module)
            return
        if not self._awaited:
            sys.meta_path.insert(0, self)
        self._awaited[name] = then

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> Any:
        """What the other finders find, with a step behind its execution."""
        if name not in self._awaited:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                self._follow(name, spec.loader)
                return spec
        return None

    def _follow(self, name: str, loader: Any) -> None:
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            del loader.exec_module
            execute(module)
            self._awaited.pop(name)(module)
            if not self._awaited:
                sys.meta_path.remove(self)

        # On this one loader, which each import makes anew: the module keeps the loader that it should have.
        loader.exec_module = exec_module
