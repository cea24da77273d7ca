"""Every check: its example shows it and nothing else, its code is documented, its words are a sentence."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.checks import documentation, examples
from tunedrop.domain.checks.all_checks import CHECKS, RECORD_CHECKS
from tunedrop.domain.checks.registry import Check
from tunedrop.domain.records.record import Block, Record, Turn
from tunedrop.domain.versions import dataset_toml

from tests.unit.checks.splits import run

DATA = [check for check in CHECKS.values() if check.example and check.stage != "dataset"]
SETTINGS = [check for check in CHECKS.values() if check.example and check.stage == "dataset"]
WITHOUT_EXAMPLE = {  # a file cannot show them: size, name, what is kept, a missing object; tested where found
    "file_too_large",
    "too_many_lines",
    "not_trained_here",
    "object_gone",
    "system_file_missing",
    "invalid_system_file",
    "invalid_schema",
    "invalid_metadata",
    "unrecognized_key",
    "nothing_to_join",
    "too_many_parts",
    "mixed_parts",
    "unknown_check",
    "check_not_tunable",
    "contradictory_policy",
    "null_reference",
    "missing_media",
    "unfit_media",
    "uncounted_tokens",
}


@pytest.mark.parametrize("check", DATA, ids=lambda check: check.code)
def test_the_example_shows_the_check_and_nothing_else(check):
    example = check.example
    content = example.content()
    if not example.alone and example.train is None:
        content = examples.good(100, conversations=example.among == "messages")() + content + b"\n"
    result, _ = run(
        content,
        example.base_model,
        train=example.train() if example.train else None,
        extension=example.extension,
    )
    assert set(result.counts) == {check.code}
    assert result.accepted == (check.severity != "error")
    finding = result.findings[0]
    assert (finding.severity, finding.source) == (check.severity, f"incoming/x/{result.split}.{example.extension}")
    assert finding.message
    assert finding.hint
    about_a_line = check.stage not in {"file", "split"} or (check.stage == "split" and check.find_in_split is None)
    if check.stage != "file":  # what is wrong with a file may show in one of its lines
        assert (finding.line is not None) == about_a_line


@pytest.mark.parametrize("check", SETTINGS, ids=lambda check: check.code)
def test_the_example_of_settings_shows_the_check_and_nothing_else(check):
    found = dataset_toml.parse(check.example.content(), tuple(catalogue.catalogue()))
    assert [defect.code for defect in found.defects] == [check.code]


def test_only_what_no_file_can_show_lacks_an_example():
    assert {check.code for check in CHECKS.values() if check.example is None} == WITHOUT_EXAMPLE


@pytest.mark.parametrize("check", CHECKS.values(), ids=lambda check: check.code)
def test_codes_are_snake_case_and_words_are_sentences(check: Check):
    assert re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", check.code)
    assert check.words.endswith(".")
    assert check.hint.endswith(".")


def test_the_page_about_data_is_the_one_that_the_checks_write():
    page = Path(__file__).parents[3] / "docs" / "data-format.md"
    assert page.read_text("utf-8") == documentation.render(), "run: python -m tunedrop.domain.checks.documentation"


def test_whoever_imports_a_module_of_checks_first_changes_no_order():
    order = "print(documentation.render(), *(check.code for check in all_checks.RECORD_CHECKS))"
    lines = "from tunedrop.domain.checks import {first}, all_checks, documentation\n" + order
    seen = {
        subprocess.run([sys.executable, "-c", lines.format(first=first)], capture_output=True, check=True).stdout
        for first in ("answers", "turns", "media_findings")
    }
    assert len(seen) == 1


def test_only_a_shared_check_never_looks_at_its_base_model():
    for check in RECORD_CHECKS:
        (find,) = ast.parse(textwrap.dedent(inspect.getsource(check.find))).body
        looks = any(isinstance(node, ast.Name) and node.id == "base_model" for node in ast.walk(find))
        assert looks == (not check.shared), check.code


_REPEATED = st.builds(lambda text, times: text * times, st.text(max_size=4), st.integers(2, 200))
_TEXTS = st.text(max_size=20) | _REPEATED | st.sampled_from(["\nHuman:", "User:", "\0", "\u202e", " " * 99, ""])
_BLOCKS = st.builds(Block, st.just("$"), st.none() | _TEXTS, st.none() | st.dictionaries(st.text(), st.integers()))
_TURNS = st.builds(
    Turn, st.just("$"), st.sampled_from(["user", "assistant", "system", ""]), st.lists(_BLOCKS, max_size=3).map(tuple)
)
_RECORDS = st.builds(Record, st.lists(_BLOCKS, max_size=2).map(tuple), st.lists(_TURNS, max_size=5).map(tuple))


@given(_RECORDS, st.sampled_from(list(catalogue.catalogue())))
def test_no_record_makes_a_check_raise(record, name):
    for check in RECORD_CHECKS:
        assert check.find is not None
        for spot in check.find(record, catalogue.find(name)):
            assert spot.message


_LINES = st.sampled_from(
    [
        b'{"prompt": "a\\u0000", "completion": "b"}',
        b'{"prompt": "a", "completion": "b"}',
        b'{"messages": [{"role": "user", "content": "a"}]}',
        b"\xff\xfe",
        b"\xc3",
        b"",
        b"[1]",
        b"{",
        b'"',
        b"\x00",
    ]
)


@settings(max_examples=200)
@given(st.lists(_LINES | st.binary(max_size=30), max_size=40), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_no_file_makes_it_raise_and_the_verdict_follows_from_the_findings(parts, ending):
    result, written = run(ending.join(parts))
    assert result.accepted == (result.errors == 0)
    assert result.errors == sum(count for code, count in result.counts.items() if CHECKS[code].severity == "error")
    assert written.count(b"\n") == result.written
