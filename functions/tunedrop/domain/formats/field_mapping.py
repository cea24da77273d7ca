"""Other names for prompt, completion and system: keys or columns of a file, as `dataset.toml` or the CLI maps them."""

from __future__ import annotations

from dataclasses import dataclass

from tunedrop.domain.formats import shapes
from tunedrop.domain.records.record import Block, Document, Reading, Record

EXAMPLE = '{"customer_says": "How do I reset my thermostat?", "agent_says": "Hold the dial for ten seconds.", "day": 3}'
"""With the mapping prompt = "customer_says", completion = "agent_says"."""


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """Which field or column is what. Fields that are not named are left out, which the report counts."""

    prompt: str
    completion: str
    system: str | None = None

    def applies(self, document: Document) -> bool:
        """Whether the object has at least one of the two fields that make a record."""
        return self.prompt in document or self.completion in document

    def read(self, document: Document) -> Reading:
        """A record of what is mapped; everything else is left out and counted."""
        mapped = {self.prompt, self.completion, self.system}
        left_out = ("field_left_out",) * sum(name not in mapped for name in document)
        try:
            turns = (
                shapes.turn(document, self.prompt, "user"),
                shapes.turn(document, self.completion, "assistant"),
            )
            return Reading(Record(self._system(document), turns), (), left_out)
        except shapes.WrongShape as wrong:
            return Reading(None, (wrong.defect,), left_out)

    def _system(self, document: Document) -> tuple[Block, ...]:
        """None where its field is missing, null or, as an empty cell of a table is, empty."""
        if self.system is None or document.get(self.system) in (None, ""):
            return ()
        return shapes.turn(document, self.system, "system").blocks
