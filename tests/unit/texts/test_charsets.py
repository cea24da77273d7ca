"""Text that is not UTF-8: a likely encoding for the hint, and nothing where it would be a guess."""

from __future__ import annotations

import re

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


LETTERS = {
    "gb18030": ("GBK", "请问恒温器没有反应，应该怎么重新设置？"),
    "big5": ("Big5", "請問恆溫器沒有反應，應該怎麼重新設定？"),
    "shift_jis": ("Shift-JIS", "サーモスタットが反応しません。どうすればよいですか。"),
    "euc_jp": ("EUC-JP", "サーモスタットが反応しません。どうすればよいですか。"),
    "euc_kr": ("EUC-KR", "온도 조절기가 반응하지 않습니다. 어떻게 다시 설정할 수 있습니까?"),
    "cp1251": ("Windows-1251", "Почему термостат не отвечает? Откройте раздел настроек."),
    "koi8_r": ("KOI8-R", "Почему термостат не отвечает? Откройте раздел настроек."),
    "cp866": ("866", "Почему термостат не отвечает? Откройте раздел настроек."),
    "cp1253": ("Windows-1253", "Γιατί ο θερμοστάτης δεν ανταποκρίνεται; Πού είναι το δέμα μου;"),
    "cp1255": ("Windows-1255", "למה התרמוסטט לא מגיב? איפה החבילה שלי, ומתי היא תגיע?"),
    "cp1256": ("Windows-1256", "لماذا لا يستجيب منظم الحرارة؟ أين طردي ومتى يصل إلى المنزل"),
    "tis_620": ("TIS-620", "ทำไมเครื่องควบคุมอุณหภูมิไม่ตอบสนอง"),
    "cp1250": ("Windows-1250", "Gdzie jest moja paczka? Proszę, dziękuję, żółty, ślad, więcej źródeł"),
    "cp1254": ("Windows-1254", "Termostat neden çalışmıyor? Şifremi değiştirmek istiyorum, ığdır"),
}


@pytest.mark.parametrize("encoding", LETTERS)
def test_an_encoding_is_named_and_read_as_that_the_text_is_what_it_was(encoding):
    name, text = LETTERS[encoding]
    raw = f'{{"prompt": "{text}", "completion": "{text}"}}'.encode(encoding)
    hint = charsets.hint(raw)
    assert name in hint
    codec = re.search(r"iconv -f ([\w-]+) -t UTF-8", hint)
    assert codec
    assert text in raw.decode(codec[1])


@pytest.mark.parametrize("encoding", LETTERS)
def test_of_a_few_letters_no_other_encoding_is_named(encoding):
    name, text = LETTERS[encoding]
    for length in range(1, len(text)):
        hint = charsets.hint(text[:length].encode(encoding))
        assert not hint or name in hint or "1252" in hint, text[:length]


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
