"""`tunedrop check --fix`: what is safe is mended and listed, the rest is reported, the input is never touched."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from tunedrop.domain.checks import examples
from tunedrop.domain.mending.mend_file import MENDS
from tunedrop.domain.reading.split_files import Part, SplitFileReader
from tunedrop.domain.records import elements
from tunedrop.domain.records.sources import Bytes

GOOD = examples.good(60)()
PAIRS = [json.loads(line) for line in GOOD.splitlines()]


def records(content: bytes, extension: str) -> list[tuple[str, ...]]:
    """The texts of all records that can be read without a defect, each record once."""
    reader = SplitFileReader([Part("x", extension, Bytes(content))])
    found = [tuple(text for _, _, text in entry.record.texts) for entry in reader if entry.record and not entry.defects]
    return list(dict.fromkeys(found))


@pytest.fixture
def fix(tunedrop, put, tmp_path):
    """Mends a file of that name and content: (exit code, what was done, the mended file or None)."""

    def run(name: str, content: bytes, *more: str):
        path = put(name, content)
        (tmp_path / "out.jsonl").unlink(missing_ok=True)
        ran = tunedrop("check", name, "--model", "claude-3-haiku", "--fix", "out.jsonl", "--format", "json", *more)
        assert path.read_bytes() == content
        assert ran.err == ""
        out = tmp_path / "out.jsonl"
        mended = {mend["what"]: mend["count"] for mend in ran.json["mended"]}
        return ran.code, mended, out.read_bytes() if out.exists() else None

    return run


def rows(delimiter: str = ",") -> bytes:
    lines = [delimiter.join(("Prompt", "completion", "id"))]
    lines += [delimiter.join((pair["prompt"], f'"{pair["completion"]}"', "7")) for pair in PAIRS]
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    ("name", "content", "mends"),
    [
        ("train.jsonl", b"\xef\xbb\xbf" + GOOD, {"byte_order_mark": 1}),
        ("train.jsonl", GOOD.replace(b"\n", b"\r\n"), {"crlf_line_end": 60}),
        ("train.jsonl", GOOD + b"\n\n", {"blank_line": 2}),
        ("train.jsonl", GOOD.decode().encode("utf-16"), {"encoding_converted": 1}),
        ("train.jsonl", GOOD.decode().encode("utf-16-be"), {"encoding_converted": 1}),
        ("train.jsonl", GOOD.decode().encode("utf-32"), {"encoding_converted": 1}),
        ("train.json", json.dumps(PAIRS).encode(), {"array_to_lines": 60}),
        ("train.json", json.dumps(PAIRS, indent=2).encode(), {"array_to_lines": 60}),
        ("train.jsonl", json.dumps(PAIRS).encode(), {"array_to_lines": 60}),
        ("train.json", "\n".join(json.dumps(pair, indent=2) for pair in PAIRS).encode(), {"spread_object": 60}),
        ("train.jsonl", b"\x1e" + GOOD.replace(b"\n", b"\n\x1e")[:-1], {"separator_removed": 60}),
        ("train.jsonl", GOOD.replace(b"\n", b"\r"), {"line_split": 1}),
        ("train.jsonl", GOOD.replace(b"}\n", b"},\n"), {"comma_removed": 60}),
        ("train.jsonl.gz", gzip.compress(GOOD, mtime=0), {"unpacked": 1}),
        ("train.csv", rows(), {"rows_to_lines": 60, "field_renamed": 1, "field_removed": 60}),
        ("train.tsv", rows("\t"), {"rows_to_lines": 60, "field_renamed": 1, "field_removed": 60}),
        ("train.tsv", rows(), {"rows_to_lines": 60, "field_renamed": 1, "field_removed": 60}),
        ("train.jsonl", "\n".join(str(pair) for pair in PAIRS).encode(), {"python_notation": 60}),
        ("train.jsonl", GOOD + GOOD, {"duplicate_removed": 60}),
    ],
)
def test_what_is_safe_is_mended_counted_and_accepted(fix, name, content, mends):
    code, done, mended = fix(name, content)
    assert (code, done) == (0, mends)
    assert [json.loads(line) for line in mended.splitlines()] == PAIRS


def test_a_clean_file_is_copied_byte_for_byte(fix):
    assert fix("train.jsonl", GOOD) == (0, {}, GOOD)


def test_what_is_not_safe_stays_and_rejects(fix):
    bad = b'{"prompt": "a", "prompt": "b", "completion": "c"}\n'
    assert fix("train.jsonl", GOOD + bad) == (1, {}, GOOD + bad)


def test_what_was_never_held_is_not_written_at_all(fix):
    content = GOOD + b"[" + b" " * elements.MAX_BYTES + b"]\n" + GOOD
    assert fix("train.jsonl", content) == (1, {}, None)


def test_a_file_that_breaks_off_is_not_written(fix):
    assert fix("train.jsonl.gz", gzip.compress(GOOD, mtime=0)[:-20])[0::2] == (1, None)
    assert fix("train.json", json.dumps(PAIRS).encode()[:-1])[0::2] == (1, None)
    assert fix("train.jsonl", GOOD.decode().encode("utf-16")[:-1])[0::2] == (1, None)


def table(*rows: bytes, delimiter: bytes = b",") -> bytes:
    return b"\n".join(row.replace(b",", delimiter) for row in rows) + b"\n"


HEAD, *BELOW = (line.encode() for line in ("prompt,completion", *(f"{p['prompt']},{p['completion']}" for p in PAIRS)))
CHATS = [[{"role": "user", "content": f"Why {n}?"}, {"role": "assistant", "content": f'As "{n}".'}] for n in range(60)]


@pytest.mark.parametrize(
    ("content", "mends"),
    [
        (b"sep=;\n" + table(HEAD, *BELOW, delimiter=b";"), {"separator_line": 1}),
        (table(HEAD, *BELOW, delimiter=b"|"), {}),
        (table(b"Our questions,", b",", HEAD, *BELOW), {"title_row": 1, "blank_line": 1}),
        (table(b"," + HEAD, *(b"%d,%s" % each for each in enumerate(BELOW))), {"unnamed_column": 1}),
        (table(HEAD + b",,", *(row + b",," for row in BELOW), b",,,"), {"unnamed_column": 2, "blank_line": 1}),
        (table(HEAD + b",notes", *(row + b"," for row in BELOW)), {}),
        (table(b"Unnamed: 0.1,Unnamed: 0," + HEAD, *(b"1,1," + row for row in BELOW)), {"field_removed": 120}),
    ],
    ids=["separator", "bars", "title", "index", "empty columns and rows", "an empty column", "pandas' indexes"],
)
def test_what_a_spreadsheet_wrote_around_the_records_goes_and_mending_again_changes_nothing(fix, content, mends):
    code, done, mended = fix("train.csv", content)
    assert (code, done) == (0, {"rows_to_lines": 60, **mends})
    assert [json.loads(line) for line in mended.splitlines()] == PAIRS
    assert fix("again.jsonl", mended) == (0, {}, mended)


@pytest.mark.parametrize("write", [json.dumps, repr, lambda chat: repr(chat).replace("}, {", "}\n {")])
def test_lists_in_the_cells_of_a_table_are_read_in_each_notation_and_mending_again_changes_nothing(fix, write):
    cells = (write(chat).replace('"', '""') for chat in CHATS)
    code, _, mended = fix("train.csv", "".join(["messages\n", *(f'"{cell}"\n' for cell in cells)]).encode())
    assert code == 0
    assert [json.loads(line)["messages"] for line in mended.splitlines()] == CHATS
    assert fix("again.jsonl", mended) == (0, {}, mended)


def test_a_mapping_is_the_persons_word_on_names(fix):
    content = b"topic,id,notes\n" + b"".join(b"%d?,answer%d,x\n" % (number, number) for number in range(60))
    code, done, mended = fix("train.csv", content, "--map", "prompt=topic", "--map", "completion=id")
    assert (code, done) == (0, {"rows_to_lines": 60})
    assert json.loads(mended.splitlines()[0]) == {"topic": "0?", "id": "answer0", "notes": "x"}


def test_a_title_above_the_names_that_a_mapping_knows_goes(fix):
    content = b"Asked in May,\ntopic,id\n" + b"".join(b"%d?,answer%d\n" % (number, number) for number in range(60))
    code, done, mended = fix("train.csv", content, "--map", "prompt=topic", "--map", "completion=id")
    assert (code, done) == (0, {"rows_to_lines": 60, "title_row": 1})
    assert json.loads(mended.splitlines()[0]) == {"topic": "0?", "id": "answer0"}


def test_what_is_kept_stays_and_what_is_ignored_goes(fix, put):
    put("dataset.toml", b"[fields]\nkeep = ['topic']\n")
    content = b"".join(json.dumps({**pair, "topic": "a", "note": "A note."}).encode() + b"\n" for pair in PAIRS)
    code, done, mended = fix("train.jsonl", content, "--ignore-field", "note")
    assert (code, done) == (0, {"field_removed": 60})
    assert json.loads(mended.splitlines()[0]) == {**PAIRS[0], "topic": "a"}


def test_json_in_the_cells_of_a_table_is_read(fix):
    chat = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Because."}]
    cell = json.dumps(chat).replace('"', '""')
    code, _, mended = fix("train.csv", f'messages,n\n"{cell}",1\n'.encode())
    assert code == 1  # one record is too few
    assert json.loads(mended)["messages"] == chat


def test_several_files_are_mended_into_one(tunedrop, put, tmp_path):
    put("a.jsonl", GOOD)
    put("b.json", json.dumps(PAIRS).encode())
    ran = tunedrop("check", "a.jsonl", "b.json", "--model", "claude-3-haiku", "--fix", "out.jsonl")
    assert ran.code == 0
    assert (tmp_path / "out.jsonl").read_bytes() == GOOD
    assert "60  exact copies of an earlier record removed" in ran.text


def test_the_words_say_what_was_done_and_where(tunedrop, put):
    put("train.jsonl", GOOD.replace(b"}\n", b"},\n", 7))
    ran = tunedrop("check", "train.jsonl", "--fix", "out.jsonl")
    assert "mended into out.jsonl" in ran.text
    assert "7  commas after an object" in ran.text
    assert "(lines 1, 2, 3, 4, 5, …)" in ran.text


LINES = some.lists(
    some.sampled_from(GOOD.splitlines(keepends=True)[:5])
    | some.sampled_from(
        [b"\n", b"oops\n", b'{"prompt": "a"}\n', b'{"Prompt": "a", "completion": "b",}\n', b"{\n", b"}\n"]
    )
    | some.binary(max_size=30),
    max_size=8,
).map(b"".join)


@given(content=LINES, extension=some.sampled_from(["jsonl", "json", "csv"]))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_record_that_was_read_is_ever_lost_or_changed(fix, content, extension):
    _, _, mended = fix(f"train.{extension}", content)
    if mended is not None:
        kept = records(mended, "jsonl")
        assert [texts for texts in records(content, extension) if texts not in kept] == []


def test_the_page_lists_every_mend_as_the_command_says_it():
    page = (Path(__file__).parents[3] / "docs" / "cli.md").read_text("utf-8")
    assert [f"| `{what}` | {words} |" for what, words in MENDS.items()] == [
        line for line in page.splitlines() if line.startswith("| `") and line.split("`")[1] in MENDS
    ]
