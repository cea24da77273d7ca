"""What is proposed once jobs were compared: the best where there is one, and nothing that a verdict speaks against."""

from __future__ import annotations

from typing import Any

import pytest
from tunedrop_cli import comparison_advice
from tunedrop_cli.job_comparison import compare

from tests.unit.cli.test_job_comparison import job
from tests.unit.cli.test_job_ranking import contrast, evaluation

LOSSES = {"low": (0.58, 0.58, 0.58), "high": (0.97, 0.97, 0.97), "near": (0.99, 0.58, 0.60)}


def trained(job_id: str, rate: str, loss: str = "", **more: Any) -> tuple[dict[str, Any], Any]:
    facts = {"id": job_id, "final_losses": {}, "cost": None, "steps": 3, "evaluations": [], "deployment": None, **more}
    points = [{"step": step, "loss": value} for step, value in enumerate(LOSSES.get(loss, ()), 1)]
    return job(rate, **facts), {"training": [], "validation": points}


def proposed(*trained: tuple[dict[str, Any], Any]) -> str | None:
    jobs, losses = zip(*trained, strict=True)
    step = comparison_advice.next_step(compare(jobs, losses, "steps"))
    return step.command if step else None


def test_the_best_is_served():
    assert (
        proposed(trained("one", "1e-5", "high"), trained("two", "3e-5", "low"))
        == "tunedrop deployments put support-prod --job two --plan"
    )
    wish = {"name": "support-next"}
    two = trained("two", "3e-5", "low", deployment=wish)
    assert proposed(trained("one", "1e-5", "high"), two) == "tunedrop deployments show support-next"


def test_what_has_not_ended_is_followed_first():
    running = trained("three", "1e-4", status="InProgress")
    assert proposed(trained("one", "1e-5", "high"), trained("two", "3e-5", "low"), running) == (
        "tunedrop jobs show three --watch"
    )


def test_where_none_is_best_the_first_two_are_repeated_and_none_is_served():
    assert proposed(trained("one", "1e-5", "low"), trained("two", "3e-5", "near"), trained("3", "1", "high")) == (
        "tunedrop jobs start support@1 --model nova-lite --set epochCount=2 --sweep learningRate=1e-5,3e-5 "
        "--repeats 3 --plan"
    )
    other = trained("two", "3e-5", "near", version=2)
    assert proposed(trained("one", "1e-5", "low"), other) is None
    assert proposed(trained("one", "1e-5"), trained("two", "3e-5")) is None


@pytest.mark.parametrize("verdict", ["insufficient_evidence", "equivalent", "suspect", "incomplete"])
def test_a_verdict_that_tells_no_two_apart_is_shown_though_losses_do(verdict):
    between = evaluation(contrast("one", "two", (0.80, 0.86), verdict=verdict))
    one, two = trained("one", "1", "low", evaluations=[between]), trained("two", "2", "high", evaluations=[between])
    assert proposed(one, two) == "tunedrop evaluations show e1"


def test_the_better_by_evaluation_is_served_though_its_loss_is_higher():
    between = evaluation(contrast("one", "two", (0.90, 0.80), verdict="better"))
    one, two = trained("one", "1", "high", evaluations=[between]), trained("two", "2", "low", evaluations=[between])
    assert proposed(one, two) == "tunedrop deployments put support-prod --job one --plan"


def test_the_best_of_several_that_is_worse_than_the_base_model_is_not_served():
    worse = contrast("one", None, (0.80, 0.95), verdict="worse")
    between = evaluation(contrast("one", "two", (0.80, 0.70), verdict="better"), worse)
    one, two = trained("one", "1", "low", evaluations=[between]), trained("two", "2", "high", evaluations=[between])
    assert proposed(one, two) == "tunedrop evaluations show e1"
    alone = trained("one", "1", "low", evaluations=[evaluation(worse)])
    assert proposed(alone, trained("two", "2", "high")) == "tunedrop evaluations show e1"
