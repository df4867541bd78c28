"""Of several workers, the one that takes the token hangs in its start hook; the others start at once."""

import os
import time

from pypool import expose, on_worker_start


@on_worker_start
def take_token():
    try:
        os.mkdir(os.path.join(os.environ["SCENARIO_FOLDER"], "hangs"))
        time.sleep(600)
    except FileExistsError:
        pass


@expose
def echo(value=None):
    return value


@expose
def pid():
    return os.getpid()
