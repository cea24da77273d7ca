"""A job as one run of MLflow: what MLflow's page shows of it, under which names. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tunedrop.domain.reports.next_commands import show_evaluation, show_job

from tunedrop_cli import judged_models

JOB_TAG = "tunedrop:job"
"""The tag by which a job's run is found again."""
SPREAD = "Bedrock's files have no times: the steps are spread evenly over the time in training."
_STATUSES = {"Completed": "FINISHED", "Failed": "FAILED", "Stopped": "KILLED"}
_CONTEXTS = {"train": "training", "validation": "validation", "test": "testing"}
_DIGEST = 12
"""Characters of a SHA-256, as `jobs compare` shows it; MLflow has room for 36."""

Job = Mapping[str, Any]
Points = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class LoggedMetric:
    """One value; `time` is in milliseconds since 1970."""

    key: str
    value: float
    time: int
    step: int


@dataclass(frozen=True, slots=True)
class LoggedData:
    """The prepared object of one split, as a dataset of MLflow."""

    name: str
    digest: str
    uri: str
    profile: str
    context: str


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """All that MLflow knows of a job, in MLflow's terms; times are in milliseconds since 1970."""

    job_id: str
    experiment: str
    name: str
    status: str
    start_time: int
    end_time: int | None
    params: Mapping[str, str]
    tags: Mapping[str, str]
    data: Sequence[LoggedData]
    metrics: Sequence[LoggedMetric]


def has_begun(job: Job) -> bool:
    """Whether there is a run to track: Bedrock has started the job, or it ended without."""
    return job["started_at"] is not None or job["status"] in _STATUSES


def of(job: Job, points: Points) -> TrackedRun:
    """The run of a job that has begun, with the losses that are known of it by split."""
    return TrackedRun(
        job_id=job["id"],
        experiment=job["dataset"],
        name=job["name"],
        status=_STATUSES.get(job["status"], "RUNNING"),
        start_time=_milliseconds(job["started_at"] or job["created_at"]),
        end_time=_milliseconds(job["ended_at"]) if job["ended_at"] else None,
        params=dict(_params(job)),
        tags=_tags(job),
        data=list(_data(job)),
        metrics=[*_losses(job, points), *_scores(job)],
    )


def _data_of(job: Job) -> str:
    return f"{job['dataset']}@{job['version']}"


def _params(job: Job) -> Iterator[tuple[str, str]]:
    yield "base_model", job["base_model"]
    yield "dataset", _data_of(job)
    yield from job["hyperparameters"].items()
    if job["trained_tokens"] is not None:
        yield "planned_tokens", str(job["trained_tokens"])
    cost = job.get("cost") or {}
    if cost.get("amount") is not None:
        yield f"planned_cost_{cost['currency']}", str(cost["amount"])


def _tags(job: Job) -> dict[str, str]:
    judged = job.get("evaluations") or ()
    known = {
        JOB_TAG: job["id"],
        "tunedrop:job_arn": job["arn"],
        "tunedrop:model_arn": job["model_arn"],
        "tunedrop:owner": job["owner"],
        "tunedrop:sweep": job.get("sweep"),
        "tunedrop:from_job": job.get("from_job"),
        "tunedrop:failure_code": job.get("failure_code"),
        "tunedrop:evaluation": judged[0]["evaluation_id"] if judged else None,
        "tunedrop:verdict": judged[0]["contrasts"][0]["verdict"] if judged else None,
        "mlflow.user": str(job["owner"]).rsplit("/", 1)[-1],
        "mlflow.source.name": "tunedrop",
        "mlflow.source.type": "JOB",
        "mlflow.note.content": "\n".join(_note(job)),
    }
    digests = {f"tunedrop:{split}_sha256": each["sha256"] for split, each in (job["splits"] or {}).items()}
    return {name: value for name, value in (known | digests).items() if value}


def _note(job: Job) -> Iterator[str]:
    """The run's description, in Markdown."""
    yield f"Bedrock model-customization job of Tunedrop: `{job['base_model']}` on `{_data_of(job)}`.\n"
    if job["failure"]:
        yield f"**{job['status']}**: {job['failure']}\n"
    for each in job.get("diagnosis") or ():
        yield f"- **{each['code']}** ({each['severity']}): {each['words']} {each['hint'] or ''}".rstrip()
    for each in job.get("evaluations") or ():
        for contrast in each["contrasts"]:
            yield f"- {judged_models.sentence(contrast, each['records'])} (`{show_evaluation(each['evaluation_id'])}`)"
    tags = ", ".join(f"`{name}={value}`" for name, value in (job.get("tags") or {}).items())
    if tags:
        yield f"\nTags: {tags}"
    yield f"\n{SPREAD}\n"
    yield f"`{show_job(job['id'])}`"


def _data(job: Job) -> Iterator[LoggedData]:
    request = job["request"] or {}
    bucket = request.get("trainingDataConfig", {}).get("s3Uri", "").removeprefix("s3://").partition("/")[0]
    for split, each in (job["splits"] or {}).items():
        profile = {"num_rows": each["records"], **{name: each[name] for name in ("bytes", "sha256", "version_id")}}
        yield LoggedData(
            name=f"{_data_of(job)} {split}",
            digest=each["sha256"][:_DIGEST],
            uri=f"s3://{bucket}/{each['key']}",
            profile=json.dumps(profile),
            context=_CONTEXTS[split],
        )


def _losses(job: Job, points: Points) -> Iterator[LoggedMetric]:
    known = {split: [each for each in some if each["loss"] is not None] for split, some in points.items()}
    last = max((each["step"] for some in known.values() for each in some), default=0) or 1
    first, length = _training(job)
    for split, some in known.items():
        for each in some:
            yield LoggedMetric(f"{split}_loss", each["loss"], first + length * each["step"] // last, each["step"])


def _scores(job: Job) -> Iterator[LoggedMetric]:
    """What evaluations found of its model: step by the seconds after the job's end, so that a repeat adds nothing."""
    for each in job.get("evaluations") or ():
        ours = each["contrasts"][0]
        is_judged = ours["candidate_job_id"] == job["id"]
        at = _milliseconds(each["ended_at"])
        step = (at - _milliseconds(job["ended_at"])) // 1_000
        name, side, sign = f"test_{each['metric']}", "candidate" if is_judged else "against", 1 if is_judged else -1
        yield LoggedMetric(name, ours[f"{side}_score"], at, step)
        yield LoggedMetric(f"{name}_difference", sign * ours["difference"], at, step)


def _training(job: Job) -> tuple[int, int]:
    """When training began, and how long it took: by Bedrock's phases, else from the job's start to its end."""
    phase: Job = next((each for each in job.get("phases") or () if each["name"] == "training"), {})
    began = _milliseconds(phase.get("started_at") or job["started_at"] or job["created_at"])
    ended = phase.get("changed_at") or job["ended_at"]
    return began, max(0, _milliseconds(ended) - began) if ended else 0


def _milliseconds(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1_000)
