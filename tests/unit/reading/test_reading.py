"""A file as entries: numbered lines and records, one pass, blank lines told, nothing raised."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.checks import examples
from tunedrop.domain.formats.field_mapping import FieldMapping
from tunedrop.domain.reading import gzipped
from tunedrop.domain.reading.split_files import Entry, Part, SplitFileReader
from tunedrop.domain.records import bulk
from tunedrop.domain.records.sources import Bytes

zipped = partial(gzip.compress, mtime=0)  # the same bytes, and so the same test, in every process


@dataclass(frozen=True)
class Cut(Bytes):
    """Bytes in chunks of a size of the test's own."""

    every: int = 1

    def chunks(self):
        return (self.content[start : start + self.every] for start in range(0, len(self.content), self.every))


def entries(content: bytes, extension: str = "jsonl"):
    reader = SplitFileReader([Part(f"train.{extension}", extension, Bytes(content))])
    return list(reader), reader


def told(content: bytes, extension: str, mapping: FieldMapping | None = None) -> list[tuple[int | None, str]]:
    """Lines and codes of everything found."""
    reader = SplitFileReader([Part(f"train.{extension}", extension, Bytes(content))], mapping)
    return [(entry.line, defect.code) for entry in reader for defect in entry.defects]


def codes(content: bytes, extension: str = "jsonl") -> list[str]:
    return [defect.code for entry in entries(content, extension)[0] for defect in entry.defects]


def test_lines_and_records_are_numbered_apart():
    found, reader = entries(examples.good(1)() + b"\n\n" + examples.good(1, 5)() + b"oops\n")
    assert [(entry.line, entry.number) for entry in found] == [(1, 1), (2, None), (4, 2), (5, 3)]
    assert reader.records == 3
    assert reader.format == "prompt_completion"


def test_blank_lines_between_records_are_one_warning_a_run_and_at_the_end_only_counted():
    content = examples.good(1)() + b"\n \t\r\n" + examples.good(1, 5)() + b"\n\n\n"
    found, reader = entries(content)
    assert [defect.message for entry in found for defect in entry.defects] == ["2 blank lines in a row."]
    assert reader.normalised["blank_line"] == 5


def test_a_file_without_a_record_is_empty():
    for content in (b"", b"\xef\xbb\xbf", b"\n\n\n"):
        assert codes(content) == ["empty_file"]


def test_a_file_of_another_kind_is_told_once_and_not_read_further():
    found, reader = entries(b"PK\x03\x04" + b"{}\n" * 100)
    assert [(entry.line, entry.defects[0].code) for entry in found] == [(None, "unsupported_file")]
    assert reader.records == 0


def test_a_character_cut_by_a_chunk_is_no_defect():
    line = '{"prompt": "é日😀", "completion": "ß"}\n'.encode()
    reader = SplitFileReader([Part("train.jsonl", "jsonl", Cut(line * 1000, 1))])
    assert all(not entry.defects for entry in reader)
    assert reader.records == 1000


def test_a_file_that_changes_its_format_says_at_which_record():
    other = examples.messages(("user", "a"), ("assistant", "b")).encode()
    found, _ = entries(examples.good(2)() + other + b"\n")
    assert [(entry.line, [defect.code for defect in entry.defects]) for entry in found[2:]] == [(3, ["mixed_formats"])]


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(content):
    assert entries(content)[0]


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_every_line_gives_one_entry_or_is_blank(pieces):
    content = b'{"prompt": "a", "completion": "b"}\n' + b"\n".join(piece.replace(b"\n", b"") for piece in pieces)
    found, reader = entries(content)
    numbers = [entry.number for entry in found if entry.number is not None]
    assert numbers == list(range(1, reader.records + 1)) or codes(content)[0] in {
        "unsupported_file",
        "wrong_encoding",
        "wrong_extension",
    }


def test_several_files_are_one_split_in_order_each_with_lines_of_its_own():
    parts = [Part("a", "jsonl", Bytes(examples.good(2)())), Part("b", "jsonl", Bytes(examples.good(2, 9)()))]
    reader = SplitFileReader(parts)
    assert [(entry.source, entry.line, entry.number) for entry in reader] == [
        ("a", 1, 1),
        ("a", 2, 2),
        ("b", 1, 3),
        ("b", 2, 4),
    ]
    assert reader.records == 4


def test_the_second_of_two_files_has_to_be_in_the_format_of_the_first():
    other = examples.messages(("user", "a"), ("assistant", "b")).encode()
    parts = [Part("a", "jsonl", Bytes(examples.good(1)())), Part("b", "jsonl", Bytes(other))]
    found = list(SplitFileReader(parts))
    assert [(entry.source, [defect.code for defect in entry.defects]) for entry in found] == [
        ("a", []),
        ("b", ["mixed_formats"]),
    ]


LINES = examples.good(3)()
ROWS = [json.loads(line) for line in LINES.splitlines()]
ARRAY = json.dumps(ROWS).encode()
PRETTY = json.dumps(ROWS, indent=2).encode()


def table(delimiter: str = ",", *, head: tuple[str, ...] = ("prompt", "completion")) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter, lineterminator="\n").writerows([head, *(row.values() for row in ROWS)])
    return written.getvalue().encode()


@pytest.mark.parametrize(
    ("content", "extension", "container", "normalised"),
    [
        (LINES, "jsonl", "jsonl", {}),
        (LINES, "JSONL", "jsonl", {}),
        (LINES, "json", "jsonl", {"json_lines": 1}),
        (ARRAY, "json", "json", {}),
        (PRETTY, "json", "json", {}),
        (b"\xef\xbb\xbf" + PRETTY.replace(b"\n", b"\r\n"), "json", "json", {"byte_order_mark": 1}),
        (PRETTY, "jsonl", "json", {"json_array": 1}),
        (table(), "csv", "csv", {}),
        (table("\t"), "tsv", "tsv", {}),
        (table(";"), "csv", "csv", {"semicolon_separated": 1}),
        (b"\xef\xbb\xbf" + table().replace(b"\n", b"\r\n"), "csv", "csv",
         {"byte_order_mark": 1, "crlf_line_end": 4}),
        (table(head=("Prompt", " completion ")), "csv", "csv", {"column_renamed": 1}),
        (zipped(LINES), "jsonl.gz", "jsonl.gz", {}),
        (zipped(LINES[:40]) + zipped(LINES[40:]), "jsonl.gz", "jsonl.gz", {}),
        (zipped(PRETTY), "json.gz", "json.gz", {}),
        (zipped(table()), "csv.gz", "csv.gz", {}),
        (zipped(table("\t")), "tsv.gz", "tsv.gz", {}),
        (LINES, "", "jsonl", {}),
        (table("\t"), "txt", "tsv", {}),
        (zipped(table()), "", "csv.gz", {}),
        (zipped(LINES), "gz", "jsonl.gz", {}),
    ],
)  # fmt: skip
def test_the_same_records_come_out_of_every_kind_of_file(content, extension, container, normalised):
    found, reader = entries(content, extension)
    assert [[text for _, _, text in entry.record.texts] for entry in found] == [list(row.values()) for row in ROWS]
    assert all(not entry.defects for entry in found)
    assert (reader.container, reader.format, reader.records) == (container, "prompt_completion", 3)
    assert {what: count for what, count in reader.normalised.items() if count} == normalised


@pytest.mark.parametrize(
    ("content", "extension", "right"),
    [
        (zipped(LINES), "jsonl", ".jsonl.gz"),
        (zipped(table()), "jsonl", ".csv.gz"),
        (LINES, "jsonl.gz", ".jsonl"),
        (table(), "jsonl", ".csv"),
        (table("\t"), "csv", ".tsv"),
        (table(), "tsv", ".csv"),
        (LINES, "csv", ".jsonl"),
        (ARRAY, "tsv", ".json"),
        (zipped(LINES), "csv.gz", ".jsonl.gz"),
        (b"PAR1" + bytes(40), "jsonl", ".parquet"),
        (table(), "parquet", ".csv"),
    ],
)
def test_a_file_that_is_named_like_another_kind_is_told_its_right_name(content, extension, right):
    (entry,), reader = entries(content, extension)
    assert [defect.code for defect in entry.defects] == ["wrong_extension"]
    assert entry.defects[0].hint == f"Name it {right}."
    assert (entry.line, reader.records) == (None, 0)


@pytest.mark.parametrize(
    ("content", "extension", "found"),
    [
        (zipped(zipped(LINES)), "jsonl.gz", [(None, "unsupported_file")]),
        (zipped(b"PAR1"), "jsonl.gz", [(None, "unsupported_file")]),
        (zipped(b"%PDF-1.7"), "jsonl.gz", [(None, "unsupported_file")]),
        (zipped(LINES)[:-9], "jsonl.gz", [(None, "broken_gzip")]),
        (zipped(LINES) + b"more", "jsonl.gz", [(None, "broken_gzip")]),
        (zipped(b""), "jsonl.gz", [(None, "empty_file")]),
        (b"", "jsonl.gz", [(None, "wrong_extension")]),
        (b"", "csv", [(None, "empty_file")]),
        (b"", "parquet", [(None, "unsupported_file")]),
        (b"\x00\x01\x02", "parquet", [(None, "unsupported_file")]),
        (b"prompt,completion\n", "csv", [(None, "empty_file")]),
        (b"[]", "json", [(None, "empty_file")]),
        (LINES.decode().encode("utf-16"), "csv", [(None, "wrong_encoding")]),
        (b"Once upon a time\nthere was a thermostat\n", "jsonl", [(None, "raw_text")]),
        (b"text\nOnce upon a time\nand so on\n", "csv", [(2, "raw_text")]),
        (b"text,label\na,b\nc,d\n", "csv", [(2, "needs_mapping")]),
        (b"text,category\na,b\n", "csv", [(2, "needs_mapping")]),
        (b"prompt,completion,mood\na,b,c\na,b,c\n", "csv", [(2, "unknown_field")]),
        (b"prompt,completion,id,source\na,b,c,d\n", "csv", []),
        (b'[{"prompt": "a", "completion": "b"},\n oops,\n {"prompt": "a",\n "completion": nil}]', "json",
         [(2, "invalid_json"), (4, "invalid_json")]),
        (b'[{"prompt": "a", "completion": "b"}\n{"prompt": "a", "completion": "b"}]', "json", [(2, "invalid_json")]),
        (b'[{"prompt": "a", "completion": "b"},\n{"prompt"', "json", [(2, "invalid_json")]),
        (b'[{"prompt": "a", "completion": "b"}]\n[]', "json", [(2, "invalid_json")]),
        (b'["a"]', "json", [(1, "not_an_object")]),
        (b'[\n"a"]', "json", [(2, "not_an_object")]),
        (b'id,messages\n1,"[{""role"": ""user""}]"\n', "csv", [(2, "missing_field")]),
        (b'id,messages\n1,"[{\'role\': \'user\'}]"\n', "csv", [(2, "invalid_json")]),
        (b"id,messages\n1,hello\n", "csv", [(2, "wrong_type")]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_told_with_its_line(content, extension, found):
    assert told(content, extension) == found


def test_a_table_may_hold_conversations_as_json():
    written = io.StringIO(newline="")
    turns = [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
    ]
    csv.writer(written).writerows([("id", "messages", "tools"), (1, json.dumps(turns), "")])
    (entry,), reader = entries(written.getvalue().encode(), "csv")
    assert (reader.format, entry.defects) == ("openai_chat", ())
    assert [text for _, _, text in entry.record.texts] == ["S", "a", "b"]


def test_a_mapped_table_is_read_and_its_other_columns_are_counted():
    mapping = FieldMapping("text", "label")
    reader = SplitFileReader([Part("a", "csv", Bytes(b"id,text,label,mood\n1,a,b,c\n2,d,,f\n"))], mapping)
    assert [[text for _, _, text in entry.record.texts] for entry in reader] == [["a", "b"], ["d", ""]]
    assert (reader.format, reader.normalised["field_left_out"]) == ("mapped", 4)


def test_a_file_is_openais_once_a_record_has_a_system_message():
    plain = examples.messages(("user", "a"), ("assistant", "b"))
    system = examples.messages(("system", "s"), ("user", "a"), ("assistant", "b"))
    for texts in ([plain, system], [system, plain]):
        found, reader = entries("\n".join(texts).encode())
        assert reader.format == "openai_chat"
        assert all(not entry.defects for entry in found)


def test_the_escapes_of_a_text_are_kept_with_it():
    (entry,), _ = entries(b'[{"prompt": "\\u4f60", "completion": "b"}]', "json")
    assert entry.record.turns[0].blocks[0].raw == b'"\\u4f60"'


def test_lines_elements_and_rows_over_the_cap_are_refused_unread_in_flat_memory():
    def chunks(before: bytes, after: bytes) -> Iterator[bytes]:
        yield from (before, *[b"x" * 2**20] * 100, after)

    @dataclass(frozen=True)
    class Long(Bytes):
        after: bytes = b""

        def chunks(self) -> Iterator[bytes]:
            return chunks(self.content, self.after)

    good = LINES.splitlines()[0]
    files = {
        "jsonl": Long(b'{"prompt": "', b'", "completion": "b"}\n' + good),
        "json": Long(b'[{"prompt": "', b'", "completion": "b"}, ' + good + b"]"),
        "csv": Long(b"prompt,completion\n", b",b\na,b\n"),
    }
    tracemalloc.start()
    for extension, source in files.items():
        found = list(SplitFileReader([Part("a", extension, source)]))
        assert [[defect.code for defect in entry.defects] for entry in found] == [["record_too_long"], []]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 * 2**20


def test_a_bomb_is_refused_at_its_budget():
    bomb = gzip.compress((b"[" * (2**23 - 1) + b"\n") * (gzipped.FREE_BYTES // 2**23 + 1), compresslevel=6)
    *broken, last = SplitFileReader([Part("a", "jsonl.gz", Bytes(bomb))])
    assert {defect.code for entry in broken for defect in entry.defects} == {"nested_too_deep"}
    assert [defect.code for defect in last.defects] == ["gzip_too_large"]


def test_a_split_has_an_end():
    parts = [Part(name, "jsonl", Bytes(examples.good(3)() + b"\n")) for name in ("a", "b")]
    for screen in (None, lambda block: True):
        found = list(SplitFileReader(parts, most=7).items(screen))
        assert sum(1 if isinstance(item, Entry) else len(item) for item in found) == 7
        assert isinstance(found[-1], Entry)
        assert (found[-1].source, [defect.code for defect in found[-1].defects]) == ("b", ["too_many_lines"])


@pytest.mark.parametrize(
    ("content", "extension"),
    [
        (b'{"messages": [' + b"1," * 300_000 + b"1]}", "jsonl"),
        (b"{" + b",".join(b'"k%d":1' % number for number in range(300_000)) + b"}", "jsonl"),
        (b"a,b\nx" + b"," * 300_000 + b"\n", "csv"),
        (b"," * 300_000 + b"\n", "csv"),
    ],
)
def test_records_of_very_many_values_are_not_parsed(content, extension):
    assert [code for _, code in told(content, extension)] == ["record_too_long"]


_PLAIN = st.builds(
    lambda prompt, completion: json.dumps({"prompt": prompt, "completion": completion}, ensure_ascii=False).encode(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
)
_OTHER = st.sampled_from([b"", b"oops", b"{}", b'{"messages": []}', b'{"prompt": "a", "completion": "b"}\r', b"\xff"])


@given(st.lists(_PLAIN | _PLAIN | _OTHER, max_size=12), st.booleans(), st.integers(1, 50))
def test_blocks_taken_whole_leave_nothing_out_and_change_nothing(lines_, ended, step):
    content = b"\n".join(lines_) + (b"\n" if ended else b"")
    whole, plain, single = (
        SplitFileReader([Part("a", "jsonl", Cut(content, step))], ignore=ignore)
        for ignore in (frozenset[str](), frozenset[str](), frozenset({"none of these"}))  # which is read line by line
    )
    found: list[list[str]] = []
    told_in_bulk = []
    for item in whole.items(lambda block: True):
        if isinstance(item, bulk.Cells):
            found += [[json.loads(a), json.loads(b)] for a, b in zip(item.prompts, item.completions, strict=True)]
        else:
            told_in_bulk += [(item.line, item.number, defect.code) for defect in item.defects]
            found += [[text for _, _, text in item.record.texts]] if item.record else []
    expected = list(single)
    assert list(plain) == expected
    assert (plain.records, plain.format, plain.normalised) == (single.records, single.format, single.normalised)
    assert found == [[text for _, _, text in entry.record.texts] for entry in expected if entry.record]
    assert told_in_bulk == [(each.line, each.number, bad.code) for each in expected for bad in each.defects]
    assert (whole.records, whole.format, whole.normalised) == (single.records, single.format, single.normalised)


_EXTENSIONS = ["", "jsonl", "json", "csv", "tsv", "jsonl.gz", "json.gz", "csv.gz", "tsv.gz", "parquet", "txt"]
_BEGINNINGS = [
    b"",
    b"[",
    b"{",
    b'[{"prompt": "a"}, ',
    b"prompt,completion\n",
    b'a\tb\n"',
    b"PAR1",
    b"\xef\xbb\xbf",
    b"\x1f\x8b\x08",
]


@pytest.mark.parametrize("extension", _EXTENSIONS)
@given(st.sampled_from(_BEGINNINGS), st.binary(max_size=120), st.booleans(), st.integers(1, 200))
def test_no_file_makes_the_reader_raise_whatever_its_bytes_and_name(extension, beginning, noise, packed, step):
    content = zipped(beginning + noise) if packed else beginning + noise
    reader = SplitFileReader([Part("a", extension, Cut(content, step))])
    found = list(reader)
    assert found
    numbers = [entry.number for entry in found if entry.number is not None]
    assert numbers == list(range(1, reader.records + 1))
    assert all(entry.record is not None or entry.defects or entry.number for entry in found)
