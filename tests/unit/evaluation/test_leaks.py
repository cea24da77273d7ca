"""A question is found again in what trains, in whatever form train has it, and what is another question is not."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from tunedrop.domain.evaluation import leaks, questions
from tunedrop.domain.evaluation.leaks import QuestionIndex

ASKED = "Ticket 1: my parcel came late, what shall I do?"
SYSTEM = "Answer with the label alone."
Turns = Sequence[tuple[str, str]]


def record(turns: Turns, system: str = "") -> bytes:
    messages = [{"role": role, "content": text} for role, text in turns]
    return json.dumps({"messages": messages} | ({"system": system} if system else {})).encode()


def found(tested: bytes, *trained: bytes) -> bool:
    read = [each for each in questions.read([tested], "messages") if each]
    return QuestionIndex(read).leaked(trained) == {1}


def one(text: str, answer: str = "delivery", system: str = SYSTEM) -> bytes:
    return record((("user", text), ("assistant", answer)), system)


@pytest.mark.parametrize(
    "trained",
    [
        one(ASKED),
        one(ASKED, "another answer"),
        one(ASKED.upper()),
        one(f"  {ASKED}  !"),
        one(ASKED.rstrip("?") + "..."),
        one(ASKED.replace("1", "\uff11")),
        one(ASKED.replace("?", "\uff1f")),
        one(ASKED.replace("parcel", "par\u00adcel").replace("late", "la\u200d\u2060te")),
        one(ASKED, system=""),
        one(ASKED, system="Which label?"),
        record([("user", ASKED), ("assistant", "no idea"), ("user", "Thanks"), ("assistant", "Welcome")], SYSTEM),
        record([("user", "Hello"), ("assistant", "Hi"), ("user", ASKED), ("assistant", "Delivery.")]),
        json.dumps({"prompt": ASKED, "completion": "delivery"}).encode(),
        json.dumps(
            {
                "schemaVersion": "bedrock-conversation-2024",
                "system": [{"text": SYSTEM}],
                "messages": [
                    {"role": "user", "content": [{"text": ASKED[:9]}, {"text": ASKED[9:]}]},
                    {"role": "assistant", "content": [{"text": "delivery"}]},
                ],
            }
        ).encode(),
    ],
)
def test_the_same_question_is_found_in_any_form_of_it(trained):
    assert found(one(ASKED), trained)


@pytest.mark.parametrize(
    ("tested", "trained"),
    [
        ("What is C#?", "What is C?"),
        ("What is 2 + 3?", "What is 2 - 3?"),
        ("What is 1.5 times 2?", "What is 15 times 2?"),
        ("How much is 20%?", "How much is 20?"),
        (ASKED, ASKED.replace("1", "2")),
        ("我的包裹在哪里？", "我的订单在哪里？"),
    ],
)
def test_a_sign_that_makes_another_question_is_kept(tested, trained):
    assert not found(one(tested), one(trained))


def test_the_same_text_under_another_system_text_with_another_answer_is_another_question():
    assert not found(one(ASKED), one(ASKED, "urgent", "How urgent is it?"))


def before(turn: str, question: str, answer: str) -> bytes:
    return record([("user", turn), ("assistant", "I see"), ("user", question), ("assistant", answer)])


@pytest.mark.parametrize(
    ("question", "leaks_"),
    [
        ("And in the afternoon?", False),
        ("Which of our four teams has to look after this parcel?", True),
        ("我的包裹昨天没有送到，请问应该联系哪个部门处理？", True),
        ("我的包裹在哪里？", False),
    ],
)
def test_after_other_turns_a_question_is_the_same_only_if_it_is_too_long_for_chance(question, leaks_):
    tested = before("The parcel is late", question, "delivery")
    assert found(tested, before("The van came at noon", question, "Delivery")) is leaks_
    assert not found(tested, before("The van came at noon", question, "returns"))


def test_a_phrase_that_is_answered_in_several_ways_hangs_on_the_turns_before_it():
    phrase = "Please say in one word which team looks after what I told you."
    trained = [before(f"Story {number}", phrase, answer) for number, answer in enumerate(("delivery", "returns"))]
    assert not found(before("Another story", phrase, "delivery"), *trained)


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"null", b'{"messages": [{"role": 7}]}', b"\xff", b"{}"])
def test_a_line_that_teaches_nothing_in_text_is_passed_over(line):
    picture = {"role": "user", "content": [{"image": {"format": "png"}}]}
    shown = json.dumps({"messages": [picture, {"role": "assistant", "content": "delivery"}]}).encode()
    assert not found(one(ASKED), line, shown)
    assert found(one(ASKED), line, shown, one(ASKED))


PICTURE = {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/parcel.png"}}}}
CACHE = {"cachePoint": {"type": "default"}}
CALL = {"toolUse": {"toolUseId": "1", "name": "find", "input": {"parcel": 1}}}
RESULT = {"toolResult": {"toolUseId": "1", "content": [{"text": "It is late."}]}}
REASONING = {"reasoningContent": {"reasoningText": {"text": "A parcel is delivered."}}}


@pytest.mark.parametrize(
    ("system", "asked", "answer"),
    [
        ([{"text": SYSTEM}, CACHE], [{"text": ASKED}], [{"text": "delivery"}]),
        ([{"text": SYSTEM}], [{"text": ASKED}, CACHE], [{"text": "delivery"}]),
        ([{"text": SYSTEM}], [PICTURE, {"text": ASKED}], [{"text": "delivery"}]),
        ([{"text": SYSTEM}], [{"guardContent": {"text": {"text": ASKED, "qualifiers": ["query"]}}}], [{"text": "x"}]),
        ([{"text": SYSTEM}], [{"text": ASKED}], [REASONING, {"text": "x"}]),
        ([{"text": SYSTEM}], [{"text": ASKED}], [{"text": "Let me look."}, CALL]),
        ([], [{"text": ASKED}], [REASONING, {"text": "delivery"}]),
        (
            "",
            [{"type": "document", "source": {}}, {"type": "text", "text": ASKED}],
            [{"type": "text", "text": "delivery"}],
        ),
    ],
)
def test_what_stands_between_texts_hides_no_question(system, asked, answer):
    turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]
    assert found(one(ASKED), json.dumps({"system": system, "messages": turns}).encode())


def test_turns_of_tools_alone_hide_no_answer():
    turns = [
        ("user", [{"text": ASKED}]),
        ("assistant", [CALL]),
        ("user", [RESULT]),
        ("assistant", [{"text": "delivery"}]),
    ]
    messages = [{"role": role, "content": content} for role, content in turns]
    assert found(one(ASKED), json.dumps({"messages": messages}).encode())


@pytest.mark.parametrize(
    "text", ["Where IS it?", " Wo 'ist' es!! ", "在哪里 。", "\uff37\uff48\uff45\uff52\uff45\uff1f", "ß?", "\ud83d"]
)
def test_a_text_that_was_compared_stays_what_it_is(text):
    assert leaks.plain(leaks.plain(text)) == leaks.plain(text)
