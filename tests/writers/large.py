"""Tables of a gigabyte as writers make files of them by default, and the memory that reading each takes."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 262_144
"""One row group of pyarrow (1,048,576 at most) and of polars; three of DuckDB."""
MOST_MB, MOST_OF_DUCKDB_MB = 256, 512
"""DuckDB's pages have up to 100 MB: one of each column is held, and one more as it was stored."""
_DIFFERENT, _WORDS = 4_000, 230


def measure() -> Iterator[tuple[str, str]]:
    """Yield what each file took, and what is against it: an empty text if nothing is."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.parquet"
        for shape, make in {"pairs": _pairs, "conversations": _conversations}.items():
            table = make()
            for writer, write in _WRITERS.items():
                write(table, path)
                yield _measured(f"{writer}, {shape}", path, MOST_OF_DUCKDB_MB if writer == "DuckDB" else MOST_MB)


def _measured(what: str, path: Path, most: int) -> tuple[str, str]:
    metadata = pq.read_metadata(path)
    group = max(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups)) / 2**20
    found = json.loads(
        subprocess.run(
            [sys.executable, "-m", "tests.writers.measured", path], check=True, capture_output=True, text=True
        ).stdout
    )
    told = (
        f"{what}: {found['rows']:,} rows in row groups of {group:,.0f} MiB, read in {found['mb']:,.0f} MB and "
        f"{found['seconds']:.1f} s"
    )
    lacking = "" if found["rows"] == ROWS else f"{what}: {found['rows']:,} of {ROWS:,} rows are read"
    return told, f"{told}; at most {most} MB" if found["mb"] > most else lacking


def _texts(seed: int) -> Iterator[str]:
    """Different texts of some two kilobytes."""
    random_ = random.Random(seed)
    words = ["".join(random_.choices("abcdefghijklmnopqrstuvwxyz", k=random_.randint(2, 12))) for _ in range(20_000)]
    stock = [" ".join(random_.choices(words, k=_WORDS)) for _ in range(_DIFFERENT)]
    return (f"{number} {stock[number % _DIFFERENT]}" for number in range(ROWS))


def _pairs() -> pa.Table:
    columns = (pa.array(_texts(1)), pa.array(_texts(2)), pa.array(_texts(3)), pa.array(["wiki"] * ROWS))
    return pa.table(dict(zip(("system", "prompt", "completion", "source"), columns, strict=True)))


def _conversations() -> pa.Table:
    turns = zip(_texts(1), _texts(2), strict=True)
    messages = [[{"role": "user", "content": q}, {"role": "assistant", "content": f"{a} {q}"}] for q, a in turns]
    return pa.table({"messages": pa.array(messages)})


def _duckdb(table: pa.Table, path: Path) -> None:
    with duckdb.connect() as connection:
        connection.register("given", table)
        connection.execute(f"copy given to '{path}' (format parquet)")


_WRITERS: dict[str, Callable[[pa.Table, Path], None]] = {
    "pyarrow": pq.write_table,
    "polars": lambda table, path: pl.from_arrow(table).write_parquet(path),
    "DuckDB": _duckdb,
}
