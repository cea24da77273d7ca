"""Deployments and purchases: states, next steps, expiry, caps. Pure."""
