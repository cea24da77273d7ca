"""Examples from train that a base model is shown before each question, so that it is no rival of straw. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from tunedrop.domain.evaluation.answer_texts import normalized
from tunedrop.domain.evaluation.questions import Question

MOST = 20
READ_BYTES = 8 * 2**20
"""Of train, from its beginning: enough to choose from, and little enough for a plan to wait for."""
LONGEST = 4_000
"""Characters of an example: a longer one costs more with each question than it shows."""
_NAMED = re.compile(r"(?P<name>[^:]{1,64}):few_shot=(?P<count>[1-9]\d?)")


def named(name: str) -> tuple[str, int]:
    """The model that a candidate's name means, and how many examples, such as `base:few_shot=5`; 0 for none."""
    found = _NAMED.fullmatch(name)
    return (found["name"], int(found["count"])) if found and int(found["count"]) <= MOST else (name, 0)


def choose(trained: Iterable[Question | None], asked: Sequence[Question], count: int) -> tuple[Question, ...]:
    """So many examples, in an order that hangs on their text alone; fewer where train has no more.

    None asks what an asked question asks, under whatever system text. Different answers come first, so that examples of
    a classification show as many labels as they can.
    """
    taken = {normalized(question.prompt) for question in asked}
    fit = [each for each in trained if each and _is_short(each) and normalized(each.prompt) not in taken]
    fit.sort(key=lambda each: each.fingerprint)
    seen: set[str] = set()
    first, more = list[Question](), list[Question]()
    for each in fit:
        (more if each.references[0] in seen else first).append(each)
        seen.add(each.references[0])
    return tuple((first + more)[:count])


def shown(question: Question, examples: Iterable[Question]) -> Question:
    """The question with the examples before it, as turns that were answered."""
    before = (turn for example in examples for turn in (*example.turns, ("assistant", example.references[0])))
    return replace(question, turns=(*before, *question.turns))


def texts(examples: Iterable[Question]) -> Iterator[str]:
    """Everything that the examples add to a call."""
    for example in examples:
        yield from (text for _, text in example.turns)
        yield example.references[0]


def _is_short(question: Question) -> bool:
    return sum(map(len, texts([question]))) <= LONGEST
