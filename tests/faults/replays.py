"""B9: one effect for each Idempotency-Key, at every route of ControlApi that takes one."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import control_api
from tunedrop.domain.checks import examples

from tests import builders
from tests.faults import evaluations, stories
from tests.faults.bench import Bench, Checkpoint, bench
from tests.faults.delivery import Delivery
from tests.faults.kinds import Fault, interference
from tests.faults.taking_turns import at_once
from tests.integration.bedrock_world import deaths
from tests.proofs import Proof

PAGE = Path(__file__).parents[2] / "docs" / "openapi.json"
AT_ONCE = 1_000
KEY = "the-same"
HELD_SECONDS = 61.0
"""After this long a request that has not answered counts as dead (edges/rows/request_rows.py)."""
OTHER = "incoming/support-bot/train/other.jsonl"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that a route accepts, and another body that it would accept, too; None if it takes no body."""

    path: str
    body: Any
    other: Any
    later: int | None = None
    """The status of a PUT that finds everything as it should be, because the run that crashed had done it."""


@dataclass(slots=True)
class Findings:
    """What was tried at all routes, and what is against it."""

    routes: int = 0
    crashes: int = 0
    replays: int = 0
    conflicts: int = 0
    objections: list[str] = field(default_factory=list)


def routes() -> list[tuple[str, str]]:
    """Method and path of each route that takes an Idempotency-Key, as the OpenAPI document has them."""
    paths = json.loads(PAGE.read_text("utf-8"))["paths"]
    return [
        (method.upper(), path)
        for path, operations in paths.items()
        for method, operation in operations.items()
        if any(each["name"].lower() == "idempotency-key" for each in operation.get("parameters", ()))
    ]


_KEY, _LINK = {"name": "support", "deployments": "*"}, {"split": "train", "extension": "jsonl", "bytes": 7}
_DATASET = "/datasets/support-bot"
STOP, SERVE = ("POST", "/jobs/{job_id}/stop"), ("PUT", "/deployments/{name}")
APPROVE, STOP_ASKING = ("POST", "/deployments/{name}/approve"), ("POST", "/evaluations/{evaluation_id}/stop")
LET_LIVE = ("POST", "/evaluations/{evaluation_id}/approve")
_ASKER = "arn:aws:sts::123456789012:assumed-role/Operators/ada"
"""Somebody else than who approves."""
_COMMITMENTS = {
    "TUNEDROP_ALLOW_COMMITMENTS": "true",
    "TUNEDROP_PRICES": json.dumps({"claude-3-haiku.model_unit_hour_one_month": 22.0}),
}
_GIVEN = {"term": "one_month", "reason": "the launch in December"}
REQUESTS = {
    ("POST", "/jobs"): Asked("/jobs", {**stories.JOB, "deployment": {"name": "support-prod"}}, stories.JOB),
    ("POST", "/keys"): Asked("/keys", _KEY, {**_KEY, "name": "another"}),
    ("POST", "/evaluations"): Asked("/evaluations", evaluations.BODY, {**evaluations.BODY, "gate": "none"}),
    ("POST", "/datasets/{name}/uploads"): Asked(f"{_DATASET}/uploads", _LINK, {**_LINK, "bytes": 8}),
    ("POST", "/datasets/{name}/versions"): Asked(
        f"{_DATASET}/versions", {"splits": {"train": stories.PARTS}}, {"splits": {"train": [OTHER]}}
    ),
}
"""By route; those of something that has to be there first are made when it is."""


Effects = Counter[str]


class Replays:
    """The scenarios at one route."""

    def __init__(self, made: Bench, start: Checkpoint, asked: Asked, findings: Findings, name: str) -> None:
        self.made, self.start, self.asked, self.findings, self.name = made, start, asked, findings, name

    def all(self, number: int, step: int) -> None:
        """Each scenario, held against the request made once."""
        delivery = self.made.begin(self.start)
        first = self._ask(delivery)
        names, once = list(delivery.watch.names), self._effects(delivery)
        self._require(first[0] in {201, 202}, f"refused: {first}")
        self._same_and_other(first[1], once)
        for index, _ in itertools.islice(deaths(names), 0, None, step):
            self._crash(index, Fault("crash_after"), first[0], once)
        self._at_once(number, first, once)

    def _same_and_other(self, first: Any, once: Effects) -> None:
        delivery = self.made.begin(self.start)
        answers = [self._ask(delivery)[1] for _ in range(3)]
        self._same(answers, "asked three times")
        if self.asked.other is not None:
            status, answer = self._ask(delivery, self.asked.other)
            told = answer["error"]["code"] if "error" in answer else status
            self._require((status, told) == (422, "idempotency_key_reused"), f"another body: {status} {told}")
        self._require(self._effects(delivery) == once, "asked again, and with another body: more than one effect")

    def _crash(self, index: int, fault: Fault, status: int, once: Effects) -> None:
        delivery = self.made.begin(self.start, {index: interference(fault, self.made.sleep)})
        where = f"{fault} at call {index}"
        self._ask(delivery)
        self.made.sleep(HELD_SECONDS)
        again = self._ask(delivery)
        self.findings.crashes += 1
        self._require(again[0] in {status, self.asked.later}, f"{where}: {again}")
        self._same([again[1], self._ask(delivery)[1]], where)
        if (effects := self._effects(delivery)) != once:
            self.findings.objections.append(f"{self.name}: {where}: {_unlike(effects, once)}")

    def _at_once(self, number: int, first: tuple[int, Any], once: Effects) -> None:
        delivery = self.made.begin(self.start)
        request = partial(control_api.handler, context=builders.LambdaContext())  # type: ignore[arg-type]
        answers = at_once([partial(request, self._event()) for _ in range(number)], seed=number)
        answered = [builders.api_answer(answer) for answer in answers]
        waiting = [answer for status, answer in answered if status == 409]
        given = [answer for status, answer in answered if status == first[0]]
        self.findings.replays += number
        self.findings.conflicts += len(waiting)
        self._require(len(given) + len(waiting) == number, f"at once: {Counter(status for status, _ in answered)}")
        self._require(len(given) > 0, "at once: nobody was answered")
        codes = {answer["error"]["code"] for answer in waiting}
        self._require(codes <= {"request_in_progress"}, f"at once: {codes}")
        self._same([*given, self._ask(delivery)[1]], "at once")
        if (effects := self._effects(delivery)) != once:
            self.findings.objections.append(f"{self.name}: at once: {_unlike(effects, once)}")

    def _same(self, answers: list[Any], when: str) -> None:
        """All of them say the same, but for secrets, which only one of them tells."""
        told = [{name: value for name, value in answer.items() if value is not None} for answer in answers]
        common = set.intersection(*(set(each) for each in told))
        alike = all(each[name] == told[0][name] for each in told for name in common)
        telling = sum(set(each) != common for each in told)
        self._require(alike and telling <= 1, f"{when}: other answers")

    def _require(self, holds: bool, words: str) -> None:
        if not holds:
            self.findings.objections.append(f"{self.name}: {words}")

    def _event(self, body: Any = None) -> dict[str, Any]:
        method = self.name.split()[0]
        return builders.api_request(
            method, self.asked.path, body=body or self.asked.body, headers={"Idempotency-Key": KEY}
        )

    def _ask(self, delivery: Delivery, body: Any = None) -> tuple[int, Any]:
        return delivery.once(self._event(body))

    def _effects(self, delivery: Delivery) -> Effects:
        """Everything that there is after all is done: by kind, rows, what was bought and what was told."""
        stories.quiet(delivery)
        delivery.pass_time(0.5)  # longer than any job and its capacity take here
        world = self.made.world
        rows = [(table, row) for table in ("StateTable", "AccessTable") for row in self.made.rows(table)]
        counted = Counter(f"{table} {_shape(row)}" for table, row in rows)
        counted.update(f"bought {entry.kind}" for entry in world.simulator.ledger())
        facts = {(told.type, told.detail["event_id"]) for told in delivery.told if told.type != "ReconcileCompleted"}
        counted.update(f"told {kind}" for kind, _ in facts)
        return counted


def _shape(row: Mapping[str, Any]) -> str:
    """A row's key without ids: rows of one kind look alike."""
    return re.sub(r"01hzz\w{21}|[0-9a-f]{8,}", "ID", f"{row['pk']} {row['sk']}")


def _unlike(found: Effects, wanted: Effects) -> str:
    return ", ".join(
        f"{name}: {found[name]} for {wanted[name]}" for name in found | wanted if found[name] != wanted[name]
    )


def replayed(number: int, step: int = 1) -> Findings:
    """All scenarios at all routes, with so many replays at once, and a crash after each `step`th call that writes."""
    findings = Findings()
    with bench(variables=_COMMITMENTS) as made:
        idle = _staged(made)
        job_id, running = _running(made, idle)
        trained_id, trained = _trained(made, idle)
        serve = {"job_id": trained_id, "hours": 1}
        evaluation_id, asking = _asking(made, idle)
        plan_id, waiting = _waiting_for_approval(made, trained, trained_id)
        given = {**_GIVEN, "plan_id": plan_id}
        held_id, held = _held(made, idle)
        requests = REQUESTS | {
            STOP: Asked(f"/jobs/{job_id}/stop", None, None),
            SERVE: Asked("/deployments/support-prod", serve, {**serve, "hours": 2}, later=200),
            APPROVE: Asked("/deployments/support-prod/approve", given, {**given, "reason": "another"}),
            STOP_ASKING: Asked(f"/evaluations/{evaluation_id}/stop", None, None),
            LET_LIVE: Asked(f"/evaluations/{held_id}/approve", {"reason": "it is right"}, {"reason": "another"}),
        }
        starts = {STOP: running, SERVE: trained, APPROVE: waiting, STOP_ASKING: asking, LET_LIVE: held}
        for route in routes():
            name = " ".join(route)
            findings.routes += 1
            if route in requests:
                Replays(made, starts.get(route, idle), requests[route], findings, name).all(number, step)
            else:
                findings.objections.append(f"{name} takes an Idempotency-Key, and no request for it stands here")
    return findings


def _staged(made: Bench) -> Checkpoint:
    """Data that a job can be started on and an evaluation can ask, and parts that can be joined."""
    stories.TRACKING.before(made, made.begin(made.checkpoint()))
    made.put("incoming/support-bot/test.jsonl", examples.good(evaluations.RECORDS, 500)())
    stories.quiet(made.delivery)
    for number, part in enumerate([*stories.PARTS, OTHER]):
        made.put(part, examples.good(40, 200 + 100 * number)())
    stories.quiet(made.delivery)
    return made.checkpoint()


def _running(made: Bench, idle: Checkpoint) -> tuple[str, Checkpoint]:
    """A job, and the stack while it runs."""
    delivery = made.begin(idle)
    _, job = delivery.call("POST", "/jobs", stories.JOB, key="running")
    stories.heard(delivery, "JobStarted")
    return job["id"], made.checkpoint()


def _trained(made: Bench, idle: Checkpoint) -> tuple[str, Checkpoint]:
    """A job that has ended in a model, and the stack then."""
    delivery = made.begin(idle)
    _, job = delivery.call("POST", "/jobs", stories.JOB, key="trained")
    stories.heard(delivery, "JobCompleted")
    return job["id"], made.checkpoint()


def _asking(made: Bench, idle: Checkpoint) -> tuple[str, Checkpoint]:
    """An evaluation that was just asked for, and the stack then."""
    _, evaluation = made.begin(idle).call("POST", "/evaluations", evaluations.BODY, key="asking")
    return evaluation["id"], made.checkpoint()


def _waiting_for_approval(made: Bench, trained: Checkpoint, job_id: str) -> tuple[str, Checkpoint]:
    """The plan of a commitment that somebody else has asked for, and the stack once it waits."""
    delivery = made.begin(trained)
    body = {"job_id": job_id, "serving": "provisioned_throughput", "commitment": "one_month"}
    path = "/deployments/support-prod"
    _, plan = delivery.once(builders.api_request("PUT", path, body=body, query={"plan": "true"}, caller=_ASKER))
    confirmed = {**body, "plan_id": plan["plan_id"]}
    headers = {"Idempotency-Key": "waiting"}
    status, answer = delivery.once(builders.api_request("PUT", path, body=confirmed, headers=headers, caller=_ASKER))
    assert status == 202, answer
    stories.quiet(delivery)
    return plan["plan_id"], made.checkpoint()


def _held(made: Bench, idle: Checkpoint) -> tuple[str, Checkpoint]:
    """The evaluation of a deployment that its gate holds, of a job that somebody else started; and the stack then."""
    delivery = made.begin(idle)
    files: dict[str, bytes | str] = {
        "dataset.toml": 'base_models = ["llama-3-3-70b"]\n',
        "train.jsonl": examples.good(110)(),
        "test.jsonl": examples.good(2, 500)(),
    }
    for name, body in files.items():
        made.put(f"incoming/held-bot/{name}", body)
        stories.quiet(delivery)
    job = {
        "dataset": "held-bot",
        "base_model": "llama-3-3-70b",
        "deployment": {"name": "held-prod"},
        "evaluation": {"gate": "better", "against": ["claude-3-haiku"]},
    }
    headers = {"Idempotency-Key": "held"}
    status, answer = delivery.once(builders.api_request("POST", "/jobs", body=job, headers=headers, caller=_ASKER))
    assert status == 202, answer
    stories.heard(delivery, "DeploymentHeld")
    (evaluation,) = delivery.look("/evaluations")["evaluations"]
    return evaluation["id"], made.checkpoint()


def prove() -> Proof:
    """A thousand at once."""
    found = replayed(AT_ONCE)
    return Proof(
        f"{found.routes} routes take an Idempotency-Key: repeated, with another body, after {found.crashes} crashes "
        f"and in {found.replays:,} requests at once ({found.conflicts:,} told to wait), {len(found.objections)} differ "
        "from one effect",
        found.objections,
    )
