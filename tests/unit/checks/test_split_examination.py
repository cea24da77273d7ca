"""A split's examination: conversion, caps, limits, totals, defaults, repetition."""

from __future__ import annotations

import json

import pytest
from tunedrop.domain.checks import examples, findings
from tunedrop.domain.reports import json_report
from tunedrop.domain.texts import tokens

from tests.unit.checks.splits import run

GOOD = examples.good(40)()


def test_an_accepted_split_is_written_record_by_record():
    result, written = run(GOOD)
    assert (result.accepted, result.records, result.written, result.format) == (True, 40, 40, "prompt_completion")
    assert json.loads(written.splitlines()[0]) == {
        "messages": [{"role": "user", "content": "What is 0 + 1?"}, {"role": "assistant", "content": "It is 1."}]
    }


def test_the_same_bytes_give_the_same_bytes():
    assert run(GOOD, "nova-lite") == run(GOOD, "nova-lite")


def test_after_the_first_error_nothing_is_written_but_everything_is_counted():
    result, written = run(GOOD + b"oops\n" + examples.good(40, 100)() + b"oops\n")
    assert not result.accepted
    assert result.records == 82
    assert written.count(b"\n") == result.written == 40
    assert result.counts == {"invalid_json": 2}
    assert [finding.line for finding in result.findings] == [41, 82]


def test_findings_are_capped_per_code_with_their_true_number():
    result, _ = run(b"oops\n" * 500 + GOOD)
    assert len(result.findings) == findings.MAX_PER_CODE
    assert result.counts["invalid_json"] == 500
    assert result.truncated == ("invalid_json",)


@pytest.mark.parametrize(
    ("base_model", "records", "code"),
    [
        ("claude-3-haiku", 31, "too_few_records"),
        ("claude-3-haiku", 32, None),
        ("nova-lite", 7, "too_few_records"),
        ("nova-lite", 8, None),
        ("llama-3-1-8b", 99, "too_few_records_together"),
        ("llama-3-1-8b", 100, None),
    ],
)
def test_the_least_number_of_records_depends_on_the_base_model(base_model, records, code):
    result, _ = run(examples.good(records)(), base_model)
    assert set(result.counts) == ({code} if code else set())


@pytest.mark.parametrize(("records", "code"), [(10_000, None), (10_001, "too_many_records")])
def test_the_greatest_number_of_records_of_train(records, code):
    result, _ = run(examples.good(records)())
    assert set(result.counts) == ({code} if code else set())


@pytest.mark.parametrize(
    ("train", "validation", "code"),
    [
        (9_000, 1_000, None),
        (9_001, 1_000, "too_many_records_together"),
        (40, 1_001, "too_many_records"),
        (40, 31, "too_few_records"),
    ],
)
def test_train_and_validation_are_judged_together_in_the_later_of_the_two(train, validation, code):
    result, _ = run(examples.good(validation)(), train=examples.good(train, 50_000)())
    assert result.split == "validation"
    assert set(result.counts) == ({code} if code else set())


def test_llamas_hundred_may_be_reached_together():
    result, _ = run(examples.good(40)(), "llama-3-1-8b", train=examples.good(60, 500)())
    assert result.accepted


@pytest.mark.parametrize(
    ("tokens_", "code"), [(32_000, "near_token_limit"), (32_001, "too_many_tokens"), (29_000, None)]
)
def test_the_token_limit_is_inclusive_and_its_margin_warns(tokens_, code):
    line = examples.line("a" * (tokens_ * 3 - 3), "abc").encode()
    result, _ = run(GOOD + line + b"\n")
    assert set(result.counts) == ({code} if code else set())
    assert result.tokens.max == tokens_


def test_a_file_over_the_byte_limit_is_refused_unread():
    result, written = run(GOOD, size=10_737_418_241)
    assert result.counts == {"file_too_large": 1}
    assert (result.records, written) == (0, b"")


def test_the_default_system_text_is_for_records_without_their_own():
    own = examples.messages(("user", "a"), ("assistant", "b"), system="Own.").encode()
    result, written = run(examples.good(40, conversations=True)() + own + b"\n", system="Default.")
    systems = [json.loads(line)["system"] for line in written.splitlines()]
    assert systems == ["Default."] * 40 + ["Own."]
    assert result.normalised == {"default_system_added": 40}


def test_an_empty_own_system_text_is_an_error_and_not_replaced():
    own = examples.messages(("user", "a"), ("assistant", "b"), system="").encode()
    result, _ = run(examples.good(40, conversations=True)() + own + b"\n", system="Default.")
    assert [(finding.code, finding.path) for finding in result.findings] == [("empty_text", "$.system")]


@pytest.mark.parametrize(
    ("base_model", "text", "where", "code"),
    [
        ("claude-3-haiku", "a\nHuman: b", "prompt", "reserved_word"),
        ("claude-3-haiku", "a\n\nAssistant: b", "completion", "reserved_word"),
        ("claude-3-haiku", "a\nHuman b", "prompt", ""),
        ("claude-3-haiku", "User: b", "prompt", ""),
        ("nova-lite", "User: b", "prompt", "reserved_word"),
        ("nova-lite", "see <image>", "prompt", "reserved_word"),
        ("nova-lite", "User: b", "completion", "doubtful_word"),
        ("nova-lite", "Thought: b", "prompt", "doubtful_word"),
        ("nova-lite", "a\nHuman: b", "prompt", ""),
        ("llama-3-1-8b", "User: \nHuman:", "prompt", ""),
    ],
)
def test_reserved_words_are_those_of_the_base_model_where_it_looks(base_model, text, where, code):
    line = json.dumps({"prompt": "Why?", "completion": "Because."} | {where: text}).encode()
    result, _ = run(examples.good(100)() + line + b"\n", base_model)
    assert set(result.counts) == ({code} if code else set())


def test_characters_that_are_rare_but_right_are_carried_without_a_word():
    texts = ["e\u0301 é", "👩‍👩‍👧", "می‌خواهم", "a\u2028b\u2029c\u0085d", "\ufffe\uffff", "tab\there\r\nthere"]
    lines = "".join(examples.line(f"What is {n}? {text}", text) + "\n" for n, text in enumerate(texts))
    result, written = run(GOOD + lines.encode())
    assert result.counts == {}
    answers = [json.loads(line)["messages"][1]["content"] for line in written.split(b"\n")[40:-1]]
    assert answers == texts


def test_repetition_is_found_in_a_split_and_across_splits():
    result, _ = run(examples.good(40)() + examples.good(2)() + examples.line("What is 0 + 1?", "1").encode())
    assert result.counts == {"exact_duplicate": 2, "conflicting_answers": 1}
    assert result.accepted
    result, _ = run(examples.good(40)(), train=examples.good(40, 38)())
    assert result.counts == {"split_overlap": 2}


def test_tokens_are_counted_with_the_named_estimator():
    result, _ = run(GOOD)
    assert result.tokens.total == 40 * result.tokens.p50
    assert tokens.ESTIMATOR == "ascii/3+script-weights"


@pytest.mark.parametrize(
    ("content", "extension"),
    [(examples.good(40)(), "jsonl"), (b"prompt,completion\na,b\n", "csv"), (b'[{"a": 1}]', "json")],
)
def test_what_was_not_normalised_is_not_in_the_report(content, extension):
    result, _ = run(content, extension=extension)
    subject = json_report.ReportSubject(None, None, ())
    assert json_report.compose(subject, result, None, json_report.Prices({}, "USD"))["normalised"] == []


@pytest.mark.parametrize(
    ("content", "said"), [(b"[]", "No message; "), (b'[{"role": "user", "content": "a"}]', "1 message; ")]
)
def test_one_is_no_plural(content, said):
    result, _ = run(b'{"messages": ' + content + b"}\n")
    messages = [finding.message for finding in result.findings]
    assert any(message.startswith(said) for message in messages)
    assert any(message.startswith("1 record; ") for message in messages)
