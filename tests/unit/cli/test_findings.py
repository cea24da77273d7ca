"""`tunedrop check --findings`: every finding has its line, whatever the report lists, and no cell is a formula."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections import Counter

import pytest
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.checks import examples
from tunedrop.domain.checks.findings import MAX_PER_CODE, Findings, Place
from tunedrop.domain.reports import finding_lines

GOOD = examples.good(60)()
COMMAND = ("check", "train.jsonl", "--model", "nova-lite", "--format", "json")


def many(count: int) -> bytes:
    """Records that conflict, and lines that are none."""
    conflicts = "".join(f"{examples.line('Why?', f'Because of {number}.')}\n" for number in range(count))
    return GOOD + conflicts.encode() + b"oops\n" * count


def test_every_finding_is_written_and_the_counts_are_those_of_the_report(tunedrop, put, tmp_path):
    put("train.jsonl", many(200))
    report = tunedrop(*COMMAND, "--findings", "all.jsonl").json
    told = [json.loads(line) for line in (tmp_path / "all.jsonl").read_bytes().splitlines()]
    assert Counter(each["code"] for each in told) == report["counts_by_code"]
    assert sorted(report["truncated_codes"]) == ["conflicting_answers", "invalid_json"]
    assert len(report["findings"]) < len(told)
    assert all({**each, "base_model": "nova-lite", "split": "train"} in told for each in report["findings"])
    assert tuple(told[0]) == finding_lines.COLUMNS


def test_a_spreadsheet_gets_the_same_lines_and_no_formula(tunedrop, put, tmp_path):
    put("=1+1.jsonl", many(60))
    command = ("check", "=1+1.jsonl", "--model", "nova-lite")
    tunedrop(*command, "--findings", "all.jsonl")
    tunedrop(*command, "--findings", "all.csv")
    told = [json.loads(line) for line in (tmp_path / "all.jsonl").read_bytes().splitlines()]
    rows = list(csv.DictReader(io.StringIO((tmp_path / "all.csv").read_text("utf-8"), newline="")))
    assert [{**row, "source": "=1+1.jsonl"} for row in rows] == [
        {name: "" if value is None else str(value) for name, value in each.items()} for each in told
    ]
    assert {row["source"] for row in rows} == {"'=1+1.jsonl"}


def test_findings_of_several_base_models_and_splits_are_told_apart(tunedrop, put, tmp_path):
    put("train.jsonl", GOOD + b"oops\n")
    put("test.jsonl", GOOD)
    tunedrop("check", "--train", "train.jsonl", "--test", "test.jsonl", "--findings", "all.jsonl")
    told = [json.loads(line) for line in (tmp_path / "all.jsonl").read_bytes().splitlines()]
    assert {each["base_model"] for each in told} == catalogue.catalogue().keys()
    assert {(each["split"], each["code"]) for each in told} >= {("train", "invalid_json"), ("test", "split_overlap")}


@pytest.mark.parametrize("out", ["train.jsonl", "-", "nowhere/all.csv"])
def test_findings_are_written_over_no_input_and_not_among_the_report(tunedrop, put, out):
    path = put("train.jsonl", GOOD)
    assert tunedrop(*COMMAND, "--findings", out).code == 2
    assert path.read_bytes() == GOOD


def test_what_a_policy_ignores_is_counted_and_not_told(tunedrop, put, tmp_path):
    put("train.jsonl", GOOD + GOOD)
    report = tunedrop(*COMMAND, "--ignore", "exact_duplicate", "--findings", "all.jsonl").json
    assert report["counts_by_code"] == {"exact_duplicate": 60}
    assert (tmp_path / "all.jsonl").read_bytes() == b""


def test_the_words_say_how_to_have_them_all(tunedrop, put):
    put("train.jsonl", GOOD * 3)
    assert (
        "and 117 more, on lines 64, 65, 66, 67, 68, 69, 70, 71, …; --findings OUT writes all"
        in tunedrop("check", "train.jsonl", "--model", "nova-lite").text
    )


def test_memory_is_flat_however_many_are_told():
    told = 0

    def tell(_: object) -> None:
        nonlocal told
        told += 1

    findings = Findings(None, tell)
    tracemalloc.start()
    for number in range(100_000):
        findings.add("invalid_json", Place("x", number, number), "$", "Not valid JSON.")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (told, len(findings.listed), findings.counts["invalid_json"]) == (100_000, MAX_PER_CODE, 100_000)
    assert peak < 200_000
