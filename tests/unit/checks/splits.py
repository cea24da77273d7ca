"""Running checks without AWS: bytes in, what was found and written out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tunedrop.domain.base_models import catalogue
from tunedrop.domain.base_models.catalogue import BaseModel, Split
from tunedrop.domain.checks import version_examination
from tunedrop.domain.checks.assignment import Assignment
from tunedrop.domain.checks.split_examination import Examined
from tunedrop.domain.reading.split_files import Part
from tunedrop.domain.records.record import Block
from tunedrop.domain.records.sources import Bytes


@dataclass(frozen=True)
class Claiming(Bytes):
    """A file that says it is larger than what it holds."""

    claimed: int = 0

    @property
    def size(self) -> int:
        """As claimed."""
        return self.claimed


def run(
    content: bytes,
    base_model: str = "claude-3-haiku",
    *,
    train: bytes | None = None,
    system: str | None = None,
    size: int | None = None,
    extension: str = "jsonl",
    **plan: Any,
) -> tuple[Examined, bytes]:
    """Examine a train split, or with `train` given the validation split after it; `plan` is more of a Plan."""
    files: dict[Split, bytes] = {"train": content} if train is None else {"train": train, "validation": content}
    parts = {
        split: [
            Part(f"incoming/x/{split}.{extension}", extension, Bytes(given) if size is None else Claiming(given, size))
        ]
        for split, given in files.items()
    }
    written: dict[Split, bytearray] = {}

    def output(_: BaseModel, split: Split) -> Any:
        return written.setdefault(split, bytearray()).extend

    systems = {(base_model, split): Block("system", system) for split in files} if system else {}
    made = Assignment(base_models=(catalogue.find(base_model),), splits=tuple(files), systems=systems, **plan)
    results = version_examination.examine(parts, made, output)
    return results[-1], bytes(written[results[-1].split])
