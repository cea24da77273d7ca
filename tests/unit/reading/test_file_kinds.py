"""A file that is not what its name says is told what it really is."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.checks import examples
from tunedrop.domain.reading import file_kinds
from tunedrop.domain.reading.file_kinds import Found
from tunedrop.domain.records.defects import Defect

zipped = partial(gzip.compress, mtime=0)  # the same bytes, and so the same test, in every process

LINES = examples.good(3)()
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
        (_zip(), "ZIP"),
        (_tar(), "tar"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 workbook", "Excel"),
        (b"BZh91AY", "bzip2"),
        (b"\xfd7zXZ\x00", "xz"),
        (b"\x28\xb5\x2f\xfd\x00", "Zstandard"),
        (b"Rar!\x1a\x07\x00", "RAR"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"<!DOCTYPE html>\n<html>", "HTML"),
        (b"\n  <html><body>404", "HTML"),
        (b"<?xml version='1.0'?>", "XML"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "Git LFS"),
        (b"\0" * 10_000, "zero bytes"),
        (b'{\n  "prompt": "a"', "several lines"),
        (b'{\n "data": [\n {"prompt": "a"', "several lines"),
        (b'\x1e{"prompt": "a", "completion": "b"}\n', "text sequence"),
        (b'{"prompt": "a", "completion": "b"}\r{"prompt": "c", "completion": "d"}\r', "carriage returns"),
        (b"prompt,completion\ra,b\rc,d", "carriage returns"),
    ],
)
def test_it_says_what_a_file_really_is_that_is_not_read(content, what):
    found = file_kinds.identify(content[: file_kinds.HEAD_BYTES])
    assert isinstance(found, Defect)
    assert found.code == "unsupported_file"
    assert what in found.message
    assert found.hint


@pytest.mark.parametrize(
    ("content", "container", "delimiter"),
    [
        (zipped(LINES), "gz", ""),
        (b"PAR1\x15\x04", "parquet", ""),
        (b"[\n  {", "json", ""),
        (b"[", "json", ""),
        (b"\xef\xbb\xbf [ ]", "json", ""),
        (b'[{"prompt": "a", "completion": "b"}]\n', "json", ""),
        (b"prompt,completion\nWhy?,Because.\n", "csv", ","),
        (b"prompt|completion\nWhy, indeed?|Because.\n", "csv", "|"),
        (b"sep=;\r\nprompt;completion\r\n", "csv", ";"),
        (b'\xef\xbb\xbf"sep=\t"\nprompt\tcompletion\n', "tsv", "\t"),
        (b'"prompt","completion"\n"Why?","Because, well."\n', "csv", ","),
        (b"prompt\tcompletion\nWhy?\tBecause.\n", "tsv", "\t"),
        (b"prompt;completion\r\nWhy?;Because.\r\n", "csv", ";"),
    ],
)
def test_kinds_that_are_read_are_told_by_their_content(content, container, delimiter):
    assert file_kinds.identify(content) == Found(container, delimiter)


@pytest.mark.parametrize(
    ("content", "extension", "delimiter"),
    [
        (b"text\nonly one column\n", "csv", ","),
        (b"text\nonly one column\n", "tsv", "\t"),
        (b"a;b,c\n1;2,3\n", "csv", ","),
        (b"a,b\tc\n", "tsv", "\t"),
        (b"a;b;c\n", "csv", ";"),
    ],
)
def test_a_tables_separator_is_what_its_name_promises_where_it_occurs(content, extension, delimiter):
    found = file_kinds.identify(content, extension)
    assert isinstance(found, Found)
    assert found.delimiter == delimiter


def test_a_list_inside_of_an_object_gets_a_hint_of_its_own():
    found = file_kinds.identify(b'{\n  "data": [\n    {"prompt": "a"}\n')
    assert isinstance(found, Defect)
    assert "from its [ to its ]" in found.hint


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_wide_encodings_are_named_with_and_without_a_mark(encoding):
    found = file_kinds.identify(TEXT.encode(encoding))
    assert isinstance(found, Defect)
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
        b"{'prompt': 'a'}\n",
        b"\xc2\xa0{}\n",
        b"",
        b"\n\n",
        b"caf\xe9\n",
    ],
)
def test_what_may_be_json_lines_is_left_to_the_reader(content):
    assert file_kinds.identify(content) == Found("jsonl")


@pytest.mark.parametrize("content", [b"not json at all\nreally not\n", "Früher war\nalles besser.\n".encode(), b"One."])
def test_plain_text_is_no_training_data(content):
    found = file_kinds.identify(content)
    assert isinstance(found, Defect)
    assert found.code == "raw_text"


@given(st.binary(max_size=400), st.sampled_from(["", "jsonl", "json", "csv", "tsv", "parquet"]))
def test_no_beginning_makes_it_raise(head, extension):
    found = file_kinds.identify(head, extension)
    assert isinstance(found, Found) or found.code in {"unsupported_file", "wrong_encoding", "raw_text"}


def test_one_good_object_among_broken_lines_makes_no_table_of_them():
    broken = b'"{"Prompt": "a", "completion": "b",}\n'
    good = b'{"prompt": "a", "completion": "b"}\n'
    assert file_kinds.identify(broken + good * 2, "jsonl") == Found("jsonl")
    assert file_kinds.identify(broken * 3, "jsonl") != Found("jsonl")
