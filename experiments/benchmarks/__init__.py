"""Benchmarks of the sweep engine: `python -m b2reduce.experiments.benchmarks`."""
