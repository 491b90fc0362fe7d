"""Benchmarks; none is a test. Run one with: .venv/bin/python -m bench.job, from tests/ with py/ on PYTHONPATH."""
