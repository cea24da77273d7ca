"""Charges and the month's budget: what this stack spends, estimated by its own prices. Pure."""
