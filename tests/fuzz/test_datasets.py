"""The fuzz target itself: it runs over everything it starts from, and over some mutations; more by its own command."""

from __future__ import annotations

import pytest

from tests.fuzz import datasets

SEEDS = datasets.seeds()


@pytest.mark.parametrize(
    ("data", "extension"), SEEDS, ids=[f"{n}.{extension}" for n, (_, extension) in enumerate(SEEDS)]
)
def test_what_it_starts_from_makes_no_exception(data, extension):
    datasets.one(data, extension)


def test_some_mutations_make_none():
    assert datasets.run(seconds=5, seed=7) > 20
