r"""Alpaca: `{"instruction": …, "input": …, "output": …}`, and Dolly's names for the same (context, response).

What the user says is the instruction, and where there is an input, a line feed and the input: `instruction\ninput`, as
the tools that made the format common join them. No template (`### Instruction:`) is written around them: it would have
to be written at every call of the tuned model, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

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
    """Whether an object with these field names, folded to lower case, means this format."""
    return "instruction" in names and not names.isdisjoint(_OUTPUTS)


def read(document: Document) -> Reading:
    """A record of two turns, after those of its history. An input that is blank or null is none."""
    extra = next((name for name in _INPUTS if name in document), _INPUTS[0])
    output = next((name for name in _OUTPUTS if name in document), _OUTPUTS[0])
    fields = shapes.Fields(("instruction", output), (extra, "system", "history"), shapes.METADATA | {"text"})
    defects = tuple(fields.unknown(document, "$"))
    try:
        ask, is_joined = _question(document, extra)
        history = tuple(_history(document.get("history") or []))
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
    """Exports write an empty system text into every record that has none."""
    return shapes.system(document) if document.get("system") else ()


def _history(given: Any) -> Iterator[Turn]:
    for index, item in enumerate(shapes.items(given, "$.history")):
        path = f"$.history[{index}]"
        said = shapes.items(item, path)
        if len(said) != 2:
            raise shapes.wrong_type(path, "a question and an answer", said)
        for place, role in enumerate(("user", "assistant")):
            yield Turn(f"{path}[{place}]", role, (Block(f"{path}[{place}]", shapes.text(said[place], path)),))
