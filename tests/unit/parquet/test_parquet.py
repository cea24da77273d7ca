"""Rows of Parquet files: what every type becomes, however the file is written, and how little is fetched at a time."""

from __future__ import annotations

from itertools import pairwise

import pytest
from arro3.core import DataType as T
from hypothesis import given, settings
from hypothesis import strategies as st
from tunedrop.domain.parquet import reader
from tunedrop.domain.records.elements import Element
from tunedrop.domain.records.sources import Bytes

from tests.unit.parquet import parquet_files as files

MESSAGES = files.listed(files.structure(role=T.string(), content=files.listed(files.structure(text=T.string()))))
CODECS = ["uncompressed", "snappy", "gzip(1)", "brotli(1)", "zstd(1)", "lz4_raw"]


def rows(content: bytes) -> list:
    return [element.content for element in reader.read(Bytes(content))]


@pytest.mark.parametrize(
    ("type_", "value", "read"),
    [
        (T.string(), "漢字 👍🏽 \u2028 \0", "漢字 👍🏽 \u2028 \0"),
        (T.large_string(), "", ""),
        (T.bool(), True, True),
        (T.int8(), -128, -128),
        (T.uint8(), 255, 255),
        (T.uint32(), 2**32 - 1, 2**32 - 1),
        (T.int64(), -(2**63), -(2**63)),
        (T.uint64(), 2**64 - 1, 2**64 - 1),
        (T.float16(), 0.5, 0.5),
        (T.float32(), -1.25, -1.25),
        (T.float64(), 0.1, 0.1),
        (T.decimal128(9, 2), "-12.30", "-12.30"),
        (T.decimal128(38, 0), "12345678901234567890123456789012345678", "12345678901234567890123456789012345678"),
        (T.date32(), "2026-02-28", "2026-02-28"),
        (T.date32(), "0001-01-01", "0001-01-01"),
        (T.time32("ms"), "23:59:59.999", "23:59:59.999"),
        (T.time64("ns"), "00:00:00.000000001", "00:00:00.000000001"),
        (T.timestamp("ms"), "1969-12-31T23:59:59.999", "1969-12-31T23:59:59.999"),
        (T.timestamp("us", tz="UTC"), "2026-02-28T12:00:00Z", "2026-02-28T12:00:00Z"),
        (T.timestamp("ns"), "2026-02-28T12:00:00.000000001", "2026-02-28T12:00:00.000000001"),
        (T.binary(), "616263", "abc"),  # bytes that nobody declared to be a text, and that are one
        (files.listed(T.string()), ["a", None, ""], ["a", None, ""]),
        (files.listed(files.listed(T.int32())), [[1], [], None, [2, None]], [[1], [], None, [2, None]]),
        (files.structure(a=T.string(), b=T.int32()), {"a": None, "b": 1}, {"a": None, "b": 1}),
        (
            MESSAGES,
            [{"role": "user", "content": [{"text": "Why?"}]}],
            [{"role": "user", "content": [{"text": "Why?"}]}],
        ),
    ],
    ids=str,
)
def test_each_type_comes_as_json_could_hold_it_and_null_as_null(type_, value, read):
    content = files.written(files.schema(cell=type_), [{"cell": value}, {"cell": None}, {"cell": value}])
    assert rows(content) == [{"cell": read}, {"cell": None}, {"cell": read}]


_TEXTS = st.none() | st.text(max_size=12) | st.sampled_from(["user", "assistant", "x" * 300])
_ROWS = st.fixed_dictionaries(
    {
        "text": _TEXTS,
        "number": st.none() | st.integers(-(2**63), 2**63 - 1),
        "flag": st.none() | st.booleans(),
        "messages": st.none()
        | st.lists(
            st.none()
            | st.fixed_dictionaries(
                {
                    "role": _TEXTS,
                    "content": st.none() | st.lists(st.none() | st.fixed_dictionaries({"text": _TEXTS}), max_size=3),
                }
            ),
            max_size=3,
        ),
    }
)
_SCHEMA = files.schema(text=T.string(), number=T.int64(), flag=T.bool(), messages=MESSAGES)


@settings(max_examples=120, deadline=None)
@given(
    st.lists(_ROWS, max_size=40),
    st.sampled_from(CODECS),
    st.sampled_from(["parquet_1_0", "parquet_2_0"]),
    st.booleans(),
    st.sampled_from([1, 7, 1000]),
    st.sampled_from([1, 64, 2**20]),
)
def test_whatever_is_written_is_read(given_rows, codec, version, distinct, group, page):
    content = files.written(
        _SCHEMA,
        given_rows,
        compression=codec,
        writer_version=version,
        dictionary_enabled=distinct,
        max_row_group_size=group,
        data_page_size_limit=page,
        dictionary_page_size_limit=page,
        write_batch_size=min(page, 1024),
    )
    assert rows(content) == given_rows


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(
    ("type_", "encoding", "values"),
    [
        (T.string(), "delta_length_byte_array", ["", "a", None, "漢字", "a" * 500] * 300),
        (T.string(), "delta_byte_array", ["https://a/1", "https://a/12", None, "", "https://b"] * 300),
        (T.int32(), "delta_binary_packed", [0, 2**31 - 1, -(2**31), None, 7] * 300),
        (T.int64(), "delta_binary_packed", [0, 2**63 - 1, -(2**63), None, 7] * 300),
        (T.int64(), "byte_stream_split", [1, -1, None, 2**40] * 300),
        (T.float32(), "byte_stream_split", [0.5, None, -2.0] * 300),
        (T.bool(), "rle", [True, True, None, False] * 300),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_each_encoding_is_read(type_, encoding, values, codec):
    given_rows = [{"cell": value} for value in values]
    content = files.written(
        files.schema(cell=type_),
        given_rows,
        compression=codec,
        encoding=encoding,
        dictionary_enabled=False,
        writer_version="parquet_2_0",
    )
    assert rows(content) == given_rows


def test_columns_keep_their_order_and_rows_have_no_line():
    content = files.written(files.schema(b=T.string(), a=T.int32()), [{"b": "x", "a": 1}])
    (element,) = reader.read(Bytes(content))
    assert element == Element(None, {"b": "x", "a": 1})
    assert list(element.content) == ["b", "a"]


def test_a_table_without_rows_has_no_elements():
    assert rows(files.written(_SCHEMA, [])) == []


def test_a_file_is_fetched_some_megabytes_at_a_time_and_nothing_twice():
    given_rows = [{"text": f"{number} " * 50_000, "number": number} for number in range(60)]
    content = files.written(
        files.schema(text=T.string(), number=T.int64()),
        given_rows,
        compression="uncompressed",
        dictionary_enabled=False,
        max_row_group_size=30,
    )
    source = files.Watched(content)
    assert [element.content for element in reader.read(source)] == given_rows
    pages = sorted(source.reads[3:])  # after the beginning, the end and the footer
    assert max(length for _, length in pages) <= 16 * 2**20
    assert all(start + length <= following for (start, length), (following, _) in pairwise(pages))
    assert len(pages) <= 6


def test_rows_come_before_the_rest_is_fetched():
    given_rows = [{"text": str(number) * 100} for number in range(100)]
    source = files.Watched(files.written(files.schema(text=T.string()), given_rows, max_row_group_size=10))
    elements = reader.read(source)
    assert next(elements).content == given_rows[0]
    assert len(source.reads) == 4  # the beginning, the end, the footer, one column


@pytest.mark.parametrize(
    ("elements", "read"),
    [
        ([files.leaf(repetition=files.REPEATED)], ["a", "b"]),
        ([files.group(b"text", 1, converted=3), files.leaf(repetition=files.REPEATED)], ["a", "b"]),
        (
            [files.group(b"text", 1, converted=3), files.group(b"array", 1, files.REPEATED), files.leaf(b"it")],
            [{"it": "a"}, {"it": "b"}],
        ),
        (
            [files.group(b"text", 1, converted=3), files.group(b"text_tuple", 1, files.REPEATED), files.leaf(b"it")],
            [{"it": "a"}, {"it": "b"}],
        ),
        (
            [files.group(b"text", 1, converted=3), files.group(b"bag", 1, files.REPEATED), files.leaf(b"it")],
            ["a", "b"],
        ),
    ],
)
def test_lists_of_older_writers_are_read_by_the_formats_own_rules(elements, read):
    repeated = files.levels(files.run(1, 0) + files.run(1, 1)) + files.levels(files.run(2, 1))
    pages = files.page(repeated + files.text(b"a") + files.text(b"b"), 2)
    assert rows(files.handmade(pages, 1, elements=elements, values=2)) == [{"text": read}]


def test_a_page_whose_header_quotes_long_texts_is_read():
    header = {1: 0, 2: 5, 3: 5, 5: {1: 1, 2: 0, 3: 3, 4: 3, 5: {1: b"z" * 5000, 2: b"a" * 5000}}}
    assert rows(files.handmade(files.thrift(header) + files.text(b"a"), 1)) == [{"text": "a"}]
