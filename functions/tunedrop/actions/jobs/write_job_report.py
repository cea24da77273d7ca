"""Write an ended job's report, page and picture beside the reports on its data, with which they are deleted."""

from __future__ import annotations

from tunedrop.domain.reports import charts, job_curves, job_page, job_report
from tunedrop.domain.training.job_states import Job
from tunedrop.domain.training.training_run import TrainingRun
from tunedrop.domain.versions import object_keys
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.s3 import objects


def write(job: Job, run: TrainingRun, cloud: Cloud) -> str:
    """Write the three objects, over earlier ones of the same job; return the key of the JSON report.

    Only for a job that `awaits_results`: its data can't be deleted until then, so nothing is written after a deletion.
    """
    report = job_report.build(job, run, cloud.settings.stack_id)
    chart = job_curves.chart(report, run)
    key = object_keys.job_report(job.dataset, job.version, job.id)
    objects.put(cloud.bucket, object_keys.picture(key), charts.picture(chart), "image/svg+xml")
    objects.put(cloud.bucket, object_keys.page(key), job_page.render(report, chart), "text/html; charset=utf-8")
    objects.put(cloud.bucket, key, job_report.encode(report), "application/json")
    return key
