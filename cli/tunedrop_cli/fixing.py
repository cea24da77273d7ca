"""`tunedrop check --fix OUT`: mend into a temporary file, which is checked before it becomes OUT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

from tunedrop.domain.base_models.catalogue import Split
from tunedrop.domain.checks.assignment import Assignment
from tunedrop.domain.mending import lenient_reading
from tunedrop.domain.mending.mend_file import Mend, Mender
from tunedrop.domain.records.defects import Defect, UnreadableContent

from tunedrop_cli import progress, written_files
from tunedrop_cli.errors import WrongUsage
from tunedrop_cli.local_files import LocalFile
from tunedrop_cli.written_files import Draft


@dataclass(frozen=True, slots=True)
class Fixed:
    """The result of mending the files of one split."""

    splits: Mapping[Split, Sequence[LocalFile]]
    """What to examine: the mended file, or the original files if something was lost."""
    mends: Sequence[Mend]
    lost: Sequence[tuple[str, int | None, Defect]]
    """(file, line, defect) of what could not be kept; if there is any, nothing is written."""
    draft: Draft

    def keep(self) -> None:
        """Put the mended file in place, unless something was lost."""
        if not self.lost:
            self.draft.keep()

    def as_json(self) -> list[dict[str, Any]]:
        """The mends, for the JSON report."""
        return [] if self.lost else [asdict(mend) for mend in self.mends]


def fix(splits: Mapping[Split, Sequence[LocalFile]], out: str, plan: Assignment, held: ExitStack) -> Fixed:
    """Mend the files into a draft of `out`, closed by `held`. Raises WrongUsage, Unreadable."""
    if out == written_files.STANDARD_OUTPUT:
        raise WrongUsage("--fix writes a file: name one")
    ((split, files),) = splits.items()
    draft = held.enter_context(written_files.draft(out, [file.name for file in files]))
    mender = Mender(plan.mapping, plan.keep, plan.ignore)
    lost: list[tuple[str, int | None, Defect]] = []
    with progress.bar("mending", sum(file.size for file in files)) as watch:
        for file in files:
            file.watch = watch
            lost += _mended(file, mender, draft)
    draft.file.flush()
    mended = LocalFile(out, "jsonl", draft.file.tell(), draft.file)
    return Fixed(splits if lost else {split: [mended]}, mender.mends, lost, draft)


def _mended(file: LocalFile, mender: Mender, draft: Draft) -> list[tuple[str, int | None, Defect]]:
    before = len(mender.lost)
    broken: list[tuple[int | None, Defect]] = []
    try:
        for line in mender.lines(lenient_reading.read(file, file.extension, mender)):
            draft.file.write(line)
    except UnreadableContent as unreadable:
        broken = [(unreadable.defect.line, unreadable.defect)]
    return [(file.shown, line, defect) for line, defect in [*mender.lost[before:], *broken]]
