"""Starting a job, asking for its end, and reading jobs and their metrics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from tunedrop import intents, preparing
from tunedrop.base_models import catalogue
from tunedrop.base_models.catalogue import BaseModel
from tunedrop.edges import bedrock as bedrock_edge
from tunedrop.edges import deployment_rows, job_rows, outputs, queues, quotas, tombstone_rows
from tunedrop.edges.settings import Settings
from tunedrop.edges.table import Check, Put, Table
from tunedrop.errors import Conflict, InvalidInput, NotFound, Unavailable
from tunedrop.serving import caps, deployments
from tunedrop.serving.deployments import Deployment
from tunedrop.training import hyperparameters, lifecycle
from tunedrop.training.jobs import ENDED, DeploymentWish, Job, StartJob
from tunedrop.training.metrics import CHUNK, MetricPoint, MetricSplit
from tunedrop.training.plan import PreparedVersion, UnpreparedVersion

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_service_quotas import ServiceQuotasClient
    from mypy_boto3_sqs import SQSClient

Accepted = Callable[[str, int | None, str], PreparedVersion | UnpreparedVersion]
"""(dataset, version or None for the newest, base model) to data that trains, or may yet; raises NotFound, Conflict."""

MOST_POINTS = 10_000
"""Of one page: about 1 MB of JSON; an answer of Lambda may have 6 (bedrock-facts 9)."""
MOST_TRIES = 5
LONGEST_ID = 64


@dataclass(frozen=True, slots=True)
class JobPage:
    """Some jobs, newest first, and where the next ones begin."""

    jobs: tuple[Job, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class MetricPage:
    """Some points in their order, and where the next ones begin."""

    points: tuple[MetricPoint, ...]
    total: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class MetricFile:
    """One CSV as Bedrock wrote it; `url` works for a quarter of an hour."""

    split: str
    key: str
    url: str


def start(
    request: StartJob,
    *,
    job_id: str,
    caller: str,
    accepted: Accepted,
    table: Table,
    sqs: SQSClient,
    bedrock: BedrockClient,
    service_quotas: ServiceQuotasClient,
    settings: Settings,
    now: datetime,
    new_id: Callable[[], str],
) -> Job:
    """Check everything that can be known before money is spent, write the intent, and ask for it to be carried out.

    A job whose version was never prepared for its base model is Preparing, and planned when that is done.
    With the id of a job that exists, that job comes back and nothing is made twice. Raises InvalidInput, NotFound,
    Conflict, CapExceeded (then nothing was changed) and Unavailable (the same request may be sent again).
    """
    existing = job_rows.load(table, job_id)
    if existing:
        _ask_for_next(existing, sqs, settings)
        return existing
    base_model = catalogue.find(request.base_model)
    values = hyperparameters.resolve(base_model, request.hyperparameters)
    wish = _wish(request, base_model, settings)
    lifecycle.check_region(base_model, settings.region)
    data = accepted(request.dataset, request.version, base_model.name)
    head = _free_head(wish, table)
    if wish and wish.model_units:
        caps.check_model_units(wish, settings.max_model_units, deployment_rows.units_spoken_for(table))
    wanted = intents.Wanted(base_model, values, wish, request.plan_id)
    intent = intents.make(wanted, data, head, intents.Origin(job_id, caller, settings, now, new_id))
    _ask_aws(base_model, wish, bedrock, service_quotas, now)
    job = _write(intent, table)
    _ask_for_next(job, sqs, settings)
    return job


def _wish(request: StartJob, base_model: BaseModel, settings: Settings) -> DeploymentWish | None:
    if request.deployment is None:
        return None
    deployments.check_name(request.deployment.name, catalogue.catalogue())
    return caps.resolve(request.deployment, base_model, default_hours=settings.deployment_hours)


def _free_head(wish: DeploymentWish | None, table: Table) -> Deployment | None:
    """The ended deployment whose name is used again, if there is one. Raises Conflict for a live one."""
    head = deployment_rows.load(table, wish.name) if wish else None
    if head and head.state not in deployments.ENDED:
        raise Conflict(
            "deployment_exists",
            f"Deployment {head.name} is {head.state}. Give it back first, or choose another name.",
            field="deployment.name",
            state=head.state,
            job_id=head.job_id,
        )
    return head


def _ask_aws(
    base_model: BaseModel,
    wish: DeploymentWish | None,
    bedrock: BedrockClient,
    service_quotas: ServiceQuotasClient,
    now: datetime,
) -> None:
    """Lifecycle and quotas as they are today: a job that can't start, or that ends in nothing to call, is refused."""
    with bedrock_edge.asked_by_a_caller():
        lifecycle.check(base_model, bedrock_edge.lifecycle(bedrock, base_model.customization_id), now)
        if wish:
            code = quotas.MODEL_UNITS if wish.model_units else quotas.DEPLOYMENTS_IN_PROGRESS
            caps.check_quota(wish, quotas.value(service_quotas, code), code)


def _write(intent: intents.Intent, table: Table) -> Job:
    """All rows or none. A second writer with the same id finds the first one's job; another name taker is refused."""
    job = intent.job
    writes: list[Put | Check] = [job_rows.put_job(job), job_rows.put_name(job), job_rows.open_work(job)]
    writes += tombstone_rows.undisturbed(job.dataset, job.version)
    if intent.head and intent.purchase:
        writes += [
            deployment_rows.put_new(intent.head),
            deployment_rows.put_purchase(intent.purchase),
            deployment_rows.open_work(intent.purchase),
        ]
    if table.write_all(*writes):
        return replace(job, revision=1)
    existing = job_rows.load(table, job.id)
    if existing:
        return existing
    _free_head(job.deployment, table)
    raise Unavailable("busy", "The deployment's name or the dataset was changed just now. Send the request again.")


def _ask_for_next(job: Job, sqs: SQSClient, settings: Settings) -> None:
    if job.status == "Preparing" and not job.stop_requested:
        preparing.ask(job, sqs, settings)
    else:
        _ask_for_advance(job, sqs, settings)


def _ask_for_advance(job: Job, sqs: SQSClient, settings: Settings) -> None:
    """Only a hint: where it gets lost, reconcile finds the row."""
    if job.status not in ENDED:
        queues.send(sqs, settings.spend_queue_url, "advance_job", job_id=job.id)


def stop(job_id: str, *, caller: str, table: Table, sqs: SQSClient, settings: Settings) -> Job:
    """Ask for the job's end; what was trained until then is charged. Raises NotFound, Conflict `job_ended`."""
    for _ in range(MOST_TRIES):
        job = get(job_id, table=table)
        if job.status in ENDED and job.status != "Stopped":
            raise Conflict("job_ended", f"Job {job_id} is {job.status}; there is nothing to stop.", status=job.status)
        if job.status in {"Stopped", "Stopping"}:
            return job
        asked = replace(job, stop_requested=True)
        if job.stop_requested or table.put(job_rows.put_job(asked)).done:
            _ask_for_advance(asked, sqs, settings)
            return asked
    raise Unavailable("busy", f"Job {job_id} is being changed. Send the request again.", job_id=job_id)


def get(job_id: str, *, table: Table) -> Job:
    """The job of that id. Raises NotFound `unknown_job`."""
    job = job_rows.load(table, job_id) if len(job_id) <= LONGEST_ID else None
    if job is None:
        raise NotFound("unknown_job", f"There is no job {job_id[:80]!r}.", job_id=job_id[:80])
    return job


def list_jobs(*, limit: int, cursor: str | None, table: Table) -> JobPage:
    """Jobs, ended ones included."""
    page = table.listing(job_rows.KIND, limit=limit, cursor=cursor)
    return JobPage(tuple(job_rows.job_from(row) for row in page.rows), page.cursor)


def metrics(job_id: str, split: MetricSplit, *, limit: int, cursor: str | None, table: Table) -> MetricPage:
    """Points of one split from the cursor on, at most `MOST_POINTS`; none before the job has ended."""
    total = int(get(job_id, table=table).metric_counts.get(split, 0))
    first = _position(cursor)
    last = min(first + max(1, min(limit, MOST_POINTS)), total)
    points: list[MetricPoint] = []
    for number in range(first // CHUNK, -(-last // CHUNK)):
        chunk = job_rows.load_chunk(table, job_id, split, number)
        points += list(chunk.points()) if chunk else []
    offset = first % CHUNK
    chosen = points[offset : offset + last - first]
    return MetricPage(tuple(chosen), total, str(last) if last < total else None)


def _position(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 12):
        raise InvalidInput("invalid_cursor", "The cursor is not one that this listing returned.", field="cursor")
    return int(cursor)


def metric_files(job_id: str, *, table: Table, s3: S3Client, settings: Settings) -> tuple[MetricFile, ...]:
    """The CSVs as Bedrock wrote them: every point in one file."""
    job = get(job_id, table=table)
    bucket = settings.data_bucket
    return tuple(MetricFile(split, key, outputs.link(s3, bucket, key)) for split, key in job.metric_files.items())
