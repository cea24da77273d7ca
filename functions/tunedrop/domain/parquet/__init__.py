"""Reading of Parquet: only the decompression is a library's. Pure."""
