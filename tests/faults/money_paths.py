"""What people do with paid capacity, move by move: the paths that every fault and every pair of faults is tried on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tunedrop.domain.serving.purchase_states import RELEASE_TIME, SETTLE

from tests.faults import stories
from tests.faults.bench import Bench
from tests.faults.delivery import Delivery
from tests.faults.stories import Act, Ending

NAME = "support-prod"
PATH = f"/deployments/{NAME}"
HOURS, FEW = 8, 1
RENEWED_UNTIL = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATEST_HOURS = 24
"""More than any of these deployments may bill."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request, sent again until it is accepted; `body` is made of the jobs that were trained before."""

    method: str
    body: Callable[[list[str]], Any] = lambda _: None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Until:
    """Whatever is due happens, until this is so."""

    done: Callable[[Bench, Delivery], bool]


@dataclass(frozen=True, slots=True)
class Asleep:
    """For so many hours none of our functions runs. Bedrock and the second brake go on."""

    hours: float


Move = Ask | Until | Asleep


@dataclass(frozen=True, slots=True)
class Path:
    """`before` sets the stage, without faults; the moves are made under faults."""

    name: str
    before: Act
    moves: tuple[Move, ...]
    hours: float = HOURS
    """How long the throughput may bill, from the call that buys it."""


def jobs(made: Bench) -> list[str]:
    """The ids of all jobs, oldest first."""
    keys = [row["pk"]["S"] for row in made.rows("StateTable") if row["sk"]["S"] == "JOB"]
    return sorted(key.removeprefix("JOB#") for key in keys if key.startswith("JOB#"))


# --- how it ends


def outcome(made: Bench, delivery: Delivery) -> Ending:
    """What is left of paid capacity."""
    seen = dict(_seen(delivery))
    return Ending(stories.bought(made), stories.told(delivery), {}, frozenset(), seen, stories.left(made, delivery))


def _seen(delivery: Delivery) -> Iterator[tuple[str, str]]:
    for item in delivery.look("/deployments")["deployments"]:
        yield item["name"], f"{item['state']} #{item['generation']}, {item['job_id']} after {item['previous_job_id']}"


def overdue(made: Bench, path: Path) -> Iterator[str]:
    """What billed longer than it was bought for and its brake allows, and what bills without one."""
    most = timedelta(hours=path.hours) + RELEASE_TIME + SETTLE
    schedules = made.world.schedules()
    for entry in made.world.bought():
        if (entry.ended_at or made.world.clock.now()) > entry.started_at + most:
            yield f"late: {entry.name} bills from {entry.started_at} to {entry.ended_at}"
        if entry.is_live and not schedules.get(entry.name, entry.started_at + 2 * most) <= entry.started_at + most:
            yield f"late: {entry.name} bills, and a schedule ends it at {schedules.get(entry.name)}"


def overlap(made: Bench) -> timedelta:
    """How long more than one throughput billed. For none of these paths there should be two."""
    entries, now = made.world.bought(), made.world.clock.now()
    moments = [(entry.started_at, 1) for entry in entries] + [(entry.ended_at or now, -1) for entry in entries]
    total, live, since = timedelta(), 0, now
    for at, step in sorted(moments):
        total += at - since if live > 1 else timedelta()
        live, since = live + step, at
    return total


# --- the paths


def trained(base_model: str, number: int = 1) -> Act:
    def stage(made: Bench, delivery: Delivery) -> None:
        stories.data(base_model)(made, delivery)
        for index in range(number):
            body = {**stories.JOB, "base_model": base_model, "sweep": f"number-{index}"}
            delivery.call("POST", "/jobs", body, key=f"job-{index}")
        delivery.until(lambda: stories.told(delivery)["JobCompleted"] == number, stories.LONGEST_HOURS)
        stories.quiet(delivery)

    return stage


def ready(base_model: str, number: int = 1, hours: int | None = HOURS) -> Act:
    def stage(made: Bench, delivery: Delivery) -> None:
        trained(base_model, number)(made, delivery)
        body = {"job_id": jobs(made)[0]} | ({"hours": hours} if hours else {})
        delivery.call("PUT", PATH, body, key="made-before")
        stories.heard(delivery, "DeploymentReady")

    return stage


def _put(key: str, number: int = 0, **fields: Any) -> Ask:
    return Ask("PUT", lambda trained: {"job_id": trained[number], **fields}, key)


def _heard(kind: str) -> Until:
    return Until(lambda made, delivery: stories.told(delivery)[kind] > 0)


def _serves(number: int) -> Until:
    """The deployment answers with the model of that job, and nothing else is under way."""

    def so(made: Bench, delivery: Delivery) -> bool:
        head = made.world.deployment(NAME)
        return (head.state, head.job_id) == ("Ready", jobs(made)[number])

    return Until(so)


def _ends(at: datetime) -> Until:
    return Until(lambda made, delivery: made.world.purchase(NAME).expires_at == at)


def _created(made: Bench, delivery: Delivery) -> bool:
    return bool(made.world.live())


_SILENT = Until(lambda made, delivery: not any(line.messages for line in delivery.lines.values()))
HAIKU, LLAMA = "claude-3-haiku", "llama-3-3-70b"

_ALL = (
    Path("create, by the hour", trained(HAIKU), (_put("create", hours=HOURS), _heard("DeploymentReady"), _SILENT)),
    Path("create, on demand", trained(LLAMA), (_put("create"), _heard("DeploymentReady"), _SILENT)),
    Path(
        "renew",
        ready(HAIKU),
        (_put("renew", expires_at=RENEWED_UNTIL.isoformat()), _ends(RENEWED_UNTIL), _SILENT),
        hours=LATEST_HOURS,
    ),
    Path(
        "swap and swap back, by the hour",
        ready(HAIKU, 2),
        (_put("swap", 1), _serves(1), _SILENT, _put("back"), _serves(0), _SILENT),
    ),
    Path("swap, on demand", ready(LLAMA, 2, None), (_put("swap", 1), _serves(1), _SILENT)),
    Path("release", ready(HAIKU), (Ask("DELETE"), _heard("DeploymentReleased"), _SILENT)),
    Path(
        "release while it is made",
        trained(HAIKU),
        (_put("create", hours=HOURS), Until(_created), Ask("DELETE"), _heard("DeploymentReleased"), _SILENT),
    ),
    Path("its end", ready(HAIKU, hours=FEW), (_heard("DeploymentReleased"), _SILENT), hours=FEW),
    Path(
        "the second brake",
        ready(HAIKU, hours=FEW),
        (Asleep(2.0), _heard("DeploymentReleased"), _SILENT),
        hours=FEW,
    ),
)
PATHS = {path.name: path for path in _ALL}
