"""`tunedrop convert`: the bytes that the Lambda function would prepare, written only when all is accepted."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.base_models.catalogue import Split
from tunedrop.domain.checks import examples, version_examination
from tunedrop.domain.checks.assignment import Assignment
from tunedrop.domain.reading.split_files import Part
from tunedrop.domain.records.record import Block
from tunedrop.domain.records.sources import Bytes

GOOD = examples.good(300)()


def prepared(content: bytes, base_model: str, system: str | None = None) -> bytes | None:
    """What the function, which looks for warnings too, would put under prepared/."""
    model = catalogue.find(base_model)
    split: Split = "train"
    systems = {} if system is None else {(base_model, split): Block("dataset.toml system", system)}
    written = io.BytesIO()
    (result,) = version_examination.examine(
        {split: [Part("incoming/a/train.jsonl", "jsonl", Bytes(content))]},
        Assignment((model,), (split,), systems=systems),
        lambda *_: written.write,
    )
    return written.getvalue() if result.accepted else None


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("base_model", list(catalogue.catalogue()))
def test_it_writes_what_the_function_would(tunedrop, put, tmp_path, base_model):
    put("in.jsonl", GOOD)
    ran = tunedrop("convert", "in.jsonl", "out.jsonl", "--model", base_model)
    assert (ran.code, ran.out) == (0, b"")
    assert (tmp_path / "out.jsonl").read_bytes() == prepared(GOOD, base_model)
    assert "300 records" in ran.err


def test_a_system_text_is_added_as_the_function_would(tunedrop, put, tmp_path):
    put("in.jsonl", GOOD)
    tunedrop("convert", "in.jsonl", "out.jsonl", "--model", "nova-lite", "--system", "Be kind.")
    assert (tmp_path / "out.jsonl").read_bytes() == prepared(GOOD, "nova-lite", "Be kind.")


def test_dashes_are_standard_input_and_output(tunedrop):
    ran = tunedrop("convert", "-", "-", "--model", "claude-3-haiku", given=GOOD)
    assert (ran.code, ran.out) == (0, prepared(GOOD, "claude-3-haiku"))


def test_what_is_rejected_is_not_written_and_says_why(tunedrop, put, tmp_path):
    put("in.jsonl", GOOD + b"oops\n")
    put("out.jsonl", b"what stood here before")
    ran = tunedrop("convert", "in.jsonl", "out.jsonl", "--model", "claude-3-haiku")
    assert (ran.code, ran.out) == (1, b"")
    assert "invalid_json" in ran.err
    assert "line 301" in ran.err
    assert (tmp_path / "out.jsonl").read_bytes() == b"what stood here before"
    assert names(tmp_path) == ["in.jsonl", "out.jsonl"]


def test_nothing_goes_to_standard_output_when_rejected(tunedrop):
    ran = tunedrop("convert", "-", "-", "--model", "claude-3-haiku", given=GOOD + b"oops\n")
    assert (ran.code, ran.out) == (1, b"")


def test_warnings_are_for_check(tunedrop, put):
    put("in.jsonl", GOOD + GOOD)
    ran = tunedrop("convert", "in.jsonl", "out.jsonl", "--model", "claude-3-haiku")
    assert ran.code == 0
    assert "exact_duplicate" not in ran.err


def test_a_warning_that_was_made_an_error_rejects(tunedrop, put):
    put("in.jsonl", GOOD + GOOD)
    ran = tunedrop("convert", "in.jsonl", "out.jsonl", "--model", "claude-3-haiku", "--error", "exact_duplicate")
    assert ran.code == 1


def test_one_file_becomes_one_file_whatever_share_dataset_toml_names(tunedrop, put, tmp_path):
    put("in.jsonl", GOOD)
    put("dataset.toml", b"validation_share = 0.2")
    assert tunedrop("convert", "in.jsonl", "out.jsonl", "--model", "nova-lite").code == 0
    assert (tmp_path / "out.jsonl").read_bytes() == prepared(GOOD, "nova-lite")


@pytest.mark.parametrize(
    "arguments",
    [
        ("in.jsonl",),
        ("in.jsonl", "out.jsonl"),
        ("in.jsonl", "out.jsonl", "--model", "claude-9"),
        ("nowhere.jsonl", "out.jsonl", "--model", "nova-lite"),
        ("in.jsonl", "in.jsonl", "--model", "nova-lite"),
        ("in.jsonl", "no/such/folder.jsonl", "--model", "nova-lite"),
    ],
)
def test_wrong_usage_is_exit_code_2(tunedrop, put, tmp_path, arguments):
    put("in.jsonl", GOOD)
    assert tunedrop("convert", *arguments).code == 2
    assert names(tmp_path) == ["in.jsonl"]
    assert (tmp_path / "in.jsonl").read_bytes() == GOOD


def test_the_file_is_written_for_whoever_may_read_new_files(tunedrop, put, tmp_path):
    put("in.jsonl", GOOD)
    tunedrop("convert", "in.jsonl", "out.jsonl", "--model", "nova-lite")
    assert (tmp_path / "out.jsonl").stat().st_mode == (tmp_path / "in.jsonl").stat().st_mode


TEXT = some.text(min_size=1, max_size=30)
RECORDS = some.lists(some.tuples(TEXT, TEXT), max_size=3)


@given(records=RECORDS, base_model=some.sampled_from(["claude-3-haiku", "nova-lite", "llama-3-1-8b"]))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_texts_it_writes_what_the_function_would(tunedrop, put, tmp_path, records, base_model):
    content = GOOD + b"".join(examples.line(ask, say).encode() + b"\n" for ask, say in records)
    put("in.jsonl", content)
    (tmp_path / "out.jsonl").unlink(missing_ok=True)
    ran = tunedrop("convert", "in.jsonl", "out.jsonl", "--model", base_model)
    expected = prepared(content, base_model)
    assert ran.code == (1 if expected is None else 0)
    assert (tmp_path / "out.jsonl").exists() == (expected is not None)
    if expected is not None:
        assert (tmp_path / "out.jsonl").read_bytes() == expected
