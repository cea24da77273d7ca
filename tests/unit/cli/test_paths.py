"""Whatever a person types for a name stays a name: it never becomes another path or a query."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from botocore.credentials import ReadOnlyCredentials
from tunedrop_cli import paths
from tunedrop_cli.control import ControlApi
from tunedrop_cli.errors import WrongUsage

ODD = ["x#y", "x?y", "x/y", "é", "a b", "..", "%23", "x?plan=true#"]


@pytest.mark.parametrize("name", ODD)
def test_an_odd_name_stays_one_segment(name):
    path = paths.place("datasets", name, "versions", 3)
    assert re.fullmatch(r"/datasets/[^/#?]+/versions/3", path)
    assert paths.QUOTED.fullmatch(path)


def test_an_empty_name_is_asked_for_nowhere():
    with pytest.raises(WrongUsage):
        paths.place("datasets", "")


@pytest.mark.parametrize("path", ["/datasets/x#y", "/datasets/x?plan=true", "/datasets/a b", "/datasets/", "datasets"])
def test_a_path_that_nobody_quoted_is_never_sent(path):
    api = ControlApi("http://127.0.0.1:1", "us-west-2", ReadOnlyCredentials("a", "b", None), pauses=())
    with pytest.raises(ValueError, match="is not quoted"):
        api.delete(path, plan="true")


def test_no_command_puts_what_was_typed_into_a_path_itself():
    typed = re.compile(r"f\"/[a-z]+/\{(?!trip|self|job\[)")
    sources = Path(paths.__file__).parent.rglob("*.py")
    assert [source.name for source in sources if typed.search(source.read_text("utf-8"))] == []
