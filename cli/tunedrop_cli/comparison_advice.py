"""What to do once jobs were compared: never what their comparison speaks against. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from tunedrop.domain.reports import next_commands
from tunedrop.domain.reports.next_commands import Step

from tunedrop_cli import job_ranking, judged_models
from tunedrop_cli.job_comparison import Comparison, Standing
from tunedrop_cli.job_options import MOST_OF_A_SWEEP
from tunedrop_cli.job_ranking import EvaluationRanking
from tunedrop_cli.job_text import ENDED

Job = Mapping[str, Any]


def next_step(found: Comparison) -> Step | None:
    """The next step; None where nothing follows from what was compared."""
    running = next((run.job for run in found.runs if run.job["status"] not in ENDED), None)
    if running:
        return Step("To follow the first that has not ended:", next_commands.show_job(running["id"], watch=True))
    if found.judged:
        return _by_evaluation(found.judged)
    standings = found.ranking.standings
    if found.ranking.is_clear:
        best = min(standings[0].runs, key=lambda run: run.loss or 0.0)
        return _serve(best.job)
    return _repeat(standings) if len(standings) > 1 else None


def _by_evaluation(judged: EvaluationRanking) -> Step | None:
    first = judged.standings[0]
    told = job_ranking.told(first)
    if judged.is_clear and all(contrast["verdict"] != "worse" for contrast in told):
        return _serve(first.job)
    return Step(
        "What that stands on, and what would tell more:",
        next_commands.show_evaluation(first.evaluation["evaluation_id"]),
    )


def _serve(best: Job) -> Step | None:
    """Serve it, unless an evaluation found it worse than what it was held against."""
    judged = list(best.get("evaluations") or ())
    if judged_models.is_worse(judged, best["id"]):
        return Step("It was found worse:", next_commands.show_evaluation(judged[0]["evaluation_id"]))
    if best["status"] != "Completed":
        return None
    wish = best.get("deployment")
    if wish:
        return Step("What serves the best:", next_commands.show_deployment(wish["name"]))
    return Step("To serve the best:", next_commands.plan_serving(best["dataset"], best["id"]))


def _repeat(standings: Sequence[Standing]) -> Step | None:
    """Run the first two several times, where a sweep of one hyperparameter does that."""
    first, second = standings[:2]
    one, other = first.runs[0].job, second.runs[0].job
    swept = [name for name in first.settings if first.settings[name] != second.settings.get(name)]
    if len(swept) != 1 or first.settings.keys() != second.settings.keys() or _data(one) != _data(other):
        return None
    same = {name: value for name, value in first.settings.items() if name not in swept}
    again = next_commands.start_job(one["dataset"], one["version"], one["base_model"], hyperparameters=same)
    values = f"{swept[0]}={first.settings[swept[0]]},{second.settings[swept[0]]}"
    words = shlex.join(["--sweep", values, "--repeats", str(MOST_OF_A_SWEEP // 2), "--plan"])
    return Step("To see how much of that is chance:", f"{again} {words}")


def _data(job: Job) -> tuple[object, ...]:
    return job["dataset"], job["version"], job["base_model"]
