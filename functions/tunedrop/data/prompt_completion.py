"""`{"prompt": …, "completion": …}`: one question, one answer (bedrock-facts 3.1)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tunedrop.data import shapes
from tunedrop.data.defects import Defect
from tunedrop.data.records import Block, Document, Reading, Record, Turn, Written, as_json

NAME = "prompt_completion"
EXAMPLE = '{"prompt": "How do I reset my thermostat?", "completion": "Hold the dial for ten seconds."}'

_FIELDS = shapes.Fields(required=("prompt", "completion"))


def detect(names: frozenset[str]) -> bool:
    """Whether an object with these field names, folded to lower case, means this format."""
    return "prompt" in names or "completion" in names


def read(document: Document) -> Reading:
    """A record of two turns."""
    defects = tuple(_FIELDS.unknown(document, "$"))
    try:
        turns = (_turn(document, "prompt", "user"), _turn(document, "completion", "assistant"))
    except shapes.WrongShape as wrong:
        return Reading(None, (*defects, wrong.defect))
    return Reading(Record((), turns), defects)


def _turn(document: Document, name: str, role: str) -> Turn:
    path = f"$.{name}"
    return Turn(path, role, (Block(path, shapes.text(shapes.required(document, name, "$"), path)),))


def obstacles(record: Record) -> Iterator[Defect]:
    """What of this record the format has no place for."""
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
    """The line for Bedrock."""
    prompt, completion = as_json(record.turns[0].blocks), as_json(record.turns[1].blocks)
    return Written(msgspec.json.encode({"prompt": prompt, "completion": completion}) + b"\n", ())
