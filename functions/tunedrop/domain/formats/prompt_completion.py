"""`{"prompt": …, "completion": …}`: one question, one answer (docs/facts.md#records)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tunedrop.domain.formats import shapes
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Document, Reading, Record, Turn, Written, as_json, block_joins

NAME = "prompt_completion"
EXAMPLE = '{"prompt": "How do I reset my thermostat?", "completion": "Hold the dial for ten seconds."}'

_FIELDS = shapes.Fields(required=("prompt", "completion"), optional=("system",))


def detect(names: frozenset[str]) -> bool:
    """Whether field names, folded to lower case, include one of this format's."""
    return "prompt" in names or "completion" in names


def read(document: Document) -> Reading:
    """Read a record of two turns and, although Bedrock's format has none, an optional system text."""
    defects = tuple(_FIELDS.unknown(document, "$"))
    try:
        turns = (shapes.turn(document, "prompt", "user"), shapes.turn(document, "completion", "assistant"))
        return Reading(Record(shapes.system(document), turns), defects)
    except shapes.WrongShape as wrong:
        return Reading(None, (*defects, wrong.defect))


def obstacles(record: Record) -> Iterator[Defect]:
    """Yield what this format has no place for: a system text, and more than two turns."""
    if record.system:
        yield Defect(
            "not_expressible",
            "A system text does not fit into one prompt and one completion, and nothing is prepended silently.",
            record.system[0].path,
            hint="Write it into the prompts as the model should see it, or tune a base model that takes system texts.",
        )
    if len(record.turns) > 2:
        yield Defect(
            "not_expressible",
            f"A conversation of {len(record.turns)} turns does not fit into one prompt and one completion.",
            record.turns[2].path,
            hint="Split it into records of two turns, or tune a base model that takes conversations.",
        )


def write(record: Record) -> Written:
    """Return the line for Bedrock."""
    prompt, completion = (as_json(turn.blocks) for turn in (record.turns + _NOBODY)[:2])
    return Written(msgspec.json.encode({"prompt": prompt, "completion": completion}) + b"\n", block_joins(record))


_NOBODY = (Turn("$", "user", ()), Turn("$", "assistant", ()))
"""Stand-ins for missing turns; checks reject such records, so no line with them is kept."""
