"""Drive a ProcessPoolExecutor: for each number on stdin make so many calls, and print how long each took, in microseconds."""

import ctypes
import json
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor, wait

PR_SET_PDEATHSIG = 1


def echo(text):
    return text


def end_with_parent():
    """Workers hold their own queue open, so without this they would outlive a driver that is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == 'linux':
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main():
    # Ctrl-C reaches the whole process group; Node ends us by ending stdin.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    workers = int(sys.argv[1])
    with ProcessPoolExecutor(workers, initializer=end_with_parent) as executor:
        # The executor starts a worker only for a call that finds none idle.
        wait([executor.submit(time.sleep, 0.1) for _ in range(workers)])
        for line in sys.stdin:
            times = []
            for _ in range(int(line)):
                before = time.perf_counter_ns()
                executor.submit(echo, 'hello').result()
                times.append((time.perf_counter_ns() - before) / 1000)
            print(json.dumps(times))


if __name__ == '__main__':
    main()
