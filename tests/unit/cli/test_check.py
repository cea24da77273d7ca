"""`tunedrop check`: exit codes and JSON are promises, words are for people, and no bytes end in a traceback."""

from __future__ import annotations

import json
import re
import shlex

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.checks import examples

GOOD = examples.good(120)()
FEW = examples.good(40)()
"""Enough for Claude 3 Haiku, too few for Llama."""
REPORT = [
    "schema", "tunedrop", "dataset", "version", "split", "base_model", "verdict", "format", "records", "files",
    "output", "findings", "counts_by_code", "truncated_codes", "normalised", "policy", "tokens", "cost", "lengths",
    "repeated", "smallest_difference", "media",
]  # fmt: skip


def test_an_accepted_file_is_exit_code_0(tunedrop, put):
    put("train.jsonl", GOOD)
    ran = tunedrop("check", "train.jsonl", "--model", "claude-3-haiku")
    assert (ran.code, ran.err) == (0, "")
    assert "accepted for claude-3-haiku: train.jsonl as train, 120 records" in ran.text
    assert "tunedrop push" in ran.text


def test_a_rejected_file_is_exit_code_1_and_says_where_what_and_what_to_do(tunedrop, put):
    put("train.jsonl", GOOD + b'{"prompt": "Why?", "completion": ""}\n')
    ran = tunedrop("check", "train.jsonl", "--model", "claude-3-haiku")
    assert ran.code == 1
    for said in ("rejected", "empty_text", "line 121 $.completion", "Write something", "next"):
        assert said in ran.text


@pytest.mark.parametrize("arguments", [("nowhere.jsonl",), (".",), ("train.jsonl", "nowhere.jsonl"), ("a\0b",)])
def test_a_file_of_which_no_byte_can_be_read_is_exit_code_2(tunedrop, put, arguments):
    put("train.jsonl", GOOD)
    ran = tunedrop("check", *arguments)
    assert (ran.code, ran.out) == (2, b"")
    assert ran.err.startswith("tunedrop: ")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--split", "train"),
        ("train.jsonl", "--model", "claude-9"),
        ("train.jsonl", "--split", "dev"),
        ("train.jsonl", "--train", "train.jsonl"),
        ("-", "-"),
        ("train.jsonl", "--map", "prompt"),
        ("train.jsonl", "--map", "prompt=q"),
        ("train.jsonl", "--map", "prompt=q", "--map", "completion=q"),
        ("train.jsonl", "--map", "prompt=q", "--map", "prompt=r", "--map", "completion=a"),
        ("train.jsonl", "--ignore", "no_such_code"),
        ("train.jsonl", "--ignore", "empty_text"),
        ("train.jsonl", "--ignore", "exact_duplicate", "--error", "exact_duplicate"),
        ("train.jsonl", "--validation-share", "0.9"),
        ("train.jsonl", "--validation-share", "nan"),
        ("train.jsonl", "--input-format", "xlsx"),
        ("train.jsonl", "--settings", "nowhere.toml"),
        ("train.jsonl", "--fix", "train.jsonl"),
        ("train.jsonl", "--fix", "./train.jsonl"),
        ("train.jsonl", "--fix", "-"),
        ("train.jsonl", "--fix", "no/such/folder.jsonl"),
        ("--train", "train.jsonl", "--validation", "train.jsonl", "--fix", "out.jsonl"),
        ("train.jsonl", "--html", "no/such/folder.html"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_changes_nothing(tunedrop, put, arguments):
    path = put("train.jsonl", GOOD)
    ran = tunedrop("check", *arguments)
    assert (ran.code, ran.out) == (2, b"")
    assert ran.err
    assert path.read_bytes() == GOOD
    assert [each.name for each in path.parent.iterdir()] == ["train.jsonl"]


def test_an_empty_file_was_read_and_is_rejected(tunedrop, put):
    put("train.jsonl", b"")
    ran = tunedrop("check", "train.jsonl", "--model", "nova-lite", "--format", "json")
    assert ran.code == 1
    assert list(ran.json["counts_by_code"]) == ["empty_file"]


def test_json_for_one_model_is_the_report(tunedrop, put):
    put("train.jsonl", GOOD)
    ran = tunedrop("check", "train.jsonl", "--model", "claude-3-haiku", "--format", "json")
    assert list(ran.json) == REPORT
    assert (ran.json["dataset"], ran.json["version"], ran.json["output"]) == (None, None, None)
    (file,) = ran.json["files"]
    assert (file["key"], file["version_id"], file["bytes"]) == ("train.jsonl", None, len(GOOD))
    assert len(file["sha256"]) == 64


def test_json_without_a_model_is_an_array_with_one_report_per_base_model(tunedrop, put):
    put("train.jsonl", FEW)
    ran = tunedrop("check", "train.jsonl", "--format", "json")
    assert ran.code == 0
    assert [report["base_model"] for report in ran.json] == list(catalogue.catalogue())
    verdicts = {report["base_model"]: report["verdict"] for report in ran.json}
    assert (verdicts["claude-3-haiku"], verdicts["llama-3-1-8b"]) == ("accepted", "rejected")


def test_text_without_a_model_is_a_row_per_base_model(tunedrop, put):
    put("train.jsonl", FEW)
    ran = tunedrop("check", "train.jsonl")
    assert ran.code == 0
    for name in catalogue.catalogue():
        assert name in ran.text
    assert "too_few_records_together, once" in ran.text


def test_no_base_model_that_accepts_is_exit_code_1(tunedrop, put):
    put("train.jsonl", b"oops\n")
    assert tunedrop("check", "train.jsonl").code == 1


def test_one_of_two_named_models_that_rejects_is_exit_code_1(tunedrop, put):
    put("train.jsonl", FEW)
    ran = tunedrop("check", "train.jsonl", "--model", "claude-3-haiku", "--model", "llama-3-1-8b", "--format", "json")
    assert ran.code == 1
    assert [report["verdict"] for report in ran.json] == ["accepted", "rejected"]


def test_several_files_are_one_split_in_their_order(tunedrop, put):
    put("b.jsonl", examples.good(30)())
    put("a.jsonl", examples.good(30, 500)() + b"oops\n")
    ran = tunedrop("check", "b.jsonl", "a.jsonl", "--model", "claude-3-haiku", "--format", "json")
    assert [file["key"] for file in ran.json["files"]] == ["b.jsonl", "a.jsonl"]
    (finding,) = ran.json["findings"]
    assert (finding["source"], finding["line"], finding["record"]) == ("a.jsonl", 31, 61)


def test_splits_are_checked_across(tunedrop, put):
    put("a.jsonl", GOOD)
    put("b.jsonl", FEW)
    arguments = ("check", "--train", "a.jsonl", "--validation", "b.jsonl", "--model", "claude-3-haiku")
    ran = tunedrop(*arguments, "--format", "json")
    assert ran.code == 0
    assert [report["split"] for report in ran.json["reports"]] == ["train", "validation"]
    assert ran.json["verdict"] == "accepted"
    assert ran.json["reports"][1]["counts_by_code"] == {"split_overlap": 40}
    assert tunedrop(*arguments, "--error", "split_overlap").code == 1


def test_the_split_is_what_the_name_says_unless_it_is_said(tunedrop, put):
    put("validation.jsonl", GOOD)
    arguments = ("check", "validation.jsonl", "--model", "claude-3-haiku", "--format", "json")
    assert tunedrop(*arguments).json["split"] == "validation"
    assert tunedrop(*arguments, "--split", "test").json["split"] == "test"


def test_a_dash_is_standard_input(tunedrop):
    ran = tunedrop("check", "-", "--model", "claude-3-haiku", "--format", "json", given=GOOD)
    assert ran.code == 0
    assert ran.json["files"][0]["bytes"] == len(GOOD)


@pytest.mark.parametrize("name", ["-", "data", "data.txt", "train.JSONL"])
def test_a_name_that_promises_nothing_leaves_it_to_the_content(tunedrop, put, name):
    table = b"prompt,completion\n" + b"".join(b"What is %d?,It is %d.\n" % (n, n) for n in range(40))
    for content in (FEW, table) if name != "train.JSONL" else (FEW,):
        put(name, content)
        ran = tunedrop("check", name, "--model", "claude-3-haiku", "--format", "json", given=content)
        assert (ran.code, ran.json["records"]) == (0, 40)


def test_dataset_toml_beside_the_file_is_followed_unless_another_is_named(tunedrop, put):
    put("train.jsonl", GOOD)
    put("dataset.toml", b'system = "Be kind."')
    put("other.toml", b"")
    arguments = ("check", "train.jsonl", "--model", "claude-3-haiku", "--format", "json")
    assert tunedrop(*arguments).json["normalised"] == [{"what": "default_system_added", "count": 120}]
    assert tunedrop(*arguments, "--settings", "other.toml").json["normalised"] == []
    assert tunedrop(*arguments, "--system", "").json["normalised"] == [
        {"what": "configured_system_dropped", "count": 120}
    ]


def test_what_cannot_be_followed_in_dataset_toml_is_a_finding(tunedrop, put):
    put("train.jsonl", GOOD)
    put("dataset.toml", b'sytem = "Be kind."\n[checks]\nignore = ["no_such_code"]')
    ran = tunedrop("check", "train.jsonl", "--model", "claude-3-haiku", "--format", "json")
    assert ran.code == 1
    assert {finding["code"]: finding["source"] for finding in ran.json["findings"]} == {
        "unknown_setting": "dataset.toml",
        "unknown_check": "dataset.toml",
    }


def test_a_system_text_file_beside_dataset_toml_is_read(tunedrop, put):
    put("train.jsonl", GOOD)
    put("dataset.toml", b'system = { file = "system.txt" }')
    arguments = ("check", "train.jsonl", "--model", "claude-3-haiku", "--format", "json")
    assert list(tunedrop(*arguments).json["counts_by_code"]) == ["system_file_missing"]
    put("system.txt", b"Be kind.\n")
    assert tunedrop(*arguments).code == 0


def test_the_command_line_beats_the_policy_of_dataset_toml(tunedrop, put):
    put("train.jsonl", GOOD + examples.good(1)())
    put("dataset.toml", b'[checks]\nerror = ["exact_duplicate"]')
    arguments = ("check", "train.jsonl", "--model", "claude-3-haiku", "--format", "json")
    assert tunedrop(*arguments).code == 1
    ran = tunedrop(*arguments, "--ignore", "exact_duplicate")
    assert ran.code == 0
    assert ran.json["policy"] == {"name": "custom", "ignore": ["exact_duplicate"], "error": []}


def test_a_share_of_train_becomes_validation(tunedrop, put):
    put("train.jsonl", examples.good(1000)())
    ran = tunedrop("check", "train.jsonl", "--model", "claude-3-haiku", "--validation-share", "0.1", "--format", "json")
    train, validation = ran.json["reports"]
    assert (train["split"], validation["split"]) == ("train", "validation")
    assert train["records"] + validation["records"] == 1000
    assert 60 <= validation["records"] <= 140


def test_a_configured_price_gives_an_amount(tunedrop, put, environment):
    put("train.jsonl", GOOD)
    arguments = ("check", "train.jsonl", "--model", "claude-3-haiku", "--format", "json")
    assert tunedrop(*arguments).json["cost"]["amount"] is None
    environment.setenv("TUNEDROP_PRICES", '{"claude-3-haiku.training_per_1000_tokens": 0.5}')
    report = tunedrop(*arguments).json
    assert report["cost"]["amount"] == round(report["tokens"]["total"] * 0.0005, 6)


def test_report_and_page_are_written_beside_what_is_printed(tunedrop, put, tmp_path):
    put("train.jsonl", GOOD)
    ran = tunedrop("check", "train.jsonl", "--model", "nova-lite", "--report", "r.json", "--html", "r.html")
    assert "accepted for nova-lite" in ran.text
    assert list(json.loads((tmp_path / "r.json").read_bytes())) == REPORT
    assert (tmp_path / "r.html").read_bytes().startswith(b"<!doctype html>")


def test_several_reports_are_several_pages(tunedrop, put, tmp_path):
    put("train.jsonl", GOOD)
    tunedrop("check", "train.jsonl", "--html", "r.html")
    assert sorted(path.name for path in tmp_path.glob("*.html")) == sorted(
        f"r.{name}.train.html" for name in catalogue.catalogue()
    )


def test_what_is_printed_cannot_colour_or_move_a_terminal(tunedrop, put):
    name = "a\x1b[31m\u202e.jsonl"
    put(name, b'{"prompt\x1b[2J": 1}\n' + GOOD)
    ran = tunedrop("check", name, "--model", "nova-lite")
    assert ran.code == 1
    assert b"\x1b" not in ran.out
    assert "\u202e" not in ran.text


def test_no_content_is_ever_printed(tunedrop, put):
    canary = "canary-4f1d"
    put("train.jsonl", examples.line(f"\n\nHuman: {canary}", canary).encode() + b"\n" + canary.encode() + b"\n")
    for format_ in ("text", "json"):
        ran = tunedrop("check", "train.jsonl", "--format", format_)
        assert canary not in ran.text + ran.err


def test_a_pipe_that_closes_early_is_no_traceback(tunedrop, put):
    put("train.jsonl", GOOD)
    assert tunedrop("check", "train.jsonl", "--format", "json").err == ""


BYTES = some.binary(max_size=400) | some.tuples(
    some.sampled_from([b"", GOOD, b"[", b"\x1f\x8b", b"PAR1"]), some.binary(max_size=100)
).map(b"".join)


@given(content=BYTES, extension=some.sampled_from(["jsonl", "json", "csv", "tsv", "jsonl.gz", "parquet", "xyz"]))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_whatever_end_in_a_traceback(tunedrop, put, content, extension):
    put(f"train.{extension}", content)
    ran = tunedrop("check", f"train.{extension}", "--model", "nova-lite", "--format", "json")
    assert ran.code in {0, 1}
    assert ran.json["verdict"] == ("rejected" if ran.code else "accepted")
    assert ran.err == ""


def test_a_row_tells_the_kinds_of_warnings_too(tunedrop, put):
    put("train.jsonl", GOOD + b'{"prompt": "Who wrote it?", "completion": "jane.fox@larkspur-home.com wrote it."}\n')
    assert "1 warning: email_address" in tunedrop("check", "train.jsonl").text
    put("train.jsonl", GOOD + GOOD.splitlines(keepends=True)[0] * 3)
    assert "3 warnings: exact_duplicate 3" in tunedrop("check", "train.jsonl").text


def test_a_row_tells_what_is_wrong_with_the_records_before_how_many_there_are(tunedrop, put):
    put("train.jsonl", b'{"prompt": "Why?", "completion": ""}\n')
    rows = [line.split() for line in tunedrop("check", "train.jsonl").text.splitlines() if "rejected" in line]
    assert {row[2] for row in rows} == {"empty_text,"}


def test_the_share_of_train_that_is_too_small_is_said_to_be_one(tunedrop, put):
    put("train.jsonl", FEW)
    ran = tunedrop("check", "train.jsonl", "--model", "claude-3-haiku", "--validation-share", "0.1")
    assert "raise validation_share" in ran.text
    assert "--split train train.jsonl" in ran.text


def test_a_mended_file_is_not_to_be_mended_again(tunedrop, put, tmp_path):
    put("train.jsonl", GOOD + b'{"prompt": "Why?", "completion": "Because.", "extra": "of some words"}\n')
    check = ("check", "train.jsonl", "--model", "claude-3-haiku")
    assert "--fix mended.jsonl" in tunedrop(*check).text
    ran = tunedrop(*check, "--fix", "out.jsonl", "--html", "page.html")
    assert "--fix" not in ran.text
    assert b"--fix" not in (tmp_path / "page.html").read_bytes()


def test_where_lines_are_no_records_a_place_says_both(tunedrop, put):
    put("train.json", b"[" + b",\n".join([*GOOD.splitlines(), b'\n{"prompt": "Why?",\n"completion": ""}']) + b"]")
    assert "line 122, record 121 $.completion" in tunedrop("check", "train.json", "--model", "nova-lite").text


def test_the_hint_on_unknown_fields_is_a_way_that_works(tunedrop, put):
    lines = [json.loads(line) for line in examples.good(60)().splitlines()]
    more = {"reviewed by": "Ann", "day": 3, "mood": "x"}
    put("train.jsonl", b"".join(json.dumps({**line, **more}).encode() + b"\n" for line in lines))
    command = ["check", "train.jsonl", "--model", "nova-lite", "--format", "json"]
    refused = tunedrop(*command)
    hint = refused.json["findings"][0]["hint"]
    assert refused.code == 1
    followed = tunedrop(*command, *shlex.split(hint[hint.index("--ignore-field") :]))
    assert (followed.code, followed.json["counts_by_code"]) == (0, {})
    assert {"what": "field_left_out", "count": 180} in followed.json["normalised"]
    setting = re.search(r"ignore = \[[^]]*\]", hint)
    assert setting is not None
    put("dataset.toml", f"[fields]\n{setting[0]}\n".encode())
    assert tunedrop(*command).json["counts_by_code"] == {}


def test_the_hint_on_a_conversation_of_other_names_is_a_way_that_works(tunedrop, put):
    turns = [{"who": "customer", "words": "Why {}?"}, {"who": "agent", "words": "Because of {}."}]
    lines = [{"dialog": [{**turn, "words": turn["words"].format(n)} for turn in turns]} for n in range(60)]
    put("train.jsonl", b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    command = ["check", "train.jsonl", "--model", "nova-lite", "--format", "json"]
    hint = tunedrop(*command).json["findings"][0]["hint"]
    followed = tunedrop(*command, *shlex.split(hint[hint.index("--map") :]))
    assert (followed.code, followed.json["counts_by_code"]) == (0, {})


def test_the_hint_on_a_conversation_beside_its_prompt_is_a_way_that_works(tunedrop, put):
    chats = [
        [{"role": "user", "content": f"Why {n}?"}, {"role": "assistant", "content": f"As {n} is so."}]
        for n in range(60)
    ]
    lines = (json.dumps({"prompt": chat[0]["content"], "messages": chat}) for chat in chats)
    put("train.jsonl", "\n".join(lines).encode())
    command = ["check", "train.jsonl", "--model", "nova-lite", "--format", "json"]
    refused = tunedrop(*command).json
    assert refused["counts_by_code"] == {"ambiguous_format": 60}
    hint = refused["findings"][0]["hint"]
    followed = tunedrop(*command, *shlex.split(hint[hint.index("--ignore-field") :]))
    assert (followed.code, followed.json["counts_by_code"]) == (0, {})
