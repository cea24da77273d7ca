"""The version that a job trains on if its request names none."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.training.version_choice import SkippedVersion, newest_accepted
from tunedrop.domain.versions.versioning import Output, Preparation, Version

NOW = datetime(2026, 11, 30, tzinfo=UTC)
OUTPUT = Output("prepared/key", "v", 1, "sha", 1)


def version(number, status, **verdicts):
    """A version with one preparation for each base model named; a hyphen is written as an underscore."""
    preparations = tuple(
        Preparation(
            name.replace("_", "-"), "train", verdict, "report", 1, 1, 0, 0, OUTPUT if verdict == "accepted" else None
        )
        for name, verdict in verdicts.items()
    )
    return Version("support", number, status, {}, None, NOW, preparations=preparations)


def chosen(*versions, latest=None):
    choice = newest_accepted(latest or versions[0].number, versions, "nova-lite")
    return choice.version.number if choice.version else None, [(each.version, each.status) for each in choice.skipped]


def test_the_newest_is_taken_if_it_is_accepted():
    assert chosen(version(2, "accepted", nova_lite="accepted"), version(1, "accepted")) == (2, [])


def test_the_verdict_for_the_jobs_own_base_model_counts():
    rejected_for_another = version(2, "rejected", nova_lite="accepted", nova_pro="rejected")
    rejected_on_demand = version(3, "accepted", nova_pro="accepted", nova_lite="rejected")
    assert chosen(rejected_on_demand, rejected_for_another) == (2, [(3, "rejected")])


def test_without_a_verdict_for_the_base_model_the_versions_own_counts():
    assert chosen(version(2, "rejected", nova_pro="rejected"), version(1, "accepted", nova_pro="accepted")) == (
        1,
        [(2, "rejected")],
    )


def test_a_version_without_a_verdict_or_a_train_split_is_passed_over_and_a_deleted_one_is_told():
    standing = (version(5, "processing"), version(3, "incomplete"), version(1, "accepted"))
    told = [(6, "deleted"), (5, "processing"), (4, "deleted"), (3, "incomplete"), (2, "deleted")]
    assert chosen(*standing, latest=6) == (1, told)


def test_a_version_that_came_after_the_head_was_read_may_be_chosen():
    assert chosen(version(4, "accepted"), latest=3) == (4, [])


@given(st.lists(st.sampled_from(["accepted", "rejected", "processing", "incomplete", "deleted"]), min_size=1))
def test_every_newer_number_is_told_and_no_version_after_the_choice_is_looked_at(statuses):
    numbers = range(len(statuses), 0, -1)
    looked_at = []

    def newest_first():
        for number, status in zip(numbers, statuses, strict=True):
            if status != "deleted":
                looked_at.append(number)
                yield version(number, status)

    choice = newest_accepted(len(statuses), newest_first(), "nova-lite")
    if "accepted" in statuses:
        place = statuses.index("accepted")
        assert choice.version is not None
        assert choice.version.number == looked_at[-1] == numbers[place]
        told = [SkippedVersion(number, status) for number, status in zip(numbers, statuses[:place], strict=False)]
        assert list(choice.skipped) == told
    else:
        assert choice.version is None
