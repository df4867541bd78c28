"""Coverage-guided inputs by atheris (libFuzzer): ``guided.py FOLDER RUNS SEED``.

`FOLDER/seeds` holds inputs to begin with, `FOLDER/found` gets those that reached something new, and
`FOLDER/result.json` how many ran, how many passed the header checks, and the faults.
"""

from __future__ import annotations

import json
import os
import pathlib
import random
import struct
import sys

import atheris

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "python"))
with atheris.instrument_imports(include=["pypool"]):
    from judge import judge

MOST_FAULTS = 40
TOLD_EVERY = 500


class Run:
    """What the runs came to so far, kept in a file: libFuzzer ends the process without coming back."""

    def __init__(self, folder, runs):
        self._file = folder / "result.json"
        self._runs = runs
        self._parent = os.getppid()
        self._told = {"inputs": 0, "headerPassed": 0, "findings": []}

    def one(self, data):
        """Judge one input of libFuzzer's."""
        told = self._told
        verdict = judge(data)
        told["inputs"] += 1
        told["headerPassed"] += passes_header(data, verdict)
        for fault in verdict["faults"]:
            if len(told["findings"]) < MOST_FAULTS:
                told["findings"].append({"about": fault, "hex": data.hex()})
        if told["inputs"] % TOLD_EVERY == 0 and os.getppid() != self._parent:
            os._exit(1)  # nobody waits for this any more
        if told["inputs"] % TOLD_EVERY == 0 or verdict["faults"] or told["inputs"] >= self._runs:
            self._file.write_text(json.dumps(told), encoding="utf-8")


def passes_header(data, verdict):
    """Whether the first header is one that a receiver goes on with: only a later violation can end it then."""
    if len(data) < 19:
        return False
    from inputs import read_input
    from pypool.errors import FrameTooLarge, ProtocolError
    from pypool.frame_header import check_header, entry_bytes, unpack_header

    accepts, limits, stream = read_input(data)
    envelope_bytes, kind, flags, count, call_id = unpack_header(stream, 0)
    try:
        size = 16 + entry_bytes(flags) * count + envelope_bytes
        check_header(accepts, limits, kind, flags, call_id, size, count)
    except (ProtocolError, FrameTooLarge):
        return False
    return True


def mutate(data, max_size, seed):
    """Mutate the envelope or a buffer of the first frame, and let its header say the truth; sometimes any bytes."""
    drawn = random.Random(seed)
    prefix, stream = data[:3], data[3:]
    if len(stream) < 16 or drawn.random() < 0.15:
        return atheris.Mutate(data, max_size)
    envelope_bytes, kind, flags, count, call_id = struct.unpack_from("<IBBHQ", stream)
    start = 16 + 8 * count
    end = start + envelope_bytes
    if count > 64 or end > len(stream) or drawn.random() < 0.1:
        return atheris.Mutate(data, max_size)
    room = max(1, max_size - len(data) + envelope_bytes)
    envelope = atheris.Mutate(stream[start:end], room)
    flags = flags ^ 1 if drawn.random() < 0.05 else flags
    header = struct.pack("<IBBHQ", len(envelope), kind, flags, count, call_id)
    rest = stream[end:]
    if count:  # buffers stay where they were aligned
        rest = bytes(-(start + len(envelope)) % 8) + rest[-end % 8 :]
    return (prefix + header + stream[16:start] + envelope + rest)[:max_size]


def main(folder, runs, seed):
    """Fuzz; does not return."""
    (folder / "found").mkdir(exist_ok=True)
    options = [f"-runs={runs}", f"-seed={seed or 1}", "-max_len=2000", "-timeout=20", "-verbosity=0"]
    options += ["-print_final_stats=0", "-rss_limit_mb=1024", f"-artifact_prefix={folder}/crash-"]
    atheris.Setup(
        [sys.argv[0], *options, str(folder / "found"), str(folder / "seeds")],
        Run(folder, runs).one,
        custom_mutator=mutate,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
