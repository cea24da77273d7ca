"""Measure the Messages API beside its peers: `.venv/bin/python -m benchmarks.messages --help`."""
