"""How a value is written where another type was found: the form, to be shown in a hint."""

from __future__ import annotations

import re
from collections.abc import Iterable

_END = re.compile(r"\$?\.?(\w*)((?:\[\d+\])*)$")
_MESSAGE = '{"role": "user", "content": "…"} or {"role": "assistant", "content": "…"}'
_TURN = '{"from": "human", "value": "…"} or {"from": "gpt", "value": "…"}'
_ANSWERS = ("answer", "assistant", "output", "reply", "response")
_QUESTIONS = ("prompt", "question", "query", "input", "user", "instruction", "input_text")
_LISTS = {
    "messages": f"[{_MESSAGE.replace(' or ', ', ')}]",
    "conversations": f"[{_TURN.replace(' or ', ', ')}]",
    "conversation": f"[{_TURN.replace(' or ', ', ')}]",
    "history": '[["a question before", "the answer to it"]]',
    "system": '[{"text": "…"}]',
    "content": '[{"text": "…"}]',
}


def hint(path: str, expected: str, found: str) -> str:
    """What to write at a JSON path, by what is expected and what was found there; empty if nothing more can be said."""
    ending = _END.search(path)
    name, is_item = (ending[1], bool(ending[2])) if ending else ("", False)
    if expected == "a list" and not is_item and name in _LISTS:
        return f'Write it as a list: "{name}": {_LISTS[name]}.'
    if expected == "an object" and is_item and name in _LISTS:
        return _item(name, found)
    if name == "history":
        return f'Write each step before as two texts: "history": {_LISTS["history"]}.'
    return _text(name, found) if expected == "a string" and name else ""


def _text(name: str, found: str) -> str:
    if found == "a list" and name in {"prompt", "completion"}:
        return f'Write "{name}": "…", or the messages of both together, as {{"messages": […]}} and nothing else.'
    if found == "a list" and name in _ANSWERS:
        return f'If it holds several answers, choose the one that the model should learn: "{name}": "…".'
    return f'Write it as one text, in quotation marks: "{name}": "…".'


def _item(name: str, found: str) -> str:
    if name in {"system", "content"}:
        return 'Write each block as {"text": "…"}.'
    if found == "a string":
        return f'Write the texts as messages, each side in its turn: "{name}": {_LISTS["messages"]}.'
    return f"Write each as {_MESSAGE}."


def missing(name: str) -> str:
    """What to write if a part of a message is missing; empty for other fields."""
    if name in {"role", "content"}:
        return f"Write each message as {_MESSAGE}."
    return f"Write each turn as {_TURN}." if name in {"from", "value"} else ""


_SEEN = frozenset(
    {"context", "passage", "instructions", "system_prompt", "system_message", "systemprompt", "preamble", "persona"}
    | {"choices", "options", "background"}
)
"""Fields, folded to lower case, that often hold what the model has to see, in formats that have no such field."""
_TOLD = _SEEN - {"passage", "choices", "options"}


def seen(names: Iterable[str], allowed: tuple[str, ...]) -> str:
    """Where a text belongs that the model has to see, as a sentence before how to leave it out; else empty.

    `names` are unknown fields, `allowed` the format's own, the required ones first.
    """
    first = next((name for name in names if name.strip().casefold() in _SEEN), None)
    if first is None or not allowed:
        return ""
    asked = next((name for name in allowed if name in _QUESTIONS), None)
    if asked is not None:
        return f'If the model has to see {first} to answer, write it into the question: "{asked}": "{first}: … ". '
    if first.strip().casefold() in _TOLD and "system" in allowed:
        form = _LISTS["system"] if "schemaVersion" in allowed else '"…"'
        return f'If {first} tells the model what to do or to know, write it as the system text: "system": {form}. '
    return ""
