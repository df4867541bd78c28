"""How much memory a segment may take, as files of the system say that are made here."""

import sys
import tempfile
import unittest
from pathlib import Path

MIB = 1024 * 1024


@unittest.skipUnless(sys.platform == "linux", "memory is shared on Linux alone")
class AvailableMemory(unittest.TestCase):
    def available(self, groups, files):
        """In MiB, where so many files say so, of a machine with 1000 MiB."""
        from pypool.shared_segment import _available_bytes

        machine = {
            "proc/meminfo": "MemTotal: 9\nMemAvailable: 1024000 kB\n",
            "proc/self/cgroup": groups,
        }
        with tempfile.TemporaryDirectory() as root:
            for path, text in {**machine, **files}.items():
                file = Path(root, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            return _available_bytes(root + "/") / MIB

    def test_is_what_the_machine_has_where_no_group_has_a_limit(self):
        files = {"sys/fs/cgroup/memory.max": "max\n", "sys/fs/cgroup/memory.current": "5\n"}
        self.assertEqual(self.available("0::/\n", files), 1000)
        self.assertEqual(self.available("", {}), 1000)

    def test_is_what_the_nearest_full_group_has_left_with_the_files_that_it_can_forget(self):
        files = {
            "sys/fs/cgroup/a/memory.max": f"{300 * MIB}\n",
            "sys/fs/cgroup/a/memory.current": f"{280 * MIB}\n",
            "sys/fs/cgroup/a/memory.stat": f"anon 7\ninactive_file {40 * MIB}\nactive_file 9\n",
            "sys/fs/cgroup/a/b/memory.max": f"{200 * MIB}\n",
            "sys/fs/cgroup/a/b/memory.current": f"{100 * MIB}\n",
        }
        self.assertEqual(self.available("0::/a/b\n", files), 60)

    def test_is_that_of_version_1_of_control_groups_too_whose_path_may_be_that_of_the_machine(self):
        files = {
            "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{300 * MIB}\n",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{290 * MIB}\n",
            "sys/fs/cgroup/memory/memory.stat": f"inactive_file 0\ntotal_inactive_file {5 * MIB}\n",
        }
        self.assertEqual(self.available("5:cpu:/\n4:hugetlb,memory:/docker/1\n", files), 15)

    def test_is_nothing_where_a_group_is_over_its_limit(self):
        files = {
            "sys/fs/cgroup/memory.max": f"{300 * MIB}\n",
            "sys/fs/cgroup/memory.current": f"{301 * MIB}\n",
        }
        self.assertEqual(self.available("0::/\n", files), 0)


if __name__ == "__main__":
    unittest.main()
