"""What must hold, as data: each invariant reads histories and the simulator's ledger, and yields what breaks it.

`ALWAYS` is looked at after every step, `AT_REST` once everything that was under way has come to its end.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from bedrock_simulator import LedgerEntry

from tests.builders import CALLER
from tests.faults.stateful.history import Asked, Sent, Uploaded
from tests.faults.stateful.program import CAP, Program, is_wait
from tests.faults.stateful.steps import RECORDS

Invariant = Callable[[Program], Iterator[str]]

PAID = ("provisioned_throughput", "custom_model_deployment")
CREATE_JOB, CREATE_THROUGHPUT = "CreateModelCustomizationJob", "CreateProvisionedModelThroughput"
ENDED = frozenset({"Completed", "Failed", "Stopped"})
TERMINAL = {"JobCompleted", "JobFailed", "JobStopped"}
FORWARD: Mapping[str, int] = {
    "Preparing": 0,
    "Requested": 1,
    "WaitingForCapacity": 1,
    "InProgress": 2,
    "Stopping": 3,
    "Completed": 4,
    "Failed": 4,
    "Stopped": 4,
}
DEFAULT_HOURS = 8
START_WITHIN = timedelta(hours=24)
BUY_WITHIN = timedelta(hours=24)
BRAKE_WITHIN = timedelta(hours=1)


def bought_once(program: Program) -> Iterator[str]:
    """I1: one intent buys at most once, ever; and a job's model is served at most once at a time."""
    entries = [entry for kind in PAID for entry in program.ledger(kind)]
    for what in ("tunedrop:intent", "tunedrop:job"):
        for value, times in Counter(entry.tags.get(what) for entry in entries).items():
            if times > 1:
                yield f"{times} purchases of {what} {value}"


def recorded_before_sent(program: Program) -> Iterator[str]:
    """I2: every call that starts spending has a row older than it, which says that its token is in flight."""
    for sent in program.history.sent:
        if not sent.recorded:
            yield f"{sent.operation} left at {sent.at}, and no row knew its token as in flight"


def nothing_committed(program: Program) -> Iterator[str]:
    """I3: nothing that can't be given back is bought."""
    for sent in program.history.sent:
        if sent.parameters.get("commitmentDuration"):
            yield f"{sent.operation} with {sent.parameters['commitmentDuration']}"


def braked_before_sent(program: Program) -> Iterator[str]:
    """I20: of every throughput that is bought, a schedule stood before that deletes it soon after its hours."""
    hours = _bought_hours(program)
    for sent in program.history.sent:
        if sent.operation == CREATE_THROUGHPUT:
            latest = sent.at + hours(sent.tags) + BRAKE_WITHIN
            if sent.ends_at is None or sent.ends_at > latest:
                name = sent.parameters["provisionedModelName"]
                yield f"{name} left at {sent.at}, and a schedule ends it {sent.ends_at}"


def one_job_for_a_request(program: Program) -> Iterator[str]:
    """I4: one Idempotency-Key makes one job here, and one job trains at most once in Bedrock."""
    by_key: dict[str, set[str]] = defaultdict(set)
    for asked in program.history.accepted("POST", "/jobs"):
        if asked.path == "/jobs" and asked.key:
            by_key[asked.key].add(asked.answer["id"])
    yield from (f"{key} made {sorted(ids)}" for key, ids in by_key.items() if len(ids) > 1)
    keys = {asked.key for asked in program.history.requests if asked.path == "/jobs" and asked.status in {0, 202, 503}}
    people = [job for job, asked_by in program.history.owners.items() if asked_by == CALLER]
    if len(people) > len(keys):
        yield f"{len(people)} jobs of people, who sent {len(keys)} keys"
    trained = Counter(entry.tags["tunedrop:job"] for entry in program.ledger("customization_job"))
    yield from (f"job {job} was trained {times} times" for job, times in trained.items() if times > 1)


def one_job_by_itself(program: Program) -> Iterator[str]:
    """I4: a dataset starts at most one job by itself, and one more after each of its deletions."""
    by_itself = Counter(
        dataset for job, dataset in program.history.datasets.items() if program.history.owners[job] != CALLER
    )
    for dataset, times in by_itself.items():
        deleted = len(program.history.accepted("DELETE", f"/datasets/{dataset}"))
        if times > 1 + deleted:
            yield f"{dataset} started {times} jobs by itself, and was deleted {deleted} times"


def statuses_move_forward(program: Program) -> Iterator[str]:
    """I5: a job's status never moves back, and an ended job stays as it ended."""
    for job, seen in program.history.statuses.items():
        for earlier, later in itertools.pairwise(seen):
            if FORWARD[later] < FORWARD[earlier] or earlier in ENDED:
                yield f"job {job} went from {earlier} to {later}"


def trained_on_what_was_checked(program: Program) -> Iterator[str]:
    """I6: Bedrock is given whole good files that somebody uploaded to that dataset, and nothing else."""
    for sent in _starts(program):
        uploaded = {each.content for each in program.history.uploads if each.dataset == sent.tags["tunedrop:dataset"]}
        found = [number for number in range(1, 4) if _holds(sent.trained_on, number)]
        if not any(f"good {number}" in uploaded for number in found):
            yield f"a job was given {sent.trained_on[:80]!r}"


def newer_versions_hold_newer_files(program: Program) -> Iterator[str]:
    """I7: of two versions the later one holds no older upload of a slot, unless both say the same."""
    order = {each.version_id: (place, each) for place, each in enumerate(program.history.uploads)}
    versions: dict[str, dict[int, Mapping[str, Any]]] = defaultdict(dict)
    for row in program.rows():
        if row["sk"].value.startswith("VERSION#"):
            versions[row["pk"].value][int(row["sk"].value.removeprefix("VERSION#"))] = row["files"].value
    for dataset, numbered in versions.items():
        listed = [numbered[number] for number in sorted(numbered)]
        for earlier, later in itertools.pairwise(listed):
            for slot in earlier.keys() & later.keys():
                old, new = (order[files[slot].value["version_id"].value] for files in (earlier, later))
                if new[0] < old[0] and new[1].content != old[1].content:
                    yield f"{dataset}: {slot} went back from {old[1].content} to {new[1].content}"


def one_end_is_told(program: Program) -> Iterator[str]:
    """I8: of each job one end is told, and again only where a fault struck."""
    ends: dict[str, Counter[str]] = defaultdict(Counter)
    for told in program.history.published:
        if told.type in TERMINAL:
            ends[told.detail["job_id"]][told.detail["event_id"]] += 1
    for job, ids in ends.items():
        if len(ids) > 1 or max(ids.values()) > 1 + program.history.strikes():
            yield f"job {job}: {dict(ids)} after {program.history.strikes()} faults"


def caps_hold(program: Program) -> Iterator[str]:
    """I10: never more model units than MaxModelUnits, and never more than MaxConcurrentJobs in Bedrock."""
    for kind, cap in (("provisioned_throughput", CAP), ("customization_job", 1)):
        entries = program.ledger(kind)
        for entry in entries:
            beside = [other for other in entries if _overlap(entry, other, program.now)]
            held = sum(other.units or 1 for other in beside)
            if held > cap:
                yield f"{held} of {kind} at once, where {cap} is the cap"


def fails_only_when_struck(program: Program) -> Iterator[str]:
    """I11: nothing fails, and nobody is answered 5xx, unless a fault struck it or it only has to wait."""
    for delivered in program.history.deliveries:
        if delivered.fault is not None and not delivered.struck and not is_wait(delivered.fault):
            yield f"{delivered.what} {delivered.body} failed: {delivered.fault!r}"
    for asked in program.history.requests:
        if (asked.status >= 500 or asked.status == 0) and not asked.struck:
            yield f"{asked.method} {asked.path} {asked.body}: {asked.status} {asked.answer}"


def released_in_time(program: Program) -> Iterator[str]:
    """I12: what was bought for some hours is gone at the first reconcile after them."""
    hours = _bought_hours(program)
    for entry in program.ledger("provisioned_throughput"):
        end = entry.started_at + hours(entry.tags)
        if entry.is_live and program.history.calm and program.now >= end:
            yield f"{entry.name} was to end at {end}, and bills at {program.now}"
        promised = program.expiry(entry.resource_arn)
        if promised and promised > end:
            yield f"{entry.name} was to end at {end}, and its row says {promised}"


def nothing_is_bought_late(program: Program) -> Iterator[str]:
    """I13: what is bought serves a job that completed in Bedrock less than 24 hours before."""
    jobs = {program.tags(job.arn)["tunedrop:job"]: job for job in program.bedrock_jobs()}
    for entry in (entry for kind in PAID for entry in program.ledger(kind)):
        job = jobs.get(entry.tags["tunedrop:job"])
        if job is None or job.status != "Completed" or entry.started_at >= job.ended_at + BUY_WITHIN:
            yield f"{entry.name} was bought at {entry.started_at} for {job and (job.status, job.ended_at)}"


def releases_are_kept(program: Program) -> Iterator[str]:
    """I14: once a release was accepted, nothing is bought for that deployment's generation, and what was is gone."""
    for asked in program.history.accepted("DELETE", "/deployments/"):
        for entry in program.ledger("provisioned_throughput"):
            if entry.is_live and program.history.calm and entry.tags["tunedrop:job"] == asked.answer["job_id"]:
                yield f"{asked.answer['name']} was released at {asked.at}, and bills at {program.now}"
        for sent in program.history.sent:
            late = sent.operation != CREATE_JOB and sent.at > asked.at
            if late and sent.tags["tunedrop:job"] == asked.answer["job_id"]:
                yield f"{asked.answer['name']} was released at {asked.at} and bought at {sent.at}"


def nothing_starts_after_a_stop(program: Program) -> Iterator[str]:
    """I15: once a stop was accepted, the job is not sent to Bedrock any more."""
    for asked in program.history.accepted("POST", "/jobs/"):
        for sent in _starts(program):
            if sent.tags["tunedrop:job"] == asked.answer["id"] and sent.at > asked.at:
                yield f"job {asked.answer['id']} was stopped at {asked.at} and sent at {sent.at}"


def deleted_data_is_not_trained_on(program: Program) -> Iterator[str]:
    """I16: once a deletion was accepted, no job starts on what it deletes."""
    for asked in program.history.accepted("DELETE", "/datasets/"):
        for sent in _starts(program):
            dataset, version = sent.tags["tunedrop:dataset"], int(sent.tags["tunedrop:version"])
            meant = asked.answer["version"] in {None, version} and version in asked.answer["versions"]
            if dataset == asked.answer["dataset"] and meant and sent.at > asked.at:
                yield f"{dataset}@{version} was deleted at {asked.at} and trained on at {sent.at}"


def plans_change_nothing(program: Program) -> Iterator[str]:
    """I17: a plan leaves every row as it was."""
    yield from ("a plan changed a row" for before, after in program.history.plans if before != after)


def jobs_start_in_time(program: Program) -> Iterator[str]:
    """I19: no job is sent after its deadline, or later than JobDeadlineHours after it could first be sent."""
    for job, asked in program.history.jobs().items():
        latest = asked.at + START_WITHIN * (2 if asked.answer["status"] == "Preparing" else 1)
        if asked.body.get("deadline"):
            latest = min(latest, datetime.fromisoformat(asked.body["deadline"]))
        for sent in _starts(program):
            if sent.tags["tunedrop:job"] == job and sent.at >= latest:
                yield f"job {job} was to start before {latest}, and was sent at {sent.at}"


def nothing_is_lost(program: Program) -> Iterator[str]:
    """I9: every accepted job has ended and was told, every upload has its outcome, and nothing waits any more."""
    told = {each.detail["job_id"] for each in program.history.published if each.type in TERMINAL}
    for job in program.history.jobs():
        status = program.history.statuses[job][-1]
        if status not in ENDED or job not in told:
            yield f"job {job} is {status}, its end {'told' if job in told else 'not told'}"
    for job in program.bedrock_jobs():
        ours = program.history.statuses[program.tags(job.arn)["tunedrop:job"]][-1]
        if ours != job.status:
            yield f"job {job.name} is {job.status} in Bedrock, and {ours} here"
    for row in program.rows():
        if row["sk"].value.startswith("UPLOAD#") and row["status"].value == "processing":
            yield f"{row['sk'].value} has no outcome"
    yield from (f"{message.queue}: {message.body} is still there" for message in program.queues.waiting)


def newest_wins(program: Program) -> Iterator[str]:
    """I7, at rest: a dataset's newest version holds what was uploaded last to each slot."""
    for dataset, slot, last in _last_uploads(program):
        current = _current(program, dataset, slot)
        if current is None or current.content != last.content:
            yield f"{dataset}: {slot} is {current and current.content}, {last.content} was uploaded last"


def erased_is_gone(program: Program) -> Iterator[str]:
    """I16, at rest: of a deleted dataset the bucket holds nothing that was there when the deletion was accepted."""
    for asked in program.history.accepted("DELETE", "/datasets/"):
        dataset, numbers = asked.answer["dataset"], asked.answer["versions"]
        made = tuple(f"{kind}/{dataset}/{number}/" for kind in ("prepared", "reports") for number in numbers)
        asked_at = datetime.fromisoformat(asked.answer["asked_at"]).replace(tzinfo=None)
        for key, kept in program.stored():
            whole = asked.answer["version"] is None and key.startswith(f"incoming/{dataset}/")
            if key.startswith(made) or (whole and kept.last_modified <= asked_at):
                yield f"{key} outlived the deletion of {asked.path}"


def books_agree(program: Program) -> Iterator[str]:
    """I18, at rest: model units and slots that are held are those that Bedrock bills and runs."""
    live = sum(entry.units for entry in program.ledger("provisioned_throughput") if entry.is_live)
    held, _ = program.world.units()
    if held != live:
        yield f"{held} model units are held, Bedrock bills {live}"
    running = {program.tags(job.arn)["tunedrop:job"] for job in program.bedrock_jobs() if job.ended_at is None}
    if program.world.running() != running:
        yield f"slots are held by {sorted(program.world.running())}, Bedrock runs {sorted(running)}"


ALWAYS: tuple[Invariant, ...] = (
    bought_once,
    recorded_before_sent,
    braked_before_sent,
    nothing_committed,
    one_job_for_a_request,
    one_job_by_itself,
    statuses_move_forward,
    trained_on_what_was_checked,
    newer_versions_hold_newer_files,
    one_end_is_told,
    caps_hold,
    fails_only_when_struck,
    released_in_time,
    nothing_is_bought_late,
    releases_are_kept,
    nothing_starts_after_a_stop,
    deleted_data_is_not_trained_on,
    plans_change_nothing,
    jobs_start_in_time,
)
AT_REST: tuple[Invariant, ...] = (nothing_is_lost, newest_wins, erased_is_gone, books_agree)


def _starts(program: Program) -> Iterator[Sent]:
    return (sent for sent in program.history.sent if sent.operation == CREATE_JOB)


def _bought_hours(program: Program) -> Callable[[Mapping[str, str]], timedelta]:
    """By the tags of a throughput: how long it was asked for."""
    hours = {job: _hours(asked) for job, asked in program.history.jobs().items()}
    return lambda tags: timedelta(hours=hours.get(tags["tunedrop:job"], DEFAULT_HOURS))


def _hours(asked: Asked) -> int:
    wish = asked.body["deployment"] or {}
    return int(wish.get("hours", DEFAULT_HOURS))


def _overlap(one: LedgerEntry, other: LedgerEntry, now: datetime) -> bool:
    """Whether the other was there when this one began."""
    return other.started_at <= one.started_at < (other.ended_at or now + timedelta(seconds=1))


def _holds(trained_on: bytes, number: int) -> bool:
    """Whether these are all records of that good file, in whatever format, and no others."""
    lines = trained_on.splitlines()
    asked = [f"What is {1_000 * number + place} + 1?".encode() for place in range(RECORDS)]
    return len(lines) == RECORDS and all(words in line for words, line in zip(asked, lines, strict=True))


def _last_uploads(program: Program) -> Iterator[tuple[str, str, Uploaded]]:
    """The last upload to each slot; not of datasets of which something was ever deleted."""
    touched = {asked.path.split("/")[2] for asked in program.history.requests if asked.method == "DELETE"}
    last = {(each.dataset, each.slot): each for each in program.history.uploads if each.dataset not in touched}
    return ((dataset, slot, each) for (dataset, slot), each in last.items())


def _current(program: Program, dataset: str, slot: str) -> Uploaded | None:
    known = {each.version_id: each for each in program.history.uploads}
    for row in program.rows():
        if row["pk"].value == f"DATASET#{dataset}" and row["sk"].value == "HEAD" and slot in row["files"].value:
            return known[row["files"].value[slot].value["version_id"].value]
    return None
