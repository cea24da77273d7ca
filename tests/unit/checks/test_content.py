"""Reserved words and whitespace at the edges of texts."""

from __future__ import annotations

import pytest
from tunedrop.data.records import Block, Record, Turn

from tests.unit.checks.records import codes, conversation, spots


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
