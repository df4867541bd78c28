"""The value codec: Python values to an envelope and back (SPEC.md section 5).

Nearly all values are plain: ``None``, ``bool``, ``str``, ``int`` within 2^53, finite ``float``, and lists,
tuples and dicts of those. The codec proves it with checks that run at C speed, then lets the stock JSON
encoder write the text. Everything else takes the path in :mod:`pypool.value_encoder` and
:mod:`pypool.value_decoder`, loaded at first need.
"""

from __future__ import annotations

from .plain import is_plain
from .plain_json import NotFinite, parse_json, quote, write_json
from .value_types import TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal

    from .frame import Buffer, Frame
    from .value_encoder import ValueEncoder
    from .value_types import TypeRegistry

    Encoded = tuple[bytes, bool, list[Buffer]]

__all__ = ["ValueCodec"]


class ValueCodec:
    """Encodes and decodes values. Holds no state of a call; threads may share one.

    Args:
        integers: What becomes of ``int``: ``"auto"`` tags those beyond 2^53 - 1, ``"bigint"`` tags every
            one, ``"error"`` refuses those beyond.
        unencodable: ``"error"`` raises; ``"marker"`` puts a marker that names the type in the value's place.
        types: The registered types.
    """

    __slots__ = ("_encoder", "_messages", "integers", "types", "unencodable")

    def __init__(
        self,
        integers: Literal["auto", "bigint", "error"] = "auto",
        unencodable: Literal["error", "marker"] = "error",
        types: TypeRegistry = TYPES,
    ) -> None:
        self.integers = integers
        self.unencodable = unencodable
        self.types = types
        self._encoder: ValueEncoder | None = None
        self._messages: ValueCodec | None = None

    def encode(self, value: Any, root: str = "result", buffers: list[Buffer] | None = None) -> Encoded:
        """Encode one value.

        Args:
            value: The value. It is only read, and its buffers are referred to, not copied.
            root: What the value is called in the path of an error.
            buffers: Buffers that stand before this value's own in the same frame; its own are appended.

        Returns:
            The envelope as UTF-8, whether it holds tagged values, and the frame's buffers.

        Raises:
            Unencodable: Something in it has no place in the protocol.
        """
        try:
            if type(value) is str:
                return quote(value).encode(), False, [] if buffers is None else buffers
            if is_plain(value, self.integers != "bigint"):
                return write_json(value), False, [] if buffers is None else buffers
        except UnicodeEncodeError:
            return write_json(value), False, [] if buffers is None else buffers
        except (NotFinite, RecursionError):
            pass  # the careful way knows what to do
        return self._careful().encode(value, root, [] if buffers is None else buffers)

    def encode_items(self, items: Sequence[Any], first: int = 0) -> Encoded:
        """Encode items of a stream as the array that an ITEM frame holds.

        Args:
            items: The items, each of which may be as deep as a value by itself.
            first: The place of the first one in the stream: ``items[first]`` in the path of an error.

        Raises:
            Unencodable: One of them has no place in the protocol.
        """
        try:
            # Most frames hold one item.
            if is_plain(items[0] if len(items) == 1 else items, self.integers != "bigint"):
                return write_json(items), False, []
        except (NotFinite, RecursionError):
            pass
        return self._careful().encode_items(items, first)

    def _careful(self) -> ValueEncoder:
        if self._encoder is None:
            from .value_encoder import ValueEncoder

            self._encoder = ValueEncoder(self)
        return self._encoder

    def encode_message(self, message: Any) -> Encoded:
        """Encode a message of the protocol itself, for example an error object.

        The integers of messages are numbers, whatever `integers` says.

        Raises:
            Unencodable: A value of the user's inside has no place in the protocol.
        """
        if self._messages is None:
            if self.integers == "auto":
                self._messages = self
            else:
                self._messages = ValueCodec("auto", self.unencodable, self.types)
        return self._messages.encode(message, "message")

    def decode(self, frame: Frame, root: str = "value") -> Any:
        """Decode the value that is the whole envelope of a frame.

        Raises:
            ProtocolError: The envelope is no JSON, or holds a malformed tag.
            InvalidArguments: A value is well-formed, but cannot exist in this process.
        """
        value = parse_json(frame.envelope)
        return self.untag(value, frame.buffers, root) if frame.tagged else value

    def untag(self, value: Any, buffers: Sequence[Buffer], root: str = "value") -> Any:
        """Put what they stand for in the place of the tagged values of parsed JSON, which is changed.

        Raises:
            ProtocolError: A tag is malformed.
            InvalidArguments: A value is well-formed, but cannot exist in this process.
        """
        from .value_decoder import untag

        return untag(value, buffers, self.types, root)
