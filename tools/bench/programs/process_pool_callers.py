"""Keep a ProcessPoolExecutor busy: for each line `count callers` on stdin make so many calls, so many of them at once, and print
the seconds it took."""

import ctypes
import signal
import sys
import time
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait

PR_SET_PDEATHSIG = 1


def echo(value):
    return value


def end_with_parent():
    """Workers hold their own queue open, so without this they would outlive a driver that is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == 'linux':
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def run(executor, count, callers):
    made, pending = 0, set()
    while made < count or pending:
        while made < count and len(pending) < callers:
            pending.add(executor.submit(echo, {'id': made, 'text': 'hello', 'tags': ['a', 'b']}))
            made += 1
        done, pending = wait(pending, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()


def main():
    # Ctrl-C reaches the whole process group; Node ends us by ending stdin.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with ProcessPoolExecutor(int(sys.argv[1]), initializer=end_with_parent) as executor:
        for line in sys.stdin:
            count, callers = map(int, line.split())
            before = time.perf_counter()
            run(executor, count, callers)
            print(time.perf_counter() - before)


if __name__ == '__main__':
    main()
