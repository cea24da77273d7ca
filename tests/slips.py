"""Slips of wiring that would hurt. Nothing runs them: `make check` has mypy refuse each, or its `ignore` is wrong."""

from __future__ import annotations

from tunedrop.actions.jobs import advance_job
from tunedrop.edges import clients, queues
from tunedrop.edges.bedrock import observed_jobs
from tunedrop.edges.cloud import Cloud


def a_client_that_repeats_calls_where_money_is_spent(cloud: Cloud) -> None:
    advance_job.advance("id", cloud, clients.spender())
    advance_job.advance("id", cloud, clients.bedrock())  # type: ignore[arg-type]


def the_client_that_spends_where_bedrock_is_read(cloud: Cloud) -> None:
    observed_jobs.get_job(cloud.bedrock, "arn")
    observed_jobs.get_job(clients.spender(), "arn")  # type: ignore[arg-type]


def a_name_misspelt(cloud: Cloud) -> object:
    return cloud.sate  # type: ignore[attr-defined]


def one_thing_handed_for_another(cloud: Cloud) -> None:
    queues.work_through({}, print, cloud.bucket)  # type: ignore[arg-type]
