"""docs/messages-api.md names every error code that the code can answer with, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from tunedrop.domain.messages import api_errors, key_refusals

ROOT = Path(__file__).parents[3]
TUNEDROP = ROOT / "functions/tunedrop"
SOURCES = sorted([*TUNEDROP.glob("domain/messages/*.py"), *TUNEDROP.glob("actions/messages/*.py")])
ENDED = {f"deployment_{state}" for state in ("releasing", "released", "failed")}  # made of the state's name


def test_the_page_lists_the_error_codes_of_the_code():
    source = "".join(path.read_text("utf-8") for path in SOURCES)
    kinds = r"(?:invalid_request|authentication|permission|not_found|rate_limit|api|overloaded|timeout)_error"
    made = set(re.findall(rf'"(?:{kinds}|request_too_large)",\s+"(\w+)"', source))
    made -= api_errors.STATUS.keys() - {"request_too_large"}  # the list of types is no code
    made |= {code for code, _ in key_refusals.UNAUTHENTICATED.values()} | {*key_refusals.CODES.values()} | ENDED
    page = (ROOT / "docs/messages-api.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if re.match(r"\| \d{3} ", line)]
    told = {code for row in rows for code in re.findall(r"`(\w+)`", row.split("|")[3])}
    assert told == made
