"""Echo JSON lines from stdin to stdout until stdin ends."""

import json
import signal
import sys

# Ctrl-C reaches the whole process group; Node ends us by ending stdin.
signal.signal(signal.SIGINT, signal.SIG_IGN)

for line in sys.stdin:
    sys.stdout.write(json.dumps(json.loads(line)) + '\n')
    sys.stdout.flush()
