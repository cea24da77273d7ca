"""Recognize payment cards, IBANs and phone numbers by their issuers' rules and check digits."""

from __future__ import annotations

import re

_CARDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("A Visa card", re.compile(r"4(?:\d{12}|\d{15}|\d{18})")),
    ("A Mastercard", re.compile(r"(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}")),
    ("An American Express card", re.compile(r"3[47]\d{13}")),
    ("A Discover card", re.compile(r"6(?:011|5\d\d|4[4-9]\d)\d{12}")),
    ("A Diners Club card", re.compile(r"3(?:0[0-5]|[68]\d)\d{11}")),
    ("A JCB card", re.compile(r"35(?:2[89]|[3-8]\d)\d{12}")),
    ("A UnionPay card", re.compile(r"62\d{14,17}")),
)
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
"""Luhn: the digit sum of twice each digit."""

_IBAN_LENGTHS = {  # ISO 13616 registry
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FK FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH CR HR LI LV",
        22: "BG BH DE GB GE IE ME RS",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}

_FICTION = re.compile(r"(?:1?[2-9]\d\d)55501\d\d|447700900\d{3}|4420794601?\d{3}")  # NANP 555-01XX, Ofcom's for drama
_TOLL_FREE = re.compile(r"1?8(?:00|22|33|44|55|66|77|88)\d{7}")
_COUNTRY = re.compile(
    r"1|7|20|21[1-368]|2[2-6]\d|27|29[0179]|3[0-469]|35\d|37\d|38[0-35-79]|4[013-9]|42[013]|5[1-8]|50\d|59\d|6[0-6]"
    r"|67\d|68\d|69[0-2]|8[1246]|85[02356]|88[06]|9[0-58]|96\d|97[0-79]|99[2-68]"
)  # ITU-T E.164


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isascii() and character.isdigit())


def _luhn(digits: str) -> bool:
    backwards = [int(digit) for digit in reversed(digits)]
    return (sum(backwards[::2]) + sum(_DOUBLED[digit] for digit in backwards[1::2])) % 10 == 0


def card(text: str) -> str | None:
    """The kind of payment card with this number, such as "A Visa card"; None if no card can have it."""
    digits = _digits(text)
    if len(set(digits)) <= 1 or not _luhn(digits):
        return None
    return next((name for name, pattern in _CARDS if pattern.fullmatch(digits)), None)


def is_iban(text: str) -> bool:
    """Whether a text is an IBAN: a known country, with its length and valid check digits. Blanks are ignored."""
    compact = text.replace(" ", "")
    if _IBAN_LENGTHS.get(compact[:2]) != len(compact):
        return False
    return int("".join(str(int(character, 36)) for character in compact[4:] + compact[:4])) % 97 == 1


def is_phone(text: str) -> bool:
    """Whether a number written like a phone number can be a person's: neither fictional, toll-free nor invalid."""
    digits = _digits(text)
    if _FICTION.fullmatch(digits) or _TOLL_FREE.fullmatch(digits) or len(set(digits)) <= 2:
        return False
    if text.startswith("+"):
        return 9 <= len(digits) <= 15 and _COUNTRY.match(digits) is not None
    return True
