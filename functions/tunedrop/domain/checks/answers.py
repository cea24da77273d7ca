"""Checks of answers that would teach a model to echo, stop short, refuse or loop."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from tunedrop.domain.base_models.catalogue import BaseModel
from tunedrop.domain.checks import examples, truncation
from tunedrop.domain.checks.marks import Marks
from tunedrop.domain.checks.refusal_phrases import refuses
from tunedrop.domain.checks.registry import Example, Spot, check
from tunedrop.domain.records.record import Record, joined

_LEAST_COPIED, _LEAST_REPEATED_OPENING = 12, 40
"""In characters. Shorter repeats are normal: "Hello" answers "Hello", and an answer may open with a short question."""

_PLACEHOLDERS = frozenset(
    {"...", "…", "???", "--", "xxx", "todo", "tbd", "fixme", "lorem ipsum", "[answer]", "<answer>", "answer goes here"}
    | {"nan", "-nan", "undefined", "[object object]", "loading...", "1.#qnan", "1.#ind", "-1.#qnan", "-1.#ind"}
    | {"#n/a", "#n/a n/a", "#ref!", "#value!", "#name?", "#div/0!", "#num!", "#null!", "#spill!", "#calc!", "#field!"}
    | {"#getting_data", "#blocked!", "#unknown!", "#connect!", "#busy!", "#external!", "#python!", "#error!", "#data!"}
    # The same errors as Excel writes them in German, French, Spanish, Italian and Portuguese.
    | {
        "#nv",
        "#bezug!",
        "#wert!",
        "#zahl!",
        "#überlauf!",
        "#valeur!",
        "#nombre!",
        "#nom?",
        "#nul!",
        "#¡ref!",
        "#¡valor!",
    }
    | {
        "#¿nombre?",
        "#¡div/0!",
        "#¡num!",
        "#¡nulo!",
        "#n/d",
        "#rif!",
        "#valore!",
        "#nome?",
        "#núm!",
        "#valor!",
        "#nulo!",
    }
)
_LONGEST_PLACEHOLDER = 20
_ERROR_NUMBER = re.compile(r"err:5\d\d|#{2,}")
"""LibreOffice's errors, and what spreadsheets show in columns that are too narrow."""

_TAIL, _LEAST_LOOP, _ROUNDS = 12, 60, 4
"""Characters at the end that are looked for further up; fewest characters and fewest rounds of a loop."""
_LETTERS = re.compile(r"[^\W\d_]{2}|[\u3040-\u9fff\uac00-\ud7a3]")


def _answers(record: Record) -> Iterator[tuple[str, str]]:
    return ((path, text) for where, path, text in record.texts if where == "assistant")


def _no_copy(marks: Marks) -> bool:
    if not (marks.is_pair and marks.is_trimmed):
        return False
    question, answer = marks.texts
    if len(question) == len(answer) >= _LEAST_COPIED:
        return False
    return len(question) < _LEAST_REPEATED_OPENING or not answer.startswith(question)


def _none_truncated(marks: Marks) -> bool:
    return not any(map(truncation.reason, marks.answers))


def _none_refuses(marks: Marks) -> bool:
    return not any(map(refuses, marks.answers))


def _no_placeholder(marks: Marks) -> bool:
    return not any(map(is_placeholder, marks.answers))


def _no_loop(marks: Marks) -> bool:
    return not any(map(_loop, marks.answers))


@check(
    code="answer_copies_prompt",
    severity="warning",
    shared=True,
    words="An answer repeats its question word for word, or begins with all of it.",
    hint="Keep only the answer: a model that learns this repeats its questions.",
    example=Example(examples.line("Where do I find the manual?", "Where do I find the manual?")),
    clear=_no_copy,
)
def answer_copies_prompt(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag an answer that is its question, or opens with all of it."""
    for asked, said in pairwise(record.turns):
        if asked.role != "user" or said.role != "assistant":
            continue
        question, answer = joined(asked.blocks).strip(), joined(said.blocks).strip()
        if len(question) == len(answer) >= _LEAST_COPIED and question.casefold() == answer.casefold():
            yield Spot(said.path, "The answer is the question, word for word.")
        elif len(question) >= _LEAST_REPEATED_OPENING and answer.startswith(question) and answer != question:
            yield Spot(said.path, f"The answer begins with the whole question, {len(question)} characters.")


@check(
    code="truncated_answer",
    severity="warning",
    shared=True,
    words="An answer stops in the middle.",
    hint="Complete it or remove the record: a model that learns this stops in the middle.",
    example=Example(examples.line("How do I add?", "```python\ntotal = 1 + 1")),
    clear=_none_truncated,
)
def truncated_answer(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag an answer that was cut off. A missing period alone is no evidence."""
    for path, text in _answers(record):
        reason = truncation.reason(text)
        if reason:
            yield Spot(path, reason)


@check(
    code="refusal",
    severity="warning",
    shared=True,
    words="An answer refuses, or speaks of itself as a language model.",
    hint="Leave it out unless refusing is what the model should learn.",
    example=Example(examples.line("Why?", "I'm sorry, but I can't help with that.")),
    clear=_none_refuses,
)
def refusal(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag a short answer that opens with a refusal."""
    for path, text in _answers(record):
        if refuses(text):
            yield Spot(path, f"An answer of {len(text)} characters that opens with a refusal.")


@check(
    code="placeholder_answer",
    severity="warning",
    shared=True,
    words="An answer is a placeholder or the trace of a missing value.",
    hint="Write the answer, or remove the record.",
    example=Example(examples.line("Why?", "TODO")),
    clear=_no_placeholder,
)
def placeholder_answer(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag an answer nobody has written yet. `None`, `null` and `N/A` pass: they may be labels (`null_answer`)."""
    for path, text in _answers(record):
        if is_placeholder(text):
            yield Spot(path, "Nothing but a placeholder.")


def is_placeholder(text: str) -> bool:
    """Whether an answer is nothing but a placeholder."""
    if len(text) > _LONGEST_PLACEHOLDER:
        return False
    bare = text.strip().casefold()
    return bare in _PLACEHOLDERS or _ERROR_NUMBER.fullmatch(bare) is not None


@check(
    code="degenerate_repetition",
    severity="warning",
    shared=True,
    words="An answer ends in a loop: the same words over and over.",
    hint="Cut the loop off or remove the record: a model that learns this never stops.",
    example=Example(examples.line("Why?", "Because." + " It is so, is it." * 8)),
    clear=_no_loop,
)
def degenerate_repetition(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag an answer that ends in a loop."""
    for path, text in _answers(record):
        rounds = _loop(text)
        if rounds:
            yield Spot(path, f"The last words occur {rounds} times in a row.")


def _loop(text: str) -> int:
    """How many times in a row the text's last words stand at its end; 0 if that is no loop of words."""
    text = text.rstrip()
    # The distance to the previous occurrence of the last characters is the length of one round.
    tail = text[-_TAIL:]
    # Of a loop, it lies in the last quarter: earlier, there would be fewer rounds.
    earliest = max(len(text) - len(text) // _ROUNDS - len(tail), 0)
    before = text.rfind(tail, earliest, -1) if len(text) >= _LEAST_LOOP else -1
    if before < 0:
        return 0
    unit = text[before + len(tail) :]
    rounds = 1
    while text.endswith(unit, 0, len(text) - rounds * len(unit)):
        rounds += 1
    looped = rounds >= _ROUNDS and rounds * len(unit) >= _LEAST_LOOP
    return rounds if looped and _LETTERS.search(unit * 2) else 0
