"""What a job's report says of evaluations of its model: a sentence for each verdict, and its numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tunedrop.domain.evaluation.model_evaluations import BriefContrast, ModelEvaluation
from tunedrop.domain.reports import evaluation_briefs

STACK = "arn:aws:cloudformation:us-west-2:123456789012:stack/tunedrop/0"
CONTRAST = BriefContrast("prod", "base", "01hjob", None, 0.86, 0.8, "better", 0.06, 0.02, 0.1, reliable=True)
FOUND = ModelEvaluation(
    evaluation_id="01heval",
    dataset="support",
    version=3,
    metric="exact_match",
    records=9,
    margin=0.03,
    outcome="passed",
    report_key="reports/support/3/evaluations/01heval.json",
    ended_at=datetime(2026, 11, 30, 12, tzinfo=UTC),
    contrasts=(CONTRAST,),
)
OPENLY = "Not decided whether prod is better than base:"
WORSE = replace(CONTRAST, verdict="worse", difference=-0.06, low=-0.1, high=-0.02)
OPEN = replace(CONTRAST, verdict="insufficient_evidence", difference=0.01, low=-0.03, high=0.05)


@pytest.mark.parametrize(
    ("contrast", "words"),
    [
        (CONTRAST, "prod is better than base by 6 points of exact match: 95% interval 2 to 10, 9 records."),
        (WORSE, "prod is worse than base by 6 points of exact match: 95% interval 2 to 10, 9 records."),
        (
            replace(OPEN, verdict="equivalent", low=-0.01, high=0.02),
            "prod and base differ by less than 3 points of exact match: difference 1, 95% interval -1 to 2, 9 records.",
        ),
        (
            replace(OPEN, reliable=False),
            f"{OPENLY} 1 point higher in exact match, 95% interval -3 to 5 (unreliable), 9 records.",
        ),
        (
            replace(OPEN, difference=0.0, low=None, high=None),
            f"{OPENLY} no difference in exact match, too few for an interval, 9 records.",
        ),
        (
            replace(CONTRAST, verdict="suspect"),
            "Nothing is decided: prod and base answered nearly all of 9 records the same to the letter.",
        ),
        (
            replace(CONTRAST, verdict="incomplete"),
            "Nothing is decided: too many of 9 records lack an answer of prod or base.",
        ),
    ],
    ids=["better", "worse", "equivalent", "unreliable", "no interval", "suspect", "incomplete"],
)
def test_each_verdict_is_a_sentence_that_claims_no_more_than_it_shows(contrast, words):
    assert evaluation_briefs.sentence(contrast, FOUND) == words


def test_a_job_report_has_it_with_its_numbers_and_where_its_page_opens():
    told = evaluation_briefs.told(FOUND, STACK, "data-bucket")
    assert (told["evaluation_id"], told["ended_at"], told["outcome"]) == ("01heval", "2026-11-30T12:00:00Z", "passed")
    (contrast,) = told["contrasts"]
    assert (contrast["verdict"], contrast["low"], contrast["high"]) == ("better", 0.02, 0.1)
    assert contrast["words"].startswith("prod is better than base by 6 points")
    assert told["console_url"].endswith(
        "data-bucket?region=us-west-2&prefix=reports/support/3/evaluations/01heval.html"
    )
