"""The JSON report on one ended job, which other programs may rely on. docs/api.md#a-jobs-report describes it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from statistics import fmean
from typing import Any

from tunedrop import __version__
from tunedrop.domain.evaluation.model_evaluations import ModelEvaluation
from tunedrop.domain.reports import downsampling, evaluation_briefs, job_advice, next_commands
from tunedrop.domain.training.job_states import Job
from tunedrop.domain.training.metrics import MetricPoint
from tunedrop.domain.training.training_run import Measured, TrainingRun, epochs_of

SCHEMA = 1
MAX_POINTS = 2_000
"""Points of one curve in the report; `GET /jobs/{id}/metrics` has all of them."""
_BLOCKS = 10
"""Rows of the table where the metrics file numbers no epochs."""


def build(
    job: Job, run: TrainingRun, stack: str, evaluations: Sequence[ModelEvaluation] = (), *, bucket: str = ""
) -> dict[str, Any]:
    """Build the report on an ended job and its run. Its members keep their order; new ones are added at the end.

    `evaluations`: those in which its model took part, whose reports lie in `bucket`.
    """
    return {
        **_identity(job, stack),
        "hyperparameters": dict(job.hyperparameters),
        "request": job.request,
        "data": {split: asdict(data) for split, data in (job.splits or {}).items()},
        "trained_tokens_planned": job.trained_tokens,
        "steps_planned": job.steps,
        "cost": dict(job.cost) if job.cost is not None else None,
        "losses": _losses(job, run),
        "epochs": list(_epochs(run) if run.epoch_starts else _blocks(run)),
        "curves": {"training": _curve(run.training), "validation": _curve(run.validation)},
        "metric_files": dict(job.metric_files),
        "diagnosis": None if job.diagnosis is None else [asdict(each) for each in job.diagnosis],
        "timeline": [asdict(entry) | {"time": _moment(entry.time)} for entry in job.timeline],
        "next_steps": [
            {"words": step.words, "command": step.command and next_commands.in_stack(step.command, stack)}
            for step in job_advice.steps(job)
        ],
        "evaluations": [evaluation_briefs.told(found, stack, bucket) for found in evaluations],
    }


def _identity(job: Job, stack: str) -> dict[str, Any]:
    """Which job it is, and what became of it."""
    return {
        "schema": SCHEMA,
        "tunedrop": __version__,
        "stack": stack,
        "job_id": job.id,
        "status": job.status,
        "dataset": job.dataset,
        "version": job.version,
        "base_model": job.base_model,
        "job_name": job.name,
        "job_arn": job.arn,
        "model_arn": job.model_arn,
        "owner": job.owner,
        "requested_by": job.requested_by,
        "sweep": job.sweep,
        "created_at": _moment(job.created_at),
        "started_at": _moment(job.started_at),
        "ended_at": _moment(job.ended_at),
        "failure": job.failure,
        "failure_code": job.failure_code,
    }


def encode(report: Mapping[str, Any]) -> bytes:
    """Encode the report as JSON, as it is stored."""
    return json.dumps(report, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def _moment(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat(timespec="seconds").replace("+00:00", "Z")


def _losses(job: Job, run: TrainingRun) -> dict[str, Any]:
    """By split: the number of points, the final loss, and the lowest with its step and epoch; null if unknown."""
    splits = {"training": (run.training, run.losses), "validation": (run.validation, run.checks)}
    return {
        split: {"points": len(points), "final": job.final_losses.get(split), "lowest": _lowest(measured)}
        for split, (points, measured) in splits.items()
    }


def _lowest(measured: Sequence[Measured]) -> dict[str, Any] | None:
    if not measured:
        return None
    best = min(measured, key=lambda each: each.loss)
    return {"step": best.step, "epoch": best.epoch, "loss": best.loss}


def _epochs(run: TrainingRun) -> Iterator[dict[str, Any]]:
    """A row for each epoch, counted from 1."""
    for epoch in sorted({each.epoch for each in (*run.losses, *run.checks) if each.epoch is not None}):
        trained = [each for each in run.losses if each.epoch == epoch]
        yield _row(epoch, trained, [each for each in run.checks if each.epoch == epoch])


def _blocks(run: TrainingRun) -> Iterator[dict[str, Any]]:
    """A row for each tenth of the training losses, if the file numbers no epochs."""
    losses = run.losses
    blocks = min(_BLOCKS, len(losses))
    after = losses[0].step if losses else 0
    for number in range(blocks):
        part = losses[number * len(losses) // blocks : (number + 1) * len(losses) // blocks]
        last = number == blocks - 1
        yield _row(
            None, part, [each for each in run.checks if after <= each.step and (last or each.step <= part[-1].step)]
        )
        after = part[-1].step + 1


def _row(epoch: int | None, trained: Sequence[Measured], checks: Sequence[Measured]) -> dict[str, Any]:
    steps = [each.step for each in (*trained, *checks)]
    return {
        "epoch": epoch,
        "steps": [min(steps), max(steps)],
        "training_loss": fmean(each.loss for each in trained) if trained else None,
        "validation_loss": checks[-1].loss if checks else None,
    }


def _curve(points: Sequence[MetricPoint]) -> list[dict[str, Any]]:
    """At most MAX_POINTS of the points, the peaks among them; the epoch is counted from 1."""
    counted = epochs_of(points)
    chosen = (points[index] for index in downsampling.kept([point.loss for point in points], MAX_POINTS))
    return [
        {"step": point.step, "epoch": point.epoch if point.epoch is None else counted[point.epoch], "loss": point.loss}
        for point in chosen
    ]
