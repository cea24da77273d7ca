"""What to do next: nothing that would not help, and nothing twice."""

from __future__ import annotations

from typing import Any

import pytest
from tunedrop.domain.reading.file_kinds import LOOSE
from tunedrop.domain.reports import next_steps

from tests.unit.reports.json_reports import finding, rejected

MENDING = "--fix mended.jsonl"


def report(*codes: str, **members: Any) -> dict[str, Any]:
    """Rejected for one finding of each of these codes, each as `members` say."""
    found = [finding(code, **members) for code in codes]
    return rejected() | {"findings": found, "counts_by_code": dict.fromkeys(codes, 1)}


def command(found: dict[str, Any], **situation: bool) -> str:
    """The first one."""
    return next(step.command for step in next_steps.steps(found, **situation) if step.command)


@pytest.mark.parametrize("code", ["invalid_json", "unknown_field", "unknown_role", "wrong_encoding", "wrong_extension"])
def test_mending_is_offered_where_it_may_help(code):
    assert command(report(code, path="$")).endswith(MENDING)


@pytest.mark.parametrize("code", ["empty_text", "wrong_type"])
def test_an_empty_system_text_can_be_mended_and_an_empty_answer_can_not(code):
    assert command(report(code, path="$.system")).endswith(MENDING)
    assert MENDING not in command(report(code, path="$.completion"))


@pytest.mark.parametrize(
    ("code", "path"),
    [("wrong_type", "$.messages[3].content"), ("wrong_type", "$.system[0]"), ("missing_field", "$.conversations[0]")],
)
def test_texts_for_blocks_and_the_fields_of_turns_can_be_mended(code, path):
    assert command(report(code, path=path)).endswith(MENDING)


def test_a_file_that_is_no_text_can_not_be_mended():
    assert MENDING not in command(report("unsupported_file", hint="Export or unpack it."))


@pytest.mark.parametrize("hint", sorted(LOOSE))
def test_a_file_whose_objects_are_only_set_apart_wrongly_can_be_mended(hint):
    assert command(report("unsupported_file", hint=hint)).endswith(MENDING)


def test_a_warning_is_no_reason_for_mending():
    assert MENDING not in command(report("unknown_field", severity="warning"))


def test_what_was_mended_just_now_is_not_to_be_mended_again():
    assert MENDING not in command(report("invalid_json"), mended=True)


@pytest.mark.parametrize("code", ["unknown_format", "needs_mapping"])
def test_fields_of_other_names_are_to_be_mapped(code):
    assert command(report(code)).endswith("--map prompt=FIELD --map completion=FIELD")


def test_a_share_of_train_that_is_too_small_is_checked_as_train():
    found = report("too_few_records") | {"split": "validation"}
    (_, step, _) = next_steps.steps(found)
    assert "validation_share" in step.words
    assert step.command is not None
    assert "--split train train.jsonl" in step.command


def test_a_share_of_train_is_known_by_the_files_of_the_report_beside_it():
    train = report("too_few_records") | {"dataset": None, "version": None}
    share = train | {"split": "validation"}
    assert next_steps.is_held_back(share, [train, share])
    assert not next_steps.is_held_back(train, [train, share])
    assert not next_steps.is_held_back(share | {"files": []}, [train])
    assert "--split train" in command(share, held_back=True)


def test_one_more_kind_of_error_is_one():
    words = [step.words for step in next_steps.steps(report("invalid_json", "empty_text", "last_role", "first_role"))]
    assert "Then the one other kind of error below." in words
