"""Tests of the runtime, with the standard library alone.

Run them from the root of the repository: ``python -m unittest discover -s python/tests -t python``. One file:
``cd python && python -m unittest tests.test_frame``.
"""
