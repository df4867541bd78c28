"""Tests that need packages of others: ``npm run test:extras`` installs those and runs these."""

import os

WHY_SKIPPED = os.environ.get(
    "PYPOOL_TEST_EXTRAS_MISSING", "numpy or pyarrow is not installed; npm run test:extras brings it along"
)
