"""When the embedded cloud saves which state."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from tunedrop_local.activity import EVERYTHING_EVERY, Activity


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def activity(clock):
    return Activity(clock)


def saved(activity: Activity) -> bool:
    with activity.saving() as everything:
        return everything


def test_everything_is_saved_when_something_went_beyond_the_everyday_and_only_once(activity):
    activity.touch()
    assert not saved(activity)
    activity.touch(beyond=True)
    activity.touch()
    assert [saved(activity), saved(activity)] == [True, False]


def test_everything_is_saved_after_its_time_however_much_happens(activity, clock):
    looks = []
    for _ in range(2 * int(EVERYTHING_EVERY)):
        clock.now += 1
        activity.touch()
        looks.append(saved(activity))
    assert [at for at, everything in enumerate(looks, 1) if everything] == [30, 60]


def test_a_save_that_fails_is_due_again_at_once_and_as_much_of_it(activity, clock):
    activity.touch(beyond=True)
    with pytest.raises(OSError, match="full"), activity.saving():
        raise OSError("full")
    clock.now += 1
    activity.wait()  # does not wait for anything new
    assert saved(activity)


def test_what_happens_during_a_save_is_for_the_next_one(activity):
    with activity.saving() as everything:
        activity.touch(beyond=True)
    assert not everything
    activity.wait()
    assert saved(activity)
