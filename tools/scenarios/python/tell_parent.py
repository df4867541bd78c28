"""Tells who started the worker. Notes each import, and leaves a thread behind where it is told to."""

import os
import threading
import time

from pypool import expose

with open(os.path.join(os.environ["SCENARIO_FOLDER"], "imports"), "a", encoding="utf-8") as file:
    file.write(".")
if "STARTS_THREAD" in os.environ:
    threading.Thread(target=threading.Event().wait, daemon=True).start()


@expose
def tell(seconds):
    time.sleep(seconds)
    return [os.getpid(), os.getppid()]
