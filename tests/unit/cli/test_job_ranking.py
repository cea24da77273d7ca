"""Which job's model answers best by evaluations: a first one is named only where an interval shows it."""

from __future__ import annotations

from typing import Any

import pytest
from tunedrop_cli import comparison_page, job_ranking, tracked_run
from tunedrop_cli.job_comparison import MARKS, compare
from tunedrop_cli.job_ranking import EvaluationRanking

ENDED = "2026-11-30T12:00:00Z"


def contrast(ours: str | None, theirs: str | None, scores: tuple[float, float], **more: Any) -> dict[str, Any]:
    gap = scores[0] - scores[1]
    return {
        "candidate": f"{ours}-prod",
        "against": f"{theirs}-prod" if theirs else "base",
        "candidate_job_id": ours,
        "against_job_id": theirs,
        "candidate_score": scores[0],
        "against_score": scores[1],
        "verdict": "insufficient_evidence",
        "difference": gap,
        "low": gap - 0.05,
        "high": gap + 0.05,
        "reliable": True,
        **more,
    }


def evaluation(*contrasts: dict[str, Any], **more: Any) -> dict[str, Any]:
    told = {"evaluation_id": "e1", "dataset": "support", "version": 1, "metric": "exact_match", "records": 400}
    return {**told, "ended_at": ENDED, "contrasts": list(contrasts), **more}


def job(job_id: str, *evaluations: dict[str, Any], base_model: str = "nova-lite") -> dict[str, Any]:
    return {"id": job_id, "base_model": base_model, "evaluations": list(evaluations)}


def ranked(*jobs: dict[str, Any]) -> EvaluationRanking:
    found = job_ranking.rank(jobs, MARKS)
    assert found
    return found


def pair(verdict: str) -> EvaluationRanking:
    between = evaluation(contrast("one", "two", (0.80, 0.86), verdict=verdict))
    return ranked(job("one", between), job("two", between))


def test_the_other_side_of_a_contrast_that_is_worse_is_better_with_its_interval_turned():
    found = pair("worse")
    assert found.is_clear
    assert [each.job["id"] for each in found.standings] == ["two", "one"]
    assert found.sentences == (
        "By evaluation, on 400 records of test:",
        "b is better than a by 6 points of exact match (95% interval 1 to 11).",
    )


@pytest.mark.parametrize(("verdict", "said"), [
    ("insufficient_evidence", "b and a can't be told apart: b scored higher by 6 points of exact match"),
    ("equivalent", "b and a are as good as each other: they differ by 6 points"),
    ("suspect", "b and a can't be told apart: their evaluation is suspect"),
    ("incomplete", "b and a can't be told apart: their evaluation is incomplete"),
])  # fmt: skip
def test_jobs_whose_contrast_is_not_decided_are_told_by_why_not(verdict, said):
    found = pair(verdict)
    assert not found.is_clear
    assert found.sentences[1].startswith(said)


def test_each_pair_that_was_asked_has_its_own_verdict_whoever_is_best():
    one_two = contrast("one", "two", (0.90, 0.89))
    one_three = contrast("one", "three", (0.90, 0.60), verdict="better")
    whole = evaluation(one_two, one_three)
    found = ranked(job("one", whole), job("two", evaluation(one_two)), job("three", evaluation(one_three)))
    assert found.sentences == (
        "By evaluation, on 400 records of test:",
        (
            "a and b can't be told apart: a scored higher by 1 point of exact match (95% interval -4 to 6), which may "
            "be chance."
        ),
        "a is better than c by 30 points of exact match (95% interval 25 to 35).",
    )
    assert not found.is_clear


def test_pairs_without_the_best_are_told_where_an_evaluation_asked_them_and_else_not():
    one_two = contrast("one", "two", (0.70, 0.60), verdict="better")
    alone = evaluation(contrast("three", None, (0.90, 0.60)))
    found = ranked(job("one", evaluation(one_two)), job("two", evaluation(one_two)), job("three", alone))
    assert [each.split(" by ")[0].split(":")[0] for each in found.sentences[1:]] == [
        "c and a can't be told apart",
        "c and b can't be told apart",
        "a is better than b",
    ]


@pytest.mark.parametrize(("verdict", "difference", "said"), [
    ("better", 0.02, "a is better than b by 2 points of exact match (95% interval 1 to 3)."),
    ("worse", -0.02, "b is better than a by 2 points of exact match (95% interval 1 to 3)."),
    ("insufficient_evidence", -0.02, "b and a can't be told apart: b scored higher by 2 points of exact match (95%"),
    ("insufficient_evidence", -0.02, "(95% interval 1 to 3), which may be chance."),
    ("insufficient_evidence", 0.0, "can't be told apart: they scored the same (95% interval -1 to 1), which may be"),
    ("equivalent", -0.02, "they differ by 2 points of exact match (95% interval 1 to 3), within the margin."),
])  # fmt: skip
@pytest.mark.parametrize("alone", [(0.95, 0.80), (0.80, 0.95)])
def test_what_an_evaluation_of_both_found_is_told_whatever_each_scored_in_others(alone, verdict, difference, said):
    measured = {"difference": difference, "low": difference - 0.01, "high": difference + 0.01, "verdict": verdict}
    both = contrast("one", "two", (0.9 + difference, 0.9), **measured)
    scored = {"one": alone[0], "two": alone[1]}
    jobs = [job(name, evaluation(contrast(name, None, (score, 0.6)), both)) for name, score in scored.items()]
    assert said in ranked(*jobs).sentences[1]


def test_each_job_has_its_rivals_as_it_sees_them():
    rows = list(job_ranking.rows(pair("worse"), MARKS))
    assert rows == [
        ("b", "86", "one-prod", "better", "6 points (1 to 11)"),
        ("a", "80", "two-prod", "worse", "-6 points (-11 to -1)"),
    ]


def against_base(job_id: str, score: float, **more: Any) -> dict[str, Any]:
    return job(job_id, evaluation(contrast(job_id, None, (score, 0.6))), **more)


def test_intervals_against_one_base_tell_jobs_apart_only_where_they_lie_apart():
    assert ranked(against_base("one", 0.80), against_base("two", 0.91)).is_clear
    overlap = ranked(against_base("one", 0.80), against_base("two", 0.89))
    assert not overlap.is_clear
    assert "no evaluation asked one against the other" in overlap.verdict
    other = ranked(against_base("one", 0.70), against_base("two", 0.95, base_model="nova-micro"))
    assert not other.is_clear, "each against another base"


def test_the_best_of_several_is_to_be_confirmed_and_those_not_asked_are_counted():
    between = evaluation(
        contrast("one", "two", (0.9, 0.8), verdict="better"), contrast("one", "three", (0.9, 0.7), verdict="better")
    )
    only = (evaluation(each) for each in between["contrasts"])
    jobs = [job("one", between), job("two", next(only)), job("three", next(only)), job("four")]
    verdict = ranked(*jobs).verdict
    assert "confirm the best by records that no evaluation asked" in verdict
    assert verdict.endswith("1 more was not asked the same records.")


def test_jobs_that_were_asked_other_records_are_not_ranked():
    older = evaluation(contrast("two", None, (0.9, 0.6)), records=100)
    assert job_ranking.rank([against_base("one", 0.8), job("two", older)], MARKS) is None
    assert job_ranking.rank([job("one"), job("two")], MARKS) is None


def test_of_two_evaluations_the_newest_counts_as_they_are_told_newest_first():
    newer = evaluation(contrast("one", None, (0.9, 0.6)))
    older = evaluation(contrast("one", None, (0.1, 0.6)))
    assert ranked(job("one", newer, older), against_base("two", 0.8)).standings[0].score == 0.9


def whole(found: dict[str, Any]) -> dict[str, Any]:
    told = {"dataset": "support", "version": 1, "hyperparameters": {}, "splits": None, "trained_tokens": None}
    more: dict[str, Any] = {
        "status": "Completed",
        "final_losses": {},
        "cost": None,
        "steps": None,
        "name": "n",
        "arn": None,
    }
    moments = {"created_at": ENDED, "started_at": ENDED, "ended_at": ENDED}
    unknown = {"model_arn": None, "owner": "dana", "request": None, "failure": None}
    return {**told, **more, **moments, **unknown, **found}


def test_the_page_of_a_comparison_says_what_evaluations_found_before_the_losses():
    jobs = [whole(against_base("one", 0.80)), whole(against_base("two", 0.89))]
    page = comparison_page.render(compare(jobs, [{"training": [], "validation": []}] * 2, "steps")).decode()
    assert page.index("can't be told apart".replace("'", "&#x27;")) < page.index("No run has a validation loss")
    assert "400 records of test of support@1" in page


def test_mlflow_is_told_scores_and_verdict_and_the_same_again_when_it_is_told_again():
    judged = whole(job("one", evaluation(contrast("one", None, (0.8, 0.6)), ended_at="2026-11-30T12:05:00Z")))
    run = tracked_run.of(judged, {})
    assert [(each.key, round(each.value, 3), each.step) for each in run.metrics] == [
        ("test_exact_match", 0.8, 300),
        ("test_exact_match_difference", 0.2, 300),
    ]
    assert (run.tags["tunedrop:evaluation"], run.tags["tunedrop:verdict"]) == ("e1", "insufficient_evidence")
    assert (
        "one-prod against base: not enough evidence, 20 points (15 to 25), 400 records"
        in run.tags["mlflow.note.content"]
    )
    assert tracked_run.of(judged, {}) == run
