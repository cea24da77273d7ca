"""Parquet files that are damaged, hostile or beyond reading: each ends in a finding, and none takes much memory."""

from __future__ import annotations

import contextlib
import struct
import tracemalloc
import zlib
from dataclasses import dataclass
from typing import Any

import pytest
from arro3.core import DataType as T
from hypothesis import given, settings
from hypothesis import strategies as st
from tunedrop.domain.checks.all_checks import CHECKS
from tunedrop.domain.parquet import reader, thrift
from tunedrop.domain.parquet.budgets import MAX_PAGE_BYTES
from tunedrop.domain.records.defects import Defect, UnreadableContent
from tunedrop.domain.records.elements import MAX_BYTES
from tunedrop.domain.records.sources import Bytes

from tests.unit.parquet import parquet_files as files
from tests.unit.parquet.parquet_files import group, handmade, leaf, levels, page, run, text, varint

MEBIBYTE = 2**20


def rows(content: bytes) -> list:
    return [element.content for element in reader.read(Bytes(content))]


def refused(content: bytes) -> Defect:
    with pytest.raises(UnreadableContent) as raised:
        rows(content)
    return raised.value.defect


ROWS = [
    {
        "text": "ab" * (number % 5),
        "number": number,
        "flag": number % 2 == 0,
        "messages": [{"role": "user", "parts": ["x"] * (number % 3)}],
        "when": "2026-02-28T12:00:00",
    }
    for number in range(30)
]
SCHEMA = files.schema(
    text=T.string(),
    number=T.int64(),
    flag=T.bool(),
    messages=files.listed(files.structure(role=T.string(), parts=files.listed(T.string()))),
    when=T.timestamp("us"),
)
HONEST = [
    files.written(
        SCHEMA,
        ROWS,
        compression=codec,
        writer_version=version,
        max_row_group_size=12,
        dictionary_enabled=distinct,
        column_encoding=None if distinct else {"text": "delta_byte_array", "number": "delta_binary_packed"},
    )
    for codec in ("uncompressed", "snappy", "zstd(1)", "gzip(1)", "brotli(1)", "lz4_raw")
    for version, distinct in (("parquet_1_0", True), ("parquet_2_0", False))
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(HONEST), st.data())
def test_no_bytes_end_otherwise_than_in_rows_and_findings(honest, data):
    changed = bytearray(honest)
    footer = len(honest) - 8 - int.from_bytes(honest[-8:-4], "little")
    for start in data.draw(st.lists(st.sampled_from([0, 4, footer]), min_size=1, max_size=4)):
        place = data.draw(st.integers(start, len(honest) - 1))
        changed[place] = data.draw(st.integers(0, 255) | st.sampled_from([0x7F, 0x80, 0xFF]))
    cut = data.draw(st.just(len(honest)) | st.integers(0, len(honest)))
    try:
        contents = rows(bytes(changed[:cut] + changed[data.draw(st.integers(cut, len(honest))) :]))
    except UnreadableContent as unreadable:
        contents = [unreadable.defect]
    for content in contents:
        assert isinstance(content, dict) or content.code in CHECKS


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_noise_between_the_marks_of_a_parquet_file_is_a_finding(noise):
    for length in (len(noise), len(noise) // 2):
        assert refused(b"PAR1" + noise + length.to_bytes(4, "little") + b"PAR1").code in CHECKS


@pytest.mark.parametrize("kept", [0, 3, 4, 11, 12, 100, -1, -4, -8, -9, -100])
def test_a_file_that_was_cut_off_is_damaged(kept):
    assert refused(HONEST[0][:kept]).code == "damaged_parquet"


def test_a_file_that_lost_its_beginning_is_damaged():
    assert refused(HONEST[0][100:]).code == "damaged_parquet"


def test_a_page_whose_checksum_is_another_is_damaged():
    right = zlib.crc32(text(b"a"))
    assert rows(handmade(page(text(b"a"), 1, crc=right), 1)) == [{"text": "a"}]
    assert rows(handmade(page(text(b"a"), 1, crc=right - 2**32), 1)) == [{"text": "a"}]  # Thrift's integers have a sign
    assert refused(handmade(page(text(b"b"), 1, crc=right), 1)).code == "damaged_parquet"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (HONEST[0][:-4] + b"PARE", "encrypted_parquet"),
        (handmade(page(text(b"a"), 1), 1, chunk={8: {1: {}}}), "encrypted_parquet"),
        (handmade(page(text(b"a"), 1), 1, chunk={1: b"other.parquet"}), "unsupported_parquet"),
        (handmade(page(text(b"a"), 1), 1, codec=3), "unsupported_parquet"),
        (handmade(page(text(b"a"), 1), 1, codec=99), "unsupported_parquet"),
        (handmade(page(text(b"a"), 1, 4), 1), "unsupported_parquet"),
        (handmade(page(text(b"a"), 1), 2), "damaged_parquet"),
        (handmade(page(text(b"a"), 2), 2), "damaged_parquet"),
        (handmade(page(text(b"a"), 1), 1, values=2), "damaged_parquet"),
        (handmade(page(text(b"a"), -1), 1), "damaged_parquet"),
        (handmade(page(run(1), 1, files.DICTIONARY), 1), "damaged_parquet"),
        (handmade(page(b"", 1, size=-5), 1), "damaged_parquet"),
        (handmade(page(text(b"a"), 1), 1, elements=[leaf(physical=9)]), "damaged_parquet"),
        (handmade(page(text(b"a"), 1), 1, elements=[group(b"a", 9)]), "damaged_parquet"),
        (handmade(page(text(b"a"), 1), 1, elements=[*[group(b"a", 1)] * 40, leaf()]), "unsupported_parquet"),
        (handmade(page(text(b"a"), 1), 1, elements=[group(b"a", 1, converted=3), leaf()]), "unsupported_parquet"),
        (handmade(page(text(b"a"), 1), 1, elements=[leaf(), leaf()]), "damaged_parquet"),
        (handmade(page(text(b"a"), 1), 1, elements=[group(b"a", 2), leaf(), leaf()]), "duplicate_key"),
    ],
)
def test_what_can_not_be_read_is_told_apart(content, code):
    assert refused(content).code == code


def test_rows_before_the_damage_are_read():
    columns, given_rows = files.schema(text=T.string()), [{"text": "a"}, {"text": "b"}]
    honest = files.written(
        columns, given_rows, max_row_group_size=1, compression="uncompressed", dictionary_enabled=False
    )
    assert rows(honest) == given_rows
    elements = reader.read(Bytes(honest.replace(text(b"b"), b"\x09" + text(b"b")[1:])))
    assert next(elements).content == {"text": "a"}
    with pytest.raises(UnreadableContent) as raised:
        next(elements)
    assert raised.value.defect.code == "damaged_parquet"
    assert "row group 2" in raised.value.defect.message


@pytest.mark.parametrize(
    ("type_", "value", "code"),
    [
        (T.binary(), "fffe", "unreadable_value"),
        (T.binary(2), "fffe", "unreadable_value"),
        (files.listed(T.binary()), ["61", "fffe"], "unreadable_value"),
    ],
)
def test_a_cell_that_json_can_not_hold_is_a_defect_of_its_row(type_, value, code):
    content = files.written(files.schema(id=T.int32(), cell=type_), [{"id": 1, "cell": value}, {"id": 2}])
    defect, following = rows(content)
    assert (defect.code, defect.path) == (code, "$.cell[1]" if isinstance(value, list) else "$.cell")
    assert following == {"id": 2, "cell": None}


@pytest.mark.parametrize(
    ("column", "data", "code"),
    [
        (leaf(converted=0), text(b"\xff"), "invalid_utf8"),
        (leaf(converted=20), text(b"{}"), "unreadable_value"),
        (leaf(physical=5), b"\0\0\0\0\0\0\xf8\x7f", "number_out_of_range"),
        (leaf(physical=4), b"\0\0\x80\x7f", "number_out_of_range"),
        (leaf(physical=1, converted=6), b"\xff\xff\xff\x7f", "number_out_of_range"),
        (leaf(physical=1, converted=7), b"\xff\xff\xff\xff", "number_out_of_range"),
        (leaf(physical=2, converted=9), b"\xff" * 7 + b"\x7f", "number_out_of_range"),
        (leaf(physical=7, width=12, converted=21), b"\0" * 12, "unreadable_value"),
    ],
)
def test_a_value_that_has_no_meaning_in_json_is_a_defect_that_does_not_quote_it(column, data, code):
    (defect,) = rows(handmade(page(data, 1), 1, elements=[group(b"o", 1), column]))
    assert (defect.code, defect.path) == (code, "$.o.text")


@pytest.mark.parametrize(
    ("column", "data", "read"),
    [
        (leaf(physical=3), b"\x01" + b"\0" * 7 + b"\x8c\x3d\x25\0", "1970-01-01T00:00:00.000000001"),
        (leaf(physical=7, width=16, logical={14: {}}), bytes(range(16)), "00010203-0405-0607-0809-0a0b0c0d0e0f"),
        (leaf(physical=6, converted=5, scale=3), text(b"\xff"), "-0.001"),
        (leaf(physical=1, converted=13), b"\xff\xff\xff\xff", 2**32 - 1),
        (leaf(physical=2, converted=10), b"\0" * 8, "1970-01-01T00:00:00Z"),
    ],
)
def test_annotations_of_older_writers_are_understood(column, data, read):
    assert rows(handmade(page(data, 1), 1, elements=[group(b"o", 1), column])) == [{"o": {"text": read}}]


def test_pages_over_the_limit_are_refused_before_they_are_fetched():
    source = files.Watched(handmade(page(text(b"a"), 1, size=MAX_PAGE_BYTES + 1), 1))
    with pytest.raises(UnreadableContent) as raised:
        next(reader.read(source))
    assert raised.value.defect.code == "row_group_too_large"
    assert len(source.reads) == 4  # beginning, end, footer, the window with the page's header


def peak(content: bytes) -> tuple[Any, int]:
    """What a file gave last, a defect of the whole file included, and how much memory it took at most."""
    last: Any = None
    tracemalloc.start()
    try:
        for element in reader.read(Bytes(content)):
            last = element.content
    except UnreadableContent as unreadable:
        last = unreadable.defect
    finally:
        memory = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return last, memory


IN_A_LIST = [group(b"cell", 1, converted=3), group(b"list", 1, files.REPEATED), leaf()]


def many(count: int) -> bytes:
    """Levels of one row with a list of so many texts."""
    return levels(run(1, 0) + run(count - 1, 1)) + levels(run(count, 1))


HALF_MEBIBYTE = files.dictionary(text(b"x" * (MEBIBYTE // 2)), 1)
BOMBS = {
    "one text for many rows": (
        handmade(HALF_MEBIBYTE + page(b"\1" + run(10**6), 10**6, files.DICTIONARY), 10**6),
        "parquet_expands_too_far",
    ),
    "one text many times in one row": (
        handmade(
            HALF_MEBIBYTE + page(many(40) + b"\1" + run(40), 40, files.DICTIONARY), 1, elements=IN_A_LIST, values=40
        ),
        "record_too_long",
    ),
    "a list without end": (
        handmade(
            files.dictionary(text(b""), 1)
            + page(many(3 * 10**5) + b"\1" + run(3 * 10**5), 3 * 10**5, files.DICTIONARY),
            1,
            elements=IN_A_LIST,
            values=3 * 10**5,
        ),
        "record_too_long",
    ),
    "rows without end": (
        handmade(page(levels(run(2**31 - 1, 0)), 2**31 - 1), 2**31 - 1, elements=[leaf(repetition=1)]),
        "parquet_expands_too_far",
    ),
    "a page that is larger than its chunk says": (
        handmade(page(zlib.compress(bytes(10**6), wbits=31), 1, size=MAX_PAGE_BYTES), 1, codec=2),
        "row_group_too_large",
    ),
    "a page that unpacks to more than it says": (
        handmade(page(zlib.compress(bytes(10**8), wbits=31), 1, size=1000), 1, codec=2),
        "damaged_parquet",
    ),
    "a dictionary of numbers": (
        handmade(files.dictionary(bytes(24 * 10**6), 3 * 10**6), 1, elements=[group(b"o", 1), leaf(physical=2)]),
        "row_group_too_large",
    ),
    "texts that begin like the one before": (
        handmade(
            page(
                files.deltas([0] + [MEBIBYTE] * 3000) + files.deltas([MEBIBYTE] + [0] * 3000) + b"x" * MEBIBYTE,
                3001,
                files.DELTA_TEXTS,
            ),
            3001,
        ),
        "parquet_expands_too_far",
    ),
    "texts in one row that begin like the one before": (
        handmade(
            page(
                many(501)
                + files.deltas([0] + [MEBIBYTE] * 500)
                + files.deltas([MEBIBYTE] + [0] * 500)
                + b"x" * MEBIBYTE,
                501,
                files.DELTA_TEXTS,
            ),
            1,
            elements=IN_A_LIST,
            values=501,
        ),
        "record_too_long",
    ),
    "more texts in a page than could be": (
        handmade(page(files.deltas([0] * 100, claimed=2**22 + 1), 2**22 + 1, files.DELTA_LENGTHS), 2**22 + 1),
        "damaged_parquet",
    ),
}


@pytest.mark.parametrize(("content", "code"), BOMBS.values(), ids=BOMBS)
def test_few_bytes_that_stand_for_many_are_refused_before_they_are_many(content, code):
    last, memory = peak(content)
    assert last.code == code
    assert memory < 40 * MEBIBYTE + len(content)


def test_memory_follows_pages_and_not_their_row_group():
    pages = page(text(b"x" * MEBIBYTE), 1) * 100
    last, memory = peak(handmade(pages, 100))
    assert last == {"text": "x" * MEBIBYTE}
    assert memory < 40 * MEBIBYTE


def test_a_page_that_is_larger_than_the_window_is_held_once():
    content = handmade(page(text(b"x" * MEBIBYTE) * 60, 60), 60)
    source = files.Watched(content)
    assert len(list(reader.read(source))) == 60
    assert max(length for _, length in source.reads) <= 16 * MEBIBYTE
    last, memory = peak(content)
    assert last == {"text": "x" * MEBIBYTE}
    assert memory < (60 + 20) * MEBIBYTE


def test_a_large_dictionary_of_texts_takes_hardly_more_memory_than_its_page():
    texts = [b"%07d" % number + b"x" * 20 for number in range(10**6)]
    size = len(texts) * len(text(texts[0]))
    places = page(b"\x20" + varint(25 << 1 | 1) + struct.pack("<200I", *range(0, 10**6, 5000)), 200, files.DICTIONARY)
    content = handmade(files.dictionary(b"".join(map(text, texts)), 10**6) + places, 200)
    last, memory = peak(content)
    assert last == {"text": texts[995_000].decode()}
    assert rows(content)[:2] == [{"text": texts[0].decode()}, {"text": texts[5000].decode()}]
    assert memory < size + 60 * MEBIBYTE
    assert refused(handmade(files.dictionary(b"".join(map(text, texts)), 10**6)[:-1] + b"", 200)).code == (
        "damaged_parquet"
    )


def test_a_row_longer_than_any_record_is_a_defect_and_the_next_one_is_read():
    content = files.written(
        files.schema(a=T.string(), b=T.string()),
        [
            {"a": "x" * 9 * MEBIBYTE, "b": "y" * 9 * MEBIBYTE},
            {"a": "z" * (MAX_BYTES + 1), "b": ""},
            {"a": "a", "b": "b"},
        ],
        compression="zstd(1)",
    )
    assert [each if isinstance(each, dict) else each.code for each in rows(content)] == [
        "record_too_long",
        "record_too_long",
        {"a": "a", "b": "b"},
    ]


@dataclass(frozen=True, slots=True)
class Broken(Bytes):
    """A disk that fails, or gives less than it has, once the footer was read."""

    fault: Exception | None = None

    def read(self, start: int, length: int) -> bytes:
        found = Bytes.read(self, start, length)
        if start != 4:
            return found
        if self.fault:
            raise self.fault
        return found[:-1]


def test_what_the_source_raises_is_not_taken_for_damage():
    with pytest.raises(ConnectionError):
        list(reader.read(Broken(HONEST[0], ConnectionError())))


def test_a_file_that_ends_while_it_is_read_is_damaged():
    with pytest.raises(UnreadableContent) as raised:
        list(reader.read(Broken(HONEST[0])))
    assert raised.value.defect.code == "damaged_parquet"


@pytest.mark.parametrize("wanted", [{1: thrift.INTEGER}, {1: thrift.BINARY}, {1: [thrift.INTEGER]}, {1: {}}, {}])
@given(st.binary(max_size=60))
def test_no_bytes_make_thrift_raise_anything_but_malformed(wanted, data):
    with contextlib.suppress(thrift.Malformed):
        thrift.Reader(data).structure(wanted)


@pytest.mark.parametrize(
    "field",
    [
        b"\x19\xfc" + b"\xff" * 9 + b"\x01",
        b"\x18\xff\xff\xff\xff\x0f",
        b"\x1b" + b"\xff" * 9 + b"\x01\x11",
        b"\x1c" * 60,
    ],
    ids=["a list without end", "a text without end", "a map without end", "structures without end"],
)
def test_what_claims_to_be_endless_is_not_begun(field):
    with pytest.raises(thrift.Malformed):
        thrift.Reader(field).structure({})
