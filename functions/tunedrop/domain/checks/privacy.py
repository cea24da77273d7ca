"""Checks for personal data, found by format and check digits. Messages name the kind and place, never the content."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tunedrop.domain.base_models.catalogue import BaseModel
from tunedrop.domain.checks import examples, personal_numbers
from tunedrop.domain.checks.marks import Marks, Signs
from tunedrop.domain.checks.registry import Example, Spot, check
from tunedrop.domain.records.record import Record

_EMAIL = re.compile(
    r"(?<![\w.+%/:@-])(?P<local>[A-Za-z0-9][\w.+%-]{0,63})@"
    r"(?P<domain>(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24})(?![\w@-])(?!\.\w)"
)
_NOT_PERSONAL = re.compile(
    r"(?:.*[._+-])?(?:info|support|help|helpdesk|service|contact|sales|hello|team|office|admin|billing|press|jobs|careers|hr"
    r"|privacy|security|legal|abuse|postmaster|webmaster|no-?reply|donotreply|do-not-reply|customer.?(?:care|service|support)"
    r"|feedback|enquiries|inquiries|orders|returns|git|user|username|your.?(?:name|e?mail)|you|name|someone|somebody|e?mail)",
    re.IGNORECASE,
)
_RESERVED_DOMAIN = re.compile(  # RFC 2606, RFC 6761, and others that documentation uses
    r"(?:.*\.)?(?:(?:example|test|invalid|localhost|local)|(?:[a-z]+-)?example(?:-[a-z]+)?\.[a-z.]{2,6}"
    r"|(?:domain|yourdomain|mydomain|company|yourcompany|mycompany|email|website|test|mail|server|host)\.(?:com|org|net))",
    re.IGNORECASE,
)

_PHONE = re.compile(
    r"(?<![\w.+/=-])\+[1-9]\d{0,2}(?:[ .-]?\(0?\d{1,4}\))?(?:[ .-]?\d{1,5}){2,6}(?![\w-])(?!\.\d)"
    r"|(?<![\w.+/=-])(?:\+?1[ .-])?(?:\([2-9]\d\d\) ?[2-9]\d\d[.-]|[2-9]\d\d(?P<between>[.-])[2-9]\d\d(?P=between))"
    r"\d{4}(?![\w-])(?!\.\d)"
)
_SSN = re.compile(r"(?<![\w.-])(?!000|666|9\d\d)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\w-])(?!\.\d)")
_SSN_OF_NOBODY = frozenset({"123-45-6789", "078-05-1120", "219-09-9999"})  # printed in samples and advertisements
_CARD = re.compile(r"(?<![\w.+-])(?:\d{13,19}|\d{4}(?:[ -]\d{4}){3}|3\d{3}[ -]\d{6}[ -]\d{4,5})(?![\w-])(?!\.\d)")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")

_BETWEEN_DIGITS = b" -.()/+"
_ZERO_FOR_DIGIT = bytes.maketrans(b"123456789", b"0" * 9)
_ZERO_FOR_BOTH = bytes.maketrans(b"123456789" + _BETWEEN_DIGITS, b"0" * (9 + len(_BETWEEN_DIGITS)))
_EIGHT_ZEROS, _LONGEST_RUN = b"0" * 8, 64
_SHORTEST = b"0" * 9
"""The shortest number that is looked for, digits and separators together."""


def _has_number(text: str, digits: int) -> bool:
    """Whether a text has `digits` digits in a row, separators aside: a quick test before the patterns run."""
    raw = text.encode("utf-8", "surrogatepass")
    if _SHORTEST not in raw.translate(_ZERO_FOR_BOTH):
        return False
    return b"0" * digits in raw.translate(_ZERO_FOR_DIGIT, _BETWEEN_DIGITS)


def _few_digits(marks: Marks) -> bool:
    """Whether no text has eight digits in a row, separators aside. Of a run as long as a table's rule, unknown."""
    raw, runs = marks.raw, marks.raw.translate(_ZERO_FOR_BOTH)
    at = runs.find(_EIGHT_ZEROS)
    while at >= 0:
        end = at + len(_EIGHT_ZEROS) + len(part := runs[at + 8 : at + _LONGEST_RUN]) - len(part.lstrip(b"0"))
        if end == at + _LONGEST_RUN or len(raw[at:end].translate(None, _BETWEEN_DIGITS)) >= len(_EIGHT_ZEROS):
            return False
        at = runs.find(_EIGHT_ZEROS, end)
    return True


@check(
    code="email_address",
    severity="warning",
    shared=True,
    words="A text holds an e-mail address that may be a person's.",
    hint="Replace it with one at example.com, unless the person agreed that the model may repeat it.",
    example=Example(examples.line("Who wrote it?", "Write to jane.fox@larkspur-home.com.")),
    clear=Signs("@"),
)
def email_address(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag personal e-mail addresses; role accounts (info@, support@) and example domains pass."""
    for _, path, text in record.texts:
        match = next((m for m in _EMAIL.finditer(text) if _is_personal(m)), None) if "@" in text else None
        if match:
            yield Spot(path, f"An e-mail address at character {match.start() + 1}.")


def _is_personal(match: re.Match[str]) -> bool:
    return not (_NOT_PERSONAL.fullmatch(match["local"]) or _RESERVED_DOMAIN.fullmatch(match["domain"]))


@check(
    code="phone_number",
    severity="warning",
    shared=True,
    words="A text holds a phone number that may be a person's.",
    hint="Replace it with one reserved for fiction, such as +1 202-555-0100, unless everybody may know it.",
    example=Example(examples.line("Who wrote it?", "Call +49 151 23456789.")),
    clear=_few_digits,
)
def phone_number(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag international and North American phone numbers; toll-free and fictional ones pass."""
    for _, path, text in record.texts:
        if _has_number(text, 9):
            yield from _first(
                path, text, _PHONE, lambda found: "A phone number" if personal_numbers.is_phone(found) else None
            )


@check(
    code="personal_number",
    severity="warning",
    shared=True,
    words="A text holds the number of a payment card or bank account, or a US social security number.",
    hint="Remove it or replace it with a made-up one: a tuned model can repeat what it has seen.",
    example=Example(examples.line("How do I pay?", "Use card 4111 1111 1111 1111.")),
    clear=_few_digits,
)
def personal_number(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag card numbers, IBANs and US social security numbers that are valid by their own rules."""
    for _, path, text in record.texts:
        if _has_number(text, 8):
            for pattern, kind in _KINDS:
                yield from _first(path, text, pattern, kind)


def _first(path: str, text: str, pattern: re.Pattern[str], kind: Callable[[str], str | None]) -> Iterator[Spot]:
    """The first match of the pattern that `kind` can name."""
    for match in pattern.finditer(text):
        if named := kind(match[0]):
            yield Spot(path, f"{named} at character {match.start() + 1}.")
            return


def _iban(found: str) -> str | None:
    return "A bank account's IBAN" if personal_numbers.is_iban(found) else None


def _social_security(found: str) -> str | None:
    return None if found in _SSN_OF_NOBODY else "A US social security number"


_KINDS = ((_CARD, personal_numbers.card), (_IBAN, _iban), (_SSN, _social_security))
