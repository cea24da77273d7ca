"""Escapes as their author wrote them: kept where the line's shape leaves no doubt, and never another text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.formats import all_formats, prompt_completion
from tunedrop.domain.records import bulk, raw_texts, strict_json
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Record


def read(line: bytes) -> Record:
    document = strict_json.parse(line)
    assert not isinstance(document, Defect)
    found = all_formats.detect(document)
    assert not isinstance(found, Defect)
    record = found.read(document).record
    assert record is not None
    return raw_texts.attach(record, line)


@pytest.mark.parametrize(
    "line",
    [
        rb'{"prompt":"\u4f60","completion":"a\/b"}',
        rb'{"system":"\u597d","messages":[{"role":"user","content":"\u4f60"},{"role":"assistant","content":"\/"}]}',
        (
            rb'{"messages":[{"role":"user","content":[{"text":"\u4f60"}]},{"role":"assistant","content":[{"text":"b"}]}],'
            rb'"system":[{"text":"\ud83d\ude00"}]}'
        ),
    ],
)
def test_a_line_is_written_with_its_own_escapes(line):
    record = read(line)
    raws = [block.raw for _, block in record.blocks()]
    assert all(raw is not None and raw in line for raw in raws)
    assert [json.loads(raw or b"null") for raw in raws] == [text for _, _, text in record.texts]


def test_without_such_escapes_nothing_has_to_be_kept():
    assert [block.raw for _, block in read(b'{"prompt":"a\\n","completion":"b"}').blocks()] == [None, None]


def test_a_key_that_is_written_twice_keeps_nothing():
    record = Record((), read(b'{"prompt":"a","completion":"b"}').turns)
    assert raw_texts.attach(record, rb'{"prompt":"\u0061","prompt":"\u0062","completion":"b"}') is record


_TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
_PAIR = st.fixed_dictionaries({"prompt": _TEXT, "completion": _TEXT})


@given(_PAIR, st.booleans())
def test_both_paths_write_the_same_bytes(pair, ascii_only):
    line = json.dumps(pair, ensure_ascii=ascii_only).replace("/", "\\/").encode()
    cells, document = bulk.cells(line + b"\n"), strict_json.parse(line)
    assert cells is not None
    assert not isinstance(document, Defect)
    record = prompt_completion.read(document).record
    assert record is not None
    for name, format_ in all_formats.FORMATS.items():
        if name in {"messages", "converse", "prompt_completion"}:
            assert bulk.splice(cells, name) == format_.write(raw_texts.attach(record, line)).line


@given(_PAIR, st.booleans())
def test_converting_twice_changes_nothing(pair, ascii_only):
    line = json.dumps(pair, ensure_ascii=ascii_only).encode()
    for name in ("messages", "converse", "prompt_completion"):
        once = all_formats.FORMATS[name].write(read(line)).line
        assert all_formats.FORMATS[name].write(read(once.rstrip(b"\n"))).line == once
