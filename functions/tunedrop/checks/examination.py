"""One split examined for one base model: every entry checked, what holds converted, the verdict at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tunedrop.base_models.catalogue import BaseModel, RecordFormat, Split
from tunedrop.checks.catalogue import RECORD_CHECKS, SPLIT_CHECKS
from tunedrop.checks.findings import Finding, Findings, Place
from tunedrop.checks.registry import CHECKS, SplitFacts
from tunedrop.checks.repetition import Repetitions
from tunedrop.data import formats, tokens
from tunedrop.data.defects import Defect
from tunedrop.data.policy import Policy
from tunedrop.data.reading import Entry, SplitFileReader
from tunedrop.data.records import Block, Record


@dataclass(frozen=True, slots=True)
class Subject:
    """What is examined: one split file of a version, and what stands beside it."""

    split: Split
    source: str
    """The split file's key."""
    bytes: int
    earlier: Mapping[Split, int]
    """Records of the splits examined before."""
    later: frozenset[Split] = frozenset()
    default_system: Block | None = None
    """For records that have no system text of their own."""
    drops_system: bool = False
    """Whether one is configured, but not for this base model."""
    policy: Policy = field(default_factory=Policy)


@dataclass(frozen=True, slots=True)
class Examined:
    """The result: rejected exactly when a finding is an error."""

    base_model: str
    split: Split
    format: RecordFormat | None
    records: int
    written: int
    """Records converted; all of them, where it was accepted."""
    findings: tuple[Finding, ...]
    counts: Mapping[str, int]
    truncated: tuple[str, ...]
    errors: int
    warnings: int
    normalised: Mapping[str, int]
    tokens: tokens.TokenCounts

    @property
    def accepted(self) -> bool:
        """The verdict."""
        return not self.errors


class Examination:
    """Takes entries one by one; after the first error nothing is converted any more."""

    def __init__(self, base_model: BaseModel, subject: Subject, given: Sequence[tuple[Defect, str]] = ()) -> None:
        self.base_model = base_model
        self._subject = subject
        self._findings = Findings(subject.policy)
        self._normalised: Counter[str] = Counter()
        self._estimates: Counter[int] = Counter()
        self._write = formats.FORMATS[base_model.record_format].write
        self._written = 0
        self._unreadable = False
        for defect, source in given:
            self._take(defect, Place(source, defect.line))
        self._refuse_size()

    @property
    def wants_entries(self) -> bool:
        """False where it is known already that the file cannot be read."""
        return not self._unreadable

    @property
    def rejected(self) -> bool:
        """Whether an error was found already."""
        return self._findings.totals["error"] > 0

    def _refuse_size(self) -> None:
        limits = self.base_model.limits
        allowed = {"train": limits.train_bytes, "validation": limits.validation_bytes}.get(self._subject.split)
        if allowed is not None and self._subject.bytes > allowed:
            message = f"{self._subject.bytes:,} bytes; {self.base_model.name} takes at most {allowed:,}."
            self._findings.add("file_too_large", Place(self._subject.source), "$", message)
            self._unreadable = True

    def examine(self, entry: Entry) -> bytes | None:
        """The entry's line for Bedrock, or None where there is none to write."""
        place = Place(self._subject.source, entry.line, entry.number)
        for defect in entry.defects:
            self._take(defect, place)
        if entry.record is None:
            return None
        record = self._with_system(entry.record)
        self._check(record, place)
        self._estimates[tokens.estimate(text for _, _, text in record.texts)] += 1
        if self.rejected:
            return None
        written = self._write(record)
        self._normalised.update(written.normalised)
        self._written += 1
        return written.line

    def _take(self, defect: Defect, place: Place) -> None:
        self._findings.add_defect(defect, place)
        self._unreadable = self._unreadable or CHECKS[defect.code].stage == "file"

    def _check(self, record: Record, place: Place) -> None:
        for check in RECORD_CHECKS:
            assert check.find is not None
            for spot in check.find(record, self.base_model):
                self._findings.add(check.code, place, spot.path, spot.message, spot.hint)

    def _with_system(self, record: Record) -> Record:
        if not record.system and self._subject.drops_system:
            self._normalised["configured_system_dropped"] += 1
        if record.system or self._subject.default_system is None:
            return record
        self._normalised["default_system_added"] += 1
        return replace(record, system=(self._subject.default_system,))

    def finish(self, reader: SplitFileReader) -> Examined:
        """Judge the split as a whole, once the reader is at its end."""
        self._normalised.update(reader.normalised)
        facts = SplitFacts(self._subject.split, reader.records, self._subject.earlier, self._subject.later)
        if not self._unreadable:
            self._check_split(facts)
        return Examined(
            base_model=self.base_model.name,
            split=self._subject.split,
            format=reader.format,
            records=reader.records,
            written=self._written,
            findings=tuple(self._findings.listed),
            counts=dict(self._findings.counts),
            truncated=self._findings.truncated,
            errors=self._findings.totals["error"],
            warnings=self._findings.totals["warning"],
            normalised=dict(self._normalised),
            tokens=tokens.summarise(self._estimates),
        )

    def _check_split(self, facts: SplitFacts) -> None:
        for check in SPLIT_CHECKS:
            assert check.find_in_split is not None
            for message in check.find_in_split(facts, self.base_model):
                self._findings.add(check.code, Place(self._subject.source), "$", message)


Lane = tuple[Examination, Callable[[bytes], object]]
"""One base model's examination, and where its lines go."""


def examine(
    reader: SplitFileReader, split: Split, lanes: Sequence[Lane], repetitions: Repetitions
) -> tuple[Examined, ...]:
    """Pass over a split file once, for all base models together."""
    open_lanes = [lane for lane in lanes if lane[0].wants_entries]
    for entry in reader if open_lanes else ():
        repeated = repetitions.look(split, entry.record) if entry.record is not None else ()
        for examination, write in open_lanes:
            line = examination.examine(replace(entry, defects=entry.defects + repeated) if repeated else entry)
            if line is not None:
                write(line)
    return tuple(examination.finish(reader) for examination, _ in lanes)
