"""Single records and what one check says of them."""

from __future__ import annotations

from tunedrop.domain.base_models import catalogue
from tunedrop.domain.checks.all_checks import CHECKS, RECORD_CHECKS
from tunedrop.domain.checks.registry import Spot
from tunedrop.domain.records.record import Block, Record, Turn


def conversation(*texts: str, system: str | None = None) -> Record:
    """User and assistant in turns."""
    turns = tuple(
        Turn(f"$.messages[{index}]", "user" if index % 2 == 0 else "assistant", (Block(f"$[{index}]", text),))
        for index, text in enumerate(texts)
    )
    return Record(() if system is None else (Block("$.system", system),), turns)


def spots(code: str, record: Record, base_model: str = "claude-3-haiku") -> list[Spot]:
    """What the check of this code finds."""
    find = CHECKS[code].find
    assert find is not None
    return list(find(record, catalogue.find(base_model)))


def codes(record: Record, base_model: str = "claude-3-haiku") -> set[str]:
    """Codes of all that is found in the record."""
    return {check.code for check in RECORD_CHECKS if spots(check.code, record, base_model)}
