"""Text around JSON is told as what it is, and the file trains once a person has done what the hint says."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from collections.abc import Callable

import pytest
from tunedrop.domain.reading import file_kinds
from tunedrop.domain.reading.file_kinds import Found
from tunedrop_cli import main

from tests.unit.checks.splits import run
from tests.unit.hints.following import lines, only_finding, pairs, trained

ROWS = [{"prompt": question, "completion": answer} for question, answer in pairs()]
LINES = lines(ROWS).decode()
ARRAY = json.dumps(ROWS, indent=1)


def without_fences(text: str) -> str:
    """Without every line that begins with ```, and without what stands before the first and after the last."""
    _, *inner = re.split(r"^```.*\n?", text, flags=re.MULTILINE)
    return "".join(inner[:-1] if len(inner) > 1 else inner)


def without_beginnings(text: str) -> str:
    """Without what stands before the first { of each line."""
    return "".join(line[line.index("{") :] for line in text.splitlines(keepends=True))


def between_brackets(text: str) -> str:
    """Without what stands before the first [ or { and after the last ] or }."""
    return text[re.search(r"[\[{]", text).start() : max(text.rindex("]"), text.rindex("}")) + 1]  # type: ignore[union-attr]


def numbered(prefix: Callable[[int], str]) -> str:
    return "".join(f"{prefix(number)}{line}" for number, line in enumerate(LINES.splitlines(keepends=True)))


FOLLOW: dict[str, Callable[[str], str]] = {
    "begins with ```": without_fences,
    "before the first { of each line": without_beginnings,
    "before the first [ or {": between_brackets,
    "text of each cell on a line of its own": lambda text: "".join(
        f"{row[0]}\n" for row in csv.reader(io.StringIO(text))
    ),
}

STRAY = {
    "a fence": f"```json\n{LINES}```\n",
    "a fence around an array": f"```\n{ARRAY}\n```",
    "a fence after a sentence": f"Here are the records:\n\n```jsonl\n{LINES}```\n\nShall I write more?\n",
    "line numbers": numbered(lambda number: f"{number}\t"),
    "line numbers with colons": numbered(lambda number: f"train.jsonl:{number + 1}:"),
    "a log's times": numbered(lambda number: f"2026-11-30T10:00:{number % 60:02} INFO app - "),
    "server-sent events": numbered(lambda _: "data: "),
    "a list in Markdown": numbered(lambda _: "- "),
    "JavaScript": f"export default {ARRAY};\n",
    "a constant": f"const train = {ARRAY}\n",
    "a call": f"load({ARRAY});",
    "a spreadsheet's quotes": "".join('"' + line.replace('"', '""') + '"\n' for line in LINES.splitlines()),
}


@pytest.mark.parametrize("name", STRAY)
@pytest.mark.parametrize("extension", ["jsonl", "json"])
def test_what_stands_around_the_records_is_told_once_and_without_it_they_train(name, extension):
    result, _ = run(STRAY[name].encode(), extension=extension)
    (found,) = result.findings
    assert found.code == "unsupported_file"
    (follow,) = [do for words, do in FOLLOW.items() if words in found.hint]
    assert trained(follow(STRAY[name]).encode(), extension) == pairs()


@pytest.mark.parametrize("end", ["\\n", "\\r\\n"])
def test_line_feeds_that_were_escaped_are_put_back(end):
    content = LINES.replace("\n", end)
    found = only_finding(content.encode(), "invalid_json")
    assert 'in place of them where they stand between } and {", and remove them from the end' in found.hint
    assert trained(content.replace(f'}}{end}{{"', '}\n{"').removesuffix(end).encode()) == pairs()


def test_records_that_were_encoded_twice_are_decoded_once():
    twice = lines(json.dumps(row) for row in ROWS)
    assert "json.loads" in only_finding(twice, "not_an_object").hint
    once = "".join(f"{json.loads(line)}\n" for line in twice.splitlines())
    assert trained(once.encode()) == pairs()


def test_a_file_that_was_encoded_twice_is_decoded_once():
    twice = json.dumps(LINES).encode()
    assert "json.loads" in only_finding(twice, "not_an_object").hint
    assert trained(json.loads(twice).encode()) == pairs()


def test_an_array_of_records_that_were_encoded_twice_is_decoded_once():
    twice = json.dumps([json.dumps(row) for row in ROWS]).encode()
    assert "json.loads" in only_finding(twice, "not_an_object", "json").hint
    assert trained(lines(map(json.loads, json.loads(twice)))) == pairs()


@pytest.mark.parametrize("between", ["", "\n", "\n\n", " , "])
def test_several_arrays_become_one(between):
    content = between.join(json.dumps(half, indent=1) for half in (ROWS[:20], ROWS[20:]))
    result, _ = run(content.encode(), extension="json")
    assert {finding.code for finding in result.findings} == {"invalid_json"}
    if between != " , ":
        assert "with a comma in place of each ] and the [ that follows it" in result.findings[0].hint
        assert trained(re.sub(r"\]\s*\[", ",", content).encode(), "json") == pairs()


def test_an_array_among_lines_becomes_a_record_on_each_line():
    content = lines([*ROWS[:40], ROWS[40:]])
    assert "write each of them on a line of its own" in only_finding(content, "not_an_object").hint
    written = [json.loads(line) for line in content.splitlines()]
    assert trained(lines([*written[:40], *written[40]])) == pairs()


def test_a_missing_answer_is_filled_in_or_its_record_taken_out():
    content = lines([*ROWS[:40], ROWS[40] | {"completion": float("nan")}])
    found = only_finding(content, "number_out_of_range")
    assert "'completion' is NaN" in found.message
    assert "Fill in the value" in found.hint
    assert trained(content.replace(b"NaN", b'"By boat."'))[-1] == [ROWS[40]["prompt"], "By boat."]
    assert trained(b"".join(content.splitlines(keepends=True)[:40])) == pairs()[:40]


CHATS = [
    {"system": "Help.", "messages": [{"role": "user", "content": q}, {"role": "assistant", "content": a}]}
    for q, a in pairs()
]


@pytest.mark.parametrize("record", [CHATS[0], {"messages": CHATS[0]["messages"]}, {"conversations": []}, ROWS[0]])
@pytest.mark.parametrize("several", [True, False])
def test_an_object_over_several_lines_is_put_on_one_and_never_cut_up(record, several):
    content = json.dumps(record, indent=2) + "\n"
    found = file_kinds.identify((content * 2 if several else content).encode(), "jsonl")
    assert not isinstance(found, Found)
    assert found.hint in file_kinds.LOOSE
    assert "--fix" in found.hint


@pytest.mark.parametrize(
    "text",
    [
        '{"prompt": "a", "completion": "b"}\n',
        "id,text\n1,{a}\n2,{b}\n",
        "prompt,completion\nWrite {} in Python,{}\n",
        "Once upon a time\nthere was {\n",
        '["a", "b"]\n["c", "d"]\n',
        'prompt,completion\nWrite JSON,"So:\n```json\n{""a"": 1}\n```"\n',
        'prompt,completion\n"Write JSON like this:\n```\n[1]\n```",So.\n',
        'question;answer\nWhy?;"{""a"": 1}"\n',
    ],
)
def test_what_only_looks_like_stray_text_is_read_as_before(text):
    found = file_kinds.identify(text.encode())
    assert isinstance(found, Found) or found.code == "raw_text"


def test_the_command_that_puts_objects_on_one_line_is_printed_and_what_it_writes_trains(tmp_path, capsys):
    train, mended = tmp_path / "train.jsonl", tmp_path / "mended.jsonl"
    train.write_text("".join(json.dumps(chat, indent=2) + "\n" for chat in CHATS))
    assert main.main(["check", str(train)]) == 1
    (command,) = [line for line in capsys.readouterr().out.splitlines() if line.endswith("--fix mended.jsonl")]
    _, *arguments = shlex.split(command)
    assert main.main([*arguments[:-1], str(mended)]) == 0
    assert trained(mended.read_bytes()) == pairs()
