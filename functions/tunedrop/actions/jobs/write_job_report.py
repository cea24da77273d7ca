"""Write an ended job's report, page and picture beside the reports on its data, with which they are deleted."""

from __future__ import annotations

from typing import NamedTuple

from tunedrop.actions.evaluations import read_evaluations
from tunedrop.domain.reports import charts, job_curves, job_page, job_report
from tunedrop.domain.reports.charts import Chart
from tunedrop.domain.training import diagnosis
from tunedrop.domain.training.job_states import Job
from tunedrop.domain.training.metrics import MetricPoint, MetricSplit
from tunedrop.domain.training.training_run import TrainingRun
from tunedrop.domain.versions import object_keys
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import metric_rows
from tunedrop.edges.s3 import objects
from tunedrop.errors import Unavailable

_PAGE, _JSON = "text/html; charset=utf-8", "application/json"


class _Drawn(NamedTuple):
    chart: Chart
    page: bytes
    report: bytes


def write(job: Job, run: TrainingRun, cloud: Cloud) -> str:
    """Write the three objects, over earlier ones of the same job; return the key of the JSON report.

    Only for a job that `awaits_results`: its data can't be deleted until then, so nothing is written after a deletion.
    """
    key = object_keys.job_report(job.dataset, job.version, job.id)
    drawn = _draw(job, run, cloud)
    objects.put(cloud.bucket, object_keys.picture(key), charts.picture(drawn.chart), "image/svg+xml")
    objects.put(cloud.bucket, object_keys.page(key), drawn.page, _PAGE)
    objects.put(cloud.bucket, key, drawn.report, _JSON)
    return key


def renew(job: Job, cloud: Cloud) -> None:
    """Write report and page again, with what evaluations have found of its model since; the same again writes nothing.

    Only over those that are there: what was deleted with its data does not come back. Raises Unavailable if somebody
    else wrote one meanwhile, and botocore's errors.
    """
    if job.report_key is None:
        return
    page = object_keys.page(job.report_key)
    try:
        before = {key: objects.standing(cloud.bucket, key) for key in (page, job.report_key)}
    except objects.Unreadable:
        logger.info("a report that is gone is not written again", extra={"job_id": job.id})
        return
    drawn = _draw(job, _stored_run(job, cloud), cloud)  # after the look at what is there: a later result is seen by it
    for key, body, kind in ((page, drawn.page, _PAGE), (job.report_key, drawn.report, _JSON)):
        if body != before[key].body and not objects.put_over(cloud.bucket, key, before[key], body, kind):
            raise Unavailable("busy", f"The report of job {job.id} is being written by others.", job_id=job.id)


def _draw(job: Job, run: TrainingRun, cloud: Cloud) -> _Drawn:
    found = read_evaluations.of_model(job, cloud)
    report = job_report.build(job, run, cloud.settings.stack_id, found, bucket=cloud.bucket.name)
    chart = job_curves.chart(report, run)
    return _Drawn(chart, job_page.render(report, chart), job_report.encode(report))


def _stored_run(job: Job, cloud: Cloud) -> TrainingRun:
    """The run, of the metrics as they were stored: Bedrock's files may be gone."""

    def points(split: MetricSplit) -> list[MetricPoint]:
        return metric_rows.load_points(cloud.state, job.id, split, int(job.metric_counts.get(split, 0)))

    return diagnosis.run_of(job, points("training"), points("validation"))
