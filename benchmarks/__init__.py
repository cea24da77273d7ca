"""Benchmarks. They measure and test nothing: figures depend on the machine, ratios much less so."""
