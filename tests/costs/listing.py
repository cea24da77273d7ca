"""`GET /jobs` over 10,000 jobs: what a page costs wherever it begins, and under each filter."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from moto.backends import get_backend
from moto.dynamodb.models.dynamo_type import DynamoType

from tests.costs.counted import Counted, counted
from tests.hostile.world import REGION, Populated
from tests.integration.caller import call
from tests.integration.conftest import ACCOUNT

JOBS, EVERY = 10_000, 1_000
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
RARE = "rare"
PAGES: Mapping[str, Mapping[str, str]] = {
    "the newest": {},
    "long ago": {"created_before": "2026-01-01T08:20:00Z"},
    "the oldest": {"created_before": "2026-01-01T01:40:00Z"},
    "created one morning": {"created_after": "2026-01-01T06:00:00Z", "created_before": "2026-01-01T12:00:00Z"},
    "status, which nearly all have": {"status": "Completed"},
    "dataset, which all have": {"dataset": "support"},
    "base model, which all have": {"base_model": "claude-3-haiku"},
    "owner, whom none has": {"owner": "nobody"},
    "tag, which none has": {"tag": "cost-center"},
    "sweep, which one in a thousand has": {"sweep": RARE},
}
"""Of 100 jobs, by what is asked for."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One page: what was found, where the next begins, and what it cost."""

    ids: tuple[str, ...]
    cursor: str | None
    cost: Counted

    @property
    def row(self) -> tuple[int, int, float]:
        """Queries, jobs looked at, and units of reading."""
        return self.cost.of("dynamodb"), self.cost.rows_read, self.cost.units_read


def fill(stack: Populated, jobs: int = JOBS) -> None:
    """Let the stack have so many jobs more, one a minute, each as large as the one that completed there.

    Past boto3 and moto's parsing, which take a minute for as many rows.
    """
    stack.restore()
    table = get_backend("dynamodb")[ACCOUNT][REGION].tables["StateTable"]
    key = f"JOB#{stack.names['path.job_id'][0]}"
    rows = next(rows for hash_key, rows in table.items.items() if hash_key.value == key)
    range_key, model = next((name, row) for name, row in rows.items() if name.value == "JOB")
    for number in range(jobs):
        job_id = f"01jobs{number:020d}"
        at = (FIRST + timedelta(minutes=number)).isoformat(timespec="microseconds").replace("+00:00", "Z")
        words = {"pk": f"JOB#{job_id}", "id": job_id, "created_at": at, "listed_at": f"{at}#{job_id}"}
        if number % EVERY == 0:
            words["sweep"] = RARE
        made = copy.copy(model)
        made.attrs = {**model.attrs, **{name: DynamoType({"S": word}) for name, word in words.items()}}
        made.hash_key = made.attrs["pk"]
        table.items[made.hash_key] = {range_key: made}


def listed(query: Mapping[str, str]) -> Listed:
    """One request."""
    with counted() as cost:
        status, answer = call("GET", "/jobs", query={"limit": "100", **query})
    assert status == 200, answer
    return Listed(tuple(job["id"] for job in answer["jobs"]), answer["cursor"], cost)


def walk(query: Mapping[str, str]) -> Iterator[Listed]:
    """All pages, one after the other."""
    page = listed(query)
    yield page
    while page.cursor:
        page = listed({**query, "cursor": page.cursor})
        yield page


def rows(stack: Populated, jobs: int = JOBS) -> list[str]:
    """The lines of the page in docs, which are the same for a tenth of the jobs."""
    fill(stack, jobs)
    return [f"| {what} | {' | '.join(f'{each:g}' for each in listed(query).row)} |" for what, query in PAGES.items()]
