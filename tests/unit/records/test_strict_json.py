"""Strict JSON: whatever Python's reader would let through is a defect with its cause, and nothing ever raises."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.records import strict_json
from tunedrop.domain.records.defects import Defect

BAD = [
    (b'{"a": "caf\xe9"}', "invalid_utf8", ""),
    (b'{"a": "\xed\xa0\x80"}', "invalid_utf8", ""),
    (b'{"a": "\xc0\xaf"}', "invalid_utf8", ""),
    ('{"a": "“quoted"}'.encode("cp1252"), "invalid_utf8", ""),
    ('{"a": "日本"}'.encode("shift_jis"), "invalid_utf8", ""),
    (b'{"a": "\xe6\x97', "invalid_utf8", ""),
    (b'{"a": 1, "a": 2}', "duplicate_key", ""),
    (b'{"prompt": 1, "\\u0070rompt": 2}', "duplicate_key", ""),
    (b'{"a": {"b": 1, "b": 1}}', "duplicate_key", ""),
    (b'{"a": NaN}', "number_out_of_range", ""),
    (b'{"a": -Infinity}', "number_out_of_range", ""),
    (b'{"a": 1e999}', "number_out_of_range", ""),
    (b'{"a": ' + b"9" * 4301 + b"}", "number_out_of_range", ""),
    (b'{"a": ' * 900 + b"1" + b"}" * 900, "nested_too_deep", ""),
    (b"[" * 100_000, "nested_too_deep", ""),
    (b"[]" * 200_001, "nested_too_deep", ""),
    (b'{"a": "\\ud800"}', "lone_surrogate", ""),
    (b'{"a": "\\udc00\\ud800"}', "lone_surrogate", ""),
    (b'{"\\ud800": 1}', "lone_surrogate", ""),
    (b'"text"', "not_an_object", ""),
    (b"3", "not_an_object", ""),
    (b"null", "not_an_object", ""),
    (b"[1]", "not_an_object", ""),
    (b'{"a": 1,}', "invalid_json", "comma"),
    (b'{"a": [1,]}', "invalid_json", "comma"),
    (b'{"a": 1},', "invalid_json", "comma after the object"),
    (b'{"a": 1}{"a": 2}', "invalid_json", "a line of its own"),
    (b'{"a": 1}\r{"a": 2}', "invalid_json", "carriage returns"),
    (b"{'a': 1}", "invalid_json", "Python"),
    (b'{"a": None}', "invalid_json", "null"),
    (b'{"a": 1} // note', "invalid_json", "comments"),
    ('{"a": “b”}'.encode(), "invalid_json", "straight"),
    (b'{"a": "x\ty"}', "invalid_json", "escapes"),
    (b'{"a": "x', "invalid_json", "one line"),
    (b"{", "invalid_json", "one line"),
    (b"\xef\xbb\xbf{}", "invalid_json", "byte-order mark"),
    (b"\x1e{}", "invalid_json", "record separators"),
    (b"\xc2\xa0{}", "invalid_json", ""),
    (b"{a: 1}", "invalid_json", ""),
    (b'{"a": 01}', "invalid_json", ""),
    (b'{"a": +1}', "invalid_json", ""),
    (b'{"a": .5}', "invalid_json", ""),
    (b'{"a": "\\x41"}', "invalid_json", ""),
    (b'{"a": 1} x', "invalid_json", ""),
    (b'{"a": "\x00"}', "invalid_json", ""),
]


@pytest.mark.parametrize(
    ("raw", "code", "hint"), BAD, ids=[f"{code}-{number}" for number, (_, code, _) in enumerate(BAD)]
)
def test_what_json_does_not_allow_is_a_defect_with_its_likely_cause(raw, code, hint):
    found = strict_json.parse(raw)
    assert isinstance(found, Defect)
    assert found.code == code
    assert hint in found.hint


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b' {"a": 1} ',
        b'{"a": -0, "b": 1e308, "c": "\\/"}',
        b'{"a": "\\ud83d\\ude00"}',
        '{"a": "\u2028 \u2029 \u0085 \ufffe \ufeff 👩‍👩‍👧 e\u0301"}'.encode(),
        b'{"a": "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}',
        b'{"a": ' + b"[" * 63 + b"]" * 63 + b"}",
    ],
)
def test_what_json_allows_is_read_as_python_reads_it(raw):
    assert strict_json.parse(raw) == json.loads(raw)


def test_the_path_of_half_a_character_is_found():
    found = strict_json.parse(b'{"messages": [{"content": "ok"}, {"content": "cut \\ud83d"}]}')
    assert isinstance(found, Defect)
    assert found.path == "$.messages[1].content"


def test_no_message_quotes_content():
    for raw in (b'{"a": "secret text', b'{"secret": secret}', b'"secret"', b'{"a": secret'):
        found = strict_json.parse(raw)
        assert isinstance(found, Defect)
        assert "secret" not in found.message


def test_a_million_keys_and_a_very_long_key_are_read_in_bounded_time():
    many = b"{" + b",".join(b'"k%d":1' % number for number in range(100_000)) + b"}"
    assert len(strict_json.parse(many)) == 100_000
    assert next(iter(strict_json.parse(b'{"' + b"k" * 1_000_000 + b'": 1}'))).startswith("kkk")


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(raw):
    assert isinstance(strict_json.parse(raw), dict | Defect)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), _JSON, max_size=5))
def test_every_object_that_json_dumps_writes_is_read_back(value):
    assert strict_json.parse(json.dumps(value, ensure_ascii=False).encode("utf-8")) == value
    assert strict_json.parse(json.dumps(value).encode("ascii")) == value


@given(st.binary(max_size=60))
def test_whatever_is_accepted_python_accepts_too(noise):
    raw = b'{"a": ' + noise + b"}"
    found = strict_json.parse(raw)
    if isinstance(found, dict):
        assert json.loads(raw.decode("utf-8")) == found
