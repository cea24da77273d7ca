"""`tunedrop clean`: the records that a person chose go, the others stay byte for byte, and it says what it did."""

from __future__ import annotations

import json

import pytest
from arro3.core import DataType
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from tunedrop.domain.checks import examples
from tunedrop.domain.checks.dropped_records import REPEATING

from tests.unit.parquet import parquet_files

GOOD = examples.good(40)()


def line(prompt: str, completion: str) -> bytes:
    return examples.line(prompt, completion).encode() + b"\n"


SAME = line("What is 0 + 1?", "It is 1.")
OTHER = line("What is 0 + 1?", "It is 11.")
REFUSAL = line("Why not?", "I'm sorry, but I can't help with that.")


def test_of_what_repeats_or_contradicts_the_first_stays(tunedrop, put, tmp_path):
    path = put("train.jsonl", GOOD + SAME + OTHER + line("what is 1 + 1", "it is 2"))
    ran = tunedrop("clean", "train.jsonl", "out.jsonl", "--keep-first")
    assert ran.code == 0
    assert (tmp_path / "out.jsonl").read_bytes() == GOOD
    assert path.read_bytes() != GOOD
    assert "40 of 43 records written to out.jsonl; 3 dropped" in ran.err
    assert "1  exact_duplicate  (line 41)" in ran.err
    assert "1  conflicting_answers  (line 42)" in ran.err


def test_only_records_with_a_chosen_finding_go(tunedrop, put, tmp_path):
    put("train.jsonl", GOOD + REFUSAL + SAME + line("Why?", "TODO"))
    assert tunedrop("clean", "train.jsonl", "out.jsonl", "--drop", "refusal", "placeholder_answer").code == 0
    assert (tmp_path / "out.jsonl").read_bytes() == GOOD + SAME


def test_a_column_of_parquet_that_no_record_needs_stays_as_far_as_it_can_be_read(tunedrop, put, tmp_path):
    columns = parquet_files.schema(
        prompt=DataType.string(), completion=DataType.string(), id=DataType.string(), hash=DataType.binary()
    )
    rows = [{**json.loads(line), "id": "??", "hash": "fffe"} for line in (GOOD + SAME).splitlines()]
    put("train.parquet", parquet_files.written(columns, rows))
    assert tunedrop("check", "train.parquet", "--model", "nova-lite").code == 0
    ran = tunedrop("clean", "train.parquet", "out.jsonl", "--keep-first")
    assert ran.code == 0
    assert "left out, as not all of it can be read and no record needs it: 'hash'" in ran.err
    written = [json.loads(line) for line in (tmp_path / "out.jsonl").read_bytes().splitlines()]
    assert written == [{**json.loads(line), "id": "??"} for line in GOOD.splitlines()]


def test_a_table_with_a_title_is_cleaned_by_the_names_of_its_mapping(tunedrop, put, tmp_path):
    rows = "".join(f"Why {n}?,As {n} is so.\n" for n in range(30))
    put("train.csv", f"Asked in May,\nasked,said\n{rows}Why 0?,As 0 is so.\n".encode())
    ran = tunedrop(
        "clean", "train.csv", "out.jsonl", "--keep-first", "--map", "prompt=asked", "--map", "completion=said"
    )
    assert ran.code == 0
    written = [json.loads(line) for line in (tmp_path / "out.jsonl").read_bytes().splitlines()]
    assert written == [{"asked": f"Why {n}?", "said": f"As {n} is so."} for n in range(30)]


def test_what_a_policy_ignores_can_be_dropped(tunedrop, put, tmp_path):
    put("dataset.toml", b'[checks]\nignore = ["refusal"]\n')
    put("train.jsonl", REFUSAL + GOOD)
    assert tunedrop("clean", "train.jsonl", "--drop", "refusal").code == 0
    assert (tmp_path / "train.cleaned.jsonl").read_bytes() == GOOD


PAIRS = [json.loads(each) for each in (GOOD + REFUSAL).splitlines()]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train.json", json.dumps(PAIRS).encode()),
        ("train.json", json.dumps(PAIRS, indent=2).encode()),
        ("train.csv", "\n".join(["prompt,completion", *(f'{a},"{b}"' for a, b in map(dict.values, PAIRS))]).encode()),
        ("train.jsonl", b"\xef\xbb\xbf" + (GOOD + b"\n" + REFUSAL).replace(b"\n", b"\r\n")),
    ],
)  # fmt: skip
def test_every_kind_of_file_becomes_json_lines(tunedrop, put, tmp_path, name, content):
    put(name, content)
    assert tunedrop("clean", name, "--drop", "refusal").code == 0
    found = [json.loads(each) for each in (tmp_path / "train.cleaned.jsonl").read_bytes().splitlines()]
    assert found == PAIRS[:-1]


def test_lines_keep_their_bytes(tunedrop, put, tmp_path):
    odd = b'{ "completion" :"caf\\u00e9 \\/ x",  "prompt":"\xf0\x9f\x98\x80?"}\n'
    put("train.jsonl", odd + SAME + SAME + b"oops\n")
    tunedrop("clean", "train.jsonl", "out.jsonl", "--keep-first")
    assert (tmp_path / "out.jsonl").read_bytes() == odd + SAME + b"oops\n"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("train.csv", b"prompt,completion\nWhy?,Because.\nWhy,oh why?,Because.\n", "row_width"),
        ("train.json", b'[{"prompt": "a",\n "completion": "b\nc"}]', "invalid_json"),
    ],
)
def test_a_record_that_cannot_be_written_is_refused_and_named_unless_it_is_dropped(
    tunedrop, put, tmp_path, name, content, code
):
    put(name, content)
    refused = tunedrop("clean", name, "out.jsonl", "--keep-first")
    assert refused.code == 1
    assert f"--drop {code}" in refused.err
    assert not (tmp_path / "out.jsonl").exists()
    assert tunedrop("clean", name, "out.jsonl", "--drop", code).code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "say what to drop"),
        (["--drop", "no_such_code"], "no code of a finding"),
        (["--drop", "too_few_records"], "about a file"),
        (["--drop", "unknown_setting"], "about a file or its settings"),
        (["--drop", "too_many_tokens"], "depends on the base model"),
    ],
)
def test_what_cannot_be_chosen_is_said(tunedrop, put, arguments, words):
    put("train.jsonl", GOOD)
    ran = tunedrop("clean", "train.jsonl", "out.jsonl", *arguments)
    assert ran.code == 2
    assert words in ran.err


def test_a_code_of_one_base_model_can_be_dropped_for_it(tunedrop, put, tmp_path):
    put("train.jsonl", GOOD + line("Why?\n\nHuman: really", "Yes, really."))
    command = ("clean", "train.jsonl", "out.jsonl", "--drop", "reserved_word")
    assert tunedrop(*command, "--model", "claude-3-haiku").code == 0
    assert (tmp_path / "out.jsonl").read_bytes() == GOOD


def test_the_input_is_never_overwritten(tunedrop, put):
    path = put("train.jsonl", GOOD + SAME)
    assert tunedrop("clean", "train.jsonl", "train.jsonl", "--keep-first").code == 2
    assert path.read_bytes() == GOOD + SAME


RECORDS = some.lists(
    some.builds(line, some.sampled_from(["A?", "a", "B?", "C?"]), some.sampled_from(["One.", "one", "Two.", "TODO"]))
    | some.sampled_from([b"oops\n", b'{"prompt": "x"}\n']),
    max_size=12,
)


@given(lines=RECORDS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_it_nothing_repeats_and_nothing_else_is_gone(tunedrop, put, tmp_path, lines):
    lines = [line("Who?", "We."), *lines]
    put("train.jsonl", b"".join(lines))
    assert tunedrop("clean", "train.jsonl", "out.jsonl", "--keep-first").code == 0
    kept = (tmp_path / "out.jsonl").read_bytes().splitlines(keepends=True)
    assert [each for each in dict.fromkeys(lines) if each in kept] == list(dict.fromkeys(kept))
    report = tunedrop("check", "out.jsonl", "--model", "nova-lite", "--format", "json").json
    assert not set(REPEATING) & set(report["counts_by_code"])
    assert tunedrop("clean", "out.jsonl", "again.jsonl", "--keep-first").code == 0
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "out.jsonl").read_bytes()
