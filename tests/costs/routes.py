"""One request to each route of ControlApi, the calls behind it, and the page that states them.

`.venv/bin/python -m tests.costs.routes > docs/calls.md` writes the page anew.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tunedrop.edges.settings import settings

from tests.costs.counted import Counted, counted
from tests.hostile.world import Names, Populated, populated
from tests.integration.caller import call

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"
PAGE = Path(__file__).parents[2] / "docs" / "calls.md"
SERVICES = {"dynamodb": "DynamoDB", "bedrock": "Bedrock", "service-quotas": "Service Quotas", "sqs": "SQS", "s3": "S3"}
JOB = {"dataset": "support", "version": 1, "base_model": "claude-3-haiku"}
DEPLOYED = {**JOB, "deployment": {"name": "support-next", "model_units": 1, "hours": 1}}
SERVED = {"job_id": "", "model_units": 1, "hours": 1}
"""Of the job that is filled in."""
EVALUATION = {"dataset": "support", "candidate": "support-prod"}
APPROVAL = {"term": "one_month", "reason": "the launch"}
REASON = {"reason": "two labels are wrong"}
UPLOAD = {"split": "train", "extension": "jsonl", "bytes": 10}
UNTRAINED = {"name": "support-bot"}
KEY = {"name": "shop", "deployments": "*"}


@dataclass(frozen=True, slots=True)
class Request:
    """A request that does what its route is for. `{…}` in the path is filled with what exists."""

    method: str
    path: str
    most: int
    """The ceiling: how many calls of AWS a request to this route may ever take."""
    body: Any = None
    query: Mapping[str, str] | None = None
    key: str | None = None
    named: Mapping[str, str] | None = None
    """What stands in the path, where it is not the first that exists."""
    nth: int = 0
    """Or which of those that exist."""
    what: str = ""

    @property
    def route(self) -> str:
        """As the OpenAPI document names it."""
        return f"{self.method} {self.path}"

    @property
    def label(self) -> str:
        """As the page names it."""
        return f"`{self.route}`{f', {self.what}' if self.what else ''}"


REQUESTS = (
    Request("GET", "/base-models", 30),
    Request("GET", "/costs", 30, what="two more for each deployment of the period"),
    Request("GET", "/usage", 5, what="one more for each API key"),
    Request("GET", "/datasets", 1),
    Request("GET", "/datasets/{name}", 3),
    Request("DELETE", "/datasets/{name}", 40, query={"plan": "true"}, what="plan", named=UNTRAINED),
    Request("DELETE", "/datasets/{name}", 40, named=UNTRAINED),
    Request("GET", "/datasets/{name}/tombstones", 2, named={"name": "gone"}),
    Request("POST", "/datasets/{name}/uploads", 3, body=UPLOAD, key="up"),
    Request("GET", "/datasets/{name}/uploads/{upload_id}", 4, named=UNTRAINED),
    Request("GET", "/datasets/{name}/versions", 2),
    Request("POST", "/datasets/{name}/versions", 8, body={"splits": {"train": []}}, key="join",
            named=UNTRAINED),
    Request("GET", "/datasets/{name}/versions/{number}", 3),
    Request("DELETE", "/datasets/{name}/versions/{number}", 40, named=UNTRAINED),
    Request("GET", "/deployments", 201, what="two more for each deployment of the page"),
    Request("GET", "/deployments", 60, query={"orphans": "true"}, what="what none owns; two more for each"),
    Request("GET", "/deployments/{name}", 4, named={"name": "support-prod"}),
    Request("PUT", "/deployments/{name}", 24, body=SERVED, query={"plan": "true"}, what="plan",
            named={"name": "support-next"}),
    Request("PUT", "/deployments/{name}", 30, body=SERVED, key="put", named={"name": "support-next"}),
    Request("POST", "/deployments/{name}/approve", 24, body=APPROVAL, key="yes", named={"name": "support-month"}),
    Request("DELETE", "/deployments/{name}", 104, query={"plan": "true"}, what="plan, one for each of the newest keys",
            named={"name": "support-prod"}),
    Request("DELETE", "/deployments/{name}", 8, named={"name": "support-prod"}),
    Request("GET", "/evaluations", 1),
    Request("POST", "/evaluations", 40, body=EVALUATION, query={"plan": "true"}, what="plan"),
    Request("POST", "/evaluations", 50, body=EVALUATION, key="evaluate"),
    Request("GET", "/evaluations/{evaluation_id}", 2),
    Request("POST", "/evaluations/{evaluation_id}/approve", 10, body=REASON, key="live", nth=2),
    Request("POST", "/evaluations/{evaluation_id}/stop", 5, nth=1),
    Request("GET", "/models", 301, what="three more for each model of the page"),
    Request("GET", "/models/{name}", 12, nth=5),
    Request("GET", "/jobs", 5),
    Request("GET", "/jobs", 5, query={"status": "Stopped"}, what="a filter that nothing fits"),
    Request("POST", "/jobs", 12, body=JOB, query={"plan": "true"}, what="plan"),
    Request("POST", "/jobs", 20, body=JOB, key="job"),
    Request("POST", "/jobs", 24, body=DEPLOYED, key="next", what="with a deployment"),
    Request("GET", "/jobs/{job_id}", 3),
    Request("GET", "/jobs/{job_id}/metrics", 12),
    Request("GET", "/jobs/{job_id}", 3, nth=1, what="that runs"),
    Request("POST", "/jobs/{job_id}/stop", 5, nth=1),
    Request("GET", "/keys", 101, what="one more for each key of the page"),
    Request("POST", "/keys", 4, body=KEY, key="key"),
    Request("DELETE", "/keys/{key_id}", 6, nth=1),
    Request("DELETE", "/models/{name}", 20, query={"plan": "true"}, nth=6, what="plan"),
    Request("DELETE", "/models/{name}", 24, nth=6),
)  # fmt: skip

HEAD = """\
# What a request calls
The calls of AWS behind one request to each route of ControlApi, while the request did what its route is for.
They are counted against moto and the simulated Bedrock. `tests/costs` counts them anew and holds this page to it; a new
route fails there until it has its row. The ceiling is what no request to the route may exceed, where the data is no
larger than there. A link that is only signed is no call.

"""
LISTING = """
## Pages of 10,000 jobs
`GET /jobs?limit=100`, where one job in a thousand has the label that the last filter asks for.
Units are DynamoDB's of reading: half of one for 4 KB.
A page costs the same wherever it begins. One that a filter leaves empty still has a cursor: it looked at 500 jobs, and
no request looks at more.

"""


def routes() -> list[str]:
    """Every operation of the OpenAPI document."""
    document = json.loads(DOCUMENT.read_text("utf-8"))
    return [f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods]


def count(request: Request, stack: Populated) -> tuple[int, Counted]:
    """The status of the answer, and the calls behind it."""
    stack.restore()
    path = request.path
    for name, values in stack.names.items():
        parameter = name.removeprefix("path.")
        chosen = (request.named or {}).get(parameter) or values[min(request.nth, len(values) - 1)]
        path = path.replace(f"{{{parameter}}}", str(chosen))
    with counted() as found:
        status, _ = call(request.method, path, _body(request, stack.names), key=request.key, query=request.query)
    return status, found


def _body(request: Request, names: Names) -> Any:
    if request.path.endswith("/versions") and request.body:
        return {"splits": {"train": names["body.splits[*].[*]"]}}
    if request.body == SERVED:
        return {**SERVED, "job_id": names["path.job_id"][0]}
    if request.body == APPROVAL:
        return {**APPROVAL, "plan_id": names["body.plan_id"][0]}
    return request.body


def row(request: Request, found: Counted) -> str:
    """The line of the page."""
    numbers = " | ".join(str(found.of(service)) for service in SERVICES)
    return f"| {request.label} | {numbers} | {request.most} |"


def page(rows: list[str], pages: list[str]) -> str:
    """The whole page."""
    services = " | ".join(SERVICES.values())
    head = [f"| request | {services} | ceiling |", "|---" * (len(SERVICES) + 2) + "|"]
    listing = ["| page | queries | jobs looked at | units |", "|---|---|---|---|"]
    return HEAD + "\n".join([*head, *rows]) + "\n" + LISTING + "\n".join([*listing, *pages]) + "\n"


@contextmanager
def costed() -> Iterator[Populated]:
    """A populated stack with room for one more deployment."""
    with populated() as stack, pytest.MonkeyPatch.context() as environment:
        environment.setenv("TUNEDROP_MAX_MODEL_UNITS", "3")
        settings.cache_clear()
        yield stack
    settings.cache_clear()


def main() -> None:
    """Print the page."""
    from tests.costs.listing import rows as pages

    with costed() as stack:
        sys.stdout.write(page([row(request, count(request, stack)[1]) for request in REQUESTS], pages(stack)))


if __name__ == "__main__":
    main()
