"""The chart of a job's losses. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from tunedrop.domain.reports.charts import Chart, Mark, Notable, Series
from tunedrop.domain.training.metrics import MetricPoint
from tunedrop.domain.training.training_run import TrainingRun

JobReport = Mapping[str, Any]
Point = tuple[float, float | None]

_ENDINGS = {"early_stopping": "early stopping", "stopped_by_request": "stopped", "ended_early": "ended early"}
"""What the diagnosis calls an end before the last epoch that was asked for."""
_STEEP = 100
"""Times the median: from here on a linear chart would show the highest loss and nothing else."""


def chart(report: JobReport, run: TrainingRun) -> Chart:
    """The chart of a job's training and validation losses; the report is that on the run."""
    training, validation = _points(run.training), _points(run.validation)
    series = [Series("training loss", training, smooth=True)] if training or not validation else []
    series += [Series("validation loss", validation)] if validation else []
    return Chart(
        title=f"Losses of job {report['job_id']} by step",
        words=" ".join(_words(report)) or "Bedrock left no losses.",
        x_title="step",
        y_title="loss",
        series=series,
        marks=[*_epochs(report), *_endings(report)],
        spots=list(_best(report)),
        log=is_steep([*training, *validation]),
    )


def is_steep(points: Sequence[Point]) -> bool:
    """Whether only a logarithmic scale shows more than the highest of these losses."""
    known = [y for _, y in points if y is not None]
    return bool(known) and min(known) > 0 and max(known) > _STEEP * median(known)


def _points(points: Sequence[MetricPoint]) -> list[Point]:
    return [(point.step, point.loss) for point in points]


def _words(report: JobReport) -> Iterator[str]:
    """What the chart shows, for people who can't see it."""
    for split, losses in report["losses"].items():
        known = [point for point in report["curves"][split] if point["loss"] is not None]
        if known:
            first, last, lowest = known[0], known[-1], losses["lowest"]
            yield (
                f"{split.capitalize()} loss: {losses['points']:,} points, from {first['loss']:.4g} at step "
                f"{first['step']:,} to {last['loss']:.4g} at step {last['step']:,}, lowest {lowest['loss']:.4g} at "
                f"step {lowest['step']:,}."
            )


def _epochs(report: JobReport) -> Iterator[Mark]:
    """Where each epoch begins, if there are several."""
    rows = [row for row in report["epochs"] if row["epoch"] is not None and row["training_loss"] is not None]
    if len(rows) > 1:
        for row in rows:
            yield Mark(row["steps"][0], f"epoch {row['epoch']}")


def _endings(report: JobReport) -> Iterator[Mark]:
    for each in report["diagnosis"] or ():
        if each["code"] in _ENDINGS and each["places"]:
            yield Mark(each["places"][-1]["steps"][1], _ENDINGS[each["code"]], event=True)


def _best(report: JobReport) -> Iterator[Notable]:
    """The lowest validation loss; of training losses, which only fall, none is the best."""
    lowest = report["losses"]["validation"]["lowest"]
    if lowest:
        epoch = f", epoch {lowest['epoch']}" if lowest["epoch"] is not None else ""
        yield Notable(lowest["step"], lowest["loss"], f"lowest validation loss {lowest['loss']:.4g}{epoch}")
