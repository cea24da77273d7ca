"""Uploads become versions; versions are prepared, read and deleted."""
