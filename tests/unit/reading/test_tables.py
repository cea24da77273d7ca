"""Tables as rows: quoted cells over lines, each row's first line, and nothing that is taken for something else."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.reading import tables
from tunedrop.domain.records.defects import Defect, UnreadableContent


def read(content: bytes, delimiter: str = ",", step: int = 2**20, longest: int = 2**24) -> list[tuple[int | None, Any]]:
    """Lines with cells or codes; what ended the reading stands last."""
    found: list[tuple[int | None, Any]] = []
    chunks = (content[n : n + step] for n in range(0, len(content), step))
    try:
        for element in tables.read(chunks, delimiter, Counter(), longest):
            said = element.content.code if isinstance(element.content, Defect) else element.content
            found.append((element.line, said))
    except UnreadableContent as unreadable:
        found.append((unreadable.defect.line, unreadable.defect.code))
    return found


HEAD = b"a,b\n"
CASES = [
    (b"", []),
    (b"a,b", []),
    (b"a,b\n1,2\n3,4", [(2, {"a": "1", "b": "2"}), (3, {"a": "3", "b": "4"})]),
    (b"a,b\r\n1,2\r\n", [(2, {"a": "1", "b": "2"})]),
    (b' a ," b "\n1,2\n', [(2, {"a": "1", "b": "2"})]),
    (HEAD + b",\n" + b'"",""\n1,\n', [(2, b""), (3, b""), (4, {"a": "1", "b": ""})]),
    (HEAD + b'","," "\n', [(2, {"a": ",", "b": " "})]),
    (HEAD + b'"x,y","say ""hi"""\n', [(2, {"a": "x,y", "b": 'say "hi"'})]),
    (HEAD + b'"one\ntwo\r\nthree",2\n4,5\n', [(2, {"a": "one\ntwo\r\nthree", "b": "2"}), (5, {"a": "4", "b": "5"})]),
    (HEAD + b'5" pipe,6\n', [(2, {"a": '5" pipe', "b": "6"})]),
    (HEAD + b'" lead ", trail \n', [(2, {"a": " lead ", "b": " trail "})]),
    (HEAD + "日本,é\u2028e\u0301😀\u0085\n".encode(), [(2, {"a": "日本", "b": "é\u2028e\u0301😀\u0085"})]),
    (HEAD + b"1,2\n\n3,4\n", [(2, {"a": "1", "b": "2"}), (3, b""), (4, {"a": "3", "b": "4"})]),
    (HEAD + b"1\n1,2,3\n1,2\n", [(2, "row_width"), (3, "row_width"), (4, {"a": "1", "b": "2"})]),
    (HEAD + b'"x"y,2\n1,2\n', [(2, "invalid_row"), (3, {"a": "1", "b": "2"})]),
    (HEAD + b"x\ry,2\n1,2\n", [(2, "invalid_row"), (3, {"a": "1", "b": "2"})]),
    (HEAD + b"caf\xe9,2\n1,2\n", [(2, "invalid_utf8"), (3, {"a": "1", "b": "2"})]),
    (HEAD + b"x\0,2\n", [(2, {"a": "x\0", "b": "2"})]),
    (HEAD + b'1,2\n"x,2\n3,4\n', [(2, {"a": "1", "b": "2"}), (3, "unterminated_quote")]),
    (b"a,\n1,2\n", [(1, "bad_header")]),
    (b",a,b\n0,x,y\n1,z,\n", [(2, {"a": "x", "b": "y"}), (3, {"a": "z", "b": ""})]),
    (b",a,b\nNo,x,y\n", [(2, "row_width")]),
    (b"a,b,\n1,2,\n1,2,3\n3,4\n", [(2, {"a": "1", "b": "2"}), (3, "row_width"), (4, "row_width")]),
    (HEAD + b"1,2,,\n1,2, ,x\n", [(2, {"a": "1", "b": "2"}), (3, "row_width")]),
    (b"sep=,\r\na,b\n1,2\n", [(3, {"a": "1", "b": "2"})]),
    (b'"sep=,"\na,b\n1,2\n', [(3, {"a": "1", "b": "2"})]),
    (HEAD + b'"sep=,"\n', [(2, "row_width")]),
    (b"Our questions,\n,\nof 2026,\nAnswer,Question\n1,2\n", [(2, b""), (5, {"Answer": "1", "Question": "2"})]),
    (b"Our questions,\na,b\n1,2\n", [(1, "bad_header")]),
    (b"Our questions,\n", [(1, "bad_header")]),
    (b"prompt,\nWhy?,\n", [(2, {"prompt": "Why?"})]),
    (b"a,b,a\n1,2,3\n", [(1, "bad_header")]),
    (b"\n\na,,\n", [(1, b""), (2, b""), (3, "bad_header")]),
    (b"caf\xe9,b\n1,2\n", [(1, "invalid_utf8")]),
    (b"How do I reset it?,Hold it for long.\na,b\n", [(1, "bad_header")]),
    (b"How do you like it?,rating\na,b\n", [(2, {"How do you like it?": "a", "rating": "b"})]),
    (b'"a"x,b\n1,2\n', [(1, "invalid_row")]),
]


@pytest.mark.parametrize(("content", "expected"), CASES, ids=[str(content) for content, _ in CASES])
@pytest.mark.parametrize("step", [1, 3, 2**20])
def test_rows_come_with_the_line_where_they_begin(content, expected, step):
    assert read(content, step=step) == expected


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        (b"Rumpelstiltskin,,\nx,y,z\n", "Only column 1 of 3 has a name.", "title"),
        (b"a,b,a\n", "Two columns have the name 'a'.", ""),
        (b"My secret is Rumpelstiltskin.,It is safe with me.\n", "The first row holds texts", "names the columns"),
        (b"1,My secret is Rumpelstiltskin.,It is safe with me.\n", "The first row holds texts", "names the columns"),
    ],
)
def test_a_bad_header_is_told_apart_and_never_quoted(content, message, hint):
    with pytest.raises(UnreadableContent) as refused:
        list(tables.read(iter([content]), ",", Counter()))
    assert refused.value.defect.message.startswith(message)
    assert hint in refused.value.defect.hint
    assert bool(hint) == bool(refused.value.defect.hint)
    assert "Rumpel" not in str(refused.value.defect)


def test_a_row_over_the_cap_is_not_held_and_the_next_ones_are_read():
    assert read(HEAD + b"x" * 30 + b",2\n1,2\n", longest=20, step=7) == [
        (2, "record_too_long"),
        (3, {"a": "1", "b": "2"}),
    ]


def test_a_quotation_mark_that_nothing_closes_does_not_swallow_a_large_file():
    tracemalloc.start()
    found = read(HEAD + b'"open,2\n' + b"1,2\n" * 2**20, longest=2**20, step=2**16)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == [(2, "unterminated_quote")]
    assert peak < 40 * 2**20


def test_cells_longer_than_the_csv_modules_own_limit_are_read():
    ((_, cells),) = read(HEAD + b"x" * 200_000 + b",2\n")
    assert len(cells["a"]) == 200_000


def test_a_header_of_very_many_columns_is_read_in_bounded_time():
    names = ",".join(f"c{number}" for number in range(50_000)).encode()
    ((_, cells),) = read(names + b"\n" + b"x" + b"," * 49_999 + b"\n")
    assert len(cells) == 50_000


def test_line_ends_are_counted_and_those_inside_of_quotes_are_not():
    normalised: Counter[str] = Counter()
    assert len(list(tables.read([b'a\r\n"x\r\ny"\r\n'], ",", normalised))) == 1
    assert normalised == {"crlf_line_end": 2}


_CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ['"', ",", "\n", "\r\n", '""', "\t"]
)


@given(
    st.lists(st.tuples(_CELLS, _CELLS), max_size=6),
    st.sampled_from([",", "\t", ";"]),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(1, 9),
)
def test_every_table_that_the_csv_module_writes_comes_back(rows, delimiter, ending, step):
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL)
    writer.writerows([("a", "b"), *rows])
    found = read(written.getvalue().encode(), delimiter, step)
    assert [cells for _, cells in found] == [{"a": a, "b": b} if (a + b).strip() else b"" for a, b in rows]


@pytest.mark.parametrize(
    ("content", "counted"),
    [
        (b",a,\n0,x,\n1,y,\n", {"unnamed_column": 2, "field_left_out": 2}),
        (b",a\n0.0,x\n1.0,y\n", {"unnamed_column": 1, "field_left_out": 2}),
        (b"sep=,\na,b\n1,2\n", {"separator_line": 1}),
        (b"Our questions,\nsince May,\nquestion,answer\n1,2\n", {"title_row": 2}),
    ],
)
def test_what_a_spreadsheet_wrote_around_the_records_is_counted(content, counted):
    normalised: Counter[str] = Counter()
    list(tables.read([content], ",", normalised))
    assert +normalised == counted


def test_the_names_that_a_mapping_knows_stand_below_a_title_too():
    normalised: Counter[str] = Counter()
    content = b"Asked in May,\ncustomer says,agent says\nWhy?,So.\n"
    (row,) = tables.read([content], ",", normalised, mapped=frozenset({"customer says", "agent says"}))
    assert (row.content, normalised["title_row"]) == ({"customer says": "Why?", "agent says": "So."}, 1)


@given(st.binary(max_size=80) | st.text(alphabet='",;\t\r\nab', max_size=60).map(str.encode), st.integers(1, 9))
def test_no_bytes_make_it_raise_and_chunks_never_matter(noise, step):
    assert read(noise, step=step) == read(noise)
    assert read(HEAD + noise, step=step) == read(HEAD + noise)
