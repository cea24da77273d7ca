"""Which of several jobs ended best, and what differs between them: a best one is named only where losses can tell."""

from __future__ import annotations

from typing import Any

from tunedrop_cli.job_comparison import Run, differences, rank


def job(rate: str, **more: Any) -> dict[str, Any]:
    return {
        "dataset": "support",
        "version": 1,
        "base_model": "nova-lite",
        "hyperparameters": {"learningRate": rate, "epochCount": "2"},
        "splits": {"train": {"records": 100, "sha256": "a" * 64}},
        "trained_tokens": 1_000,
        **more,
    }


def run(rate: str, *validation: float) -> Run:
    return Run(job(rate), [2.0, 1.0], validation)


def test_a_lead_beyond_the_last_points_spread_is_named():
    ranking = rank([run("1e-5", 1.00, 0.98, 0.97), run("3e-5", 0.60, 0.59, 0.58)])
    assert ranking.is_clear
    assert [standing.settings["learningRate"] for standing in ranking.standings] == ["3e-5", "1e-5"]
    assert "One run each" in ranking.verdict


def test_a_lead_within_the_last_points_spread_names_none():
    ranking = rank([run("1e-5", 0.90, 0.70, 0.60), run("3e-5", 0.80, 0.62, 0.58)])
    assert not ranking.is_clear
    assert ranking.verdict.startswith("None is best")


def test_repeats_that_lie_apart_name_none_though_each_run_is_calm():
    calm = [run("1e-5", 0.70, 0.70, 0.70), run("1e-5", 0.50, 0.50, 0.50), run("3e-5", 0.55, 0.55, 0.55)]
    ranking = rank([*calm, run("3e-5", 0.55, 0.55, 0.55)])
    assert not ranking.is_clear
    assert "One run each" not in ranking.verdict


def test_without_a_validation_split_nothing_is_ranked():
    ranking = rank([run("1e-5"), run("3e-5")])
    assert (ranking.standings, ranking.is_clear) == ((), False)
    assert "without a validation split" in ranking.verdict


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
