"""Calls to the Messages API are answered, and the keys for them kept."""
