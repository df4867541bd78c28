"""The README's sample does what it says."""

import re
import tempfile
import unittest
from pathlib import Path

from pypool.frame import FrameType
from tests.worker_process import RUNTIME_DIR, WorkerProcess


class Sample(unittest.TestCase):
    def test_the_module_of_the_readme_serves(self) -> None:
        page = (RUNTIME_DIR / "README.md").read_text(encoding="utf-8")
        found = re.search(r"^```python\n# inventory\.py\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
        assert found is not None
        with tempfile.TemporaryDirectory() as folder:
            module = Path(folder, "inventory.py")
            module.write_text(found[1], encoding="utf-8")
            with WorkerProcess(str(module)) as worker:
                self.assertEqual(worker.start().call("count", "apples"), 3)
                error = worker.call_error("count", "figs", meta={"session": {"id": "user-42"}})
                self.assertEqual((error["code"], error["data"]), ("no-such-item", {"asked_by": "user-42"}))
                worker.send("names", meta={"credit": 10})
                self.assertEqual([worker.reply().envelope for _ in range(2)], ['["apples"]', '["pears"]'])
                self.assertEqual(worker.reply().type, FrameType.RESULT)
