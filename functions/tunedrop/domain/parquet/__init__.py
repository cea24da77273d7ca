"""Read Parquet files; only decompression comes from a library. Pure."""
