"""Takes a while to import, as a large library does: some time, and until a file is there where one is named."""

import os
import time

time.sleep(float(os.environ.get("IMPORT_SECONDS", "3")))
while os.environ.get("IMPORT_GATE") and not os.path.exists(os.environ["IMPORT_GATE"]):
    time.sleep(0.005)

import echo  # noqa: E402
from pypool import include  # noqa: E402

include(echo)
