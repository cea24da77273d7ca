"""Reading of Parquet: only the decompression is a library's. Pure."""

MAX_ROW_GROUP_BYTES = 64 * 2**20
"""Uncompressed. Writers cut row groups by this or by a count of rows; it is what memory follows from."""
