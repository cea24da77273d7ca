"""Each worked example, by the commands of its page, against the real template in the embedded cloud."""

from __future__ import annotations

import re

import pytest
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.versions import dataset_toml

from demo import worked_example
from examples import make_data
from tests import worked_examples

NAMES = worked_example.names()
SHOWN = "structured-output"


def test_an_example_comes_to_what_its_page_says(world):
    """One of them; `make prove` has them all."""
    results = worked_examples.come_to(world, [SHOWN])
    assert worked_examples.objections(SHOWN, results[SHOWN]) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_no_command_that_is_not_run(name):
    lines = [
        line
        for block in re.findall(r"^```sh\n(.*?)^```", worked_examples.page(name), re.DOTALL | re.MULTILINE)
        for line in block.splitlines()
    ]
    assert lines == [f"make demo EXAMPLE={name}", *worked_example.commands(name)]


@pytest.mark.parametrize("name", NAMES)
def test_settings_have_no_defect(name):
    raw = (worked_example.EXAMPLES / name / "dataset.toml").read_bytes()
    assert dataset_toml.parse(raw, list(catalogue.catalogue())).defects == ()


def test_the_data_is_what_the_program_makes():
    made = dict(make_data.files())
    assert {path.parent.name for path in made} == set(NAMES)
    assert [path for path, content in made.items() if path.read_text("utf-8") != content] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_record_is_asked_in_more_than_one_split_and_the_data_is_small(name):
    asked = [
        question.casefold()
        for split in ("train", "validation", "test")
        for question, _ in worked_example.records(name, split)
    ]
    assert len(asked) == len(set(asked))
    assert sum(path.stat().st_size for path in (worked_example.EXAMPLES / name).iterdir()) < 400_000
