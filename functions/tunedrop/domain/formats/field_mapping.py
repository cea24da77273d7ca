"""Map a file's own keys or columns to prompt, completion and system, as `dataset.toml` or the CLI asks."""

from __future__ import annotations

from dataclasses import dataclass

from tunedrop.domain.formats import shapes
from tunedrop.domain.records.record import Block, Document, Reading, Record

EXAMPLE = '{"customer_says": "How do I reset my thermostat?", "agent_says": "Hold the dial for ten seconds.", "day": 3}'
"""With the mapping prompt = "customer_says", completion = "agent_says"."""


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """The fields or columns that hold prompt, completion and system. Others are left out; the report counts them."""

    prompt: str
    completion: str
    system: str | None = None

    @property
    def fields(self) -> frozenset[str]:
        """The fields or columns that are read."""
        return frozenset({self.prompt, self.completion, *([self.system] if self.system else [])})

    def applies(self, document: Document) -> bool:
        """Whether the object has the prompt's or the completion's field."""
        return self.prompt in document or self.completion in document

    def read(self, document: Document) -> Reading:
        """Read a record from the mapped fields; all others are left out and counted."""
        left_out = ("field_left_out",) * sum(name not in self.fields for name in document)
        try:
            turns = (
                shapes.turn(document, self.prompt, "user"),
                shapes.turn(document, self.completion, "assistant"),
            )
            return Reading(Record(self._system(document), turns), (), left_out)
        except shapes.WrongShape as wrong:
            return Reading(None, (wrong.defect,), left_out)

    def _system(self, document: Document) -> tuple[Block, ...]:
        """The system text; no blocks if its field is missing, null or empty, as an empty cell of a table is."""
        if self.system is None or document.get(self.system) in (None, ""):
            return ()
        return shapes.turn(document, self.system, "system").blocks
