"""An array's elements out of a stream: each with its own bytes and line, wherever the chunks were cut."""

from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.reading import arrays
from tunedrop.domain.records import strict_json
from tunedrop.domain.records.defects import Defect, UnreadableContent


def read(content: bytes, step: int = 2**20, longest: int = 2**24) -> list[tuple[int | None, bytes | str]]:
    """Lines with bytes or codes; what ended the reading stands last."""
    found: list[tuple[int | None, bytes | str]] = []
    chunks = (content[n : n + step] for n in range(0, len(content), step))
    try:
        for element in arrays.read(chunks, longest):
            assert isinstance(element.content, bytes | Defect)
            said = element.content if isinstance(element.content, bytes) else element.content.code
            found.append((element.line, said))
    except UnreadableContent as unreadable:
        found.append((unreadable.defect.line, unreadable.defect.code))
    return found


CASES = [
    (b"[]", []),
    (b" [ \n ]\n", []),
    (b'[{"a": 1}]', [(1, b'{"a": 1}')]),
    (b'[{"a": "x,]\\"}"},\n {"b": [1, {"c": 2}]}\n]\n', [(1, b'{"a": "x,]\\"}"}'), (2, b'{"b": [1, {"c": 2}]}')]),
    (b'[\n  {\n    "a": 1\n  },\n\n  {\n    "a": 2\n  }\n]', [(2, b'{\n    "a": 1\n  }'), (6, b'{\n    "a": 2\n  }')]),
    (b'["\\\\", "\\"", "]"]', [(1, b'"\\\\"'), (1, b'"\\""'), (1, b'"]"')]),
    (b"[1,,2]", [(1, b"1"), (1, "invalid_json")]),
    (b"[1,\n]", [(1, b"1"), (2, "invalid_json")]),
    (b"[,1]", [(1, "invalid_json")]),
    (b'[{"a": 1}\n{"a": 2}]', [(1, b'{"a": 1}\n{"a": 2}')]),
    (b'[{"a": 1},\n{"a', [(1, b'{"a": 1}'), (2, "invalid_json")]),
    (b'[{"a": 1},\n', [(1, b'{"a": 1}'), (2, "invalid_json")]),
    (b'[{"a": "x}]', [(1, "invalid_json")]),
    (b"[", [(1, "invalid_json")]),
    (b"[1]\n\n[2]\n", [(1, b"1"), (3, "invalid_json")]),
    (b"[1]]", [(1, b"1"), (1, "invalid_json")]),
    (b"[}, 1]", [(1, b"}"), (1, b"1")]),
    (b'[{"a": 1]}, 2]', [(1, b'{"a": 1]}'), (1, b"2")]),
]


@pytest.mark.parametrize(("content", "expected"), CASES, ids=[str(content) for content, _ in CASES])
@pytest.mark.parametrize("step", [1, 2, 3, 2**20])
def test_elements_come_with_the_line_where_they_begin(content, expected, step):
    assert read(content, step) == expected


def test_an_element_over_the_cap_is_not_held_and_the_next_ones_are_read():
    content = b'[{"a": "' + b"x" * 100 + b'"},\n 1]'
    assert read(content, 7, longest=20) == [(1, "record_too_long"), (2, b"1")]


def test_a_very_long_element_is_passed_over_in_flat_memory():
    tracemalloc.start()
    chunks = iter([b'["', *[b"x" * 2**20] * 100, b'", 1]'])
    found = [element.content for element in arrays.read(chunks)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [getattr(content, "code", content) for content in found] == ["record_too_long", b"1"]
    assert peak < 40 * 2**20


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(['"', "\\", "[", "],", "\n", '\\"']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(_VALUES, max_size=6), st.integers(1, 9), st.sampled_from([None, 0, 2]), st.booleans())
def test_every_array_that_json_writes_comes_back_element_by_element(values, step, indent, ascii_only):
    content = json.dumps(values, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    found = read(content, step)
    assert [json.loads(raw) for _, raw in found] == values
    lines = content.split(b"\n")
    for line, raw in found:
        assert isinstance(raw, bytes)
        assert raw.split(b"\n")[0] in lines[(line or 0) - 1]


@given(st.binary(max_size=80) | st.text(alphabet='[]{},:"\\a \n', max_size=60).map(str.encode), st.integers(1, 9))
def test_no_bytes_make_it_raise_and_chunks_never_matter(noise, step):
    assert read(b"[" + noise, step) == read(b"[" + noise)


def test_a_defect_inside_of_an_element_says_its_line_counted_from_the_elements_first():
    found = strict_json.parse(b'{\n  "a": 1,\n  "b": oops\n}', "element")
    assert isinstance(found, Defect)
    assert (found.code, found.line) == ("invalid_json", 3)
