"""The first worker starts at once; every later one hangs in its start hook, and says so."""

import os
import sys
import time

from pypool import expose, on_worker_start


@on_worker_start
def get_licence():
    try:
        os.mkdir(os.path.join(os.environ["SCENARIO_FOLDER"], "started"))
    except FileExistsError:
        print("waiting for a licence", file=sys.stderr, flush=True)
        time.sleep(600)


@expose
def exit_now():
    os._exit(1)
