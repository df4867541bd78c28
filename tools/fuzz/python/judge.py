"""Reads inputs with the decoders of the runtime and says what came of each: the twin of ``src/javascript/judge.ts``."""

from __future__ import annotations

import hashlib
import sys
import traceback
from copy import copy

from canon import INCOMPARABLE, canon
from inputs import read_input, splits
from pypool import message_parse
from pypool.errors import FrameTooLarge, InvalidArguments, ProtocolError, Unencodable
from pypool.frame import Frame, FrameType
from pypool.frame_decoder import FrameDecoder
from pypool.frame_reader import FrameReader
from pypool.frame_writer import write_frame
from pypool.message_shapes import check_message
from pypool.value import ValueCodec
from tests.described import registry
from tests.message_shapes import SHAPES

MOST_FRAMES = 6
_RING_BYTES = 65_536
# Up to here an announced length is believed at once; beyond, memory follows what has arrived.
_BELIEVED_BYTES = 2 * 1024 * 1024
_GROWTH = 8
_CODEC = ValueCodec(types=registry())
_PARSERS = {
    FrameType.WELCOME: message_parse.parse_welcome,
    FrameType.PING: message_parse.parse_ping,
    FrameType.CANCEL: message_parse.parse_cancel,
    FrameType.CREDIT: message_parse.parse_credit,
    FrameType.REVOKE: message_parse.parse_revoke,
    FrameType.SHUTDOWN: message_parse.parse_shutdown,
}


def judge(flat, meanings=None):
    """The verdict on one input. `meanings` gets the texts of what was decoded."""
    accepts, limits, data = read_input(flat)
    faults = []
    whole, error = _push(accepts, limits, data, [len(data)], faults)
    digest = _digest(whole)
    for sizes in splits(data):
        frames, other = _push(accepts, limits, data, sizes, faults)
        if (_digest(frames), other) != (digest, error):
            faults.append(f"split: cut as {sizes[:20]} it gives {other}, whole it gives {error}")
    for size in {sizes[0] for sizes in splits(data)[:1]} | {len(data)}:
        frames, other = _receive(accepts, limits, data, max(1, size), faults)
        if (_digest(frames), other) != (digest, error):
            faults.append(f"reader: in pieces of {size} the reader gives {other}, the decoder {error}")
    _goes_and_comes_back_as_frames(accepts, limits, whole, faults)
    parts = [_judge_frame(frame, faults, meanings) for frame in whole[:MOST_FRAMES]]
    return {"error": error, "frames": digest, "parts": parts, "faults": faults}


def _push(accepts, limits, data, sizes, faults):
    frames = []
    decoder = FrameDecoder(accepts, frames.append, limits)

    def work():
        at = 0
        for size in sizes:
            decoder.push(data[at : at + size])
            at += size
        pushed.append(True)
        decoder.end()

    pushed = []
    ending = _ending(work, faults)
    if not pushed and _ending(lambda: decoder.push(b""), faults) != "protocol":
        faults.append("dead: a decoder that failed went on")
    return frames, ending


class _Script:
    """A socket that plays bytes in pieces, and sees how much memory is offered for them."""

    def __init__(self, data, size):
        self._data = memoryview(data)
        self._size = size
        self._at = 0
        self.overdrawn = 0

    def recv_into(self, buffer):
        if len(buffer) > max(_RING_BYTES, _BELIEVED_BYTES, _GROWTH * self._at):
            self.overdrawn = len(buffer)
        count = min(len(buffer), len(self._data) - self._at, self._size)
        if count == 0 and self._size % 2:  # Node died, with bytes of ours unread
            raise ConnectionResetError
        buffer[:count] = self._data[self._at : self._at + count]
        self._at += count
        return count


def _receive(accepts, limits, data, size, faults):
    frames = []
    script = _Script(data, size)
    reader = FrameReader(script, accepts, limits)

    def work():
        frame = reader.read()
        while frame is not None:
            frames.append(copy(frame))  # it holds until the next is read
            frame = reader.read()

    ending = _ending(work, faults)
    if script.overdrawn:
        faults.append(f"memory: {script.overdrawn} bytes were offered, {script._at} had arrived")
    return frames, ending


def _ending(work, faults):
    try:
        work()
    except ProtocolError:
        return "protocol"
    except FrameTooLarge:
        return "frame-too-large"
    except Exception:
        faults.append(f"crash: {traceback.format_exc()}")
        return "crash"
    return "none"


def _digest(frames):
    mixed = hashlib.sha1()
    for frame in frames:
        envelope = frame.envelope.encode()
        about = (frame.type, int(frame.tagged), frame.call_id, len(envelope), len(frame.buffers), "")
        mixed.update(",".join(map(str, about)).encode())
        mixed.update(envelope)
        for buffer in frame.buffers:
            mixed.update(f"{len(buffer)},".encode())
            mixed.update(buffer)
        for place in frame.placed:
            mixed.update("{}@{}+{},".format(*place).encode())
    return f"{len(frames)}:{mixed.hexdigest()[:16]}"


class _Sink(bytearray):
    """A socket that keeps what is written."""

    sendall = bytearray.extend

    def sendmsg(self, buffers):
        before = len(self)
        for buffer in buffers:
            self.extend(buffer)
        return len(self) - before


def _goes_and_comes_back_as_frames(accepts, limits, frames, faults):
    sink = _Sink()
    for frame in frames:
        write_frame(sink, frame.type, frame.call_id, frame.envelope, frame.tagged, frame.buffers, limits, frame.placed)
    again, ending = _push(accepts, limits, sink, [len(sink)], faults)
    if ending != "none" or _digest(again) != _digest(frames):
        faults.append("roundtrip: frames that were read and written read otherwise")


def _judge_frame(frame, faults, meanings):
    ending, value, why = _attempt(lambda: _CODEC.decode(frame), faults)
    meaning = ""
    if ending == "ok":
        text = _canon(value)
        if meanings is not None:
            meanings.append(text)
        meaning = INCOMPARABLE if INCOMPARABLE in text else hashlib.sha1(text.encode()).hexdigest()[:12]
        _goes_and_comes_back(value, text, faults)
    message, _, message_why = _message(frame, ending, value, faults)
    return {
        "type": frame.type,
        "tagged": frame.tagged,
        "value": ending,
        "message": message,
        "meaning": meaning,
        "why": why or message_why,
    }


def _canon(value):
    """A value may be nested deeper here than in JavaScript, which looks no further than 512 levels."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(6000)
    try:
        return canon(value)
    except RecursionError:
        return INCOMPARABLE
    finally:
        sys.setrecursionlimit(limit)


def _goes_and_comes_back(value, before, faults):
    """What decodes can be encoded, and means the same again; tuples come back as lists, which are no keys."""
    try:
        text, tagged, buffers = _CODEC.encode(value)
    except Unencodable as error:
        if "nested" not in str(error):
            faults.append(f"roundtrip: {error}")
        return
    except Exception:
        faults.append(f"crash: encoding what was decoded: {traceback.format_exc()}")
        return
    frame = Frame(FrameType.RESULT, 1, text.decode(), tagged, [bytearray(buffer) for buffer in buffers])
    ending, again, why = _attempt(lambda: _CODEC.decode(frame), faults)
    if ending == "impossible" and "is a list, which cannot be" in why:
        return
    if ending != "ok":
        faults.append(f"roundtrip: what was decoded comes back as {ending}: {why}")
    elif _canon(again) != before:
        faults.append("roundtrip: what was decoded comes back changed")


def _message(frame, ending, value, faults):
    if frame.type in (FrameType.CALL, FrameType.HOST_CALL):
        return _attempt(lambda: message_parse.parse_call(frame, _CODEC), faults)
    if frame.type in _PARSERS:
        return _attempt(lambda: _PARSERS[frame.type](frame), faults)
    if frame.type in SHAPES and ending == "ok":
        return _attempt(lambda: check_message("message", value, SHAPES[frame.type]), faults)
    return ending, None, ""


def _attempt(action, faults):
    try:
        return "ok", action(), ""
    except ProtocolError as error:
        return "protocol", None, str(error)
    except InvalidArguments as error:
        return "impossible", None, str(error)
    except Exception:
        faults.append(f"crash: {traceback.format_exc()}")
        return "none", None, ""
