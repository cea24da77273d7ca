"""What is measured here, not tested: figures depend on the machine, ratios much less."""
