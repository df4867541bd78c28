"""Exits while it is imported, until somebody puts a file named ``mended`` into the folder; counts its imports there."""

import os
import sys

from pypool import expose

FOLDER = os.environ["SCENARIO_FOLDER"]

with open(os.path.join(FOLDER, "imports"), "a") as imports:
    imports.write("x")

if not os.path.exists(os.path.join(FOLDER, "mended")):
    print("no licence found", file=sys.stderr, flush=True)
    os._exit(3)


@expose
def answer():
    return 42
