"""Why fewer epochs ran than were asked for. Pure.

AWS's sentence about early stopping can be read in three ways (docs/facts.md#early-stopping); a run that ended early
shows which of them hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from tunedrop.domain.training.diagnosis_codes import Diagnosis, said
from tunedrop.domain.training.training_run import TrainingRun, epochs_of

DIGITS = 9
"""Losses are compared at so many decimals: 0.70 - 0.64 > 0.06 in binary fractions."""


def early_end(run: TrainingRun) -> Diagnosis | None:
    """`stopped_by_request`, `early_stopping` or `ended_early`."""
    asked, ran = run.count("epochCount"), _epochs(run)
    if not (run.losses or run.checks):
        return None
    if run.status == "Stopped":
        return _stopped(run, ran, asked)
    if run.status != "Completed" or asked is None or ran is None or ran >= asked:
        return None
    rules = _readings_that_stop_at(run, ran)
    return _by_rule(run, rules, ran, asked) if rules else _unexplained(run, ran, asked)


def _epochs(run: TrainingRun) -> int | None:
    """How many epochs the files show; None if they don't."""
    numbered = max(len(epochs_of(run.training)), len(epochs_of(run.validation)))
    if numbered:
        return numbered
    steps = run.steps_per_epoch
    if steps is None or not run.losses:
        return None
    return -(-(run.losses[-1].step - run.losses[0].step + 1) // steps)


def _stopped(run: TrainingRun, ran: int | None, asked: int | None) -> Diagnosis:
    last = (run.losses or run.checks)[-1]
    epoch = f", in epoch {ran} of {asked}" if ran is not None and asked is not None else ""
    return said(
        "stopped_by_request",
        f"The job was stopped at step {last.step}{epoch}.",
        "What was trained until then is charged; start the job again to train to the end.",
        (run.place(last, last),),
    )


EarlyStopReading = Callable[[Sequence[float], int, float], float]
"""The loss that an epoch has to undercut, from the losses, the epoch's index and the loss that last counted."""

READINGS: Mapping[str, EarlyStopReading] = {
    "the lowest loss so far": lambda losses, epoch, _: min(losses[:epoch]),
    "the last epoch that improved": lambda _losses, _epoch, counted: counted,
    "the epoch before": lambda losses, epoch, _: losses[epoch - 1],
}


def stops_after(losses: Sequence[float], threshold: float, patience: int, reading: EarlyStopReading) -> int | None:
    """The number of epochs after which training stops; None if it does not."""
    counted, waited = losses[0] if losses else 0.0, 0
    for epoch in range(1, len(losses)):
        if round(reading(losses, epoch, counted) - losses[epoch], DIGITS) > threshold:
            counted, waited = losses[epoch], 0
        else:
            waited += 1
        if waited >= patience:
            return epoch + 1
    return None


def _readings_that_stop_at(run: TrainingRun, ran: int) -> list[str]:
    patience, threshold = run.count("earlyStoppingPatience"), run.hyperparameters.get("earlyStoppingThreshold")
    losses = [loss for _, loss in sorted({each.epoch or 0: each.loss for each in run.checks}.items())]
    if patience is None or threshold is None or len(losses) != ran:
        return []
    least = float(Decimal(threshold))
    return [name for name, reading in READINGS.items() if stops_after(losses, least, patience, reading) == ran]


def _by_rule(run: TrainingRun, rules: Sequence[str], ran: int, asked: int) -> Diagnosis:
    patience, threshold = run.hyperparameters["earlyStoppingPatience"], run.hyperparameters["earlyStoppingThreshold"]
    epochs = "one epoch" if patience == "1" else f"{patience} epochs in a row"
    which = "by each reading of AWS's rule" if len(rules) == len(READINGS) else f"compared with {' or '.join(rules)}"
    last = run.checks[-1]
    return said(
        "early_stopping",
        f"Early stopping ended training after epoch {ran} of {asked}: for {epochs} the validation loss did not fall by "
        f"more than {threshold} (earlyStoppingThreshold), {which}.",
        "Nothing is wrong. If it stopped too soon, raise earlyStoppingPatience or lower earlyStoppingThreshold.",
        (run.place(last, last),),
    )


def _unexplained(run: TrainingRun, ran: int, asked: int) -> Diagnosis:
    last = (run.losses or run.checks)[-1]
    if "earlyStoppingPatience" not in run.hyperparameters:
        why = "the base model has no early stopping"
    elif len(run.checks) < ran:
        why = "without a validation loss for each epoch, the rule of early stopping can't be checked"
    else:
        why = "no reading of the rule of early stopping ends it there"
    return said(
        "ended_early",
        f"The metrics show {ran} of {asked} epochs, and {why}.",
        "Read the job's status in Bedrock's console; the metrics file may be incomplete.",
        (run.place(last, last),),
    )
