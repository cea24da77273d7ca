"""Each worked example, by the commands of its page, against the real template in the embedded cloud."""

from __future__ import annotations

import io
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from rich.console import Console
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.versions import dataset_toml
from tunedrop_cli.job_text import cost_of

from demo import worked_example
from demo.journey import DemoFailed
from demo.screen import Screen
from demo.surroundings import settle_in
from examples import make_data

NAMES = worked_example.names()
PAGES = {name: (worked_example.EXAMPLES / name / "README.md").read_text("utf-8") for name in NAMES}


@pytest.fixture(scope="module")
def results(world):
    """What each page's commands came to, run at once; the base model was taught as in the demo."""
    parameters = {**worked_example.PARAMETERS, "MaxConcurrentJobs": str(len(NAMES))}
    stack = world.deploy("examples", region=worked_example.REGION, parameters=parameters)
    around = settle_in(world, stack)
    worked_example.teach_base(world, *NAMES)

    def come_to(name):
        screen = Screen(Console(file=io.StringIO(), soft_wrap=True))
        try:
            return worked_example.run(around, screen, name)
        except DemoFailed as failure:
            raise AssertionError(screen.console.file.getvalue()) from failure

    with ThreadPoolExecutor(len(NAMES)) as pool:
        return dict(zip(NAMES, pool.map(come_to, NAMES), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_an_example_comes_to_the_verdict_that_its_page_says(results, name):
    found = results[name]["evaluation"]
    assert (found["state"], found["verdict"], found["outcome"]) == ("Completed", "better", "passed")
    assert (found["records"], found["left_out"]) == (len(worked_example.records(name)), {})
    assert found["summary"] in PAGES[name]


@pytest.mark.parametrize("name", NAMES)
def test_an_example_costs_what_its_page_says(results, name):
    assert [what for what, cost in results[name]["costs"].items() if cost_of(cost) not in PAGES[name]] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_no_command_that_is_not_run(name):
    lines = [
        line
        for block in re.findall(r"^```sh\n(.*?)^```", PAGES[name], re.DOTALL | re.MULTILINE)
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
