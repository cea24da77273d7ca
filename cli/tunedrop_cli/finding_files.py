"""`tunedrop check --findings OUT`: every finding in a file of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from tunedrop.domain.base_models.catalogue import BaseModel, Split
from tunedrop.domain.checks.findings import Finding
from tunedrop.domain.reports import finding_lines

from tunedrop_cli import written_files
from tunedrop_cli.errors import WrongUsage
from tunedrop_cli.written_files import Draft


@dataclass(frozen=True, slots=True)
class FindingFile:
    """Takes findings one by one, as JSON Lines or as CSV."""

    draft: Draft
    form: finding_lines.Form

    def tell(self, base_model: BaseModel, split: Split) -> Callable[[Finding], object]:
        """What takes the findings of a base model's report on a split."""
        return lambda finding: self.draft.file.write(self.form(finding, base_model, split))

    def keep(self) -> None:
        """Put the file in place."""
        self.draft.keep()


def draft(path: str, inputs: Sequence[str], held: ExitStack) -> FindingFile:
    """Begin the file of that name, which must be none of `inputs`. Raises WrongUsage."""
    if path == written_files.STANDARD_OUTPUT:
        raise WrongUsage("--findings writes a file: name one")
    begun = held.enter_context(written_files.draft(path, inputs))
    if not path.casefold().endswith(".csv"):
        return FindingFile(begun, finding_lines.as_json)
    begun.file.write(finding_lines.HEAD)
    return FindingFile(begun, finding_lines.as_csv)
