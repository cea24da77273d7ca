"""The three workflows under faults, in acts that end with empty queues, and what is left when each is over."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tunedrop.domain.checks import examples

from tests.faults.bench import Bench
from tests.faults.delivery import ArrivalDelays, Delivery, at_once

JOB = {"dataset": "support-bot", "base_model": "claude-3-haiku", "hyperparameters": {"epochCount": 1}}
PARTS = [f"incoming/support-bot/train/{name}.jsonl" for name in "ab"]
LONGEST_HOURS = 6
"""Of virtual time, for any one wait: longer than what the slowest message takes to its dead letter queue."""
ALLOWED = frozenset({"JobWaiting"})
"""Notifications that a fault may add: they say that something had to wait."""

Act = Callable[[Bench, Delivery], None]


@dataclass(frozen=True, slots=True)
class Story:
    """Acts to play one after the other; `before` sets the stage, without faults."""

    name: str
    before: Act
    acts: tuple[Act, ...]
    arrivals: ArrivalDelays = at_once


@dataclass(frozen=True, slots=True)
class Ending:
    """What anybody can see in the end: of Bedrock's ledger, of the bucket's history, and of what was told."""

    bought: Mapping[str, int]
    told: Mapping[str, int]
    prepared: Mapping[str, frozenset[str]]
    """By key, the different contents that were ever written there."""
    reports: frozenset[str]
    seen: Mapping[str, str]
    """What ControlApi answers of each thing."""
    left: tuple[str, ...]

    def differences(self, as_wanted: Ending) -> list[str]:
        """What is lost, doubled or stuck, held against the ending without a fault."""
        found = [*_counted("bought", self.bought, as_wanted.bought), *_counted("told", self.told, as_wanted.told)]
        if self.prepared != as_wanted.prepared:
            found.append(f"prepared: {_unlike(self.prepared, as_wanted.prepared)}")
        if self.reports != as_wanted.reports:
            found.append(f"reports: {sorted(self.reports ^ as_wanted.reports)}")
        if self.seen != as_wanted.seen:
            found.append(f"seen: {_unlike(self.seen, as_wanted.seen)}")
        return [*found, *(f"stuck: {each}" for each in self.left if each not in as_wanted.left)]


def _counted(what: str, found: Mapping[str, int], wanted: Mapping[str, int]) -> list[str]:
    names = sorted((found.keys() | wanted.keys()) - ALLOWED)
    pairs = [(name, found.get(name, 0), wanted.get(name, 0)) for name in names]
    words = {True: "lost", False: "doubled"}
    return [f"{words[has < should]}: {what} {name}, {has} for {should}" for name, has, should in pairs if has != should]


def _unlike(found: Mapping[str, object], wanted: Mapping[str, object]) -> object:
    return {key: (found.get(key), wanted.get(key)) for key in {**found, **wanted} if found.get(key) != wanted.get(key)}


def ending(bench: Bench, delivery: Delivery) -> Ending:
    """What is left now."""
    written = {key: frozenset(etags) for key, etags in bench.versions("prepared/support-bot/").items()}
    reports = frozenset(_without_ids(key) for key in bench.versions("reports/support-bot/"))
    return Ending(bought(bench), told(delivery), written, reports, dict(_seen(delivery)), left(bench, delivery))


def bought(bench: Bench) -> Counter[str]:
    """By kind, and whether it still bills."""
    return Counter(f"{entry.kind}{' (live)' * entry.is_live}" for entry in bench.world.simulator.ledger())


def told(delivery: Delivery) -> Counter[str]:
    """By type, how many facts were told, however often."""
    facts = {(told.type, told.detail["event_id"]) for told in delivery.told if told.type != "ReconcileCompleted"}
    return Counter(kind for kind, _ in facts)


def _seen(delivery: Delivery) -> Iterator[tuple[str, str]]:
    jobs = Counter(job["status"] for job in delivery.look("/jobs")["jobs"])
    yield from ((f"jobs {status}", str(number)) for status, number in jobs.items())
    for item in delivery.look("/deployments")["deployments"]:
        yield item["name"], item["state"]
    for item in delivery.look("/datasets/support-bot/versions")["versions"]:
        yield f"version {item['version']}", item["status"]


def left(bench: Bench, delivery: Delivery) -> tuple[str, ...]:
    """What still runs, waits or lies on a queue."""
    world = bench.world
    lying = [f"{len(line.messages)} on {line.name}" for line in delivery.lines.values() if line.messages]
    held = [f"slots of {sorted(world.running())}"] * bool(world.running())
    return (*lying, *held, *([f"model units {world.units()}"] * bool(world.units()[0])), *world.open_work())


def _without_ids(key: str) -> str:
    return re.sub(r"01hzz\d{21}", "ID", key)


# --- acts


def quiet(delivery: Delivery) -> None:
    """Wait until nothing lies on any queue."""
    delivery.until(lambda: not any(line.messages for line in delivery.lines.values()), LONGEST_HOURS)


def heard(delivery: Delivery, kind: str) -> None:
    """Wait until that was told, and then until the queues are empty."""
    delivery.until(lambda: any(told.type == kind for told in delivery.told), LONGEST_HOURS)
    quiet(delivery)


def _upload(name: str, body: bytes | str) -> Act:
    def upload(bench: Bench, delivery: Delivery) -> None:
        bench.put(f"incoming/support-bot/{name}", body)
        quiet(delivery)

    return upload


def _join(bench: Bench, delivery: Delivery) -> None:
    bench.put(PARTS[0], examples.good(40, 200)())
    bench.put(PARTS[1], examples.good(40, 300)())
    quiet(delivery)
    delivery.call("POST", "/datasets/support-bot/versions", {"splits": {"train": PARTS}}, key="join")
    quiet(delivery)


def _settings(base_model: str) -> Act:
    return _upload("dataset.toml", f'base_models = ["{base_model}"]\nowner = "support-team"\n')


_TRAIN = _upload("train.jsonl", examples.good(110)())
_VALIDATION = _upload("validation.jsonl", examples.good(40, 100)())


def data(base_model: str) -> Act:
    def stage(bench: Bench, delivery: Delivery) -> None:
        for act in (_settings(base_model), _TRAIN, _VALIDATION):
            act(bench, delivery)

    return stage


def _nothing(bench: Bench, delivery: Delivery) -> None:
    pass


def _ask(bench: Bench, delivery: Delivery) -> None:
    delivery.call("POST", "/jobs", {**JOB, "deployment": {"name": "support-prod"}}, key="job")
    heard(delivery, "JobStarted")


def _train(bench: Bench, delivery: Delivery) -> None:
    heard(delivery, "JobCompleted")


def _buy(bench: Bench, delivery: Delivery) -> None:
    heard(delivery, "DeploymentReady")


def _release(bench: Bench, delivery: Delivery) -> None:
    delivery.call("DELETE", "/deployments/support-prod")
    heard(delivery, "DeploymentReleased")
    settle(bench, delivery)


def settle(bench: Bench, delivery: Delivery) -> None:
    """Wait for what comes late, if anything does."""
    delivery.pass_time(0.2)
    quiet(delivery)


def _two_jobs(bench: Bench, delivery: Delivery) -> None:
    delivery.call("POST", "/jobs", JOB, key="completes")
    _, stops = delivery.call("POST", "/jobs", {**JOB, "sweep": "stopped"}, key="stops")
    delivery.until(lambda: _has_started(stops["id"], delivery), LONGEST_HOURS)  # not both: a fault may delay the other
    delivery.call("POST", f"/jobs/{stops['id']}/stop", key="stop")
    heard(delivery, "JobStopped")


def _has_started(job_id: str, delivery: Delivery) -> bool:
    return any(told.type == "JobStarted" and told.detail["job_id"] == job_id for told in delivery.told)


UPLOAD = Story("upload", _nothing, (_settings("llama-3-1-8b"), _TRAIN, _VALIDATION, _join, settle))
JOB_TO_RELEASE = Story("job", data("llama-3-1-8b"), (_ask, _train, _buy, _release))
TRACKING = Story("tracking", data("claude-3-haiku"), (_two_jobs, _train, settle), arrivals=lambda _: ())
STORIES = (UPLOAD, JOB_TO_RELEASE, TRACKING)
