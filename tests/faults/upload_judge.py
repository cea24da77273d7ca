"""Judges what became of uploads, by their histories."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from tests.faults.upload_histories import Histories, Put, Sent, Told


@dataclass(slots=True)
class Tally:
    """The figures of a storm; what must be 0 is in `against`."""

    attempted: int = 0
    acked: int = 0
    repeated: int = 0
    """Messages beyond the first of an event."""
    retried: int = 0
    """Good messages that failed or were cut off, and came again."""
    poison: int = 0
    redriven: int = 0
    recovered: int = 0
    versions: int = 0
    told: int = 0
    lost: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    stale_wins: list[str] = field(default_factory=list)
    good_in_dead_letters: list[str] = field(default_factory=list)
    poison_misjudged: list[str] = field(default_factory=list)
    """Not among the dead letters after exactly so many receives, or without a reason in the log."""

    def __add__(self, other: Tally) -> Tally:
        return Tally(**{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(Tally)})

    def against(self) -> list[str]:
        """What is against it."""
        found = ("lost", "unexpected", "duplicated", "stale_wins", "good_in_dead_letters", "poison_misjudged")
        return [f"{name}: {each}" for name in found for each in getattr(self, name)]


def judge(histories: Histories) -> Tally:
    """The figures of one storm as it stands."""
    judgment = _Judgment(histories)
    tally = Tally(
        attempted=len(histories.sent),
        acked=sum(sent.acked_at is not None for sent in histories.sent),
        repeated=sum(count - 1 for count in Counter(id(sent.put) for sent in histories.sent if sent.put).values()),
        retried=sum(sent.message.receives > 1 for sent in histories.sent if not sent.poison),
        poison=sum(sent.poison and not sent.redriven for sent in histories.sent),
        redriven=sum(sent.redriven for sent in histories.sent),
        recovered=sum(sent.redriven and sent.acked_at is not None for sent in histories.sent),
        versions=sum(len(versions) for versions in judgment.versions.values()),
        told=len(histories.told),
    )
    tally.lost += judgment.lost()
    tally.unexpected += judgment.unexpected()
    tally.duplicated += judgment.duplicated()
    tally.stale_wins += judgment.stale_wins()
    tally.good_in_dead_letters += [sent.message.body for sent in histories.sent if judgment.is_wrongly_dead(sent)]
    tally.poison_misjudged += judgment.poison_misjudged()
    return tally


class _Judgment:
    def __init__(self, histories: Histories) -> None:
        self.histories = histories
        self.by_id = {put.version_id: put for put in histories.puts}
        self.versions: dict[str, dict[int, dict[str, str]]] = defaultdict(dict)
        """By dataset and number: the S3 version id behind each split, as the reports say."""
        for each in histories.objects:
            if each.report:
                splits = self.versions[each.report["dataset"]].setdefault(each.report["version"], {})
                splits[each.report["split"]] = each.report["files"][0]["version_id"]
        self.stands_in: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for dataset, versions in self.versions.items():
            for number, splits in sorted(versions.items()):
                for version_id in splits.values():
                    self.stands_in[version_id].append((dataset, number))
        self.told_of, self.strange = _told_of(histories)
        self.acked = [sent for sent in histories.sent if sent.acked_at is not None and sent.put]

    def lost(self) -> Iterator[str]:
        """Uploads whose message is gone, and of which S3 and the notifications know nothing, without a good reason."""
        for sent in self.acked:
            if sent.put and not self._is_accounted_for(sent, sent.put):
                yield f"{sent.put.key} {sent.put.version_id}, {sent.message.id}"
        for sent in self.histories.sent:
            if sent.acked_at is None and sent.message.id not in self.histories.dead and not sent.message.done:
                yield f"{sent.message.id} is still on its way"

    def _is_accounted_for(self, sent: Sent, put: Put) -> bool:
        if put.version_id in self.stands_in or put.version_id in self.told_of:
            return True
        if put.key.endswith(".docx"):
            return False
        return (
            self._came_too_late(sent, put)
            or not self._dataset_had_train(sent, put)
            or self._was_replaced_before_train_was_taken(sent, put)
            or self._same_bytes_were_judged_later(sent, put)
        )

    def _was_replaced_before_train_was_taken(self, sent: Sent, put: Put) -> bool:
        """Whether its versions had no train yet, as a train file was still in hand, and a newer file took its place.

        Which of them stood when train was taken shows in the first version with a report; that must hold the newer one.
        """
        return not any(
            other.put is not None
            and other.put.slot == (put.slot[0], "train")
            and other.acked_at is not None
            and other.acked_at <= (sent.acked_at or 0)
            for other in self.histories.sent
        ) and any(
            newer.slot == put.slot and newer.order > put.order and self._is_in_the_first_version(newer)
            for newer in self.histories.puts
        )

    def _is_in_the_first_version(self, put: Put) -> bool:
        versions = self.versions[put.slot[0]]
        return bool(versions) and versions[min(versions)].get(put.slot[1]) == put.version_id

    def _same_bytes_were_judged_later(self, sent: Sent, put: Put) -> bool:
        """Whether it met the same bytes while they were prepared: their verdict is its answer, too."""
        return any(
            told.code is None and told.time >= (sent.first_began or 0) and self._holds(told.detail, put)
            for told in self.histories.told
        )

    def _holds(self, verdict: Mapping[str, Any], put: Put) -> bool:
        dataset, split = put.slot
        if verdict["dataset"] != dataset:
            return False
        standing = self.by_id.get(self.versions[dataset].get(verdict["version"], {}).get(split, ""))
        return standing is not None and standing.sha256 == put.sha256

    def _came_too_late(self, sent: Sent, put: Put) -> bool:
        """Whether a newer file of its split had arrived before this message was worked off."""
        return any(
            other.put is not None
            and other.put.slot == put.slot
            and other.put.order > put.order
            and other.first_began is not None
            and other.first_began <= (sent.acked_at or 0)
            for other in self.histories.sent
        )

    def _dataset_had_train(self, sent: Sent, put: Put) -> bool:
        """Whether a train file had arrived by then: a version without one gets no report."""
        return any(
            other.put is not None
            and other.put.slot == (put.slot[0], "train")
            and other.first_began is not None
            and other.first_began <= (sent.acked_at or 0)
            for other in self.histories.sent
        )

    def unexpected(self) -> Iterator[str]:
        """Reports and notifications of what S3 never held, or that say "gone" of what is there."""
        yield from self.strange
        yield from (f"{version_id} was never put" for version_id in self.stands_in if version_id not in self.by_id)
        for put in self.histories.puts:
            if self.told_of.get(put.version_id) == "unchanged" and not self._is_a_copy(put):
                yield f"{put.key} {put.version_id} was told as unchanged"
        for told in self.histories.told:
            if told.code == "object_gone" and not self._was_erased(told.detail["key"]):
                yield f"{told.detail['key']} was told to be gone, and never erased"
        for each in self.histories.objects:
            if each.report and each.report["counts_by_code"].get("object_gone"):
                files = [self.by_id.get(file["version_id"]) for file in each.report["files"]]
                if not any(put is None or put.erased for put in files):
                    yield f"{each.key} says that its file was gone"

    def _is_a_copy(self, put: Put) -> bool:
        return any(
            other is not put and other.slot == put.slot and other.sha256 == put.sha256 for other in self.histories.puts
        )

    def _was_erased(self, key: str) -> bool:
        return any(put.erased for put in self.histories.puts if put.key == key)

    def duplicated(self) -> Iterator[str]:
        """Objects with two contents, versions that repeat another, and verdicts told as two facts."""
        yield from _said_twice("contents", ((each.key, each.sha256) for each in self.histories.objects))
        yield from _said_twice(
            "facts",
            (
                (f"{told.detail['dataset']}@{told.detail['version']}", told.detail["event_id"])
                for told in self.histories.told
                if told.code is None
            ),
        )
        for dataset, versions in self.versions.items():
            for (number, splits), (later, others) in itertools.pairwise(sorted(versions.items())):
                if splits == others:
                    yield f"{dataset}@{later} holds the same files as {number}"
        for version_id, places in self.stands_in.items():
            numbers = [number for _, number in places]
            if numbers[-1] - numbers[0] + 1 != len(numbers):
                yield f"{version_id} stands in versions {numbers}"

    def stale_wins(self) -> Iterator[str]:
        """Older files after newer ones of their split, and splits whose newest file does not stand in the end."""
        for dataset, versions in self.versions.items():
            newest: dict[str, Put] = {}
            for number, splits in sorted(versions.items()):
                for split, version_id in splits.items():
                    put = self.by_id.get(version_id)
                    if put and put.order < newest.get(split, put).order:
                        yield f"{dataset}@{number} went back to an older {split}"
                    if put:
                        newest[split] = put
            for split, put in newest.items():
                if (last := self._last_read((dataset, split))) and last.sha256 != put.sha256:
                    yield f"{dataset}: {last.key} {last.version_id} came last, and {put.version_id} stands"

    def _last_read(self, slot: tuple[str, str]) -> Put | None:
        """The newest file of a split that was worked off and was not gone by then."""
        read = [
            sent.put
            for sent in self.acked
            if sent.put and sent.put.slot == slot and self.told_of.get(sent.put.version_id) != "object_gone"
        ]
        return max(read, key=lambda put: put.order, default=None)

    def is_wrongly_dead(self, sent: Sent) -> bool:
        """Whether a message that could be worked off lies with the dead letters."""
        return sent.message.id in self.histories.dead and not sent.poison

    def poison_misjudged(self) -> Iterator[str]:
        """Poison that is elsewhere, was tried another number of times, or for which the log gives no reason."""
        reasons = Counter(line["message_id"] for line in self.histories.failures if line.get("fault"))
        for sent in self.histories.sent:
            if not sent.poison or sent.acked_at is not None:
                continue
            id_ = sent.message.id
            if not sent.message.done or sent.message.receives != self.histories.most_receives:
                yield f"{id_} was received {sent.message.receives} times: {sent.message.body[:80]}"
            if reasons[id_] != self.histories.most_receives:
                yield f"{id_} failed for {reasons[id_]} reasons in the log: {sent.message.body[:80]}"


def _said_twice(what: str, said: Iterable[tuple[str, str]]) -> Iterator[str]:
    """What has two of something that it may have only one of."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, one in said:
        found[name].add(one)
    return (f"{name} has {len(all_of_it)} {what}" for name, all_of_it in found.items() if len(all_of_it) > 1)


def _told_of(histories: Histories) -> tuple[dict[str, str], list[str]]:
    """What was told of uploads that made no version, by S3 version id; and what fits no upload."""
    found: dict[str, str] = {}
    strange = []
    for told in histories.told:
        if told.code is not None:
            versions = [put.version_id for put in histories.puts if told.detail["event_id"] == _fact_of(told, put)]
            strange += [] if versions else [f"{told.type}, {told.code}, of no upload: {told.detail['summary']}"]
            found |= dict.fromkeys(versions, told.code)
    return found, strange


def _fact_of(told: Told, put: Put) -> str | None:
    """The id of the fact if it were about this upload: the same for the same fact, as docs/api.md promises."""
    parts: tuple[object, ...]
    if told.code == "unchanged":
        parts = (put.slot[0], told.detail["version"], put.version_id)
    else:
        parts = (put.key, put.version_id, told.code)
    about = told.detail["dataset"] if told.code == "unchanged" else told.detail["key"]
    if about != parts[0]:
        return None
    return hashlib.sha256("\0".join(map(str, (told.type, told.detail["stack"], *parts))).encode()).hexdigest()
