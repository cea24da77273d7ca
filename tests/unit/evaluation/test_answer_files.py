"""Files of answers made elsewhere: which question a line answers, what does not count, and what is no answer."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.evaluation import answer_files
from tunedrop.domain.evaluation.answer_files import FileCounts, MatchedAnswers
from tunedrop.domain.evaluation.questions import Question
from tunedrop.errors import InvalidInput

from tests.unit.evaluation.asked import question

ASKED = [question(number) for number in (3, 5, 8)]
TALK = Question(9, "Be brief.", (("user", "Hi"), ("assistant", "Hello"), ("user", "Where is it?")), ("here",), 9)


def match(*lines: Any, questions: list[Question] = ASKED) -> MatchedAnswers:
    return answer_files.match(
        "answers/old.jsonl", b"".join(json.dumps(each).encode() + b"\n" for each in lines), questions
    )


@pytest.mark.parametrize(
    "named",
    [
        {"record": 9},
        {"prompt": " where  IS it?"},
        {"messages": [*({"role": role, "content": text} for role, text in TALK.turns)]},
        {
            "messages": [
                {"role": "system", "content": "Another text."},
                {"role": "user", "content": [{"type": "text", "text": "H"}, {"type": "text", "text": "i"}]},
                {"role": "assistant", "content": "Hello"},
                {"role": "user", "content": "Where is it?"},
                {"role": "assistant", "content": "the reference, as in the file that was uploaded for tuning"},
            ]
        },
    ],
)
def test_a_line_names_its_question_by_number_by_text_or_by_the_conversation(named):
    found = match({**named, "answer": "there", "id": "ignored"}, questions=[*ASKED, TALK])
    assert found.answers == {3: "there"}


def test_what_does_not_count_is_counted():
    twin = Question(10, "Another system text.", ASKED[0].turns, ("billing",), 10)
    found = match(
        {"prompt": "Ticket 3", "answer": "which of the two?"},
        {"record": 5, "answer": "first"},
        {"prompt": "ticket 5", "answer": "again"},
        {"record": 8, "answer": None},
        {"record": 4, "answer": "is not asked"},
        {"prompt": "Nobody asked this", "answer": "billing"},
        questions=[*ASKED, twin],
    )
    assert found.answers == {1: "first"}
    assert found.counts == FileCounts("answers/old.jsonl", 6, 1, missing=3, unmatched=2, ambiguous=1, duplicates=1)


@pytest.mark.parametrize(
    "line",
    [
        b"[]",
        b"{",
        b"\xff",
        b'{"record": 3}',
        b'{"answer": "billing"}',
        b'{"record": 3, "prompt": "Ticket 3", "answer": "billing"}',
        b'{"record": true, "answer": "billing"}',
        b'{"record": 3, "answer": {"label": "billing"}}',
        b'{"messages": [], "answer": "billing"}',
        b'{"messages": ["Ticket 3"], "answer": "billing"}',
        b'{"messages": [{"role": "assistant", "content": "Hello"}], "answer": "billing"}',
    ],
)
def test_a_line_that_is_no_answer_is_refused_with_its_number(line):
    with pytest.raises(InvalidInput, match="Line 3: ") as refused:
        answer_files.match("answers/old.jsonl", b'{"record": 3, "answer": "billing"}\n\n' + line, ASKED)
    assert (refused.value.code, refused.value.details["lines"]) == ("invalid_answers", [3])


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail_otherwise(raw):
    with suppress(InvalidInput):
        counts = answer_files.match("answers/old.jsonl", raw, ASKED).counts
        assert counts.matched + counts.missing == len(ASKED)


@given(st.lists(st.tuples(st.integers(1, 12), st.one_of(st.none(), st.text(max_size=5))), max_size=30))
def test_every_line_and_every_question_is_counted_once(lines):
    found = match(*({"record": number, "answer": answer} for number, answer in lines))
    counts = found.counts
    assert counts.matched + counts.missing == len(ASKED)
    empty = counts.lines - counts.matched - counts.unmatched - counts.duplicates - counts.ambiguous
    assert 0 <= empty <= sum(answer is None for _, answer in lines)
    assert len(found.answers) == counts.matched
