"""Write down when a deployment was called, once a minute at most. It never breaks an answer, nor holds one up."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from tunedrop.domain.serving import calls_seen
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger, traced
from tunedrop.edges.rows import call_rows


@cache
def known() -> dict[str, datetime]:
    """The last call of each deployment that this process knows to be written down, or could not write."""
    return {}


def record(deployment: str, cloud: Cloud) -> None:
    """Write the call down unless one was within the last minute. Never raises: the next minute's call tries again."""
    now = cloud.now()
    if not calls_seen.is_news(known().get(deployment), now):
        return
    known()[deployment] = now
    try:
        known()[deployment] = call_rows.record(cloud.access_aside, deployment, now)
    except Exception as fault:  # noqa: BLE001 - whatever it is, there is an answer to send
        logger.warning("a call was not written down", extra={"deployment": deployment, **traced(fault)})
