"""Read Parquet files; only decompression comes from a library. Pure."""

MAX_ROW_GROUP_BYTES = 64 * 2**20
"""Uncompressed. The memory of reading depends on it; writers can limit row groups by size or by rows."""
