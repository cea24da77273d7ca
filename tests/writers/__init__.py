"""Our reader of Parquet beside pyarrow's, on files of pyarrow, polars, DuckDB and arro3; `make prove ARGS=writers`.

It runs in an environment of its own, .venv-writers. docs/parquet.md says what is read and what is refused.
"""
