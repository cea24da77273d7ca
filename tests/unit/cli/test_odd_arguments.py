"""Names, options and surroundings that nobody expects: said in words, never a traceback."""

from __future__ import annotations

import io
import os
import sys

import pytest
from tunedrop.domain.checks import examples

GOOD = examples.good(40)()
NO_UTF_8 = os.fsdecode(b"train\xff.jsonl")


@pytest.fixture
def odd_file(tmp_path):
    """A file whose name is not UTF-8."""
    path = tmp_path / NO_UTF_8
    try:
        path.write_bytes(GOOD + b"oops\n")
    except OSError:
        pytest.skip("the file system takes no such name")
    return path


@pytest.mark.parametrize(
    "options", [[], ["--model", "nova-lite"], ["--html", "page.html", "--model", "nova-lite"], ["--report", "out.json"]]
)
def test_a_name_that_is_not_utf_8_is_shown_with_replacements(tunedrop, odd_file, options):
    ran = tunedrop("check", NO_UTF_8, *options)
    assert (ran.code, ran.err) == (1, "")
    assert "train\\ufffd.jsonl" in ran.text


def test_such_a_name_stands_in_json_that_every_reader_takes(tunedrop, odd_file):
    ran = tunedrop("check", NO_UTF_8, "--model", "nova-lite", "--format", "json")
    assert ran.json["files"][0]["key"] == ran.json["findings"][0]["source"] == "train\ufffd.jsonl"


def test_such_a_file_is_still_known_as_the_one_that_must_not_be_overwritten(tunedrop, odd_file):
    before = odd_file.read_bytes()
    assert tunedrop("check", NO_UTF_8, "--fix", NO_UTF_8).code == 2
    assert odd_file.read_bytes() == before


def test_such_a_name_may_be_written(tunedrop, put, tmp_path, odd_file):
    put("good.jsonl", GOOD)
    ran = tunedrop("check", "good.jsonl", "--model", "nova-lite", "--fix", NO_UTF_8)
    assert (ran.code, odd_file.read_bytes()) == (0, GOOD)


def test_a_system_text_that_is_not_utf_8_is_wrong_usage(tunedrop, put):
    put("train.jsonl", GOOD)
    ran = tunedrop("check", "train.jsonl", "--model", "nova-lite", "--system", os.fsdecode(b"Be kind\xff"))
    assert (ran.code, ran.err) == (2, "tunedrop: --system is not UTF-8\n")


@pytest.mark.parametrize("page", [".", "/", "nowhere/page.html"])
def test_a_page_that_cannot_be_written_is_wrong_usage(tunedrop, put, page):
    put("train.jsonl", GOOD)
    ran = tunedrop("check", "train.jsonl", "--html", page)
    assert ran.code == 2
    assert "can't be written" in ran.err


@pytest.mark.parametrize("prices", ["[1]", '"x"', "{", '{"nova-lite.training_per_1000_tokens": 1e999}', '{"a": "b"}'])
def test_prices_that_are_none_leave_the_cost_unknown(tunedrop, put, monkeypatch, prices):
    monkeypatch.setenv("TUNEDROP_PRICES", prices)
    put("train.jsonl", GOOD)
    ran = tunedrop("check", "train.jsonl", "--model", "nova-lite", "--format", "json")
    assert (ran.code, ran.json["cost"]["price"], ran.json["cost"]["amount"]) == (0, None, None)


@pytest.mark.parametrize(("options", "shown"), [([], b"\\u6570.jsonl as train"), (["--format", "json"], "数".encode())])
def test_a_terminal_that_has_no_such_letters_gets_escapes_and_a_pipe_its_json(
    tunedrop, put, monkeypatch, options, shown
):
    put("数.jsonl", GOOD)
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", narrow)
    assert tunedrop("check", "数.jsonl", *options).code == 0
    assert shown in narrow.buffer.getvalue()


@pytest.mark.parametrize(
    ("arguments", "usage"),
    [
        ("jobs show x --wach", "usage: tunedrop jobs show "),
        ("check a.jsonl --modle nova-lite", "usage: tunedrop check "),
        ("keys list more", "usage: tunedrop keys list "),
        ("--loud jobs list", "usage: tunedrop "),
    ],
)
def test_what_no_command_knows_is_refused_with_the_usage_of_the_one_that_was_typed(tunedrop, arguments, usage):
    ran = tunedrop(*arguments.split())
    assert ran.code == 2
    assert ran.err.startswith(usage)
    assert "unrecognized arguments: " in ran.err or "invalid choice" in ran.err
