"""Name the encoding of text that is not UTF-8, for a hint, where its letters leave little doubt.

Each encoding is tried; it is named if enough of what it makes of the bytes are letters that its languages use most,
and of what others make of them fewer are. docs/decisions.md says why no library does it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Literal

_HIGH = re.compile(rb"[\x80-\xff]")
_RUNS = re.compile(rb"[\x80-\xff]+")
_LOOKED_AT = 512
_CUT_OFF = 4
"""Bytes at the end of a sample that may be part of a character."""
_OVERLONG = re.compile(rb"[\xc0\xc1][\x80-\xbf]|\xed[\xa0-\xbf][\x80-\xbf]")

_CHINESE = "，。？！、：；“”（）《》"
_SIMPLIFIED = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家"
    "种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因只从想实日者意无与长把机第公此已"
    "使明知全关点正外将高间由问很最重新请怎吗吧呢先再置号码"
)
_TRADITIONAL = (
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家"
    "種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心本前開但因只從想實日者意無與長把機第公此已"
    "使明知全關點正外將高間由問很最重新請怎嗎吧呢先再置號碼"
)
_KANA = (
    "あいうえおかがきくけこさしすせそただちっつてでとどなにのはばまみめもやゆよらりるれろわをん"
    "アイウエオカキクサシスタテトナニネノハフマミムメモラリルレロンー。、"
)
_CYRILLIC = frozenset("оеаинтсрвлкмдпуыі")
_THAI = "านรอกเงมยลวดทสต่้ี์ัิไคบปหุ"
_WESTERN = "éèàäöüßçñóíáúãõâêîôûëïœåøæÉÄÖÜÀ’‘“”–—…€°£«»\xa0"
_SURE = 24
_SYLLABLES = "이다는에가을를의고지은하한로기도사리서어나아자시니들으스인대해있요습까그정부수것세주만여라게일보때"


@dataclass(frozen=True, slots=True)
class _Charset:
    """`share`: of the letters beyond ASCII, the least that are among the common ones."""

    title: str
    codec: str
    common: frozenset[str]
    share: float
    least: int
    """Letters beyond ASCII that are needed to tell."""
    kind: Literal["wide", "script", "accents"]
    """Several bytes for a letter, one byte in a script of its own, or letters with accents among those of ASCII."""


def _charsets() -> Iterator[_Charset]:
    yield _Charset("Shift-JIS", "cp932", frozenset(_KANA), 0.35, 4, "wide")
    yield _Charset("EUC-JP", "euc_jp", frozenset(_KANA), 0.35, 4, "wide")
    yield _Charset("EUC-KR", "cp949", frozenset(_SYLLABLES), 0.25, 8, "wide")
    yield _Charset("GBK (GB18030)", "gb18030", frozenset(_CHINESE + _SIMPLIFIED), 0.3, 6, "wide")
    yield _Charset("Big5", "big5", frozenset(_CHINESE + _TRADITIONAL), 0.3, 6, "wide")
    yield _Charset("Windows-1251", "cp1251", _CYRILLIC, 0.6, _SURE, "script")
    yield _Charset("KOI8-R", "koi8_r", _CYRILLIC, 0.6, _SURE, "script")
    yield _Charset("DOS code page 866", "cp866", _CYRILLIC, 0.6, _SURE, "script")
    yield _Charset("Windows-1253", "cp1253", frozenset("αοιετσνηυρςκπμλάίόέή"), 0.7, _SURE, "script")
    yield _Charset("Windows-1255", "cp1255", frozenset("יולהתארםמבשנחקד"), 0.7, _SURE, "script")
    yield _Charset("Windows-1256", "cp1256", frozenset("اليمنوترةبعدسفهحق"), 0.75, _SURE, "script")
    yield _Charset("Thai (TIS-620)", "cp874", frozenset(_THAI), 0.7, _SURE, "script")
    yield _Charset("Windows-1252 (Latin-1)", "cp1252", frozenset(_WESTERN), 0.85, 1, "accents")
    yield _Charset("Windows-1250", "cp1250", frozenset("ąęćłńóśźżŚŻŁěščřžýáíéůúďťňőűöüôľĺ„”"), 0.85, 6, "accents")
    yield _Charset("Windows-1254", "cp1254", frozenset("ğşıçöüİŞÇÖÜĞâ"), 0.85, 6, "accents")


_CHARSETS = tuple(_charsets())


def hint(raw: bytes) -> str:
    """What to do about text that is not UTF-8; an empty string if no encoding is likely."""
    name, codec = _name(raw[:_LOOKED_AT] if _HIGH.search(raw[:_LOOKED_AT]) else raw[-_LOOKED_AT:])
    if not codec:
        return f"It looks like {name}: save the file as UTF-8." if name else ""
    return f"It looks like {name}: save the file as UTF-8, for instance with iconv -f {codec} -t UTF-8."


def _name(sample: bytes) -> tuple[str, str]:
    if _is_nearly_utf8(sample):
        return "CESU-8 or Java's modified UTF-8", ""
    runs = _RUNS.findall(sample)
    high = b"".join(runs)
    kinds = {"wide", "accents" if len(high) <= 2 * len(runs) else "script"}
    shares = [(_share(sample if each.kind == "wide" else high, each), each) for each in _CHARSETS if each.kind in kinds]
    fit = [(share, each) for share, each in shares if share >= each.share]
    if not fit:
        return "", ""
    _, best = max(fit, key=itemgetter(0))  # the first of those that are alike
    return best.title, _ICONV.get(best.codec, best.codec)


_ICONV = {"cp874": "TIS-620", "koi8_r": "KOI8-R", "euc_jp": "EUC-JP"}
"""What iconv calls an encoding, if not as Python does."""


def _share(sample: bytes, charset: _Charset) -> float:
    """The share of letters beyond ASCII that are common ones; 0 if there are too few, or bytes that mean nothing."""
    try:
        text = sample.decode(charset.codec)
    except UnicodeDecodeError as error:
        if error.start < len(sample) - _CUT_OFF:
            return 0.0
        text = sample[: error.start].decode(charset.codec)
    letters = [character for character in text if character > "\x7f"] if charset.kind == "wide" else text
    if len(letters) < charset.least:
        return 0.0
    return sum(map(charset.common.__contains__, letters)) / len(letters)


def _is_nearly_utf8(sample: bytes) -> bool:
    """Whether a sample is UTF-8 except for overlong sequences and encoded surrogates."""
    return _OVERLONG.search(sample) is not None and "\ufffd" not in _OVERLONG.sub(b"", sample).decode(
        "utf-8", "replace"
    )
