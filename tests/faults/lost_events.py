"""B5: Bedrock's events lost, a day late, repeated and reordered; every job still ends once, and in time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bedrock_simulator import Event

from tests.faults import stories
from tests.faults.bench import Bench, Checkpoint, bench
from tests.faults.delivery import SCHEDULE, ArrivalDelays, Stuck
from tests.proofs import Proof

DAY = 86_400.0
ENDS = ("Completed", "Failed", "Stopped")
ORDER = {"Preparing": 0, "Requested": 1, "WaitingForCapacity": 1, "InProgress": 2, "Stopping": 3} | dict.fromkeys(
    ENDS, 4
)


def _late_until_its_end(event: Event) -> tuple[float, ...]:
    """InProgress arrives long after the job's end has."""
    return (0.0,) if event.detail["jobStatus"] in ENDS else (3_600.0,)


ARRIVALS: Mapping[str, ArrivalDelays] = {
    "all lost": lambda _: (),
    "24 hours late": lambda _: (DAY,),
    "5 times": lambda _: (0.0, 0.0, 1.0, 400.0, DAY),
    "the end before InProgress": _late_until_its_end,
}
"""By what happens to Bedrock's events."""
MISSED = frozenset({"all lost", "24 hours late"})
"""Where no event arrives before reconcile looks."""


@dataclass(slots=True)
class Followed:
    """What was seen of the jobs under one kind of arrivals."""

    arrivals: str
    ended: Counter[str] = field(default_factory=Counter)
    longest: timedelta = timedelta()
    """From a job's end in Bedrock to the notification about it."""
    objections: list[str] = field(default_factory=list)


class Following:
    """Three jobs that end in three ways, looked at after everything that happens."""

    def __init__(self, made: Bench, start: Checkpoint, name: str) -> None:
        self.made, self.found = made, Followed(name)
        self.delivery = made.begin(start, arrivals=ARRIVALS[name])
        self.jobs: dict[str, str] = {}
        """By id, how the job is to end."""
        self.seen: dict[str, list[str]] = {}

    def follow(self) -> Followed:
        """Start, let end, wait a day for what comes late, and judge."""
        try:
            self._play()
        except Stuck as stuck:
            self._object(f"stuck: {stuck}")
        else:
            self._judge_all()
        return self.found

    def _play(self) -> None:
        self._start("Completed")
        self._start("Stopped")
        self._until(lambda: self._told("JobStarted") == 2)
        (stopped,) = [job for job, end in self.jobs.items() if end == "Stopped"]
        self.delivery.call("POST", f"/jobs/{stopped}/stop", key="stop")
        self._until(lambda: self._told("JobCompleted", "JobStopped") == 2)
        self._start("Failed")
        self._until(lambda: self._told("JobStarted") == 3)
        self._lose_the_data()
        self._until(lambda: self._told("JobCompleted", "JobStopped", "JobFailed") == 3)
        self.delivery.until(self._all_arrived, 2 * DAY / 3_600)
        self._look()

    def _judge_all(self) -> None:
        for job_id, end in self.jobs.items():
            self._judge(self.delivery.look(f"/jobs/{job_id}"), end)
        if any(line.dead for line in self.delivery.lines.values()):
            self._object("there are dead letters")

    def _all_arrived(self) -> bool:
        return not self.delivery.lines["JobEventQueue"].messages

    def _start(self, end: str) -> None:
        _, job = self.delivery.call("POST", "/jobs", {**stories.JOB, "sweep": end.lower()}, key=end)
        self.jobs[job["id"]] = end

    def _lose_the_data(self) -> None:
        """What Bedrock is about to read is gone: the job fails there."""
        stack = self.made.world.stack
        stack.s3.delete_object(Bucket=stack.bucket, Key="prepared/support-bot/2/claude-3-haiku/train.jsonl")

    def _until(self, done: Any) -> None:
        def looked() -> bool:
            self._look()
            return bool(done())

        self.delivery.until(looked, stories.LONGEST_HOURS)

    def _told(self, *kinds: str) -> int:
        return sum(told.type in kinds for told in self.delivery.told)

    def _look(self) -> None:
        for job in self.delivery.look("/jobs")["jobs"]:
            states = self.seen.setdefault(job["id"], [])
            if not states or states[-1] != job["status"]:
                states.append(job["status"])

    def _judge(self, job: Mapping[str, Any], end: str) -> None:
        name, timeline = f"the job that is {end}", job["timeline"]
        self.found.ended[job["status"]] += 1
        if job["status"] != end:
            self._object(f"{name} in Bedrock is {job['status']} here")
        for states in (self.seen[job["id"]], [entry["status"] for entry in timeline]):
            ranks = [ORDER[state] for state in states]
            if ranks != sorted(ranks):
                self._object(f"{name} moved backwards: {states}")
        told = [each for each in self.delivery.told if each.detail.get("job_id") == job["id"]]
        terminal = [each for each in told if each.type == f"Job{end}"]
        others = {f"Job{each}" for each in ENDS} - {f"Job{end}"}
        if len(terminal) != 1 or any(each.type in others for each in told):
            self._object(f"{name} was told of as {Counter(each.type for each in told)}")
        else:
            self._in_time(name, job, terminal[0].time)
        sources = {entry["source"] for entry in timeline if entry["status"] == end}
        wanted = "reconcile" if self.found.arrivals in MISSED else "event"
        if sources != {wanted}:
            self._object(f"{name} ended by {sources}, not by {wanted}")
        missed = any("no event" in (entry["note"] or "") for entry in timeline)
        if missed != (self.found.arrivals in MISSED):
            self._object(f"{name}: its timeline says {'' if missed else 'not '}that an event was missed")

    def _in_time(self, name: str, job: Mapping[str, Any], told_at: datetime) -> None:
        late = told_at - datetime.fromisoformat(job["ended_at"])
        self.found.longest = max(self.found.longest, late)
        if late > SCHEDULE:
            self._object(f"{name} was told of {late} after its end")

    def _object(self, words: str) -> None:
        self.found.objections.append(f"events {self.found.arrivals}: {words}")


def followed(*names: str) -> list[Followed]:
    """Each of these kinds of arrivals."""
    with bench() as made:
        stories.TRACKING.before(made, made.begin(made.checkpoint()))
        start = made.checkpoint()
        return [Following(made, start, name).follow() for name in names]


def prove() -> Proof:
    """All kinds of arrivals."""
    found = followed(*ARRIVALS)
    jobs = sum((each.ended for each in found), Counter[str]())
    counted = ", ".join(f"{number} {status}" for status, number in sorted(jobs.items()))
    longest = max(each.longest for each in found)
    return Proof(
        f"Bedrock's events {', '.join(ARRIVALS)}: {counted}, each told once, at most {longest} after it in Bedrock",
        [words for each in found for words in each.objections],
        [f"events {each.arrivals}: at most {each.longest} after the end" for each in found],
    )
