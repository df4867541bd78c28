"""Keeps the values of keys out of what leaves a worker: log records, warnings, and what failures say."""

from __future__ import annotations

import logging
import os
import threading
import traceback
import warnings
from fnmatch import fnmatchcase
from json import dumps
from typing import Any
from urllib.parse import quote

NAMES = "PYPOOL_DSPY_KEYS"
"""The variable with the names of those that hold keys, with ``*`` for any, separated by commas."""

SHORTEST = 8
"""Values with fewer characters are no keys, and may stand in any text."""

_values: tuple[str, ...] = ()


def is_key(name: str) -> bool:
    """Whether a variable was named as one that holds a key."""
    return any(fnmatchcase(name, pattern) for pattern in os.environ.get(NAMES, "").split(",") if pattern)


def learn() -> None:
    """Read which values are to be hidden, from the environment as it is now."""
    global _values
    found = {value for name, value in os.environ.items() if len(value) >= SHORTEST and is_key(name)}
    # As they are, in an address, in what `repr` writes, and in JSON.
    written = (str, lambda value: quote(value, safe=""), _in_repr, _in_repr_with_both_quotes, _in_json)
    # The longest first: one may be the beginning of another.
    forms = {write(value) for value in found for write in written}
    _values = tuple(sorted(forms, key=len, reverse=True))


def hidden(text: str) -> str:
    """The text with ``[key]`` in the place of each key."""
    for value in _values:
        text = text.replace(value, "[key]")
    return text


def hidden_in(data: Any) -> Any:
    """Plain data with :func:`hidden` done to each text in it, the names in objects included."""
    if isinstance(data, str):
        return hidden(data)
    if isinstance(data, dict):
        return {hidden_in(name): hidden_in(value) for name, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [hidden_in(item) for item in data]
    return data


def has_key(text: str) -> bool:
    """Whether a key stands in the text."""
    return any(value in text for value in _values)


def hide_in_logs() -> None:
    """From now on no record of :mod:`logging` holds a key, whoever handles it."""
    make = logging.getLogRecordFactory()

    def make_without_keys(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        _hide_in(record)
        return record

    logging.setLogRecordFactory(make_without_keys)


def hide_in_warnings() -> None:
    """From now on no warning of :mod:`warnings` holds a key, whoever shows it."""
    # Looked up with each warning that is to be shown, before `showwarning`, which others replace.
    module: Any = warnings
    show = module._showwarnmsg

    def show_without_keys(warning: warnings.WarningMessage) -> None:
        try:
            text = str(warning.message)
        except Exception:  # whoever shows it says so
            text = ""
        if has_key(text):
            # Not of its own category, which may ask for more than a text; that is told beside it.
            warning.message = Warning(hidden(text))
        show(warning)

    module._showwarnmsg = show_without_keys


def hide_in_threads() -> None:
    """From now on what ends a thread is told without keys: to Node, too, once the worker has its own hook."""
    tell = threading.excepthook

    def tell_without_keys(failed: threading.ExceptHookArgs) -> None:
        told = "".join(traceback.format_exception(failed.exc_type, failed.exc_value, failed.exc_traceback))
        if has_key(told):
            error = RuntimeError(hidden(told))
            failed = threading.ExceptHookArgs((RuntimeError, error, None, failed.thread))
        tell(failed)

    threading.excepthook = tell_without_keys


def _in_repr(value: str) -> str:
    return repr(value)[1:-1]


def _in_repr_with_both_quotes(value: str) -> str:
    """As part of a longer text: a ``'`` has a backslash only where there is a ``"`` as well."""
    return repr(value + '"')[1:-2]


def _in_json(value: str) -> str:
    return dumps(value)[1:-1]


def _hide_in(record: logging.LogRecord) -> None:
    if not _values:
        return
    try:
        message = record.getMessage()
    except Exception:  # arguments that do not fit the message: whoever handles the record says so
        message = f"{record.msg} {record.args}"
    if has_key(message):
        record.msg, record.args = hidden(message), None
    if record.exc_info and record.exc_info[1] is not None:
        told = "".join(traceback.format_exception(*record.exc_info))
        if has_key(told):
            record.msg = f"{hidden(message)}\n{hidden(told)}"
            record.args = record.exc_info = None
