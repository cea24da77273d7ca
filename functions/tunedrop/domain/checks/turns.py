"""Checks of the order of turns that training needs (docs/facts.md#records)."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from itertools import pairwise

from tunedrop.domain.base_models.catalogue import BaseModel
from tunedrop.domain.checks import examples, marks, proofs
from tunedrop.domain.checks.registry import Example, Spot, check
from tunedrop.domain.formats import foreign_blocks, tool_shapes
from tunedrop.domain.records.defects import shown
from tunedrop.domain.records.record import Record, Turn, joined

ROLES = ("user", "assistant")
_LEAST_REPEATED = 20
"""In characters: "Yes." and "Go on." may well be said more than once."""
_WRITTEN = {"from": ("human", "gpt")}
"""What the sides are called where the field of the role is not `role`."""
_OF_TOOLS = frozenset(
    {
        "tool",
        "tools",
        "function",
        "function_call",
        "function-call",
        "functioncall",
        "tool_call",
        "tool_calls",
        "ipython",
    }
    | {"observation", "tool_response", "function_response", "function-response", "tool_result", "tool-result"}
    | {"tool_use", "tool_output", "function_result", "environment", "code_interpreter", "execution", "api"}
)
_RENDERED = tool_shapes.RESULT_ROLES | tool_shapes.CALL_ROLES
_TOOL_TURN = (
    "This is a call of a tool, or what the tool answered; training here takes questions and answers only. Take records "
    "with such turns out, or leave in each only the question and the answer that follows the tool's."
)
_ASKING = frozenset({"human", "user", "customer", "client", "prompter", "question", "asker", "visitor", "caller", "q"})
_ANSWERING = frozenset(
    {"gpt", "assistant", "model", "bot", "chatbot", "ai", "agent", "chatgpt", "claude", "bing", "bard", "answer", "a"}
)
_CLOSE = 0.75
_Q, _A = ("user", "Why?"), ("assistant", "Because.")


def _conversation(*turns: tuple[str, str]) -> Example:
    return Example(examples.messages(*turns), among="messages")


@check(
    code="too_few_turns",
    shared=True,
    words="A conversation needs at least one question and one answer.",
    hint="Add the missing turn, or remove the record.",
    example=_conversation(_Q),
    absent=proofs.by_shape,
    clear=marks.alternates,
)
def too_few_turns(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag a record with fewer than two turns."""
    if len(record.turns) < 2:
        yield Spot(_list_of(record), f"{'1 message' if record.turns else 'No message'}; at least 2 are needed.")


def _list_of(record: Record) -> str:
    """The path of the list that holds the turns, as far as they tell it."""
    return record.turns[0].path.rpartition("[")[0] or "$" if record.turns else "$"


def _role_hint(turn: Turn) -> str:
    """What to do about a role; empty if nothing more than usual."""
    said = turn.role.strip().casefold()
    if turn.role in _RENDERED:
        return f"This is a call of a tool, or what the tool answered. {foreign_blocks.AS_TEXT}"
    if said in _OF_TOOLS:
        return _TOOL_TURN
    if said in {"system", "developer"}:
        return "A system text comes before the first question, or stands in the field system: move it there."
    allowed = _WRITTEN.get(turn.role_key, ROLES)
    for names, side in zip((_ASKING, _ANSWERING), allowed, strict=True):
        if said in names and said != side:
            return f'Write "{side}", if that is the side that {"asks" if side == allowed[0] else "answers"}.'
    meant = difflib.get_close_matches(said, (*allowed, "system"), 1, _CLOSE)
    return f'Write "{meant[0]}".' if meant else ""


@check(
    code="unknown_role",
    shared=True,
    words="A turn's role is neither user nor assistant.",
    hint="Roles are user and assistant, in lower case. A system text comes first, or stands in the field system.",
    example=_conversation(("human", "Why?"), _A),
    absent=proofs.by_shape,
    clear=marks.alternates,
)
def unknown_role(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag roles other than user and assistant."""
    for turn in record.turns:
        if turn.role not in ROLES:
            allowed = ", ".join(_WRITTEN.get(turn.role_key, ROLES))
            message = f"The role {shown(turn.role)}; allowed: {allowed}."
            yield Spot(f"{turn.path}.{turn.role_key}", message, _role_hint(turn))


@check(
    code="first_role",
    shared=True,
    words="A conversation does not begin with the user.",
    hint="Remove the turns before the first question.",
    example=_conversation(("assistant", "Hello."), _Q, _A),
    absent=proofs.by_shape,
    clear=marks.alternates,
)
def first_role(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag a conversation that the assistant opens."""
    if record.turns and record.turns[0].role == "assistant":
        yield Spot(
            f"{record.turns[0].path}.{record.turns[0].role_key}",
            "The first message is from assistant; it must be from user.",
        )


@check(
    code="last_role",
    shared=True,
    words="A conversation does not end with the assistant, so there is nothing to learn.",
    hint="Add the answer, or remove the last question.",
    example=_conversation(_Q, _A, ("user", "And how?")),
    absent=proofs.by_shape,
    clear=marks.alternates,
)
def last_role(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag a conversation that the user closes."""
    if len(record.turns) > 1 and record.turns[-1].role == "user":
        yield Spot(
            f"{record.turns[-1].path}.{record.turns[-1].role_key}",
            "The last message is from user; it must be from assistant.",
        )


@check(
    code="roles_not_alternating",
    shared=True,
    words="The same side speaks twice in a row.",
    hint="Join the two messages into one.",
    example=_conversation(_Q, ("user", "Tell me."), _A),
    absent=proofs.by_shape,
    clear=marks.alternates,
)
def roles_not_alternating(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag two turns in a row of one role."""
    for before, turn in pairwise(record.turns):
        if before.role == turn.role and turn.role in ROLES:
            yield Spot(f"{turn.path}.{turn.role_key}", f"Two messages from {turn.role} in a row.")


@check(
    code="repeated_turn",
    severity="warning",
    shared=True,
    words="The same side says the same twice in one conversation.",
    hint="Remove the repetition, unless it is intended.",
    example=_conversation(
        ("user", "Please tell me why it is so."), _A, ("user", "Please tell me why it is so."), ("assistant", "It is.")
    ),
    clear=marks.is_pair,
)
def repeated_turn(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag a turn, longer than a few words, that repeats the previous turn of its role."""
    for before, turn in zip(record.turns, record.turns[2:], strict=False):
        if before.role != turn.role or turn.role not in ROLES:
            continue
        said = joined(turn.blocks).strip()
        if len(said) >= _LEAST_REPEATED and said == joined(before.blocks).strip():
            yield Spot(turn.path, f"The same {len(said)} characters as {turn.role} said before.")
