"""A file as entries: numbered lines and records, one pass, blank lines told, nothing raised."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from tunedrop.checks import samples
from tunedrop.data.reading import Part, SplitFileReader
from tunedrop.data.sources import Bytes


@dataclass(frozen=True)
class Cut(Bytes):
    """Bytes in chunks of a size of the test's own."""

    every: int = 1

    def chunks(self):
        return (self.content[start : start + self.every] for start in range(0, len(self.content), self.every))


def entries(content: bytes, extension: str = "jsonl"):
    reader = SplitFileReader([Part(f"train.{extension}", extension, Bytes(content))])
    return list(reader), reader


def codes(content: bytes, extension: str = "jsonl") -> list[str]:
    return [defect.code for entry in entries(content, extension)[0] for defect in entry.defects]


def test_lines_and_records_are_numbered_apart():
    found, reader = entries(samples.good(1)() + b"\n\n" + samples.good(1, 5)() + b"oops\n")
    assert [(entry.line, entry.number) for entry in found] == [(1, 1), (2, None), (4, 2), (5, 3)]
    assert reader.records == 3
    assert reader.format == "prompt_completion"


def test_blank_lines_between_records_are_one_warning_a_run_and_at_the_end_only_counted():
    content = samples.good(1)() + b"\n \t\r\n" + samples.good(1, 5)() + b"\n\n\n"
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
    other = samples.messages(("user", "a"), ("assistant", "b")).encode()
    found, _ = entries(samples.good(2)() + other + b"\n")
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
    parts = [Part("a", "jsonl", Bytes(samples.good(2)())), Part("b", "jsonl", Bytes(samples.good(2, 9)()))]
    reader = SplitFileReader(parts)
    assert [(entry.source, entry.line, entry.number) for entry in reader] == [
        ("a", 1, 1),
        ("a", 2, 2),
        ("b", 1, 3),
        ("b", 2, 4),
    ]
    assert reader.records == 4


def test_the_second_of_two_files_has_to_be_in_the_format_of_the_first():
    other = samples.messages(("user", "a"), ("assistant", "b")).encode()
    parts = [Part("a", "jsonl", Bytes(samples.good(1)())), Part("b", "jsonl", Bytes(other))]
    found = list(SplitFileReader(parts))
    assert [(entry.source, [defect.code for defect in entry.defects]) for entry in found] == [
        ("a", []),
        ("b", ["mixed_formats"]),
    ]
