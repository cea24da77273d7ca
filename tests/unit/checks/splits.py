"""Running checks without AWS: bytes in, what was found and written out."""

from __future__ import annotations

from tunedrop.base_models import catalogue
from tunedrop.base_models.catalogue import Split
from tunedrop.checks.examination import Examination, Examined, Subject, examine
from tunedrop.checks.repetition import Repetitions
from tunedrop.data.reading import Part, SplitFileReader
from tunedrop.data.records import Block
from tunedrop.data.sources import Bytes


def run(
    content: bytes,
    base_model: str = "claude-3-haiku",
    *,
    train: bytes | None = None,
    system: str | None = None,
    size: int | None = None,
) -> tuple[Examined, bytes]:
    """Examine a train split, or with `train` given the validation split after it."""
    repetitions, written = Repetitions(), bytearray()
    earlier: dict[Split, int] = {}
    files: dict[Split, bytes] = {"train": content} if train is None else {"train": train, "validation": content}
    for split, given in files.items():
        subject = Subject(
            split=split,
            source=f"incoming/x/{split}.jsonl",
            bytes=len(given) if size is None else size,
            earlier=dict(earlier),
            later=frozenset(files) - {split} - set(earlier),
            default_system=Block("system", system) if system else None,
        )
        written = bytearray()
        reader = SplitFileReader([Part(subject.source, "jsonl", Bytes(given))])
        examination = Examination(catalogue.find(base_model), subject)
        (result,) = examine(reader, split, [(examination, written.extend)], repetitions)
        earlier[split] = result.records
    return result, bytes(written)
