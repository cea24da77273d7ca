"""The metrics files that a finished job leaves in its output bucket (docs/facts.md#metrics-files)."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Final

from bedrock_simulator.configuration import ValidationLayout
from bedrock_simulator.entities import Job
from bedrock_simulator.learning import Point

TRAINING_PATH: Final = "training_artifacts/step_wise_training_metrics.csv"
VALIDATION_PATHS: Final[Mapping[ValidationLayout, str]] = {
    "documented": "validation_artifacts/post_fine_tuning_validation/validation_metrics.csv",
    "nested": "validation_artifacts/post_fine_tuning_validation/validation/validation_metrics.csv",
    "flat": "validation_artifacts/validation_metrics.csv",
}


def artefact_uri(job: Job, path: str) -> str:
    """The URI of one of a job's output files."""
    return f"{job.output_uri.rstrip('/')}/model-customization-job-{job.id}/{path}"


def metrics_csv(points: Sequence[Point], loss_column: str) -> str:
    """A curve as CSV: step_number, epoch_number, the loss, perplexity."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("step_number", "epoch_number", loss_column, "perplexity"))
    rows.writerows((p.step, p.epoch, f"{p.loss:.6f}", f"{math.exp(min(p.loss, 700)):.6f}") for p in points)
    return text.getvalue()
