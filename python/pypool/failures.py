"""Exceptions as the error objects of the wire (SPEC.md section 6). Loaded when the first call fails."""

from __future__ import annotations

from .errors import Cancelled, Fail, FrameTooLarge, InvalidArguments, Unencodable, UnknownFunction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any

__all__ = ["describe_failure", "shortened", "text_of"]

MAX_CHAIN = 16
"""How many causes and contexts, one behind the other, are told."""

MAX_EXCEPTIONS = 64
"""How many exceptions are told in one error object: the chain, and the members of groups."""

MAX_TEXT = 10_000
MAX_TRACEBACK = 64 * 1024
MAX_ARGUMENT_TEXT = 1000
MAX_ARGUMENT_BYTES = 64 * 1024
MAX_ITEMS = 64
"""Of args, notes and members."""

_IMPORT = ("importlib", "_frozen_importlib", "_frozen_importlib_external")

HEAD_FRAMES = 20
TAIL_FRAMES = 80


def describe_failure(
    error: BaseException, encode: Callable[..., tuple[bytes, bool, list[Any]]]
) -> dict[str, Any]:
    """Tell what ended a call.

    Never raises what a hostile exception raises: whatever cannot be read of it is replaced or left out.
    Bounded in size and depth.

    Args:
        error: What was raised.
        encode: The connection's encoder, to find out what of the exception's own data can be sent.

    Returns:
        An error object. Its ``args`` and ``data`` are values, still to be encoded with the rest.
    """
    return _Describer(encode).describe(error, 0)


class _Describer:
    """One error object in the making."""

    def __init__(self, encode: Callable[..., tuple[bytes, bool, list[Any]]]) -> None:
        self._encode = encode
        self._told: set[int] = set()

    def describe(self, error: BaseException, depth: int) -> dict[str, Any]:
        self._told.add(id(error))
        message = text_of(error)
        if isinstance(error, Cancelled):
            text = message or "the call was cancelled"
            said = {"kind": "cancelled", "message": text, "started": error.started}
            return {**said, "runsOn": True} if error.runs_on else said
        if isinstance(error, Unencodable):
            return {"kind": "unencodable", "message": message, "path": error.path, "type": error.type_name}
        if isinstance(error, FrameTooLarge):
            return {"kind": "frame-too-large", "message": message, "bytes": error.size, "limit": error.limit}
        if isinstance(error, UnknownFunction):
            known = {"name": error.name, "suggestions": error.suggestions}
            return {"kind": "unknown-function", "message": message, **known}
        if isinstance(error, InvalidArguments):
            behind = error.__cause__
            facts = {} if behind is None else self._python(behind, depth)
            said = {**facts, "kind": "invalid-arguments", "message": message, "signature": error.signature}
            return {**said, "started": True} if error.started else said
        if isinstance(error, Fail):
            return self._fail(error, message, depth)
        return {"kind": "python", "message": message, **self._python(error, depth)}

    def _fail(self, error: Fail, message: str, depth: int) -> dict[str, Any]:
        data = error.data
        try:
            self._encode(data, "data")
            self._encode(_wrapped(data), "data")
        except Unencodable as reason:
            # Loud, for the data are part of a contract: left out, callers would read `undefined`.
            return {
                "kind": "unencodable",
                "message": f"the data of Fail({str(error.code)!r}) cannot be sent: {reason}",
                "path": reason.path,
                "type": reason.type_name,
            }
        facts = self._python(error, depth)
        return {"kind": "fail", "message": message, **facts, "code": str(error.code), "data": data}

    def _python(self, error: BaseException, depth: int) -> dict[str, Any]:
        cls = type(error)
        trace = own_traceback(error.__traceback__)
        facts: dict[str, Any] = {
            "type": cls.__qualname__,
            "module": str(cls.__module__),
            "args": self._arguments(error),
            "traceback": _format(error, trace),
            "frames": _frames(trace),
            "notes": _notes(error),
            "cause": self._other(error.__cause__, depth),
            "context": self._other(error.__context__, depth),
            "suppressContext": bool(error.__suppress_context__),
            "exceptions": self._members(error, depth),
        }
        return facts

    def _arguments(self, error: BaseException) -> list[Any]:
        sendable: list[Any] = []
        arguments = error.args[:1] if _is_group(error) else error.args  # a group's others are its members
        for argument in arguments[:MAX_ITEMS]:
            try:
                text, _tagged, buffers = self._encode(_wrapped(argument))
                if len(text) + sum(map(len, buffers)) <= MAX_ARGUMENT_BYTES:
                    sendable.append(argument)
                    continue
            except BaseException:  # whatever a hostile value raises while it is read: its text says enough
                pass
            sendable.append(text_of(argument, MAX_ARGUMENT_TEXT))
        return sendable

    def _other(self, error: BaseException | None, depth: int) -> dict[str, Any] | None:
        if error is None or id(error) in self._told:
            return None
        if depth + 1 >= MAX_CHAIN or len(self._told) >= MAX_EXCEPTIONS:
            return None
        return self.describe(error, depth + 1)

    def _members(self, error: BaseException, depth: int) -> list[dict[str, Any]] | None:
        if not _is_group(error):
            return None
        members = [self._other(member, depth) for member in getattr(error, "exceptions", ())[:MAX_ITEMS]]
        return [member for member in members if member is not None]


def own_traceback(trace: TracebackType | None) -> TracebackType | None:
    """The traceback from the user's code on: without the runtime's frames, and asyncio's between the two.

    Import's too: a module that cannot be compiled ends there, and has no frame of its own.
    """
    user = trace
    while user is not None and _is_runtime(user, ("pypool",)):
        user = user.tb_next
    if user is None:
        return trace  # the runtime's own error
    if user is not trace:
        in_import = _is_runtime(user, _IMPORT)
        while user is not None and _is_runtime(user, ("pypool", "asyncio", *_IMPORT)):
            user = user.tb_next
        if user is None and not in_import:
            return trace
    return user


def _notes(error: BaseException) -> list[str]:
    notes = getattr(error, "__notes__", None)
    if type(notes) is not list:
        return []
    return [_cut(note) for note in notes[:MAX_ITEMS] if isinstance(note, str)]


def text_of(value: object, limit: int = MAX_TEXT) -> str:
    """``str`` of anything, at most `limit` characters, whatever its ``__str__`` does."""
    try:
        return _cut(str(value), limit)
    except BaseException:
        return f"<{type(value).__qualname__} whose text cannot be read>"


def _cut(text: str, limit: int = MAX_TEXT) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "\u2026"


def _wrapped(value: Any) -> Any:
    """As deep as a chain of causes puts it, since the nesting of the whole counts when it is encoded."""
    for _ in range(2 * MAX_CHAIN + 2):
        value = [value]
    return value


def _is_runtime(trace: TracebackType, packages: tuple[str, ...]) -> bool:
    name = trace.tb_frame.f_globals.get("__name__")
    return isinstance(name, str) and name.partition(".")[0] in packages


def _is_group(error: BaseException) -> bool:
    """Also of the backport, which Python 3.9 and 3.10 users install."""
    return any(cls.__name__ == "BaseExceptionGroup" for cls in type(error).__mro__)


def _format(error: BaseException, trace: TracebackType | None) -> str:
    import traceback

    try:
        text = "".join(traceback.format_exception(type(error), error, trace))
    except BaseException:
        text = f"{''.join(traceback.format_tb(trace))}{type(error).__qualname__}: {text_of(error)}\n"
    return shortened(text, MAX_TRACEBACK)


def shortened(text: str, limit: int) -> str:
    """The two ends of a text that is longer than `limit`, about as long as that together."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n  ... {len(text) - 2 * half} characters left out ...\n{text[-half:]}"


def _frames(trace: TracebackType | None) -> list[dict[str, Any]]:
    import linecache

    places = []
    while trace is not None:
        places.append((trace.tb_frame, trace.tb_lineno or 0))
        trace = trace.tb_next
    if len(places) > HEAD_FRAMES + TAIL_FRAMES:  # a recursion: its beginning and its end tell it
        places = places[:HEAD_FRAMES] + places[-TAIL_FRAMES:]
    frames = []
    for frame, line in places:
        code = frame.f_code
        text = linecache.getline(code.co_filename, line, frame.f_globals).strip()
        name = getattr(code, "co_qualname", code.co_name)  # from Python 3.11 on
        frames.append({"file": code.co_filename, "line": line, "function": name, "code": _cut(text) or None})
    return frames
