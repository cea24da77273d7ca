"""The template as a file to read: a table of contents that is true, and lines that fit a screen."""

from __future__ import annotations

import re
from pathlib import Path

from tests.template.wiring.literals import literals

TEXT = (Path(__file__).parents[2] / "template.yaml").read_text("utf-8")


def test_the_table_of_contents_names_each_section_by_its_banner_and_in_its_order():
    contents, _, sections = TEXT.partition("\nAWSTemplateFormatVersion:")
    entries = re.findall(r"^#   (\S.*)$", contents, re.MULTILINE)
    assert entries
    assert entries == re.findall(r"^ *# -{20,}\n *# (.+)\n *# -{20,}$", sections, re.MULTILINE)


def test_no_line_is_longer_than_120_characters():
    assert [number for number, line in enumerate(TEXT.splitlines(), 1) if len(line) > 120] == []


def test_an_anchor_is_there_to_be_used():
    """A name that is given and never used again is left over from something that is gone."""
    names = re.findall(r"(?<!\S)&(\w+)", TEXT)
    assert names
    assert [name for name in names if not re.search(rf"\*{name}\b", TEXT)] == []


def test_an_output_says_nothing_that_only_one_deployment_has(template):
    assert list(literals(template["Outputs"])) == []
    assert [what for what, _ in literals("https://x.execute-api.us-west-2.amazonaws.com/tunedrop")] == [
        "a Region",
        "our own name",
    ]
