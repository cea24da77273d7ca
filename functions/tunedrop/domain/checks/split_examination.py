"""Examine one split for one base model: check every record, convert the good ones, give the verdict at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tunedrop.domain.base_models.catalogue import BaseModel, Split
from tunedrop.domain.checks import all_checks, media_findings, proofs
from tunedrop.domain.checks.all_checks import SPLIT_CHECKS
from tunedrop.domain.checks.findings import Finding, Findings, Place
from tunedrop.domain.checks.media_findings import MediaFolder, MediaUse
from tunedrop.domain.checks.profile import Profile
from tunedrop.domain.checks.registry import CHECKS, SplitFacts, Spot
from tunedrop.domain.checks.seen_records import Repeated
from tunedrop.domain.formats import all_formats, media_blocks, tool_turns
from tunedrop.domain.reading.split_files import Entry, SplitFileReader
from tunedrop.domain.records import bulk, weights
from tunedrop.domain.records.bulk import Cells
from tunedrop.domain.records.check_policy import Policy
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Block, Record, Turn
from tunedrop.domain.texts import tokens

Level = Literal["all", "errors"]
"""Which checks run: all, or only those that can reject. The verdict is the same."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The split to examine and what its version says about it."""

    split: Split
    source: str
    """The split file's key."""
    bytes: int
    """Size of its files; 0 for a share of another split, whose size says nothing about the share."""
    earlier: Mapping[Split, int]
    """Record counts of the splits examined before."""
    later: frozenset[Split] = frozenset()
    """Splits of the version still to be examined."""
    default_system: Block | None = None
    """The system text of records without one of their own."""
    drops_system: bool = False
    """Whether a system text is configured, but not for this base model."""
    policy: Policy = field(default_factory=Policy)
    level: Level = "all"
    region: str | None = None
    """The stack's Region; None without a stack."""
    source_split: Split | None = None
    """The split whose file holds the records, if a share of train became validation."""
    media: MediaFolder | None = None
    """Where the files lie that records refer to; None on a person's machine."""


@dataclass(frozen=True, slots=True)
class Examined:
    """The result for one split and base model: rejected exactly when a finding is an error."""

    base_model: str
    split: Split
    source_split: Split
    """The split whose file held the records."""
    format: str | None
    records: int
    written: int
    """Converted records; all of them if the split was accepted."""
    findings: tuple[Finding, ...]
    counts: Mapping[str, int]
    truncated: tuple[str, ...]
    errors: int
    warnings: int
    normalised: Mapping[str, int]
    tokens: tokens.TokenCounts
    """Not counted at level `errors`."""
    policy: Policy
    repeated: Repeated | None = None
    """What repetition costs; None if records were not compared."""
    media: tuple[str, ...] = ()
    """The files under `media/` that its records refer to."""
    media_bytes: int = 0
    """Their bytes, as far as they were found."""

    @property
    def accepted(self) -> bool:
        """Whether no finding is an error."""
        return not self.errors


class Examination:
    """Takes entries one by one; stops converting, but not checking, after the first error."""

    def __init__(
        self,
        base_model: BaseModel,
        subject: Subject,
        given: Sequence[tuple[Defect, str]] = (),
        tell: Callable[[Finding], object] | None = None,
    ) -> None:
        self.base_model = base_model
        self.subject = subject
        self.findings = Findings(subject.policy, tell)
        self.records = 0
        self._checks = all_checks.record_checks(subject.policy, errors_only=subject.level == "errors", shared=False)
        self._normalised: Counter[str] = Counter()
        self._estimates: Counter[int] = Counter()
        self._write = all_formats.FORMATS[base_model.record_format].write
        self._written = 0
        self._readable = 0
        """Records of which something could be read."""
        self._unreadable = False
        self.added = 0
        """Estimated tokens of the configured system text."""
        self.is_sound = self._system_passes()
        """Whether the configured system text, if there is one, passes all checks by itself."""
        self._location = subject.media.location if subject.media else None
        for defect, source in given:
            self._take(defect, Place(source, defect.line))
        self._refuse_size()

    @property
    def wants_entries(self) -> bool:
        """False once the file is known to be unreadable."""
        return not self._unreadable

    @property
    def rejected(self) -> bool:
        """Whether an error was found so far."""
        return self.findings.totals["error"] > 0

    def _refuse_size(self) -> None:
        limits = self.base_model.limits
        allowed = {"train": limits.train_bytes, "validation": limits.validation_bytes}.get(self.subject.split)
        if allowed is not None and self.subject.bytes > allowed:
            message = f"{self.subject.bytes:,} bytes; {self.base_model.name} takes at most {allowed:,}."
            self.findings.add("file_too_large", Place(self.subject.source), "$", message)
            self._unreadable = True

    def examine(
        self, entry: Entry, spots: Iterable[tuple[str, Spot]] = (), estimated: int | None = None
    ) -> bytes | None:
        """Check one entry and return its line for Bedrock, or None if there is none to write.

        `spots` are the findings, as (code, spot), of the checks that all base models share, `estimated` the tokens of
        the record as it was read.
        """
        place = Place(entry.source, entry.line, entry.number)
        self.records += entry.number is not None
        for defect in entry.defects:
            self._take(defect, place)
        if entry.number is None and any(CHECKS[defect.code].severity == "error" for defect in entry.defects):
            self._unreadable = True  # the rest of a file was not read, so that its records can't be counted
        if entry.record is None:
            return None
        self._readable += 1
        record = self._with_system(entry.record)
        for code, spot in spots:
            self.findings.add(code, place, spot.path, spot.message, spot.hint)
        self._check(record, place)
        taught = self._taught(record, place)
        if self.subject.level == "all":
            known = estimated if record is entry.record and taught == (record,) else None
            self._estimates.update(self._estimate(each, known) for each in taught)
        return None if self.rejected else b"".join(map(self._converted, taught))

    def _estimate(self, record: Record, known: int | None) -> int:
        of_texts = tokens.estimate(text for _, _, text in record.texts) if known is None else known
        return media_blocks.with_files(of_texts, record, self.base_model)

    def _taught(self, record: Record, place: Place) -> tuple[Record, ...]:
        """What to train on for this record: itself, unless some of its answers are not to be learned."""
        if not record.weighted or self.subject.split == "test":
            return (record,)
        taught = weights.taught(record, self.base_model.learned)
        if isinstance(taught, Defect):
            self._take(taught, place)
            return (record,)
        self.records += len(taught) - 1
        self._normalised["record_for_each_weighted_answer"] += len(taught) - 1
        return taught

    def _converted(self, record: Record) -> bytes:
        if record.others and self.base_model.media:
            record, changed = media_blocks.placed(record, self._location)
            self._normalised["media_as_converse"] += changed
        written = self._write(record)
        self._normalised.update(written.normalised)
        self._written += 1
        return written.line

    def can_skip(self, block: bytes) -> bool:
        """Whether the checks' own proofs rule out that any line of the block has a finding for this base model."""
        if self.subject.level == "all" or not self.is_sound:  # level `all` compares records, so it needs each of them
            return False
        if self.added and not proofs.leaves_room(block, self.base_model, self.added):
            return False
        return all(check.absent is not None and check.absent(block, self.base_model) for check in self._checks)

    def _system_passes(self) -> bool:
        """Proofs see only what was uploaded, so a configured system text must pass the checks by itself."""
        system = self.subject.default_system
        if system is None:
            return True
        if system.text is None:
            return False
        self.added = tokens.estimate([system.text])
        probe = Record((system,), tuple(Turn("$", role, (Block("$", "…"),)) for role in ("user", "assistant")))
        return not any(spot for check in self._checks if check.find for spot in check.find(probe, self.base_model))

    def take_whole(self, cells: Cells) -> bytes | None:
        """Convert a block that `can_skip` allowed, without looking at its records. None after an error."""
        self.take_clear(len(cells), len(cells))
        if self.rejected:
            return None
        system = self.subject.default_system
        return bulk.splice(cells, self.base_model.record_format, system.text if system else None)

    def take_clear(self, records: int, without_system: int) -> None:
        """Count records without a finding; so many of them have no system text. Before an error, they are written."""
        self.records += records
        self._readable += records
        added = self.subject.default_system is not None
        counted = {"configured_system_dropped": self.subject.drops_system, "default_system_added": added}
        self._normalised.update({what: without_system for what, is_so in counted.items() if is_so and without_system})
        if not self.rejected:
            self._written += records

    def take_estimates(self, estimates: Counter[int]) -> None:
        """Count the estimated tokens of records that have no finding."""
        self._estimates.update(estimates)

    def _take(self, defect: Defect, place: Place) -> None:
        self.findings.add_defect(defect, place)
        self._unreadable = self._unreadable or CHECKS[defect.code].stage == "file"

    def take_late(self, defect: Defect, source: str) -> None:
        """Add a defect found after all records were read; it names its record and line, `source` the file."""
        self._take(defect, Place(source, defect.line, defect.record))

    def _check(self, record: Record, place: Place) -> None:
        for check in self._checks:
            assert check.find is not None
            for spot in check.find(record, self.base_model):
                self.findings.add(check.code, place, spot.path, spot.message, spot.hint)
        if record.others and self.base_model.media:
            for code, spot in media_findings.spots(record, self.base_model, self.subject.media):
                self.findings.add(code, place, spot.path, spot.message, spot.hint)

    def _with_system(self, record: Record) -> Record:
        if tool_turns.has_own_system(record):
            return record
        if self.subject.drops_system:
            self._normalised["configured_system_dropped"] += 1
        if self.subject.default_system is None:
            return record
        self._normalised["default_system_added"] += 1
        return tool_turns.with_default(record, self.subject.default_system)

    def finish(
        self,
        reader: SplitFileReader,
        repeated: Repeated | None = None,
        profile: Profile | None = None,
        media: MediaUse | None = None,
    ) -> Examined:
        """Run the split checks and return the result, once the reader is at its end."""
        self._normalised.update(reader.normalised)
        if not self._unreadable and (self._readable or not self.records):  # else how many there are is unknown
            self._check_split(profile)
        return Examined(
            base_model=self.base_model.name,
            split=self.subject.split,
            source_split=self.subject.source_split or self.subject.split,
            format=reader.format,
            records=self.records,
            written=self._written,
            findings=tuple(self.findings.listed),
            counts=dict(self.findings.counts),
            truncated=self.findings.truncated,
            errors=self.findings.totals["error"],
            warnings=self.findings.totals["warning"],
            normalised=dict(self._normalised),
            tokens=tokens.summarise(self._estimates),
            policy=self.subject.policy,
            repeated=repeated,
            media=media.paths(self.base_model) if media else (),
            media_bytes=media.total_bytes(self.base_model) if media else 0,
        )

    def _check_split(self, profile: Profile | None) -> None:
        subject = self.subject
        told = subject.default_system is not None
        facts = SplitFacts(subject.split, self.records, subject.earlier, subject.later, profile, told, subject.region)
        for check in SPLIT_CHECKS:
            assert check.find_in_split is not None
            for message in check.find_in_split(facts, self.base_model):
                self.findings.add(check.code, Place(self.subject.source), "$", message)
