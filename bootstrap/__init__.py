"""Makes the Python environments of this checkout from nothing but Python: the standard library alone.

It fetches uv (pinned, its SHA-256 known here) from the package index that pip or uv is configured with.
"""
