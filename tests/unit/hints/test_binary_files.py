"""Files that are no text are told from their first bytes, once, with how to export what they hold."""

from __future__ import annotations

import bz2
import csv
import io
import json
import lzma
import pickle
import random
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tunedrop.domain.reading import file_kinds
from tunedrop.domain.reading.file_kinds import Found

from tests.unit.checks.splits import run
from tests.unit.hints.following import lines, only_finding, pairs, trained

ROWS = [{"prompt": question, "completion": answer} for question, answer in pairs()]
NOISE = random.Random(1).randbytes(4000)


def zipped(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


BINARY: dict[str, tuple[bytes, str]] = {
    "Arrow": (b"ARROW1\0\0" + NOISE, "an Arrow file"),
    "an Arrow stream": (b"\xff\xff\xff\xff\x08\x03\0\0\x10\0\0\0\0\0\x0a\0" + NOISE, "an Arrow stream"),
    "Feather 1": (b"FEA1" + NOISE, "Feather"),
    "ORC": (b"ORC\x0a\x03\0\0" + NOISE, "an ORC file"),
    "Avro": (b"Obj\x01\x04\x14avro.codec" + NOISE, "an Avro file"),
    "HDF5": (b"\x89HDF\r\n\x1a\n\0\0" + NOISE, "an HDF5 file"),
    "SPSS": (b"$FL2@(#) SPSS DATA FILE" + NOISE, "SPSS"),
    "DuckDB": (NOISE[:8] + b"DUCK\x40\0\0\0" + NOISE, "DuckDB"),
    "safetensors": (b"\x58\x03\0\0\0\0\0\0" + b'{"a":' + NOISE, "a model's weights"),
    "GGUF": (b"GGUF\x03\0\0\0" + NOISE, "a model's weights"),
    "Excel": (zipped(("[Content_Types].xml", b""), ("xl/workbook.xml", b"")), "an Excel workbook"),
    "OpenDocument": (zipped(("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")), "spreadsheet"),
    "Word": (zipped(("[Content_Types].xml", b""), ("word/document.xml", b"")), "a Word document"),
    "PyTorch": (zipped(("archive/data.pkl", NOISE)), "PyTorch"),
    "an image": (b"\x89PNG\r\n\x1a\n" + NOISE, "a PNG image"),
    "a recording": (b"RIFF\x24\x08\0\0WAVEfmt " + NOISE, "a recording"),
    "a video": (b"\0\0\0\x20ftypisom" + NOISE, "a video"),
    "MP3": (b"ID3\x04\0\0\0" + NOISE, "MP3"),
    "what macOS keeps beside a file": (b"\0\x05\x16\x07\0\x02\0\0Mac OS X" + NOISE, "macOS"),
    "encrypted": (b"Salted__" + NOISE, "encrypted"),
    "something unknown": (b"\x0c\x05" + NOISE, "no text"),
    "messages in Protocol Buffers": (b"".join(b"\x0a\x05Hello\x12\x03you\x18\x01" for _ in range(40)), "no text"),
}


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("extension", ["jsonl", "json", "csv", "parquet"])
def test_a_file_that_is_no_text_is_told_once_with_what_to_do(name, extension):
    content, what = BINARY[name]
    found = only_finding(content, "unsupported_file", extension)
    result, _ = run(content, extension=extension)
    assert len(result.findings) == 1
    assert what in found.message
    assert found.hint


def sqlite(folder: Path) -> bytes:
    path = folder / "data.db"
    with sqlite3.connect(path) as database:
        database.execute("create table faq (prompt text, completion text)")
        database.executemany("insert into faq values (?, ?)", pairs())
    database.close()
    return path.read_bytes()


def table_of(folder: Path) -> bytes:
    database = sqlite3.connect(folder / "data.db")
    written = io.StringIO()
    csv.writer(written).writerows([("prompt", "completion"), *database.execute("select * from faq")])
    database.close()
    return written.getvalue().encode()


def saved(write: Callable[[io.BytesIO], object]) -> bytes:
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


def test_an_sqlite_database_trains_once_its_table_is_exported(tmp_path):
    assert "export the table as CSV" in only_finding(sqlite(tmp_path), "unsupported_file").hint
    assert trained(table_of(tmp_path), "csv") == pairs()


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_trains_once_its_records_are_written_as_json(protocol):
    content = pickle.dumps(ROWS, protocol)
    assert "json.dumps, one on each line" in only_finding(content, "unsupported_file").hint
    assert trained(b"".join(json.dumps(row).encode() + b"\n" for row in ROWS)) == pairs()


@pytest.mark.parametrize("several", [False, True])
def test_numpys_arrays_train_once_each_row_has_names(several):
    array = np.array(pairs())
    content = saved(lambda file: np.savez(file, rows=array) if several else np.save(file, array))
    found = only_finding(content, "unsupported_file")
    assert "numpy.load" in found.hint
    loaded = np.load(io.BytesIO(content))
    rows = loaded["rows"] if several else loaded
    assert trained(lines(dict(zip(("prompt", "completion"), map(str, row), strict=True)) for row in rows)) == pairs()


@pytest.mark.parametrize(
    ("content", "unpack"),
    [
        (bz2.compress(lines(ROWS)), bz2.decompress),
        (lzma.compress(lines(ROWS)), lzma.decompress),
        (lzma.compress(lines(ROWS), lzma.FORMAT_ALONE), lzma.decompress),
        (zipped(("train.jsonl", lines(ROWS))), lambda raw: zipfile.ZipFile(io.BytesIO(raw)).read("train.jsonl")),
    ],
)
def test_packed_files_train_once_they_are_unpacked(content, unpack):
    assert only_finding(content, "unsupported_file").hint.startswith("Unpack it")
    assert trained(unpack(content)) == pairs()


@pytest.mark.parametrize(
    "text",
    [
        "ORCHID,answer\nWhy?,So.\n",
        "CDF,answer\nWhy?,So.\n",
        "ID3,answer\nWhy?,So.\n",
        "question\x01answer\nWhy?\x01So.\n" * 9,
        '{"prompt": "\x1b[31mred\x1b[0m", "completion": "b"}\n' * 9,
        '{"prompt": "a\0", "completion": "b"}\n' + '{"prompt": "a", "completion": "b"}\n' * 99,
    ],
)
def test_text_with_an_odd_beginning_or_character_stays_text(text):
    found = file_kinds.identify(text.encode())
    assert isinstance(found, Found) or found.code == "raw_text"
