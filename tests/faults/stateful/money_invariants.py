"""What must hold of paid capacity. Only these are looked at once the tables were put back to an earlier time."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from bedrock_simulator import LedgerEntry

from tests.faults.stateful.history import CREATE_JOB, CREATE_THROUGHPUT
from tests.faults.stateful.program import CAP, SKEWED_BY, UNIT_HOUR, Program
from tests.faults.stateful.seen import PAID

DEFAULT_HOURS = 8
BUY_WITHIN = timedelta(hours=24)
BRAKE_WITHIN = timedelta(hours=1)
ANSWERED_WITHIN = timedelta(minutes=6)
"""How long a release waits for the calls that it took."""


def bought_once(program: Program) -> Iterator[str]:
    """I1: one intent buys at most once, ever; and a deployment has at most one paid capacity at a time."""
    entries = [entry for kind in PAID for entry in program.ledger(kind)]
    for intent, times in Counter(entry.tags["tunedrop:intent"] for entry in entries).items():
        if times > 1:
            yield f"{times} purchases of intent {intent}"
    yield from one_at_a_time(program)


def one_at_a_time(program: Program) -> Iterator[str]:
    """I1: a deployment has at most one paid capacity at a time, and so has an intent."""
    entries = [entry for kind in PAID for entry in program.ledger(kind)]
    for entry, other in itertools.permutations(entries, 2):
        if _whose(program, entry) == _whose(program, other) and _overlap(entry, other, program.now):
            yield f"{entry.name} was bought beside {other.name}"


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
    """I20: of every throughput that is bought, a schedule stood before that deletes it soon after its end."""
    for sent in program.history.sent:
        if sent.operation == CREATE_THROUGHPUT:
            latest = latest_end(program, sent.tags, sent.at) + BRAKE_WITHIN
            if sent.ends_at is None or sent.ends_at > latest:
                name = sent.parameters["provisionedModelName"]
                yield f"{name} left at {sent.at}, and a schedule ends it {sent.ends_at}"


def braked_while_it_bills(program: Program) -> Iterator[str]:
    """I20: of every throughput that bills, a schedule stands that deletes it soon after its end, and not before."""
    schedules = program.world.schedules()
    for entry in program.ledger("provisioned_throughput"):
        if not entry.is_live or not program.history.calm:
            continue
        fires_at, ends_at = schedules.get(entry.name), program.expiry(entry.resource_arn)
        latest = latest_end(program, entry.tags, entry.started_at) + BRAKE_WITHIN
        if fires_at is None or fires_at > latest:
            yield f"{entry.name} bills, and a schedule ends it {fires_at}"
        elif ends_at and fires_at < ends_at:
            yield f"{entry.name} is to end at {ends_at}, and its schedule ends it at {fires_at}"


def caps_hold(program: Program) -> Iterator[str]:
    """I10: never more model units than MaxModelUnits, and never more than MaxConcurrentJobs in Bedrock."""
    for kind, cap in (("provisioned_throughput", CAP), ("customization_job", 1)):
        entries = program.ledger(kind)
        for entry in entries:
            beside = [other for other in entries if _overlap(entry, other, program.now)]
            held = sum(other.units or 1 for other in beside)
            if held > cap:
                yield f"{held} of {kind} at once, where {cap} is the cap"


def released_in_time(program: Program) -> Iterator[str]:
    """I12: what was bought for some time is gone at the first reconcile after it."""
    for entry in program.ledger("provisioned_throughput"):
        end = latest_end(program, entry.tags, entry.started_at) + SKEWED_BY
        if entry.is_live and program.history.calm and program.now >= end:
            yield f"{entry.name} was to end at {end}, and bills at {program.now}"
        promised = program.expiry(entry.resource_arn)
        if promised and promised > end:
            yield f"{entry.name} was to end at {end}, and its row says {promised}"


def ended_by_its_brake(program: Program) -> Iterator[str]:
    """I12: whatever became of tables and stacks, nothing bills longer than its schedule allows."""
    for entry in program.ledger("provisioned_throughput"):
        latest = latest_end(program, entry.tags, entry.started_at) + BRAKE_WITHIN
        if entry.is_live and program.brakes and program.now > latest:
            yield f"{entry.name} bills at {program.now}, and should have been deleted before {latest}"
    for entry in program.every_purchase():
        fires_at = program.left_behind.get(entry.resource_arn)
        if fires_at and (entry.ended_at or program.now) > fires_at + SKEWED_BY:
            yield f"{entry.name} of an earlier stack billed until {entry.ended_at}; its schedule fired at {fires_at}"


def serves_what_it_says(program: Program) -> Iterator[str]:
    """I22: what our rows call served by some capacity is what Bedrock serves there."""
    for row in program.rows():
        if "state" in row and row["state"].value == "live" and "swap" not in row:
            said, found = row["model_arn"].value, program.served(row["arn"].value)
            if found and said != found:
                yield f"{row['arn'].value} serves {found}, and its row says {said}"


def nothing_is_bought_late(program: Program) -> Iterator[str]:
    """I13: what is bought serves a job that completed, in Bedrock or by a PUT, less than 24 hours before."""
    jobs = {program.tags(job.arn)["tunedrop:job"]: job for job in program.bedrock_jobs()}
    for entry in (entry for kind in PAID for entry in program.ledger(kind)):
        job = jobs.get(entry.tags["tunedrop:job"])
        since = [job.ended_at] if job and job.status == "Completed" else []
        since += [asked.at for asked in program.history.puts(_deployment(program, entry.tags))] if since else []
        if not any(at - SKEWED_BY <= entry.started_at < at + BUY_WITHIN + SKEWED_BY for at in since):
            yield f"{entry.name} was bought at {entry.started_at} for {job and (job.status, job.ended_at)}"


def releases_are_kept(program: Program) -> Iterator[str]:
    """I14: once a release was accepted, nothing is bought for that deployment's generation, and what was is gone."""
    for asked in program.history.accepted("DELETE", "/deployments/"):
        units = [
            asked.answer["generation"],
            *([asked.answer["second_unit"]["generation"]] if asked.answer["second_unit"] else []),
        ]
        released = [(asked.answer["name"], generation) for generation in units]
        for entry in program.ledger("provisioned_throughput"):
            over = program.now >= asked.at + ANSWERED_WITHIN
            if entry.is_live and program.history.calm and over and _whose(program, entry) in released:
                yield f"{released} was released at {asked.at}, and bills at {program.now}"
        for sent in program.history.sent:
            late = sent.operation != CREATE_JOB and sent.at > asked.at
            if late and program.history.purchases.get(sent.tags["tunedrop:intent"]) in released:
                yield f"{released} was released at {asked.at} and bought at {sent.at}"


def nothing_foreign_is_touched(program: Program) -> Iterator[str]:
    """I21: only what this stack made is ever deleted or updated."""
    for touched in program.history.touched:
        if touched.stack != program.history.stack:
            yield f"{touched.operation} of {touched.arn}, which {touched.stack} made"


def within_the_budget(program: Program) -> Iterator[str]:
    """I26: what bills in the month until its schedule ends it stays within MonthlyBudget with what is bought."""
    for sent in program.history.sent:
        if sent.operation != CREATE_THROUGHPUT or sent.budget is None or sent.ends_at is None:
            continue
        month_ends = (sent.at.replace(day=1, hour=0, minute=0, second=0, microsecond=0) + timedelta(days=32)).replace(
            day=1
        )
        bought = (min(sent.ends_at, month_ends) - sent.at) * sent.parameters["modelUnits"]
        skewed = SKEWED_BY * (len(program.ledger("provisioned_throughput")) + 1)
        cost = (sent.reserved + bought - skewed) / timedelta(hours=1) * UNIT_HOUR
        if cost > sent.budget:
            yield f"{sent.parameters['provisionedModelName']} left at {sent.at}: {cost:.2f} of {sent.budget}"


def books_agree(program: Program) -> Iterator[str]:
    """I18, at rest: model units and slots that are held are those that Bedrock bills and runs."""
    live = sum(entry.units for entry in program.ledger("provisioned_throughput") if entry.is_live)
    held, _ = program.world.units()
    if held != live:
        yield f"{held} model units are held, Bedrock bills {live}"
    running = {program.tags(job.arn)["tunedrop:job"] for job in program.bedrock_jobs() if job.ended_at is None}
    if program.world.running() != running:
        yield f"slots are held by {sorted(program.world.running())}, Bedrock runs {sorted(running)}"


def nothing_bills_for_good(program: Program) -> Iterator[str]:
    """I12, at rest: nothing bills any more that this stack or an earlier one bought, whatever was lost."""
    for entry in program.every_purchase():
        if entry.is_live:
            yield f"{entry.name} was bought at {entry.started_at} and bills at {program.now}"


def latest_end(program: Program, tags: Mapping[str, str], bought_at: datetime) -> datetime:
    """The latest moment that any request may have named as the end of what was bought then, answered or not."""
    wish = program.wishes().get(tags["tunedrop:job"]) or {}
    ends = [bought_at + timedelta(hours=wish.get("hours", DEFAULT_HOURS))]
    for asked in program.history.puts(_deployment(program, tags)):
        hours, until = asked.body.get("hours"), asked.body.get("expires_at")
        ends.append(datetime.fromisoformat(until) if until else bought_at + timedelta(hours=hours or DEFAULT_HOURS))
    return max(ends)


def _deployment(program: Program, tags: Mapping[str, str]) -> str | None:
    found = program.history.purchases.get(tags["tunedrop:intent"])
    return found[0] if found else None


def _whose(program: Program, entry: LedgerEntry) -> tuple[str, int] | str:
    """Deployment and generation; the intent where no row is left that knows them."""
    intent = entry.tags["tunedrop:intent"]
    return program.history.purchases.get(intent, intent)


def _overlap(one: LedgerEntry, other: LedgerEntry, now: datetime) -> bool:
    """Whether the other was there when this one began."""
    return other.started_at <= one.started_at < (other.ended_at or now + timedelta(seconds=1))
