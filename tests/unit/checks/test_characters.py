"""Characters that nobody meant to write, and rare ones that somebody did."""

from __future__ import annotations

import pytest

from tests.unit.checks.records import codes, conversation, spots


@pytest.mark.parametrize(
    "text",
    [
        "café",
        "naïve façade",
        "“quoted” – it’s …",
        "Żółć gęślą jaźń",
        "Grüße, Übung",
        "привет",
        "你好，世界",
        "😀 good",
        "5 °C",
        "日本",
    ],
)
@pytest.mark.parametrize("wrong", ["latin-1", "cp1252"])
def test_utf_8_read_as_something_else_is_found(text, wrong):
    misread = text.encode().decode(wrong, "ignore")
    assert "mojibake" in codes(conversation("Why?", misread))


@pytest.mark.parametrize(
    "text",
    [
        "É… À bientôt ! « CAFÉ » “CAFÉ” ÇA",
        "NÃO, SÃO PAULO, “IRMÔ — MAÇÃ… Ã",
        "Ærø, Åse, 5 Å, ÅÄÖ, Straße, Ñandú, Â, â",
        "Żółć gęślą jaźń, příliš žluťoučký kůň, őrült űr",
        "Tất cả mọi người; Điều ước; Â Ă",
        "çedilla ğ ş İ ı, Ðuro, þorn",
        "привет 你好 日本語 한국어 עברית العربية हिन्दी ไทย",
        "€ 5, ©, ®, ™, ½, ±, §, ¿Qué?, x²",
        "line\u0085next",
    ],
)
def test_letters_of_the_worlds_languages_are_no_mojibake(text):
    assert codes(conversation("Why?", text)) == set()


def test_lost_characters_are_counted():
    (spot,) = spots("replacement_character", conversation("Why?", "caf\ufffd, th\ufffd"))
    assert spot.message == "U+FFFD at character 4, 2 in all."


def test_a_flag_spelt_in_tags_is_seen_and_other_tags_are_not():
    england = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
    assert codes(conversation("Which flag?", england)) == set()
    assert codes(conversation("Which flag?", f"{england} \U000e0041")) == {"invisible_character"}


@pytest.mark.parametrize("character", ["\u200b", "\u202e", "\u2066", "\ufeff", "\u2060", "\u3164", "\uffa0"])
def test_what_nobody_sees_is_found_with_its_place(character):
    (spot,) = spots("invisible_character", conversation("Why?", f"ab{character}"))
    assert spot.message == f"U+{ord(character):04X} at character 3."


@pytest.mark.parametrize("character", ["\x07", "\x0b", "\x0c", "\x1b", "\x1c", "\x7f"])
def test_control_characters_are_found_with_their_place(character):
    (spot,) = spots("control_character", conversation("Why?", f"é{character}"))
    assert spot.message == f"U+{ord(character):04X} at character 2."


def test_tabs_and_line_ends_are_no_control_characters():
    assert codes(conversation("a\tb\r\nc", "d\n\ne")) == set()
