"""Findings of `record_duplicates`: records that repeat others of their split or of an earlier one."""

from __future__ import annotations

from tunedrop.domain.checks import examples
from tunedrop.domain.checks.registry import Example, declare

_STORY = (
    "A customer writes that the thermostat in the hall went blank after the storm on Sunday, that every quarter of an "
    "hour its fan makes a quiet knocking noise, and that the previous owner of the house had fixed extra wires to the "
    "junction box behind it. They have looked at the fuses, exchanged both batteries, and waited over night with the "
    "cover taken off, just as the quick guide advises, before they asked us what to look at next and whether a visit "
    "by an engineer would be covered by the guarantee that they bought with it."
)
"""Long enough to stay a near duplicate with one word changed."""


def _told_twice() -> bytes:
    stories = _STORY, _STORY.replace("Sunday", "Monday")
    return "\n".join(examples.line(story, "Please send an engineer.") for story in stories).encode()


declare(
    code="exact_duplicate",
    severity="warning",
    stage="split",
    words="This split already has the same record.",
    hint="Repeated records count double; keep one unless that is intended.",
    example=Example(examples.line("What is 0 + 1?", "It is 1.")),
)
declare(
    code="normalised_duplicate",
    severity="warning",
    stage="split",
    words="This split already has a record that is the same but for case, spaces or punctuation.",
    hint="Repeated records count double; keep the one that is written as the model should write.",
    example=Example(examples.line("what is 0 + 1", "It is 1.")),
)
declare(
    code="near_duplicate",
    severity="warning",
    stage="split",
    words="This split already has a long record that is nearly the same, question and answer.",
    hint="Keep the better one, unless the small difference is what should be learned.",
    example=Example("(two stories of 90 words that differ in one of them, with the same answer)", build=_told_twice),
)
declare(
    code="conflicting_answers",
    severity="warning",
    stage="split",
    words="The same question was answered differently before.",
    hint="Keep the better answer, or make the questions differ.",
    example=Example(examples.line("What is 0 + 1?", "It is 11.")),
)
declare(
    code="one_answer",
    severity="warning",
    stage="split",
    words="All records have the same answer, or all but one in fifty: the model would learn to give it to anything.",
    hint="Add records with other answers.",
    example=Example(
        "(100 questions, one answer)",
        build=lambda: "".join(f"{examples.line(f'Is {number} odd?', 'Perhaps.')}\n" for number in range(100)).encode(),
        alone=True,
    ),
)
declare(
    code="split_overlap",
    severity="warning",
    stage="split",
    words="The record is in an earlier split too, so metrics on this split flatter the model.",
    hint="Keep it in one split.",
    example=Example(
        "(a record of train)",
        build=lambda: examples.good(32)() + examples.good(1, 5_000)(),
        train=examples.good(40, 5_000),
    ),
)
declare(
    code="split_near_duplicate",
    severity="warning",
    stage="split",
    words="An earlier split has a record that is nearly the same, so metrics on this split flatter the model.",
    hint="Keep one of them.",
    example=Example(
        "(a record of train in other case)",
        build=lambda: examples.good(32)() + examples.line("what is 5000 + 1", "It is 5001.").encode(),
        train=examples.good(40, 5_000),
    ),
)
declare(
    code="split_same_question",
    severity="warning",
    stage="split",
    words="The question is in an earlier split too, with another answer: the model will be marked down for it.",
    hint="Keep the better answer, in one split.",
    example=Example(
        "(a question of train, answered differently)",
        build=lambda: examples.good(32)() + examples.line("What is 5000 + 1?", "It is 50001.").encode(),
        train=examples.good(40, 5_000),
    ),
)
