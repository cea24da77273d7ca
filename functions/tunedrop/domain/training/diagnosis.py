"""What a run's losses show, in words and codes. Pure.

docs/diagnosis.md has the codes, the thresholds and their reasons.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tunedrop.domain.training.diagnosis_codes import CODES, Diagnosis, StepRange, said
from tunedrop.domain.training.epochs_run import early_end
from tunedrop.domain.training.job_states import Job
from tunedrop.domain.training.loss_levels import divergence, flatness
from tunedrop.domain.training.loss_spikes import spikes
from tunedrop.domain.training.metrics import MetricPoint, MetricSplit
from tunedrop.domain.training.training_run import TrainingRun
from tunedrop.domain.training.validation_losses import overfitting, untold

LOST_AT_END = 3
"""So many missing losses at the end of a file, and it is no accident."""


def run_of(job: Job, training: Sequence[MetricPoint], validation: Sequence[MetricPoint]) -> TrainingRun:
    """An ended job's run, with its metrics."""
    splits = job.splits or {}
    return TrainingRun(
        training=training,
        validation=validation,
        status=job.status,
        base_model=job.base_model,
        hyperparameters=job.hyperparameters,
        records=splits["train"].records if "train" in splits else None,
        validated=None if job.splits is None else "validation" in splits,
    )


def diagnose(run: TrainingRun) -> tuple[Diagnosis, ...]:
    """Everything that the run's metrics show, the most severe first; empty if nothing stands out."""
    if not (run.training or run.validation):
        return (_no_metrics(run),)
    order = list(CODES)
    return tuple(sorted(_all(run), key=lambda each: order.index(each.code)))


def _all(run: TrainingRun) -> Iterator[Diagnosis]:
    lost = [*_lost(run, "training", run.training), *_lost(run, "validation", run.validation)]
    yield from lost
    diverged = divergence(run)
    found = (diverged,) if diverged else (overfitting(run), spikes(run))
    judged = not diverged and not any(each.code == "nan_loss" for each in lost)
    levels = list(flatness(run)) if judged else []
    is_flat = any(each.code == "plateau" for each in levels)
    yield from (each for each in (*found, untold(run, is_flat=is_flat), early_end(run), *levels) if each)


def _lost(run: TrainingRun, split: MetricSplit, points: Sequence[MetricPoint]) -> Iterator[Diagnosis]:
    missing = [index for index, point in enumerate(points) if point.loss is None]
    if not missing:
        return
    ending = next((count for count, point in enumerate(reversed(points)) if point.loss is not None), len(points))
    if ending >= LOST_AT_END or ending == len(points):
        yield _nan(run, split, points, len(points) - ending)
    else:
        steps = points[missing[0]].step, points[missing[-1]].step
        yield said(
            "missing_losses",
            f"{len(missing):,} of {len(points):,} {split} losses are missing or no finite number, "
            f"between steps {steps[0]} and {steps[1]}.",
            "The others were judged without them.",
            (StepRange(steps),),
        )


def _nan(run: TrainingRun, split: MetricSplit, points: Sequence[MetricPoint], first: int) -> Diagnosis:
    since = f"From step {points[first].step} on, no {split} loss is" if first else f"No {split} loss is"
    return said(
        "nan_loss",
        f"{since} a finite number, or it is missing, in {len(points) - first:,} of {len(points):,} rows.",
        f"Don't use this model before you have asked it something. Train again with a lower {run.rate}; look for empty "
        "or very long answers.",
        (StepRange((points[first].step, points[-1].step)),),
    )


def _no_metrics(run: TrainingRun) -> Diagnosis:
    ends = {"Failed": "A failed job may leave none.", "Stopped": "A stopped job may leave none."}
    return said(
        "no_metrics",
        f"Bedrock left no losses, so nothing can be said about the training. {ends.get(run.status, '')}".rstrip(),
        "Judge the model by asking it the test split." if run.status == "Completed" else "See failure and timeline.",
    )
