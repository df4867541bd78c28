"""A module whose import costs two seconds of a processor, or BENCH_IMPORT_SECONDS: it compiles real source, over and over, as slow
imports do."""

import itertools
import os
import time
from pathlib import Path

from pypool import expose

_SECONDS = float(os.environ.get('BENCH_IMPORT_SECONDS', '2'))

_sources = [(str(path), path.read_bytes()) for path in sorted(Path(os.__file__).parent.glob('*.py'))]
for _name, _source in itertools.cycle(_sources):
    if time.process_time() >= _SECONDS:
        break
    compile(_source, _name, 'exec')


@expose
def pid():
    return os.getpid()
