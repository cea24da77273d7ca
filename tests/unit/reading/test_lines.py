"""Lines out of chunks: the same however the bytes were cut, normalised and counted, never held when too long."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.reading import lines
from tunedrop.domain.records import elements
from tunedrop.domain.records.defects import Defect


def read(*chunks: bytes, longest: int = elements.MAX_BYTES) -> tuple[list[tuple[Any, Any]], Counter[str]]:
    normalised: Counter[str] = Counter()
    found = lines.read(chunks, normalised, longest)
    return [(line.line, None if isinstance(line.content, Defect) else line.content) for line in found], normalised


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"a", [b"a"]),
        (b"a\n", [b"a"]),
        (b"a\nb", [b"a", b"b"]),
        (b"a\r\nb\r\n", [b"a", b"b"]),
        (b"a\n\n\nb", [b"a", b"", b"", b"b"]),
        (b"a\rb\n", [b"a\rb"]),
        ("a\u2028b\u0085c\x0bd\n".encode(), ["a\u2028b\u0085c\x0bd".encode()]),
    ],
)
def test_only_line_feeds_end_lines(content, expected):
    found, _ = read(content)
    assert [raw for _, raw in found] == expected
    assert [number for number, _ in found] == list(range(1, len(expected) + 1))


def test_byte_order_mark_and_crlf_are_taken_off_and_counted():
    found, normalised = read(b"\xef\xbb\xbfa\r\nb\nc\r\n")
    assert [raw for _, raw in found] == [b"a", b"b", b"c"]
    assert normalised == {"byte_order_mark": 1, "crlf_line_end": 2}


def test_a_byte_order_mark_further_down_stays_for_the_parser_to_refuse():
    found, normalised = read(b"a\n\xef\xbb\xbfb\n")
    assert found[1] == (2, b"\xef\xbb\xbfb")
    assert not normalised


def test_a_line_over_the_cap_is_not_held_and_the_next_ones_are_read():
    found, _ = read(b"ok\n", b"x" * 8, b"x" * 8, b"x\nfine\n", b"y" * 11 + b"\nlast", longest=10)
    assert found == [(1, b"ok"), (2, None), (3, b"fine"), (4, None), (5, b"last")]


def test_a_line_of_exactly_the_cap_is_read():
    assert read(b"x" * 5, b"x" * 5 + b"\n", longest=10)[0] == [(1, b"x" * 10)]


@given(st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b"\r", b"\xc3", b"\xa9", b"bc"]), max_size=30), st.data())
def test_where_the_chunks_are_cut_never_matters(pieces, data):
    content = b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=8)))
    chunks = [content[start:end] for start, end in pairwise([0, *cuts, len(content)])]
    assert read(*chunks) == read(content)


@given(st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b"bcdef" * 10, b""]), max_size=30), st.integers(1, 7))
def test_blocks_are_whole_lines_and_nothing_is_lost(pieces, longest):
    content = b"".join(pieces)
    whole = list(lines.blocks([content[start : start + 3] for start in range(0, len(content), 3)]))
    assert b"".join(block or b"" for block in whole) == content
    assert all(block and block.endswith(b"\n") for block in whole[:-1])
    expected = [None if len(raw) > longest else raw for raw in content.removesuffix(b"\n").split(b"\n")]
    assert list(lines.pieces([content], longest)) == (expected if content else [])


def test_a_large_file_is_cut_into_blocks_of_bounded_size():
    content = b"x" * 99 + b"\n"
    sizes = [len(block or b"") for block in lines.blocks([content * 20_000])]
    assert sum(sizes) == len(content) * 20_000
    assert max(sizes) <= lines.BLOCK_BYTES + len(content)
