"""The replies channel: the one place that tells Node how a call ended."""

from __future__ import annotations

from . import lifecycle
from .errors import FrameTooLarge
from .failure_encoding import encode_failure
from .frame import FrameType
from .frame_header import pack_header
from .frame_writer import write_frame

_RESULT = int(FrameType.RESULT)  # the enum's attribute is looked up in Python
_ITEM = int(FrameType.ITEM)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .frame import FrameLimits, Socket
    from .inputs import Inputs
    from .output import Output
    from .shared_memory import SharedMemory
    from .value import Encoded, ValueCodec

__all__ = ["Replies"]


class Replies:
    """Writes RESULT, ERROR and ITEM frames. For the thread that runs the calls.

    Args:
        sock: The replies channel.
        codec: How values are said.
        limits: Of the connection.
        output: What is told of each call that ends.

    Attributes:
        memory: Where large buffers go, if there is any.
        inputs: What calls read while they run.
        disarmed: This process is a child that user code forked. It has no channels: where a parent would
            reply, it ends.
    """

    __slots__ = ("_limits", "_output", "_sock", "codec", "disarmed", "inputs", "memory")

    def __init__(self, sock: Socket, codec: ValueCodec, limits: FrameLimits, output: Output) -> None:
        self.codec = codec
        self.disarmed = False
        self.memory: SharedMemory | None = None
        self.inputs: Inputs | None = None
        self._sock = sock
        self._limits = limits
        self._output = output

    def result(self, call_id: int, encoded: Encoded) -> None:
        """Send the result of a call.

        Raises:
            OSError: Node is gone.
        """
        envelope, tagged, buffers = encoded
        if self._output.printed:
            self._output.end(call_id)
        try:
            if not buffers and len(envelope) <= self._limits.max_frame_bytes:
                self._sock.sendall(pack_header(len(envelope), _RESULT, tagged, 0, call_id) + envelope)
                return
            self._write(FrameType.RESULT, call_id, encoded)
        except FrameTooLarge as error:  # nothing was written
            self.error(call_id, error)
        except OSError:
            if self.disarmed:
                lifecycle.leave_child(None)
            raise

    def encode_items(self, items: Sequence[Any], first: int) -> Encoded:
        """Say items of a stream as they are sent. `first` is the place of the first one.

        Raises:
            Unencodable: One of them cannot be sent.
        """
        if self.disarmed:
            lifecycle.leave_child(None)
        return self.codec.encode_items(items, first)

    def items(self, call_id: int, encoded: Encoded) -> None:
        """Send items of a stream.

        Raises:
            FrameTooLarge: Together they are too large; none was sent.
            OSError: Node is gone.
        """
        envelope, tagged, buffers = encoded
        if not buffers and len(envelope) <= self._limits.max_frame_bytes:
            self._sock.sendall(pack_header(len(envelope), _ITEM, tagged, 0, call_id) + envelope)
        else:
            self._write(_ITEM, call_id, encoded)

    def error(self, call_id: int, error: BaseException) -> None:
        """Send the error that ended a call, or as much of it as can be sent.

        Raises:
            OSError: Node is gone.
        """
        if self.disarmed:
            lifecycle.leave_child(error)
        self.send_error(call_id, self.encode_error(error))

    def encode_error(self, error: BaseException) -> Encoded:
        """Say an error as it is sent. Runs code of the user's, who may have written how it is shown."""
        return encode_failure(error, self.codec, self._limits)

    def send_error(self, call_id: int, encoded: Encoded) -> None:
        """As :meth:`error`, of an error that is encoded already.

        Raises:
            OSError: Node is gone.
        """
        envelope, tagged, buffers = encoded
        # What its own code printed as it was encoded belongs to the call, too.
        if self._output.printed:
            self._output.end(call_id)
        write_frame(self._sock, FrameType.ERROR, call_id, envelope, tagged, buffers, self._limits)

    def _write(self, type: int, call_id: int, encoded: Encoded) -> None:
        """Write a frame whose buffers may go into shared memory."""
        envelope, tagged, buffers = encoded
        placed = self.memory.place(buffers) if buffers and self.memory is not None else ()
        try:
            write_frame(self._sock, type, call_id, envelope, tagged, buffers, self._limits, placed)
        except FrameTooLarge:
            if self.memory is not None:
                self.memory.take_back(placed)
            raise
