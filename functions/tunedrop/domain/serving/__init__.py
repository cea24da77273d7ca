"""Deployments and purchases: what to do next, expiry, caps. Pure."""
