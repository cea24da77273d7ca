"""Where a release knew every word that an attribute of a row may hold, no later one stores another.

Going back, it could not read the row. What is new gets an attribute of its own, which older code passes over.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass, make_dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args, get_origin, get_type_hints

import pytest

from tests.integration.test_stored_rows import VALUES

FIXTURES = Path(__file__).parents[1] / "fixtures" / "words"
ANY = "..."


def words(rows: Mapping[str, Any]) -> Mapping[str, set[str]]:
    """The words that each attribute lets in, by its path; `ANY` among them where it lets in every text."""
    found: dict[str, set[str]] = defaultdict(set)
    for kind, declared in rows.items():
        for path, word in _let_in(declared, kind):
            found[path].add(word)
    return found


def _let_in(declared: Any, path: str) -> Iterator[tuple[str, str]]:
    if declared is str:
        yield path, ANY
    elif get_origin(declared) is Literal:
        yield from ((path, word) for word in get_args(declared))
    else:
        inside = get_type_hints(declared) if is_dataclass(declared) else {}
        named = [(inner, f"{path}.{name}") for name, inner in inside.items() if get_origin(inner) is not ClassVar]
        for inner, where in [*named, *((inner, path) for inner in get_args(declared))]:
            yield from _let_in(inner, where)


def unreadable(now: Mapping[str, set[str]], then: Mapping[str, list[str]]) -> dict[str, set[str]]:
    """What rows may hold now and could not then; an attribute that is gone holds nothing."""
    added = {path: now.get(path, set()) - set(known) for path, known in then.items()}
    return {path: new for path, new in added.items() if new}


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")), ids=lambda path: path.stem)
def test_no_attribute_holds_a_word_that_an_earlier_release_could_not_read(path):
    assert unreadable(words(VALUES), json.loads(path.read_text("utf-8"))) == {}


@pytest.mark.parametrize(
    ("declared", "new"),
    [
        (Literal["old"], set()),
        (tuple[Literal["old", "new"], ...], {"new"}),
        (str | None, {ANY}),
        (int, set()),
    ],
)
def test_a_word_that_is_new_is_found(declared, new):
    now = words({"row": make_dataclass("Row", [("state", declared)])})
    assert unreadable(now, {"row.state": ["old"]}) == ({"row.state": new} if new else {})
