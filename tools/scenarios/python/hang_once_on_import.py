"""Of several workers, the one that takes the token hangs in its import; the others start at once."""

import os
import time

from pypool import expose

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
