"""B1: ten thousand uploads with duplicates, disorder, poison and races, through SQS's and Lambda's own rules."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.faults import upload_judge
from tests.faults.event_source import Rules, deployed_rules
from tests.faults.upload_judge import Tally
from tests.faults.upload_storm import aftermath
from tests.proofs import Proof

STORMS, EVENTS = 40, 250
"""Each storm has a stack of its own, because moto does not get slower then."""
LARGER_BATCH = 10
"""Every other storm has larger batches than the template, so that a batch may fail in part."""


def prove() -> Proof:
    """All storms, on two processes."""
    rules = deployed_rules("UploadQueue")
    with ProcessPoolExecutor(2) as pool:
        return summary(list(pool.map(partial(blown, rules), range(STORMS))))


@dataclasses.dataclass(frozen=True, slots=True)
class Blown:
    """What one storm came to, before and after its dead letters were put back."""

    seed: int
    before: Tally
    after: Tally
    fixable: int
    """Dead letters of uploads whose fault was mended before they were put back."""
    interleaved: int
    troubles: int
    hours: float


def blown(rules: Rules, seed: int, events: int = EVENTS) -> Blown:
    """One storm, judged."""
    if seed % 2:
        rules = dataclasses.replace(rules, batch_size=LARGER_BATCH)
    left = aftermath(seed, events, rules)
    return Blown(
        seed=seed,
        before=upload_judge.judge(left.before),
        after=upload_judge.judge(left.after),
        fixable=sum(sent.redriven and sent.put is not None for sent in left.after.sent),
        interleaved=left.interleaved,
        troubles=left.troubles,
        hours=left.seconds / 3_600,
    )


def summary(storms: list[Blown]) -> Proof:
    """The figures of all storms together, and what is against them."""
    before = sum((storm.before for storm in storms), Tally())
    after = sum((storm.after for storm in storms), Tally())
    fixable = sum(storm.fixable for storm in storms)
    objections = [
        f"storm {storm.seed}, {when}: {each}"
        for storm in storms
        for when, tally in (("before the redrive", storm.before), ("after it", storm.after))
        for each in tally.against()
    ]
    if after.recovered != fixable:
        objections.append(f"{after.recovered} of {fixable} mended dead letters were recovered")
    return Proof(
        f"{len(storms)} storms over {sum(storm.hours for storm in storms):,.0f} virtual hours: "
        f"attempted {before.attempted:,} messages ({before.repeated:,} repeat an event), acked {before.acked:,} "
        f"({before.retried:,} after a fault or a crash), lost {len(after.lost)}, unexpected {len(after.unexpected)}, "
        f"duplicated {len(after.duplicated)}, stale-wins {len(after.stale_wins)}, "
        f"good ones in the dead letters {len(before.good_in_dead_letters)}; "
        f"poison {before.poison}, of these not there after exactly 5 receives with a reason "
        f"{len(before.poison_misjudged)}; redriven {after.redriven}, mended before {fixable}, of these recovered "
        f"{after.recovered}; {after.versions:,} versions; {sum(storm.troubles for storm in storms):,} faults and "
        f"crashes, {sum(storm.interleaved for storm in storms):,} steps in the midst of others",
        objections,
    )
