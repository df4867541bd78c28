"""Never finishes its import."""

import sys
import time

print("waiting for a licence", file=sys.stderr, flush=True)
while True:
    time.sleep(60)
