"""Map a file's own keys or columns to what the formats call them, as `dataset.toml` or the CLI asks."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tunedrop.domain.formats import claude_messages, openai_chat, shapes, speakers, verdicts
from tunedrop.domain.records import weights
from tunedrop.domain.records.defects import Defect, shown
from tunedrop.domain.records.record import Block, Document, Reading, Record, Turn

EXAMPLE = '{"customer_says": "How do I reset my thermostat?", "agent_says": "Hold the dial for ten seconds.", "day": 3}'
"""With the mapping prompt = "customer_says", completion = "agent_says"."""
CONVERSATION_EXAMPLE = (
    '{"dialog": [{"speaker": "user", "said": "How do I reset my thermostat?"}, '
    '{"speaker": "assistant", "said": "Hold the dial for ten seconds."}], "day": 3}'
)
"""With the mapping messages = "dialog", role = "speaker", content = "said"."""

PAIR, CONVERSATION = ("prompt", "completion"), ("messages", "role", "content")
FIELDS = (*PAIR, "system", *CONVERSATION)
"""What can be mapped: a question and its answer, or a conversation, and the system text of either."""
RULE = (
    "names for prompt and completion, or for messages (and for role and content, if they are others), each another "
    "name; system beside either"
)


_QUOTES = "'\""


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """The fields or columns that hold a pair or a conversation. Others are left out; the report counts them."""

    prompt: str | None = None
    completion: str | None = None
    system: str | None = None
    messages: str | None = None
    """The list of a conversation's turns; with it, there is neither prompt nor completion."""
    role: str = "role"
    """The field of each turn that says who speaks."""
    content: str = "content"

    @property
    def fields(self) -> frozenset[str]:
        """The fields of a record that are read."""
        return frozenset(name for name in (self.prompt, self.completion, self.system, self.messages) if name)

    def applies(self, document: Document) -> bool:
        """Whether the object has a field that only a record of this mapping has."""
        return any(name in document for name in (self.prompt, self.completion, self.messages) if name)

    def read(self, document: Document) -> Reading:
        """Read a record from the mapped fields; all others are left out and counted."""
        others = [name for name in document if name not in self.fields]
        left_out = ["field_left_out"] * len(others)
        judged = verdicts.beside(document, others, "$", f"each as {_form(self.messages, self.prompt, self.completion)}")
        defects = [judged] if judged else []
        present = {name: value for name in self.fields if (value := document.get(name)) is not None}
        try:
            record = self._conversation(present, defects, left_out) if self.messages else self._pair(present)
        except shapes.WrongShape as wrong:
            return Reading(None, (*defects, wrong.defect), tuple(left_out))
        return Reading(record, tuple(defects), tuple(left_out))

    def _pair(self, document: Document) -> Record:
        named = ((self.prompt, "user"), (self.completion, "assistant"))
        turns = tuple(shapes.turn(document, name or "", role) for name, role in named)
        return Record(self._system(document), turns)

    def _system(self, document: Document) -> tuple[Block, ...]:
        """The system text; no blocks if its field is missing or empty, as an empty cell of a table is."""
        if self.system is None or document.get(self.system, "") == "":
            return ()
        return shapes.turn(document, self.system, "system").blocks

    def _conversation(self, document: Document, defects: list[Defect], left_out: list[str]) -> Record:
        name = self.messages or ""
        path = shapes.child("$", name)
        listed = shapes.items(shapes.required(document, name, "$"), path)
        turns = [self._turn(item, f"{path}[{index}]", defects, left_out) for index, item in enumerate(listed)]
        sides = speakers.sides(turn.role for turn in turns)
        named = [replace(turn, role=sides.get(speakers.fold(turn.role), turn.role)) for turn in turns]
        record, nothing, cut = weights.cut(openai_chat.with_system(self._system(document), named), path)
        defects += nothing
        left_out += cut
        return record

    def _turn(self, item: Any, path: str, defects: list[Defect], left_out: list[str]) -> Turn:
        """Read one turn, its role as written; calls of tools are carried on."""
        said: Mapping[str, Any] = {
            name: value for name, value in shapes.fields(item, path).items() if value is not None
        }
        role = shapes.text(shapes.required(said, self.role, path), shapes.child(path, self.role))
        calls = openai_chat.calls(said, path)
        content = said.get(self.content, "") if calls else shapes.required(said, self.content, path)
        content_path = shapes.child(path, self.content)
        blocks = () if calls and content == "" else claude_messages.blocks(content, content_path, defects)
        others = said.keys() - {self.role, self.content, *openai_chat.CALLS}
        left_out += ["field_left_out"] * len(others)
        judged = verdicts.beside(said, sorted(others), path, f"each message as {_form(None, self.role, self.content)}")
        defects += [*([judged] if judged else []), *weights.defects(said, path)]
        return Turn(path, role, blocks + calls, weights.is_learned(said), self.role)


def _form(messages: str | None, *names: str | None) -> str:
    """What a record, or a turn, of nothing but the mapped fields looks like."""
    values = {messages: "[…]"} if messages else dict.fromkeys(filter(None, names), '"…"')
    fields = [f'"{shown(name).strip(_QUOTES)}": {value}' for name, value in values.items()]
    return f"{{{', '.join(fields)}}}"


def suggestion(document: Document) -> str:
    """The mapping that an object of no known format seems to need, as a hint; empty if none seems to be right."""
    for name, value in document.items():
        turns = value[:2] if isinstance(value, list) else []
        if len(turns) == 2 and all(isinstance(turn, Mapping) for turn in turns) and (found := _named(*turns)):
            return _hint({"messages": name, "role": found[0], "content": found[1]})
    return ""


def _named(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[str, str] | None:
    """The fields that say who speaks and what, in two turns whose speakers are both sides of a conversation."""
    texts = [name for name, text in first.items() if isinstance(text, str) and isinstance(second.get(name), str)]
    roles = [name for name in texts if {*speakers.sides([first[name], second[name]]).values()} == {"user", "assistant"}]
    contents = [name for name in texts if name not in roles]
    return (roles[0], contents[0]) if len(roles) == len(contents) == 1 else None


def _hint(named: Mapping[str, str]) -> str:
    quoted = {field: shown(name) for field, name in named.items()}
    if any(named[field] not in quote for field, quote in quoted.items()):
        return ""
    table = "; ".join(f"{field} = {quote}" for field, quote in quoted.items())
    options = shlex.join(word for field, name in named.items() for word in ("--map", f"{field}={name}"))
    return f"Say which field is what: [mapping] {table} in dataset.toml, or {options}"


def build(named: Mapping[str, str]) -> FieldMapping | None:
    """The mapping of these names, by FIELDS; None if they are not as RULE says."""
    of_record = [name for field, name in named.items() if field not in {"role", "content"}]
    of_turn = [named.get("role", "role"), named.get("content", "content")]
    if any(len(set(names)) < len(names) for names in (of_record, of_turn)):
        return None
    if not (set(PAIR) <= named.keys() if named.keys().isdisjoint(CONVERSATION) else is_conversation(named)):
        return None
    return FieldMapping(**named)


def is_conversation(named: Mapping[str, object]) -> bool:
    """Whether these are names for a conversation, and none for a pair."""
    return "messages" in named and named.keys().isdisjoint(PAIR)
