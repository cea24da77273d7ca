"""Recognize conversations as other tools and interfaces write them, and say how each is written to train."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tunedrop.domain.formats import pairs, shapes, sharegpt
from tunedrop.domain.formats.kinds import TALK, Kind, has, of
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Document

_LISTS = frozenset({*sharegpt.NAMES, *pairs.QUESTIONS, *pairs.ANSWERS})
_LANGCHAIN = frozenset({"human", "ai", "system", "tool", "function", "chat"})

_OF_LANGCHAIN = (
    f"Write each as {TALK}: a message for each, with the role user for human (HumanMessage), assistant for ai "
    "(AIMessage), system for system (SystemMessage), and the content it holds; --fix writes those without tools so."
)
_OF_VERTEX = (
    f"Write each as {TALK}: a message for each, with the role user, or assistant for the author bot; before them the "
    'context, {"role": "system", "content": "…"}. --fix keeps it as the field system, and leaves examples to you.'
)
MENDED = frozenset({_OF_LANGCHAIN, _OF_VERTEX})
"""Hints on records that mending, too, writes as they say."""


def of_turns(turns: Any) -> Defect | None:
    """The defect of a list whose first turn says who speaks as another tool does; None if it is of no such tool."""
    first = turns[0] if isinstance(turns, list) and turns else None
    if not isinstance(first, Mapping) or "role" in first or "from" in first:
        return None
    if "lc" in first or (str(first.get("type")) in _LANGCHAIN and ("content" in first or "data" in first)):
        return _is("a conversation of LangChain", _OF_LANGCHAIN)
    if "author" in first and "content" in first:
        return _is("a conversation of Vertex AI's chat models (PaLM)", _OF_VERTEX)
    return None


def of_items(document: Document) -> Defect | None:
    """The defect of a question or an answer that is a list of messages or items; None if both are something else."""
    found = {shapes.fold(name): value for name, value in document.items()}
    if has(found, "output", "type") and isinstance(found["output"], list):
        return _is(
            "a call of OpenAI's Responses, with a model's answer among the items of its output",
            f"Keep what is worth learning, and write each as {TALK}: instructions as a first message with the role "
            "system, the messages of input, then the text of the message in output; leave out reasoning.",
        )
    asked, answer = pairs.found(frozenset(found)) or ("", "")
    if not has(found, asked, "role") and not has(found, answer, "role"):
        return None
    return _is(
        f"a question and an answer of which at least one is a message or a list of them ({asked}, {answer})",
        f"Write each as {TALK}: the messages of {asked}, or what it asks as the role user, then {answer} as the last.",
    )


def _is(what: str, hint: str) -> Defect:
    return Defect("other_purpose", f"The record is {what}.", hint=hint)


def kinds() -> Iterator[Kind]:
    """The kinds of records that are a conversation, or a part of one, as another tool writes it."""
    yield Kind(
        frozenset({"role", "from"}),
        lambda found: of("role|from", "content|value")(found) and set(found).isdisjoint(_LISTS),
        "one message, and not a conversation with its answers",
        f"Put the messages of each conversation into one record: {TALK}.",
    )
    yield Kind(
        frozenset({"mapping"}),
        lambda found: isinstance(found.get("mapping"), dict) and bool({"current_node", "title"} & set(found)),
        "a conversation of ChatGPT's own export, a tree of turns",
        f"Follow parent from current_node to the root, turn the order round, and write it as {TALK}: role is "
        "message.author.role, content the text in message.content.parts; leave out tool, system and what has no text.",
    )
    yield Kind(
        frozenset({"chat_messages"}),
        of("chat_messages"),
        "a conversation of Claude's own export",
        f"Write each as {TALK}: a message for each of chat_messages, user for human, its content the text.",
    )
    yield Kind(
        frozenset({"message_tree_id"}),
        lambda found: has(found, "prompt", "replies"),
        "a tree of messages, as Open Assistant (OASST) exports them",
        f"Choose one way through it, such as the reply with rank 0 at each step, and write it as {TALK}: user for "
        "prompter, its content the text.",
    )
    yield Kind(
        frozenset({"message_id"}),
        of("message_id", "text", "role"),
        "one message of a tree, as Open Assistant (OASST) exports them",
        "Follow parent_id from each last answer to the message that has none, turn the order round, and write that as "
        f"{TALK}: user for prompter, its content the text.",
    )
