"""Takes a while to import, as a large library does."""

import os
import time

time.sleep(float(os.environ.get("IMPORT_SECONDS", "3")))

import echo  # noqa: E402
from pypool import include  # noqa: E402

include(echo)
