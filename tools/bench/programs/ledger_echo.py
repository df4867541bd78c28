"""An echo that writes each of its runs down, so that nobody has to be believed who says that a call ran, or did not."""

import os

from pypool import expose

_ledger = os.open(os.environ["BENCH_LEDGER"], os.O_WRONLY | os.O_APPEND)


@expose
def echo(value):
    # One write of a few bytes at the end of a local file is whole or not there, however the process ends.
    os.write(_ledger, value["id"].to_bytes(4, "little"))
    return value
