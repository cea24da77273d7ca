"""What `tunedrop evaluations` refuses before it asks anybody."""

from __future__ import annotations

import pytest

EVALUATE = ("evaluations", "start", "support", "--candidate", "support-prod")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--plan", "--watch"), "nothing to --watch"),
        (("--margin", "0"), "is not between 0 and 1; 3 points are 0.03"),
        (("--margin", "3"), "is not between 0 and 1"),
        (("--margin", "nan"), "is not between 0 and 1"),
        (("--margin", "x"), "is not between 0 and 1"),
        (("--max-records", "0"), "is not a whole number of 1 or more"),
        (("--gate", "equivalent"), "invalid choice"),
    ],
    ids=" ".join,
)
def test_what_means_nothing_is_wrong_usage(tunedrop, more, words):
    ran = tunedrop(*EVALUATE, *more)
    assert (ran.code, words in ran.err) == (2, True)


@pytest.mark.parametrize("dataset", ["support@", "support@x", "support@0", "@1", ""])
def test_a_version_is_a_number_after_the_name(tunedrop, dataset):
    ran = tunedrop("evaluations", "start", dataset, "--candidate", "support-prod")
    assert (ran.code, "such as support-bot@3" in ran.err) == (2, True)
