"""A file that is not what its name says is told what it really is."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.checks import samples
from tunedrop.data import detection

LINES = samples.good(3)()
TEXT = LINES.decode()


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("train.jsonl", LINES)
    return buffer.getvalue()


def _tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("train.jsonl"), io.BytesIO())
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (gzip.compress(LINES), "gzip"),
        (_zip(), "ZIP"),
        (_tar(), "tar"),
        (b"BZh91AY", "bzip2"),
        (b"\x28\xb5\x2f\xfd\x00", "Zstandard"),
        (b"PAR1\x15\x04", "Parquet"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"<!DOCTYPE html>\n<html>", "HTML"),
        (b"\n  <html><body>404", "HTML"),
        (b"<?xml version='1.0'?>", "XML"),
        (b"\0" * 10_000, "zero bytes"),
        (b"[\n  {", "JSON array"),
        (b'[{"prompt": "a", "completion": "b"}]\n', "JSON array"),
        (b'{\n  "prompt": "a"', "several lines"),
        (b"prompt,completion\nWhy?,Because.\n", "CSV"),
        (b'"prompt","completion"\n"Why?","Because, well."\n', "CSV"),
        (b"prompt\tcompletion\nWhy?\tBecause.\n", "tab-separated"),
        (b"prompt;completion\r\nWhy?;Because.\r\n", "semicolon"),
    ],
)
def test_it_says_what_the_file_really_is(content, what):
    found = detection.identify(content[: detection.HEAD_BYTES])
    assert found is not None
    assert found.code == "not_jsonl"
    assert what in found.message


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_wide_encodings_are_named_with_and_without_a_mark(encoding):
    found = detection.identify(TEXT.encode(encoding))
    assert found is not None
    assert found.code == "wrong_encoding"
    assert encoding[:6].upper() in found.message


@pytest.mark.parametrize(
    "content",
    [
        LINES,
        b"\xef\xbb\xbf" + LINES,
        b"\n\n" + LINES,
        b'{"a": 1}',
        b'"text"\n"more, text"\n',
        b"3\n4\n",
        b"null\n",
        b"[1, 2]\n[3, 4]\n",
        b"not json at all\nreally not\n",
    ],
)
def test_what_may_be_json_lines_is_left_to_the_reader(content):
    assert detection.identify(content) is None


@given(st.binary(max_size=400))
def test_no_beginning_makes_it_raise(head):
    found = detection.identify(head)
    assert found is None or found.code in {"not_jsonl", "wrong_encoding"}
