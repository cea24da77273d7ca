"""Examine the splits of a version one after the other, each in one pass for all base models.

The Lambda function and the command line both call this and nothing else, so their reports agree.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from tunedrop.domain.base_models.catalogue import SPLITS, BaseModel, Split
from tunedrop.domain.checks import all_checks, endings
from tunedrop.domain.checks.assignment import Assignment
from tunedrop.domain.checks.endings import Endings
from tunedrop.domain.checks.findings import Finding, Place
from tunedrop.domain.checks.lanes import Crowd, Lane, discard, grouped
from tunedrop.domain.checks.marks import Marks, Signs
from tunedrop.domain.checks.media_findings import MediaUse
from tunedrop.domain.checks.null_answers import NullAnswers
from tunedrop.domain.checks.profile import Profile
from tunedrop.domain.checks.record_duplicates import Repetitions
from tunedrop.domain.checks.registry import CHECKS, Spot
from tunedrop.domain.checks.split_examination import Examination, Examined, Subject
from tunedrop.domain.reading import kept_fields
from tunedrop.domain.reading.split_files import Entry, Part, SplitFileReader
from tunedrop.domain.records import validation_shares
from tunedrop.domain.records.bulk import Cells
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Record

Outputs = Callable[[BaseModel, Split], Callable[[bytes], object]]
"""Returns the function that takes a base model's converted lines of a split."""


Tell = Callable[[BaseModel, Split], Callable[[Finding], object]]
"""Returns the function that takes every finding of a base model's report on a split."""


def nowhere(_: BaseModel, __: Split) -> Callable[[bytes], object]:
    """Discard the converted lines, for callers that only want the verdict."""
    return discard


class Session:
    """Examines the splits of one version, train first. Use a new one for each version."""

    def __init__(self, plan: Assignment) -> None:
        self._plan = plan
        self._repetitions = Repetitions()
        self._profiles: dict[Split, Profile] = {}
        """Profiles of the splits being read; empty if records are not compared."""
        self._nulls: dict[Split, NullAnswers] = {}
        self._endings: dict[Split, Endings] = {}
        """Of the same splits."""
        self._media = MediaUse()
        self._records: dict[Split, int] = {}
        self._sources: dict[Split, list[tuple[int, str]]] = {}
        """Per split, in order: (number of a file's first record, the file's name)."""
        self._shared = all_checks.record_checks(plan.policy, errors_only=plan.level == "errors", shared=True)
        self._order = {check.code: place for place, check in enumerate(self._shared)}
        by_proof = [
            (clear, [check for check in self._shared if check.clear == clear])
            for clear in dict.fromkeys(check.clear for check in self._shared)
        ]
        self._by_proof = [each for each in by_proof if not isinstance(each[0], Signs)]
        self._by_signs = [(clear, checks) for clear, checks in by_proof if isinstance(clear, Signs)]
        self._no_sign = Signs(*dict.fromkeys(sign for clear, _ in self._by_signs for sign in clear.signs))
        # Comparing needs every record, which rules out bulk conversion. At level `errors` it is only needed if the
        # policy turns one of its warnings into an error.
        raised = [CHECKS[code] for code in plan.policy.error & CHECKS.keys()]
        self._compares = plan.level == "all" or any(one.stage == "split" or one.code == endings.CODE for one in raised)

    def examine(
        self,
        split: Split,
        parts: Sequence[Part],
        outputs: Outputs = nowhere,
        given: Sequence[tuple[Defect, str]] = (),
        keep: Callable[[bytes], object] = len,
        *,
        tell: Tell | None = None,
    ) -> tuple[Examined, ...]:
        """Return one result per base model, or twice as many if a share of the split becomes validation.

        `given` are defects known already, each with its source; `keep` takes a line for each record of which something
        is kept, `tell` each finding. Exceptions that `parts` raise while being read, such as those of a deleted
        object, are passed on.
        """
        plan = self._plan
        reader = SplitFileReader(parts, plan.mapping, keep=plan.keep, ignore=plan.ignore, rendering=plan.rendering)
        made: list[Split] = [split, "validation"] if split == "train" and plan.share else [split]
        lanes = {
            each: self._lanes(each, split, parts, _Sinks(outputs, tell), given if each == split else ())
            for each in made
        }
        self._profiles = {each: Profile() for each in made if self._compares}
        self._nulls = {each: NullAnswers() for each in self._profiles}
        self._endings = {each: Endings() for each in self._profiles}
        self._media = MediaUse()
        self._pass_over(reader, lanes, keep)
        self._media.find(self._plan.media, self._plan.base_models)
        results: list[Examined] = []
        for each in made:
            results += self._finish(each, reader, lanes[each])
        return tuple(results)

    def remember(self, split: Split, records: int, dumped: bytes) -> bool:
        """Restore a split from stored fingerprints instead of examining it; False if they are unreadable."""
        if not self._repetitions.remember(split, dumped):
            return False
        self._records[split] = records
        return True

    def fingerprints(self, split: Split) -> bytes:
        """Serialize the fingerprints of an examined split for `remember`."""
        return self._repetitions.fingerprints(split)

    def _lanes(
        self,
        split: Split,
        source_split: Split,
        parts: Sequence[Part],
        sinks: _Sinks,
        given: Sequence[tuple[Defect, str]],
    ) -> list[Lane]:
        plan = self._plan
        later = frozenset(plan.splits) - {split, source_split} - set(self._records)
        if split == "train" and plan.share:
            later |= {"validation"}
        return [
            Lane(
                Examination(
                    base_model,
                    Subject(
                        split=split,
                        source=parts[0].name if parts else "",
                        bytes=sum(part.source.size for part in parts) if split == source_split else 0,
                        earlier=self._records,
                        later=later,
                        default_system=plan.system(base_model, source_split),
                        drops_system=(base_model.name, source_split) in plan.dropped_systems,
                        policy=plan.policy,
                        level=plan.level,
                        region=plan.region,
                        source_split=source_split,
                        media=plan.media,
                    ),
                    given,
                    sinks.tell(base_model, split) if sinks.tell else None,
                ),
                sinks.outputs(base_model, split),
            )
            for base_model in plan.base_models
            if base_model.validation or split == source_split
        ]

    def _pass_over(
        self, reader: SplitFileReader, lanes: Mapping[Split, list[Lane]], keep: Callable[[bytes], object]
    ) -> None:
        open_lanes = {split: [lane for lane in each if lane.examination.wants_entries] for split, each in lanes.items()}
        if not any(open_lanes.values()):
            return
        first, *others = open_lanes
        crowds = self._crowds(first, open_lanes)
        for item in reader.items(None if others or self._compares else self._screen(open_lanes[first])):
            if isinstance(item, Cells):
                crowds[first].take_whole(item)
                continue
            if item.kept and item.number is not None:
                keep(kept_fields.line(item.number, item.kept))
            split = self._belongs(item, first) if others else first
            self._take(split, item, crowds[split])
        for crowd in crowds.values():
            crowd.finish()

    def _belongs(self, entry: Entry, first: Split) -> Split:
        """The split an entry goes to. Unreadable entries stay with the split whose file they are in."""
        share = self._plan.share
        if entry.record is not None and validation_shares.is_validation(entry.record, share):
            return "validation"
        return first

    def _crowds(self, first: Split, lanes: Mapping[Split, list[Lane]]) -> Mapping[Split, Crowd]:
        """The lanes of each split, plus, for a share, base models without validation: they train on it as well."""
        groups = grouped(lane for each in lanes.values() for lane in each)
        untold = [lane for lane in lanes[first] if not lane.examination.base_model.validation]
        return {split: Crowd(each if split == first else [*each, *untold], groups) for split, each in lanes.items()}

    def _screen(self, lanes: Sequence[Lane]) -> Callable[[bytes], bool] | None:
        """Return a test of whether all checks for all base models may skip a block; None if a check has no proof."""
        shared, examinations = self._shared, [lane.examination for lane in lanes]
        if any(check.absent is None for check in shared):
            return None

        def screen(block: bytes) -> bool:
            proved = all(check.absent(block, examinations[0].base_model) for check in shared if check.absent)
            return proved and all(each.can_skip(block) for each in examinations)

        return screen

    def _take(self, split: Split, entry: Entry, crowd: Crowd) -> None:
        record = entry.record
        self._note_source(split, entry)
        if record is None:
            crowd.take(entry)
            return
        if self._compares and entry.number is not None:
            self._profiles[split].look(record)
            self._nulls[split].look(record, entry.number, entry.line)
            self._endings[split].look(record, entry.number, entry.line)
            if repeated := self._repetitions.look(split, record, entry.number, entry.line):
                entry = entry.with_defects(repeated)
        if record.others and entry.number is not None:
            self._media.look(record, Place(entry.source, entry.line, entry.number))
        marks = Marks(record)
        crowd.take_record(entry, record, marks, self._shared_spots(record, marks))

    def _shared_spots(self, record: Record, marks: Marks) -> list[tuple[str, Spot]]:
        """What the shared checks find, in their order. A proof serves all checks that have it."""
        possible = [check for clear, checks in self._by_proof if clear is None or not clear(marks) for check in checks]
        if not self._no_sign(marks):
            possible += [check for clear, checks in self._by_signs if not clear(marks) for check in checks]
        if not possible:
            return []
        any_model = self._plan.base_models[0]
        possible.sort(key=lambda check: self._order[check.code])
        return [(check.code, spot) for check in possible if check.find for spot in check.find(record, any_model)]

    def _note_source(self, split: Split, entry: Entry) -> None:
        noted = self._sources.setdefault(split, [])
        if entry.number is not None and (not noted or noted[-1][1] != entry.source):
            noted.append((entry.number, entry.source))

    def _source_of(self, split: Split, record: int | None) -> str:
        """The name of the file, among those joined, that holds the record."""
        noted = self._sources[split]
        return noted[bisect_right(noted, record or 1, key=itemgetter(0)) - 1][1]

    def _finish(self, split: Split, reader: SplitFileReader, lanes: Sequence[Lane]) -> list[Examined]:
        if self._compares:
            late = (*self._repetitions.finish(split), *self._endings[split].finish(), *self._nulls[split].finish())
            for defect in late:
                for lane in lanes:
                    lane.examination.take_late(defect, self._source_of(split, defect.record))
        for lane in lanes:
            for defect, source in self._media.defects(lane.examination.base_model, self._plan.media):
                lane.examination.take_late(defect, source)
        repeated, profile = self._repetitions.repeated(split), self._profiles.get(split)
        results = [lane.examination.finish(reader, repeated, profile, self._media) for lane in lanes]
        self._records[split] = max((result.records for result in results), default=0)
        return results


@dataclass(frozen=True, slots=True)
class _Sinks:
    """Where a split's lines and findings go."""

    outputs: Outputs
    tell: Tell | None


def examine(
    splits: Mapping[Split, Sequence[Part]],
    plan: Assignment,
    outputs: Outputs = nowhere,
    given: Sequence[tuple[Defect, str]] = (),
    tell: Tell | None = None,
) -> tuple[Examined, ...]:
    """Examine every split of a version, train first. `given` goes into the report on the first one."""
    session = Session(plan)
    results: list[Examined] = []
    for split in SPLITS:
        if split in splits:
            results += session.examine(split, splits[split], outputs, given if not results else (), tell=tell)
    return tuple(results)
