"""From a frame to a call that has its place, for engines that run several at once."""

from __future__ import annotations

from .call_failures import wants_stream
from .context import Call
from .errors import ProtocolError, UnknownFunction
from .expose import suggestions
from .message_parse import parse_call
from .revocations import Revocations
from .running_calls import RunningCall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .expose import Exposed
    from .frame import Frame
    from .inputs import Inputs
    from .interrupts import Interrupts
    from .streams import Streams
    from .value import ValueCodec

__all__ = ["Intake"]


class Intake:
    """Reads calls in their order, on the main thread.

    Args:
        codec: How arguments are said.
        refuse: Answers a call that cannot start, given its id and why.
        streams: Where credit arrives.
        interrupts: Told of each call that begins.
        calls: Those that have a place, by id: to be added to.
        inputs: What calls read while they run.

    Attributes:
        functions: What may be called, by exact name.
        revocations: Which calls never start.
    """

    def __init__(
        self,
        codec: ValueCodec,
        refuse: Callable[[int, BaseException], None],
        streams: Streams,
        interrupts: Interrupts,
        calls: dict[int, RunningCall],
        inputs: Inputs | None,
    ) -> None:
        self.functions: Mapping[str, Exposed] = {}
        self.revocations = Revocations()
        self._codec = codec
        self._refuse = refuse
        self._streams = streams
        self._interrupts = interrupts
        self._calls = calls
        self._inputs = inputs

    def take(self, frame: Frame) -> RunningCall | None:
        """Give a call its place; answer it at once where it cannot start; drop it where it was taken back.

        Raises:
            ProtocolError: It is no call.
            OSError: Node is gone.
        """
        call_id = frame.call_id
        self.revocations.latest = call_id
        if self.revocations.ids and self.revocations.drop(call_id):
            return None
        try:
            name, args, kwargs, meta = parse_call(frame, self._codec)
        except ProtocolError:
            raise
        except BaseException as error:  # of a decoder of the user's, of a module that his own stands for, ...
            self._refuse(call_id, error)
            return None
        try:
            exposed = self.functions.get(name)
            if exposed is None:
                raise UnknownFunction(name, suggestions(name, self.functions))
            streamed = "credit" in meta
            if exposed.stream and not streamed:
                raise wants_stream(name)
            # Here and not where it runs: windows are opened in the order of the calls.
            window = self._streams.open(call_id, meta) if streamed else None
            if "inputs" in meta and self._inputs is not None:
                self._inputs.open(call_id, args, kwargs, meta["inputs"], exposed)
            call = Call(call_id, name, meta)
            running = self._calls[call_id] = RunningCall(call, exposed, args, kwargs, window)
            self._interrupts.latest = call_id
            if self._interrupts.notes:
                self._interrupts.begin(call_id)
            return running
        except BaseException as error:
            self._streams.close(call_id)  # whose window may be open with no call that has it
            self.release(call_id)
            self._refuse(call_id, error)
            return None

    def refuse(self, running: RunningCall, error: BaseException) -> None:
        """Answer a call that was just given its place, and does not start after all."""
        self.release(running.call.id)
        self._refuse(running.call.id, error)

    def release(self, call_id: int) -> None:
        """Have a call's place back. To be called once it is answered, on any thread."""
        running = self._calls.pop(call_id, None)
        if running is not None and running.window is not None:
            self._streams.close(call_id)
        if self._inputs is not None and self._inputs.calls:
            self._inputs.close(call_id)
