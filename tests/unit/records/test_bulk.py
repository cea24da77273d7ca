"""The bulk path: what it takes is exactly what the slow path takes without a word, and it writes the same."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tunedrop.domain.formats import prompt_completion
from tunedrop.domain.records import bulk, strict_json
from tunedrop.domain.records.defects import Defect

GOOD = b'{"prompt": "Why?", "completion": "Because."}\n'


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(GOOD + b"\n" + GOOD, id="a blank line"),
        pytest.param(GOOD.replace(b"\n", b"\r\n"), id="CR LF"),
        pytest.param(b"\xef\xbb\xbf" + GOOD, id="a byte-order mark"),
        pytest.param(GOOD.strip() * 2 + b"\n", id="two objects on a line"),
        pytest.param(GOOD.strip() + b" " + GOOD.strip() + b"\n", id="two objects on a line, with a blank"),
        pytest.param(b'{"prompt": "Why?",\n"completion": "Because."}\n', id="an object over two lines"),
        pytest.param(
            GOOD.strip() + b'{"prompt":\n"Why?", "completion": "Because."}\n',
            id="as many objects as lines, split elsewhere",
        ),
        pytest.param(
            GOOD.strip() + b'{\n"prompt": "Why?", "completion": "Because."}\n', id="split after the opening bracket"
        ),
        pytest.param(b'{"prompt": "a", "prompt": "b", "completion": "c"}\n', id="a field twice"),
        pytest.param(b'{"prompt":1,"prompt":"b","completion":"c"}\n', id="a field twice, as short as can be"),
        pytest.param(b'{"completion":"a","completion":"","prompt":"c"}\n', id="the other field twice"),
        pytest.param(b'{"prompt": "a", "completion": "b", "id": 1}\n', id="an unknown field"),
        pytest.param(b'{"prompt": "a"}\n', id="a missing field"),
        pytest.param(b'{"prompt": 1, "completion": "b"}\n', id="a number"),
        pytest.param(b'{"prompt": null, "completion": "b"}\n', id="null"),
        pytest.param(b'{"prompt": ["a"], "completion": "b"}\n', id="a list"),
        pytest.param(b'{"prompt": "caf\xe9", "completion": "b"}\n', id="Latin-1"),
        pytest.param(b'{"prompt": "\xed\xa0\x80", "completion": "b"}\n', id="a surrogate in UTF-8"),
        pytest.param(b'{"prompt": "\xc0\xaf", "completion": "b"}\n', id="overlong UTF-8"),
        pytest.param(b'{"prompt": "\\ud83d", "completion": "b"}\n', id="half a surrogate pair"),
        pytest.param(b'{"prompt": "a\tb", "completion": "b"}\n', id="a raw tab"),
        pytest.param(b'{"prompt": "\\x41", "completion": "b"}\n', id="an escape that JSON has not"),
        pytest.param(GOOD.strip() + b",\n", id="a comma after the object"),
        pytest.param(b"\xc2\xa0" + GOOD, id="a no-break space before the object"),
        pytest.param(b"[" + GOOD.strip() + b"]\n", id="an array"),
        pytest.param(b'{"prompt": "' + b"," * 200_001 + b'", "completion": "b"}\n', id="too many commas"),
        pytest.param(b'{"prompt": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", id="too many levels"),
    ],
)
def test_a_block_with_such_a_line_is_left_to_the_slow_path(block):
    assert bulk.cells(GOOD + block + GOOD) is None


def test_escapes_stay_as_they_were_written():
    line = b'{"completion":"\\u4f60\\/\\n","prompt" : "\\ud83d\\ude00"}\n'
    found = bulk.cells(line)
    assert found is not None
    assert (found.prompts, found.completions) == ([b'"\\ud83d\\ude00"'], [b'"\\u4f60\\/\\n"'])


@pytest.mark.parametrize("record_format", ["messages", "converse", "prompt_completion"])
def test_no_lines_make_no_lines(record_format):
    found = bulk.cells(b"")
    assert found is not None
    assert bulk.splice(found, record_format) == b""


_TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
_PAIRS = st.fixed_dictionaries({"prompt": _TEXT, "completion": _TEXT})
_WAYS = [{}, {"ensure_ascii": False}, {"separators": (",", ":")}, {"sort_keys": True}, {"separators": (" , ", " : ")}]
_LINES = st.builds(lambda pair, way: json.dumps(pair, **way).encode(), _PAIRS, st.sampled_from(_WAYS))
_PIECES = st.sampled_from(
    [b'{"', b"{", b"}", b'"', b",", b":", b"prompt", b"completion", b" ", b"\n", b"1", b"\\u00e9"]
)
_ODD = st.lists(_PIECES, max_size=14).map(b"".join) | st.binary(max_size=8)


@settings(max_examples=300)
@given(st.lists(_LINES | _ODD, max_size=6))
def test_what_it_takes_the_slow_path_takes_without_a_defect(parts):
    block = b"".join(part + b"\n" for part in parts)
    found = bulk.cells(block)
    if found is None:
        return
    lines = block.split(b"\n")[:-1]
    assert len(found) == len(lines)
    records = bulk.records(found)
    for line, prompt, completion in zip(lines, found.prompts, found.completions, strict=True):
        document = strict_json.parse(line)
        assert not isinstance(document, Defect)
        reading = prompt_completion.read(document)
        assert reading.defects == ()
        assert reading.record is not None
        assert [text for _, _, text in reading.record.texts] == [json.loads(prompt), json.loads(completion)]
        assert next(records) == reading.record


@given(st.lists(_LINES, max_size=6))
def test_it_takes_all_good_lines_however_they_are_spaced(parts):
    found = bulk.cells(b"".join(part + b"\n" for part in parts))
    assert found is not None
    assert len(found) == len(parts)
