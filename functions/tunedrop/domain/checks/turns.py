"""Checks of the order of turns that training needs (docs/facts.md#records)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tunedrop.domain.base_models.catalogue import BaseModel
from tunedrop.domain.checks import examples, proofs
from tunedrop.domain.checks.registry import Example, Spot, check
from tunedrop.domain.records.defects import shown
from tunedrop.domain.records.record import Record, joined

ROLES = ("user", "assistant")
_LEAST_REPEATED = 20
"""In characters: "Yes." and "Go on." may well be said more than once."""
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
)
def too_few_turns(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag a record with fewer than two turns."""
    if len(record.turns) < 2:
        yield Spot("$.messages", f"{'1 message' if record.turns else 'No message'}; at least 2 are needed.")


@check(
    code="unknown_role",
    shared=True,
    words="A turn's role is neither user nor assistant.",
    hint="Roles are user and assistant, in lower case. A system text comes first, or stands in the field system.",
    example=_conversation(("human", "Why?"), _A),
    absent=proofs.by_shape,
)
def unknown_role(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag roles other than user and assistant."""
    for turn in record.turns:
        if turn.role not in ROLES:
            yield Spot(f"{turn.path}.role", f"The role {shown(turn.role)}; allowed: {', '.join(ROLES)}.")


@check(
    code="first_role",
    shared=True,
    words="A conversation does not begin with the user.",
    hint="Remove the turns before the first question.",
    example=_conversation(("assistant", "Hello."), _Q, _A),
    absent=proofs.by_shape,
)
def first_role(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag a conversation that the assistant opens."""
    if record.turns and record.turns[0].role == "assistant":
        yield Spot(f"{record.turns[0].path}.role", "The first message is from assistant; it must be from user.")


@check(
    code="last_role",
    shared=True,
    words="A conversation does not end with the assistant, so there is nothing to learn.",
    hint="Add the answer, or remove the last question.",
    example=_conversation(_Q, _A, ("user", "And how?")),
    absent=proofs.by_shape,
)
def last_role(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag a conversation that the user closes."""
    if len(record.turns) > 1 and record.turns[-1].role == "user":
        yield Spot(f"{record.turns[-1].path}.role", "The last message is from user; it must be from assistant.")


@check(
    code="roles_not_alternating",
    shared=True,
    words="The same side speaks twice in a row.",
    hint="Join the two messages into one.",
    example=_conversation(_Q, ("user", "Tell me."), _A),
    absent=proofs.by_shape,
)
def roles_not_alternating(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag two turns in a row of one role."""
    for before, turn in pairwise(record.turns):
        if before.role == turn.role and turn.role in ROLES:
            yield Spot(f"{turn.path}.role", f"Two messages from {turn.role} in a row.")


@check(
    code="repeated_turn",
    severity="warning",
    shared=True,
    words="The same side says the same twice in one conversation.",
    hint="Remove the repetition, unless it is intended.",
    example=_conversation(
        ("user", "Please tell me why it is so."), _A, ("user", "Please tell me why it is so."), ("assistant", "It is.")
    ),
)
def repeated_turn(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag a turn, longer than a few words, that repeats the previous turn of its role."""
    for before, turn in zip(record.turns, record.turns[2:], strict=False):
        if before.role != turn.role or turn.role not in ROLES:
            continue
        said = joined(turn.blocks).strip()
        if len(said) >= _LEAST_REPEATED and said == joined(before.blocks).strip():
            yield Spot(turn.path, f"The same {len(said)} characters as {turn.role} said before.")
