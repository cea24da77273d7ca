"""Conversations in which not every answer is to be learned: `weight` 0, as OpenAI's fine-tuning has it.

No base model's training format has weights, so a conversation is cut, or becomes several records, where these teach
exactly the answers that are to be learned. What cannot be taught exactly is a defect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tunedrop.domain.base_models.catalogue import Learned
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Record

MARKS = ("weight", "train")
"""Fields of a message that say whether it is to be learned: OpenAI's weight, 0 or 1, and Axolotl's train."""


def is_learned(message: Mapping[str, Any]) -> bool:
    """Whether a message's own fields leave it to be learned."""
    return message.get("weight", 1) != 0 and message.get("train", True) is not False


def defects(message: Mapping[str, Any], path: str) -> Iterator[Defect]:
    """Yield a defect for each mark that says neither yes nor no: no format of training can say so."""
    weight, train = message.get("weight"), message.get("train")
    if weight not in (0, 1, None):
        yield Defect("not_expressible", "A weight other than 0 and 1.", f"{path}.weight", hint="Write 0 or 1.")
    if not isinstance(train, bool | None):
        yield Defect(
            "not_expressible", "A mark train other than true and false.", f"{path}.train", hint="Write true or false."
        )


def cut(record: Record, path: str) -> tuple[Record, tuple[Defect, ...], tuple[str, ...]]:
    """End a conversation at its last answer to learn: the record, its defects, and what to count as normalised.

    `path` is that of its turns.
    """
    answers = [index for index, turn in enumerate(record.turns) if turn.role == "assistant"]
    if all(record.turns[index].learned for index in answers):
        return record, (), ()
    learned = [index for index in answers if record.turns[index].learned]
    if not learned:
        return record, (Defect("not_expressible", _NOTHING, path, hint="Remove the record."),), ()
    kept = record.turns[: learned[-1] + 1]
    left = [turn for turn in record.turns[len(kept) :] if turn.role == "assistant"]
    return replace(record, turns=kept, weighted=True), (), ("unweighted_answer_cut",) * len(left)


_NOTHING = "Every answer has weight 0, or train false: nothing of the record is to be learned."


def taught(record: Record, learned: Learned) -> tuple[Record, ...] | Defect:
    """The records that teach exactly a conversation's answers to learn, to a base model that learns `learned`.

    A base model that learns only the last answer gets a record for each of them, with all that stands before it.
    """
    if not record.weighted:
        return (record,)
    ends = [index for index, turn in enumerate(record.turns) if turn.role == "assistant" and turn.learned]
    if learned == "last_answer":
        return tuple(replace(record, turns=record.turns[: end + 1], weighted=False) for end in ends)
    first = next((turn for turn in record.turns if turn.role == "assistant" and not turn.learned), None)
    if first is None:
        return (record,)
    return Defect("not_expressible", _LEARNED_TOO, first.path, hint=_OTHERS)


_LEARNED_TOO = (
    "This answer has weight 0, or train false, and stands before one to learn: the base model may learn all answers of "
    "a conversation."
)
_OTHERS = (
    "Tune a base model that learns only the last answer (docs/data-format.md), or begin the record after this answer."
)
