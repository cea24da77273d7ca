"""Map a file's own keys or columns to what the formats call them, as `dataset.toml` or the CLI asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tunedrop.domain.formats import claude_messages, openai_chat, shapes, sharegpt
from tunedrop.domain.records.defects import Defect
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
    def names(self) -> frozenset[str]:
        """The fields of a record that are read."""
        return frozenset(name for name in (self.prompt, self.completion, self.system, self.messages) if name)

    def applies(self, document: Document) -> bool:
        """Whether the object has a field that only a record of this mapping has."""
        return any(name in document for name in (self.prompt, self.completion, self.messages) if name)

    def read(self, document: Document) -> Reading:
        """Read a record from the mapped fields; all others are left out and counted."""
        left_out = ["field_left_out"] * sum(name not in self.names for name in document)
        defects: list[Defect] = []
        try:
            record = self._conversation(document, defects, left_out) if self.messages else self._pair(document)
        except shapes.WrongShape as wrong:
            return Reading(None, (*defects, wrong.defect), tuple(left_out))
        return Reading(record, tuple(defects), tuple(left_out))

    def _pair(self, document: Document) -> Record:
        named = ((self.prompt, "user"), (self.completion, "assistant"))
        turns = tuple(shapes.turn(document, name or "", role) for name, role in named)
        return Record(self._system(document), turns)

    def _system(self, document: Document) -> tuple[Block, ...]:
        """The system text; no blocks if its field is missing, null or empty, as an empty cell of a table is."""
        if self.system is None or document.get(self.system) in (None, ""):
            return ()
        return shapes.turn(document, self.system, "system").blocks

    def _conversation(self, document: Document, defects: list[Defect], left_out: list[str]) -> Record:
        name = self.messages or ""
        path = shapes.child("$", name)
        listed = shapes.items(shapes.required(document, name, "$"), path)
        turns = [self._turn(item, f"{path}[{index}]", defects, left_out) for index, item in enumerate(listed)]
        return openai_chat.with_system(self._system(document), turns)

    def _turn(self, item: Any, path: str, defects: list[Defect], left_out: list[str]) -> Turn:
        """Read one turn. Roles may have the names that OpenAI and ShareGPT give them; calls of tools are carried on."""
        said: Mapping[str, Any] = {
            name: value for name, value in shapes.fields(item, path).items() if value is not None
        }
        role_path, content_path = shapes.child(path, self.role), shapes.child(path, self.content)
        role = shapes.text(shapes.required(said, self.role, path), role_path)
        calls = openai_chat.calls(said, path)
        content = said.get(self.content, "") if calls else shapes.required(said, self.content, path)
        blocks = () if calls and content == "" else claude_messages.blocks(content, content_path, defects)
        read = {self.role, self.content, *openai_chat.CALLS}
        left_out += ["field_left_out"] * sum(name not in read for name in said)
        return Turn(path, sharegpt.ROLES.get(role, role), blocks + calls)


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
