"""Reserved words and whitespace at the edges of texts."""

from __future__ import annotations

import json

import pytest
from tunedrop.domain.checks import examples
from tunedrop.domain.records.check_policy import Policy
from tunedrop.domain.records.record import Block, Record, Turn

from tests.unit.checks.records import codes, conversation, spots
from tests.unit.checks.splits import run


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Human: Why?", "reserved_word_at_start"),
        ("Assistant: Because.", "reserved_word_at_start"),
        ("Why?\nHuman: Why?", "reserved_word"),
        ("Human rights", None),
        ("The Human: a novel", None),
    ],
)
def test_claudes_reserved_words_are_errors_after_a_line_feed_and_warnings_at_the_start(text, code):
    assert codes(conversation(text, "Yes.")) == ({code} if code else set())


def test_novas_words_are_looked_for_in_reasoning_too_where_the_base_model_takes_it():
    thought = Block("$[1]", None, {"reasoningContent": {"reasoningText": {"text": "Thought: why?"}}})
    answer = Turn("$.messages[1]", "assistant", (thought, Block("$[2]", "Because.")))
    record = Record((), (Turn("$.messages[0]", "user", (Block("$[0]", "Why?"),)), answer))
    assert [spot.path for spot in spots("doubtful_word", record, "nova-2-lite")] == ["$[1]"]
    assert spots("doubtful_word", record, "claude-3-haiku") == []


def test_what_only_awss_checker_refuses_can_be_allowed():
    line = json.dumps({"prompt": "Why?", "completion": "USER: typed it"}).encode() + b"\n"
    refused, _ = run(examples.good(100)() + line, "nova-lite")
    taken, _ = run(examples.good(100)() + line, "nova-lite", policy=Policy(frozenset({"doubtful_word"}), frozenset()))
    assert (refused.accepted, taken.accepted) == (False, True)


def test_other_base_models_have_no_words_that_need_a_line_feed():
    assert codes(conversation("Human: Why?", "Yes."), "nova-lite") == set()
    assert codes(conversation("Human: Why?", "Yes."), "llama-3-1-8b") == set()


@pytest.mark.parametrize(("base_model", "code"), [("claude-3-haiku", {"reserved_word"}), ("nova-lite", set())])
def test_a_reserved_word_that_arises_where_blocks_are_joined_is_found(base_model, code):
    blocks = (Block("$.messages[0].content[0]", "Why?\nHum"), Block("$.messages[0].content[1]", "an: because"))
    record = Record((), (Turn("$.messages[0]", "user", blocks), *conversation("", "Yes.").turns[1:]))
    assert codes(record, base_model) == code


def test_whitespace_around_a_text_is_counted_and_only_told():
    (spot,) = spots("surrounding_whitespace", conversation("Why?", "  Because.\n"))
    assert spot.message == "Whitespace characters: 2 before the text, 1 after it."
    assert codes(conversation("Why?", "Because. Of that.")) == set()


REASONING = {"reasoningContent": {"reasoningText": {"text": "They ask why."}}}


@pytest.mark.parametrize(
    ("name", "role", "block", "refused"),
    [
        ("nova-2-lite", "assistant", REASONING, False),
        ("nova-2-lite", "user", REASONING, True),
        ("nova-lite", "assistant", REASONING, True),
        ("nova-2-lite", "assistant", {"reasoningContent": {"reasoningText": {"text": " "}}}, True),
        ("nova-2-lite", "assistant", {"reasoningContent": {"reasoningText": {"text": "a", "signature": "b"}}}, True),
        ("nova-2-lite", "assistant", {"audio": {"format": "mp3"}}, True),
    ],
)
def test_reasoning_is_for_the_assistant_of_nova_2_alone(name, role, block, refused):
    turns = {"user": [{"text": "Why?"}], "assistant": [{"text": "Because."}]}
    turns[role] = [block, *turns[role]]
    messages = [{"role": each, "content": content} for each, content in turns.items()]
    good = [{"role": "user", "content": [{"text": "Q"}]}, {"role": "assistant", "content": [{"text": "A"}]}]
    lines = [json.dumps({"messages": [*good, *messages]})]
    lines += [json.dumps({"messages": [{**good[0], "content": [{"text": f"Q {n}"}]}, good[1]]}) for n in range(220)]
    result, written = run("\n".join(lines).encode(), name)
    assert (set(result.counts) & {"not_expressible"} == {"not_expressible"}) == refused
    if not refused:
        assert json.loads(written.splitlines()[0])["messages"][3]["content"][0] == REASONING
