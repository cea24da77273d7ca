"""Text that is not UTF-8: a likely encoding for the hint, and nothing where it would be a guess."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.records import strict_json
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.texts import charsets


@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        ("Das Café ist für “alle” geöffnet.", "cp1252", "Windows-1252"),
        ("L'été dernier, à Nîmes.", "latin-1", "Windows-1252"),
        ("日本語のテキストです。", "shift_jis", "Shift-JIS"),
        ("这是一个中文的文件", "gb18030", "GB18030"),
        ("한국어 텍스트입니다", "euc_kr", "EUC-KR"),
    ],
)
def test_common_encodings_are_named(text, encoding, name):
    assert name in charsets.hint(text.encode(encoding))


@pytest.mark.parametrize("raw", [b"a\xed\xa0\xbd\xed\xb8\x80", b"a\xc0\xaf"])
def test_what_is_nearly_utf8_is_told_so(raw):
    assert "CESU-8" in charsets.hint(raw)


def test_the_defect_of_a_record_carries_the_hint_and_no_content():
    found = strict_json.parse(b'{"prompt": "caf\xe9 secret"}')
    assert isinstance(found, Defect)
    assert "Windows-1252" in found.hint
    assert "secret" not in found.message + found.hint


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(raw):
    assert isinstance(charsets.hint(raw), str)
