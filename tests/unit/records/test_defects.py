"""What messages may quote: names, and never content that stands where a name should."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tunedrop.domain.records.defects import shown


@pytest.mark.parametrize(
    "name", ["prompt", "Customer Question", "agent.reply", "order_no", "What?", "@type", "f\u00fcr"]
)
def test_a_name_is_quoted(name):
    assert shown(name) == repr(name)


@pytest.mark.parametrize(
    "text",
    [
        "My password is hunter2.",
        "Where is my parcel?",
        "call me on the number that I gave",
        "jane.fox@larkspur-home.com",
    ],
)
def test_content_where_a_name_should_be_is_not_quoted(text):
    assert shown(text) == f"(a text of {len(text)} characters)"


@given(some.text())
def test_whatever_it_is_it_is_short_and_all_of_it_is_seen(text):
    assert len(shown(text)) <= 40
    assert shown(text).isprintable()
    assert shown(text).isprintable()
