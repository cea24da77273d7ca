"""A base model's retirement is told 90, 30 and 7 days ahead, each once, and what to train on instead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.training import retirement
from tunedrop.domain.training.lifecycle import Lifecycle

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def told_over(lifecycle: Lifecycle, days, told=()) -> list[tuple[int, str, int]]:
    """What is told, and on which day, where it is looked at on these days."""
    marks = list(told)
    found: list[tuple[int, str, int]] = []
    for day in days:
        for each in retirement.due(lifecycle, marks, NOW + day * DAY):
            marks.append(each.mark)
            found.append((day, each.step, each.days_ahead))
    return found


def test_each_step_is_told_90_30_and_7_days_ahead_and_when_it_has_come():
    coming = Lifecycle("ACTIVE", NOW + 100 * DAY, NOW + 300 * DAY)
    assert told_over(coming, range(400)) == [
        *[(100 - ahead, "legacy", ahead) for ahead in (90, 30, 7, 0)],
        *[(300 - ahead, "end", ahead) for ahead in (90, 30, 7, 0)],
    ]


def test_who_looks_late_is_told_the_nearest_one_only():
    assert told_over(Lifecycle("ACTIVE", ends_at=NOW + 20 * DAY), range(25)) == [
        (0, "end", 30),
        (13, "end", 7),
        (20, "end", 0),
    ]


def test_a_date_that_moves_is_told_anew():
    first = Lifecycle("ACTIVE", ends_at=NOW + 20 * DAY)
    (mark,) = (each.mark for each in retirement.due(first, (), NOW))
    assert told_over(Lifecycle("ACTIVE", ends_at=NOW + 60 * DAY), range(70), [mark]) == [
        *[(0, "end", 90), (30, "end", 30), (53, "end", 7), (60, "end", 0)]
    ]


def test_legacy_without_a_date_is_told_once():
    assert told_over(Lifecycle("LEGACY"), range(200)) == [(0, "legacy", 0)]


@pytest.mark.parametrize("lifecycle", [Lifecycle("ACTIVE"), Lifecycle("ACTIVE", NOW + 91 * DAY, NOW + 400 * DAY)])
def test_what_stays_is_not_told(lifecycle):
    assert retirement.due(lifecycle, (), NOW) == ()


@pytest.mark.parametrize(
    ("name", "retiring", "expected"),
    [
        ("nova-micro", (), "nova-lite"),
        ("nova-micro", ("nova-lite",), "nova-pro"),
        ("nova-micro", ("nova-lite", "nova-pro", "nova-2-lite"), None),
    ],
)
def test_instead_comes_what_stays_in_this_region_of_the_same_provider_first(name, retiring, expected):
    known = {
        model.customization_id: Lifecycle("LEGACY" if each in retiring else "ACTIVE")
        for each, model in catalogue.catalogue().items()
    }
    assert retirement.instead(catalogue.find(name), "us-east-1", known, NOW) == expected


def test_what_bedrock_does_not_list_is_nothing_to_train_on():
    assert retirement.instead(catalogue.find("nova-micro"), "us-east-1", {}, NOW) is None
