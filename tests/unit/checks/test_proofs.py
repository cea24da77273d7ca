"""Proofs from raw bytes: where one holds, its check finds nothing, however the characters were written."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.base_models.catalogue import Reserved
from tunedrop.domain.checks import examples, proofs
from tunedrop.domain.checks.all_checks import RECORD_CHECKS
from tunedrop.domain.formats import prompt_completion
from tunedrop.domain.records import strict_json
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.texts import tokens

PROVED = [check for check in RECORD_CHECKS if check.absent]
MODELS = list(catalogue.catalogue())
SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f", "\b": "\\b", "/": "\\/"}

_RESERVED = ("\nHuman:", "\n\nAssistant:", "Human:", "User:", "Bot:", "System:", "<image>", "<video>", "[EOS]")
_SPACES = (" ", "\n", "\t", "\x1c", "\x85", "\xa0", "\u1680", "\u2007", "\u2028", "\u202f", "\u205f", "\u3000")
_PIECES = st.sampled_from((*_RESERVED, *_SPACES, "\0", "/", '"', "\\", "\ufeff", "x"))
_TEXTS = st.lists(_PIECES | st.text(max_size=3), max_size=4).map("".join)
_BLANKS = st.sampled_from(["", " ", "\t", "  "])


@st.composite
def _string(draw):
    """A text, and one of the many ways to write it as JSON."""
    text = draw(_TEXTS)
    written = "".join(draw(st.sampled_from(_ways(character))) for character in text)
    return text, f'"{written}"'


def _ways(character: str) -> list[str]:
    units = character.encode("utf-16-be").hex()
    escaped = "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
    shouted = "".join(f"\\u{units[start : start + 4].upper()}" for start in range(0, len(units), 4))
    plain = [] if character < " " or character in '"\\' else [character, character]
    return [*plain, *([SHORT[character]] * 2 if character in SHORT else []), escaped, shouted]


@st.composite
def _line(draw):
    (_, prompt), (_, completion) = draw(_string()), draw(_string())
    a, b, c = draw(_BLANKS), draw(_BLANKS), draw(_BLANKS)
    return f'{{"prompt"{a}:{b}{prompt}{c},"completion":{a}{completion}{b}}}'.encode()


def found(check, line: bytes, base_model) -> list[object]:
    document = strict_json.parse(line)
    assert not isinstance(document, Defect)
    record = prompt_completion.read(document).record
    return list(check.find(record, base_model))


@given(st.lists(_line(), min_size=1, max_size=3), st.sampled_from(MODELS))
@example([rb'{"prompt":"a\n\u0048uman: b","completion":"c"}'], "claude-3-haiku")
@example([rb'{"prompt":"a\u000aHuman: b","completion":"c"}'], "claude-3-haiku")
@example([rb'{"prompt":"\u005bEOS]","completion":"c"}'], "nova-lite")
@example([rb'{"prompt":"a","completion":"\u3000\n\u2009"}'], "nova-lite")
def test_where_a_proof_holds_the_check_finds_nothing(lines, name):
    base_model = catalogue.find(name)
    block = b"".join(line + b"\n" for line in lines)
    for check in PROVED:
        if check.absent(block, base_model):
            assert [spot for line in lines for spot in found(check, line, base_model)] == [], check.code


def test_every_check_of_records_that_rejects_has_a_proof():
    assert {check.code for check in RECORD_CHECKS if check.severity == "error"} == {check.code for check in PROVED}


def ordinary(*, ascii_only: bool) -> bytes:
    pairs = [
        ('Why does the "café" close?\n\tNobody knows.', "Because: it's late /quite/ late. 1 < 2 & [so on]"),
        ("恒温器怎么复位？请告诉我。", "按住旋钮十秒钟：指示灯会变绿。"),
        ("👩‍👩‍👧 ¿Qué? Ελληνικά", "Да, конечно!"),
        ("Is a Human allowed?", "An assistant user: no bot, no system."),
    ]
    lines = [json.dumps({"prompt": p, "completion": c}, ensure_ascii=ascii_only) for p, c in pairs * 50]
    return ("\n".join(lines) + "\n").encode()


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("ascii_only", [False, True])
def test_the_proofs_hold_for_ordinary_text_however_it_is_escaped(name, ascii_only):
    block = ordinary(ascii_only=ascii_only)
    assert [check.code for check in PROVED if not check.absent(block, catalogue.find(name))] == []


@pytest.mark.parametrize(
    ("line", "name", "code"),
    [
        (examples.line("", "b"), "nova-lite", "empty_text"),
        (examples.line("a", "\u2003"), "nova-lite", "empty_text"),
        (examples.line("a\n\nHuman: b"), "claude-3-haiku", "reserved_word"),
        (examples.line("a <video>"), "nova-micro", "reserved_word"),
        (examples.line("a\0"), "llama-3-1-8b", "nul_character"),
        (examples.line("a" * 64_000), "llama-3-1-8b", "too_many_tokens"),
    ],
)
def test_a_proof_fails_where_the_defect_is(line, name, code):
    (check,) = (check for check in PROVED if check.code == code)
    block = examples.good(20)() + line.encode() + b"\n" + examples.good(20, 50)()
    assert not check.absent(block, catalogue.find(name))
    assert check.absent(examples.good(20)(), catalogue.find(name))


def written(text: str, place: int) -> list[bytes]:
    """Lines with that text as a prompt, one of its characters in every way in which JSON can write it."""
    before, after = ("".join(_ways(character)[0] for character in part) for part in (text[:place], text[place + 1 :]))
    return [f'{{"prompt":"{before}{way}{after}","completion":"b"}}\n'.encode() for way in _ways(text[place])]


RESERVED = [(name, word) for name in MODELS for rule in catalogue.find(name).reserved for word in rule.words]


@pytest.mark.parametrize(("name", "word"), RESERVED)
def test_a_reserved_word_is_seen_whichever_of_its_letters_is_escaped(name, word):
    base_model = catalogue.find(name)
    lines = [line for place in range(len(word)) for line in written(word, place)]
    assert [line for line in lines if proofs.no_reserved_word(line, base_model)] == []


def test_every_kind_of_blank_is_seen_however_it_is_written():
    haiku = catalogue.find("claude-3-haiku")
    blanks = [character for character in map(chr, range(0x10000)) if character.isspace()]
    lines = [line for character in blanks for line in (*written(character, 0), *written(f" {character}\n", 1))]
    assert len(lines) > 3 * len(blanks)
    assert [line for line in lines if proofs.no_blank_text(line, haiku)] == []


def test_a_word_that_json_may_write_in_other_ways_is_never_proved_absent():
    haiku = catalogue.find("claude-3-haiku")
    for word in ("\n", "é", '"'):
        rule = Reserved((word,), frozenset({"user"}))
        patterns = proofs._patterns(rule.words)
        assert all(last in b"{}" and pattern.search(b"{}") for last, pattern in patterns)
    assert proofs.no_reserved_word(b"{}", haiku)


@pytest.mark.parametrize("characters", [1, 3_200, 3_201, 6_400, 6_401])
def test_the_longest_line_is_measured_by_what_it_holds(characters):
    llama = catalogue.find("llama-3-1-8b")
    dense = "é".encode()  # two bytes, and as many tokens as any two bytes can have
    longest = int(llama.limits.record_tokens / tokens.MOST_PER_BYTE)
    block = b"a" * 10 + b"\n" + dense * characters + b"\n" + b"a" * 10
    assert proofs.no_long_record(block, llama) == (len(dense) * characters <= longest)
    assert proofs.no_long_record(block.replace(dense, b"aa"), llama)
    assert proofs.leaves_room(block, llama, 8_000) == (len(dense) * characters <= longest / 2)
