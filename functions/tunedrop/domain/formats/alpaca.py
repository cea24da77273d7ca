r"""Alpaca: `{"instruction": …, "input": …, "output": …}`, and Dolly's names for the same (context, response).

The user's turn is the instruction, followed by a line feed and the input if there is one (`instruction\ninput`), as the
tools that made the format popular join them. No template (`### Instruction:`) is added: callers of the tuned model
would have to send it, too.
"""

from __future__ import annotations

from tunedrop.domain.formats import shapes
from tunedrop.domain.records.record import Block, Document, Reading, Record, Turn

EXAMPLE = (
    '{"instruction": "Answer the customer.", "input": "How do I reset my thermostat?", '
    '"output": "Hold the dial for ten seconds."}'
)

_INPUTS = ("input", "context")
_OUTPUTS = ("output", "response")
NAMES = frozenset({"instruction", "history", *_INPUTS, *_OUTPUTS})


def detect(names: frozenset[str]) -> bool:
    """Whether field names, folded to lower case, are those of this format."""
    return "instruction" in names and not names.isdisjoint(_OUTPUTS)


def read(document: Document) -> Reading:
    """Read a record: the turns of its history, then question and answer. A blank or null input counts as absent."""
    extra = next((name for name in _INPUTS if name in document), _INPUTS[0])
    output = next((name for name in _OUTPUTS if name in document), _OUTPUTS[0])
    fields = shapes.Fields(("instruction", output), (extra, "system", "history"), shapes.METADATA | {"text"})
    defects = tuple(fields.unknown(document, "$"))
    try:
        ask, is_joined = _question(document, extra)
        history = shapes.history(document)
        record = Record(_system(document), (*history, ask, shapes.turn(document, output, "assistant")))
    except shapes.WrongShape as wrong:
        return Reading(None, (*defects, wrong.defect))
    return Reading(record, defects, fields.left_out(document) + ("instruction_and_input_joined",) * is_joined)


def _question(document: Document, extra: str) -> tuple[Turn, bool]:
    asked = shapes.turn(document, "instruction", "user")
    given = document.get(extra)
    text = "" if given is None else shapes.text(given, f"$.{extra}")
    if not text.strip():
        return asked, False
    instruction = asked.blocks[0].text
    return Turn(asked.path, "user", (Block(asked.path, f"{instruction}\n{text}"),)), True


def _system(document: Document) -> tuple[Block, ...]:
    """The system text. Exports give records without one an empty string, which is therefore ignored."""
    return shapes.system(document) if document.get("system") else ()
