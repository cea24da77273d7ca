"""Which of several jobs ended best, and what differs between them: a best one is named only where losses can tell."""

from __future__ import annotations

import dataclasses
from typing import Any

from tunedrop_cli import comparison_page
from tunedrop_cli.job_comparison import Comparison, Run, compare, differences, rank


def job(rate: str, **more: Any) -> dict[str, Any]:
    return {
        "dataset": "support",
        "version": 1,
        "base_model": "nova-lite",
        "hyperparameters": {"learningRate": rate, "epochCount": "2"},
        "splits": {"train": {"records": 100, "sha256": "a" * 64}},
        "trained_tokens": 1_000,
        "status": "Completed",
        **more,
    }


def run(rate: str, *validation: float, **more: Any) -> Run:
    return Run(job(rate, **more), [2.0, 1.0], validation)


def test_a_lead_beyond_the_last_points_spread_is_named():
    ranking = rank([run("1e-5", 1.00, 0.98, 0.97), run("3e-5", 0.60, 0.59, 0.58)])
    assert ranking.is_clear
    assert [standing.settings["learningRate"] for standing in ranking.standings] == ["3e-5", "1e-5"]
    assert ranking.verdict.startswith("By validation loss, b is best: b (0.58) and a (0.97) differ by 0.39")
    assert "One run each" in ranking.verdict


def test_a_lead_within_the_last_points_spread_names_none():
    ranking = rank([run("1e-5", 0.90, 0.70, 0.60), run("3e-5", 0.80, 0.62, 0.58)])
    assert not ranking.is_clear
    assert ranking.verdict.startswith(
        "By validation loss, none is best: b (0.58) and a (0.6) differ by 0.02, no more than the 0.3 by which"
    )


def test_repeats_that_lie_apart_name_none_though_each_run_is_calm():
    calm = [run("1e-5", 0.70, 0.70, 0.70), run("1e-5", 0.50, 0.50, 0.50), run("3e-5", 0.55, 0.55, 0.55)]
    ranking = rank([*calm, run("3e-5", 0.55, 0.55, 0.55)])
    assert not ranking.is_clear
    assert ranking.standings[0].marks == "c, d"
    assert "One run each" not in ranking.verdict


def test_without_a_validation_split_nothing_is_ranked():
    ranking = rank([run("1e-5"), run("3e-5")])
    assert (ranking.standings, ranking.is_clear) == ((), False)
    assert ranking.verdict.startswith("No run has a validation loss")
    assert "2 more without a validation loss are not ranked" in ranking.verdict


def test_losses_of_other_data_or_another_base_model_rank_nothing():
    for other in ({"base_model": "nova-2-lite"}, {"dataset": "tea"}, {"version": 2}):
        ranking = rank([run("1e-5", 0.9), run("3e-5", 0.2, **other)])
        assert (ranking.standings, ranking.is_clear) == ((), False), other
        assert "rank nothing" in ranking.verdict
    held_out = {"splits": {"validation": {"records": 9, "sha256": "b" * 64}}}
    assert rank([run("1e-5", 0.9, 0.9, **held_out), run("3e-5", 0.2, 0.2, version=2, **held_out)]).is_clear


def test_a_run_that_failed_or_goes_on_is_no_repeat_of_another():
    alone = rank([run("1e-5", 0.5), run("1e-5", status="Failed"), run("3e-5", status="InProgress")])
    assert [len(each.runs) for each in alone.standings] == [1]
    assert "chance" not in alone.verdict
    assert "1 more has not ended yet" in alone.verdict
    assert "1 more without a validation loss" in alone.verdict


def test_equal_settings_differ_by_chance():
    assert "what differs is chance" in rank([run("1e-5", 0.5), run("1e-5", 0.6)]).verdict


def test_only_what_differs_is_told_and_a_dash_where_one_has_none():
    other = job("3e-5", splits=None, trained_tokens=None)
    assert dict(differences([job("1e-5"), other])) == {
        "learningRate": ("1e-5", "3e-5"),
        "train records": ("100", "-"),
        "train sha256": ("a" * 12, "-"),
        "trained tokens": ("1,000", "-"),
    }


def compared(over: str = "steps", **more: Any) -> Comparison:
    jobs = [
        job("1e-5", id="a1", status="Completed", final_losses={}, cost=None, steps=10, **more),
        job("3e-5", id="b2", status="Completed", final_losses={}, cost=None, steps=20, **more),
    ]
    points = [{"step": step, "loss": loss} for step, loss in ((0, 3.0), (1, None), (9, 1.0))]
    return compare(jobs, [{"training": points, "validation": points[2:]}, {"training": points, "validation": []}], over)


def test_losses_lie_over_steps_or_over_the_tokens_that_were_trained_by_then():
    assert compared().training[0] == [(0.0, 3.0), (9.0, 1.0)]
    by_tokens = compared("tokens")
    assert [curve[-1][0] for curve in by_tokens.training] == [900.0, 450.0]
    assert by_tokens.axis == "tokens"


def test_the_page_is_one_file_that_tells_each_job_apart_and_loads_nothing():
    page = comparison_page.render(compared()).decode()
    assert page.startswith("<!doctype html>")
    for words in ("a: learningRate=1e-5", "b: learningRate=3e-5", "a1", "b2", "Training losses by steps"):
        assert words in page
    assert page.count("<svg") == 4, "two charts, each for wide and narrow windows"
    for loads in ("<script", "http://", "https://", "url(", "@import"):
        assert loads not in page.replace("http://www.w3.org/2000/svg", "")


def test_a_page_without_losses_says_so():
    without = dataclasses.replace(compared(), training=[[], []], validation=[[], []])
    assert "None of them has losses." in comparison_page.render(without).decode()


def test_what_a_name_holds_can_not_become_markup():
    page = comparison_page.render(compared(dataset="<script>alert(1)</script>")).decode()
    assert "<script" not in page
