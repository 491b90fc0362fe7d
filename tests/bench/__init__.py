"""Benchmarks: each prints ratios measured in one run, and none is a test. `__main__.py` is their command."""
