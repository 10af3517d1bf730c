"""Benchmarks: `python -m bench` (or `make bench`) runs every one that this machine can run."""
