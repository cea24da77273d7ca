"""What must hold of jobs."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from tests.builders import CALLER
from tests.faults.stateful.history import CREATE_JOB, Sent
from tests.faults.stateful.program import Program
from tests.faults.stateful.steps import RECORDS

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
START_WITHIN = timedelta(hours=24)


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


def one_end_is_told(program: Program) -> Iterator[str]:
    """I8: of each job one end is told, and again only where a fault struck."""
    ends: dict[str, Counter[str]] = defaultdict(Counter)
    for told in program.history.published:
        if told.type in TERMINAL:
            ends[told.detail["job_id"]][told.detail["event_id"]] += 1
    for job, ids in ends.items():
        if len(ids) > 1 or max(ids.values()) > 1 + program.history.strikes():
            yield f"job {job}: {dict(ids)} after {program.history.strikes()} faults"


def nothing_starts_after_a_stop(program: Program) -> Iterator[str]:
    """I15: once a stop was accepted, the job is not sent to Bedrock any more."""
    for asked in program.history.accepted("POST", "/jobs/"):
        for sent in _starts(program):
            if sent.tags["tunedrop:job"] == asked.answer["id"] and sent.at > asked.at:
                yield f"job {asked.answer['id']} was stopped at {asked.at} and sent at {sent.at}"


def jobs_start_in_time(program: Program) -> Iterator[str]:
    """I19: no job is sent after its deadline, or later than JobDeadlineHours after it could first be sent."""
    for job, asked in program.history.jobs().items():
        latest = asked.at + START_WITHIN * (2 if asked.answer["status"] == "Preparing" else 1)
        if asked.body.get("deadline"):
            latest = min(latest, datetime.fromisoformat(asked.body["deadline"]))
        for sent in _starts(program):
            if sent.tags["tunedrop:job"] == job and sent.at >= latest:
                yield f"job {job} was to start before {latest}, and was sent at {sent.at}"


def deleted_data_is_not_trained_on(program: Program) -> Iterator[str]:
    """I16: once a deletion was accepted, no job starts on what it deletes."""
    for asked in program.history.accepted("DELETE", "/datasets/"):
        for sent in _starts(program):
            dataset, version = sent.tags["tunedrop:dataset"], int(sent.tags["tunedrop:version"])
            meant = asked.answer["version"] in {None, version} and version in asked.answer["versions"]
            if dataset == asked.answer["dataset"] and meant and sent.at > asked.at:
                yield f"{dataset}@{version} was deleted at {asked.at} and trained on at {sent.at}"


def _starts(program: Program) -> Iterator[Sent]:
    return (sent for sent in program.history.sent if sent.operation == CREATE_JOB)


def _holds(trained_on: bytes, number: int) -> bool:
    """Whether these are all records of that good file, in whatever format, and no others."""
    lines = trained_on.splitlines()
    asked = [f"What is {1_000 * number + place} + 1?".encode() for place in range(RECORDS)]
    return len(lines) == RECORDS and all(words in line for words, line in zip(asked, lines, strict=True))
