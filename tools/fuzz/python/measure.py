"""Measures what inputs reach of the runtime's decoders: ``measure.py INPUTS DECODER...``, JSON on stdout.

By coverage.py, on the sources as they are and not on the instrumented copy. `INPUTS` holds a request of the peer.
"""

from __future__ import annotations

import json
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).parents[3] / "python"


def main(requests, decoders):
    """Judge each input under coverage and print what was reached, by file."""
    import coverage
    from peer import read_inputs

    sys.path.insert(0, str(ROOT))
    files = [str(ROOT / "pypool" / name) for name in decoders]
    measured = coverage.Coverage(data_file=None, branch=True, include=files, config_file=False)
    measured.exclude("if TYPE_CHECKING:")
    measured.start()
    from judge import judge

    for flat in read_inputs(pathlib.Path(requests).read_bytes()[4:]):
        judge(flat)
    measured.stop()
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        measured.json_report(outfile=report.name)
        found = json.loads(pathlib.Path(report.name).read_text(encoding="utf-8"))["files"]
    answer = {}
    for name, about in found.items():
        summary = about["summary"]
        answer[pathlib.Path(name).name] = {
            "branches": summary["num_branches"],
            "taken": summary["covered_branches"],
            "missing": [f"{start} -> {'exit' if end < 0 else end}" for start, end in about["missing_branches"]],
        }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
