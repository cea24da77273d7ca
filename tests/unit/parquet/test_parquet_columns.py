"""Columns that nobody asks for are passed over, whatever their type; those that are needed are read or refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from arro3.core import DataType as T
from tunedrop.domain.formats.field_mapping import FieldMapping
from tunedrop.domain.mending import lenient_reading
from tunedrop.domain.mending.mend_file import Mender
from tunedrop.domain.parquet import PASSED_OVER, Asked, reader
from tunedrop.domain.reading.split_files import Part, SplitFileReader
from tunedrop.domain.records.defects import UnreadableContent
from tunedrop.domain.records.sources import Bytes

from tests.unit.parquet import parquet_files as files
from tests.unit.parquet.parquet_files import group, leaf, page, text

PAIRS = files.schema(prompt=T.string(), completion=T.string(), image=T.binary(), source=T.binary())
ROWS = [{"prompt": f"Why {n}?", "completion": "So.", "image": "fffe", "source": "fffe"} for n in range(3)]
WRITTEN = files.written(PAIRS, ROWS, dictionary_enabled=False, compression="uncompressed")


def rows(content: bytes, *needed: str, unread: tuple[str, ...] = ()) -> list:
    asked = Asked(frozenset(needed), frozenset(unread))
    return [element.content for element in reader.read(Bytes(content), lambda _: asked)]


def entries(content: bytes, mapping: FieldMapping | None = None, keep: frozenset[str] = frozenset()) -> list:
    return list(SplitFileReader([Part("train.parquet", "parquet", Bytes(content))], mapping, keep=keep))


def two_columns(other: list[dict], chunk: dict | None = None, pages: bytes = page(text(b"?"), 1)) -> bytes:
    """A row with a text and another column, which is described otherwise than pages hold it."""
    first = page(text(b"a"), 1)
    told = [
        {3: {1: files.BYTE_ARRAY, 4: 0, 5: 1, 6: len(each), 7: len(each), 9: start}}
        for each, start in ((first, 4), (pages, 4 + len(first)))
    ]
    told[1] |= chunk or {}
    elements = [group(b"schema", 2), leaf(), *other]
    footer = {2: elements, 3: 1, 4: [{1: told, 2: 0, 3: 1}]}
    written = files.thrift(footer)
    return b"PAR1" + first + pages + written + len(written).to_bytes(4, "little") + b"PAR1"


UNREADABLE = {
    "a codec nobody has": two_columns(
        [leaf(b"other")],
        {3: {1: 6, 4: 3, 5: 1, 6: 1, 7: 1, 9: 4}},
    ),
    "another file": two_columns([leaf(b"other")], {1: b"other.parquet"}),
    "its own key": two_columns([leaf(b"other")], {8: {1: {}}}),
    "an encoding nobody has": two_columns([leaf(b"other")], pages=page(text(b"?"), 1, 4)),
    "a list of no known form": two_columns([group(b"other", 1, converted=3), leaf(b"item")]),
    "a map without values": two_columns(
        [group(b"other", 1, converted=1), group(b"key_value", 1, files.REPEATED), leaf(b"key")]
    ),
    "structures without end": two_columns([*[group(b"other", 1)] * 40, leaf(b"item")]),
    "bytes": two_columns([leaf(b"other")], pages=page(text(b"\xff"), 1)),
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_a_column_that_can_not_be_read_is_passed_over_unless_it_is_needed(content):
    assert rows(content, "text") == [{"text": "a", "other": PASSED_OVER}]
    try:
        (found,) = rows(content, "text", "other")
    except UnreadableContent as refused:
        found = refused.defect
    assert found.code in {"unsupported_parquet", "encrypted_parquet", "unreadable_value"}
    assert "other" in found.message + found.path or found.code == "encrypted_parquet"


def test_what_nobody_asks_for_is_not_fetched():
    source = files.Watched(WRITTEN)
    asked = Asked(frozenset({"prompt"}), frozenset({"completion", "image", "source"}))
    assert [element.content["prompt"] for element in reader.read(source, lambda _: asked)] == [
        row["prompt"] for row in ROWS
    ]
    assert len(source.reads) == 4  # beginning, end, footer, one column


def test_a_table_of_which_nothing_is_asked_has_its_rows():
    assert (
        rows(WRITTEN, unread=("prompt", "completion", "image", "source")) == [dict.fromkeys(ROWS[0], PASSED_OVER)] * 3
    )


def test_rows_that_nothing_is_read_of_count_too():
    endless = files.handmade(page(text(b"a"), 1), 2**62)
    asked = Asked(frozenset(), frozenset({"text"}))
    with pytest.raises(UnreadableContent) as refused:
        for _ in reader.read(Bytes(endless), lambda _: asked):
            pass
    assert refused.value.defect.code == "parquet_expands_too_far"


def test_a_damaged_column_is_damage_though_nobody_needs_it():
    with pytest.raises(UnreadableContent) as refused:
        rows(two_columns([leaf(b"other")], pages=page(b"\xff" * 9, 1)), "text")
    assert refused.value.defect.code == "damaged_parquet"


def test_binary_metadata_and_unknown_columns_cost_no_record_its_text():
    read = entries(WRITTEN)
    assert [entry.record is not None for entry in read] == [True] * 3
    assert [defect.code for entry in read for defect in entry.defects] == ["unknown_field"]
    assert "image" in read[0].defects[0].message + read[0].defects[0].path


def test_a_mapping_asks_for_what_it_names_and_nothing_else():
    read = entries(WRITTEN, FieldMapping("prompt", "completion"))
    assert [(entry.record is not None, entry.defects) for entry in read] == [(True, ())] * 3


def test_a_kept_column_is_needed():
    read = entries(WRITTEN, keep=frozenset({"image"}))
    assert [defect.code for entry in read for defect in entry.defects] == ["unreadable_value"] * 3


class Begun(files.Watched):
    """A file whose beginning says what it is."""

    def chunks(self) -> Iterator[bytes]:
        yield self.content


def test_an_ignored_column_is_not_fetched_and_its_damage_is_none_of_the_file():
    plain, less = Begun(WRITTEN), Begun(WRITTEN)
    assert len(list(SplitFileReader([Part("train.parquet", "parquet", plain)]))) == 3
    part, ignore = Part("train.parquet", "parquet", less), frozenset({"image", "nowhere"})
    assert [entry.defects for entry in SplitFileReader([part], ignore=ignore)] == [()] * 3
    assert len(less.reads) == len(plain.reads) - 1
    damaged = Part("train.parquet", "parquet", Bytes(two_columns([leaf(b"other")], pages=page(b"\xff" * 9, 1))))
    (entry,) = SplitFileReader([damaged], ignore=frozenset({"other"}))
    assert "damaged_parquet" not in {defect.code for defect in entry.defects}


def test_a_binary_answer_is_a_defect_of_its_row():
    columns = files.schema(prompt=T.string(), completion=T.binary())
    (entry,) = entries(files.written(columns, [{"prompt": "Why?", "completion": "fffe"}]))
    assert [(defect.code, defect.path) for defect in entry.defects] == [("unreadable_value", "$.completion")]


class Whole(Begun):
    """The same, of which mending looks at the first bytes before it knows what it is."""

    def read(self, start: int, length: int) -> bytes:
        """What there is of it."""
        return super().read(start, min(length, self.size - start))


def mended(
    source: Any, mapping: FieldMapping | None = None, ignore: frozenset[str] = frozenset()
) -> tuple[list, Mender]:
    mender = Mender(mapping, ignore=ignore)
    lines = list(mender.lines(lenient_reading.read(source, "parquet", mender)))
    return [json.loads(line) for line in lines], mender


def test_mending_reads_what_it_writes_and_counts_what_it_leaves_out():
    whole, less = Whole(WRITTEN), Whole(WRITTEN)
    _, mender = mended(whole)
    assert {defect.code for _, defect in mender.lost} == {"unreadable_value"}
    found, mender = mended(less, ignore=frozenset({"image"}))
    assert found == [{name: row[name] for name in ("prompt", "completion")} for row in ROWS]
    assert mender.lost == []
    assert {mend.what: mend.count for mend in mender.mends}["field_removed"] == len(ROWS) * 2
    assert len(less.reads) == len(whole.reads) - 1


def test_mending_with_a_mapping_fetches_what_that_names():
    columns = files.schema(ours=T.string(), theirs=T.string(), long=T.string())
    content = files.written(columns, [{"ours": "Why?", "theirs": "So.", "long": "x" * 999}])
    source = Whole(content)
    found, mender = mended(source, FieldMapping("ours", "theirs"))
    assert found == [{"ours": "Why?", "theirs": "So."}]
    assert [(mend.what, mend.count) for mend in mender.mends] == [("rows_to_lines", 1), ("field_removed", 1)]
    assert mender.lost == []


def test_a_cell_that_says_what_an_unread_one_holds_is_kept():
    columns = files.schema(prompt=T.string(), completion=T.string())
    found, _ = mended(Whole(files.written(columns, [{"prompt": "??", "completion": "??"}])))
    assert found == [{"prompt": "??", "completion": "??"}]
