"""Plan, start, follow and stop jobs."""
