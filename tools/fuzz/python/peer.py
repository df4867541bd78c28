"""The peer that judges with the decoders of the runtime: ``peer.py FOLDER``, batches on stdin, answers on stdout.

`FOLDER` holds the instrumented copy of the runtime; requests are those of ``src/javascript/requests.ts``.
"""

from __future__ import annotations

import json
import os
import pathlib
import resource
import signal
import struct
import sys
import threading
import time

MOST_MEMORY_BYTES = 1024**3


def read_inputs(data):
    """The inputs of a request, in order."""
    at = 1
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at)
        yield data[at + 4 : at + 4 + length]
        at += 4 + length


def limit_memory():
    """Let whoever allocates what was only announced fail: the limits of the default go up to 1 GiB."""
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    except (OSError, ValueError):  # not on every system
        pass


def end_with_parent():
    """End this process when its parent is gone, whatever it does: it may never come back to see stdin end."""
    parent = os.getppid()

    def watch():
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def main(folder):
    """Answer until stdin ends."""
    end_with_parent()
    limit_memory()
    sys.path[:0] = [folder, str(pathlib.Path(__file__).parents[3] / "python")]
    from _pypool_fuzz import hit
    from judge import judge

    seen = int.from_bytes(hit, "little")  # loading takes branches
    nothing = bytes(len(hit))
    requests, answers = sys.stdin.buffer, sys.stdout
    while head := requests.read(4):
        data = requests.read(struct.unpack("<I", head)[0])
        found = []
        for flat in read_inputs(data):
            hit[:] = nothing
            meanings = [] if data[0] else None
            verdict = judge(flat, meanings)
            taken = int.from_bytes(hit, "little")
            verdict["fresh"] = bool(taken & ~seen)
            seen |= taken
            if data[0]:
                branches = [index for index, taken in enumerate(hit) if taken]
                found.append({"verdict": verdict, "branches": branches, "meanings": meanings})
            else:
                found.append(verdict)
        rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        answers.write(json.dumps({"answers": found, "rssBytes": rss}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(sys.argv[1])
