"""What the validation losses show: overfitting, or that it can't be told. Pure.

docs/diagnosis.md#overfitting has the reasons of each number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import fmean, median

from tunedrop.domain.base_models import catalogue
from tunedrop.domain.training.diagnosis_codes import Diagnosis, said
from tunedrop.domain.training.training_run import Measured, TrainingRun, number, percent

MOST_CHECKS = 20
RISE, RISE_OF_LAST_ONLY, RISE_OF_FIRST, TIMES_AGAINST = 0.03, 0.05, 0.01, 1.5


def overfitting(run: TrainingRun) -> Diagnosis | None:
    """`overfitting`, where the validation loss ends clearly above its lowest."""
    checks = _at_most(run.checks)
    if len(checks) < 2:
        return None
    losses = [check.loss for check in checks]
    best = losses.index(min(losses))
    after = losses[best + 1 :]
    if not after:
        return None
    end = fmean(after[-2:])
    least = max(
        (RISE if len(after) > 1 else RISE_OF_LAST_ONLY) * losses[best],
        RISE_OF_FIRST * max(run.first, losses[0]),
        TIMES_AGAINST * _against(losses, best),
    )
    return _overfitted(run, checks, best) if end - losses[best] >= least else None


def _at_most(checks: Sequence[Measured]) -> Sequence[Measured]:
    """Up to `MOST_CHECKS` validation losses: of more, the level of each block where the block ends."""
    if len(checks) <= MOST_CHECKS:
        return checks
    edges = [index * len(checks) // MOST_CHECKS for index in range(MOST_CHECKS + 1)]
    return [
        replace(checks[last - 1], loss=median(each.loss for each in checks[first:last]))
        for first, last in pairwise(edges)
    ]


def _against(losses: Sequence[float], best: int) -> float:
    """The largest rise before the lowest loss or fall after it: what noise does."""
    rises = [after - before for before, after in pairwise(losses[: best + 1])]
    falls = [before - after for before, after in pairwise(losses[best:])]
    return max([0.0, *rises, *falls])


def _overfitted(run: TrainingRun, checks: Sequence[Measured], best: int) -> Diagnosis:
    lowest, last = checks[best], checks[-1]
    share = last.loss / lowest.loss - 1 if lowest.loss else 1.0
    where = f"after epoch {lowest.epoch}" if lowest.epoch is not None else f"at step {lowest.step}"
    end = f"epoch {last.epoch}" if last.epoch is not None else f"step {last.step}"
    asked = run.count("epochCount")
    fewer = lowest.epoch is not None and asked is not None and lowest.epoch < asked
    first = f"epochCount {lowest.epoch}" if fewer else "fewer epochs"
    return said(
        "overfitting",
        f"Overfitting: the validation loss is lowest {where}, {number(lowest.loss)}, and {number(last.loss)} after "
        f"{end}, {percent(share)} higher. Since then the model learns the records by heart.",
        f"Train again with {first}, or a lower {run.rate}; more and more varied records help most.",
        (run.place(lowest, last),),
        lowest.epoch,
    )


def untold(run: TrainingRun, *, is_flat: bool) -> Diagnosis | None:
    """`no_validation` or `too_few_epochs`, where overfitting can't be told.

    `is_flat`: whether the training loss falls no more. Then no more epochs are proposed: a plateau proposed fewer.
    """
    if len(run.checks) > 1:
        return None
    if run.checks:
        return said(
            "too_few_epochs",
            f"There is one validation loss, {number(run.checks[0].loss)}: whether more epochs would help or overfit "
            "can't be told.",
            "Judge the model by asking it the test split."
            + ("" if is_flat else " If it is not good enough yet, one more epoch may help, and shows whether it does."),
        )
    why, hint = _no_validation(run)
    return said("no_validation", f"{why}: overfitting can't be told.", hint)


def _no_validation(run: TrainingRun) -> tuple[str, str]:
    ask = "Judge the model by asking it the test split."
    model = catalogue.catalogue().get(run.base_model)
    if model is not None and not model.validation:
        return f"{model.title} takes no validation split in training", ask
    if run.validated is False:
        return (
            "The job had no validation split",
            "Upload one, or set validation_share in dataset.toml to hold one back.",
        )
    if run.validation:
        return "The validation file holds no loss that is a finite number", ask
    return "Bedrock left no validation losses", ask
