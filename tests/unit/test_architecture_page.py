"""The table "I want to change …" of docs/architecture.md leads to files and symbols that are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
TABLE = PAGE.partition("## I want to change …")[2].partition("\n## ")[0]
ROWS = re.findall(r"^\| (?!I want|-)(.+?) \| (.+) \|$", TABLE, re.MULTILINE)


def defined(path: Path) -> set[str]:
    """What a module defines at its top, or the keys of a YAML file's mappings."""
    text = path.read_text("utf-8")
    if path.suffix != ".py":
        return set(re.findall(r"^ *([A-Za-z]\w*):", text, re.MULTILINE))
    names: set[str] = set()
    for node in ast.parse(text).body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case ast.Assign(targets=targets):
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def test_a_stranger_finds_twenty_five_answers():
    assert len(ROWS) == TABLE.count("\n| ") - 1, "a row that the pattern does not read"
    assert len({wish for wish, _ in ROWS}) >= 25


@pytest.mark.parametrize(("wish", "where"), ROWS, ids=[wish for wish, _ in ROWS])
def test_what_one_wants_to_change_is_where_the_page_says(wish, where):
    begin = re.match(r"`([^`:]+)(?::(\w+))?`", where)
    assert begin, f"{wish}: the row does not begin with a file"
    path, symbol = begin.groups()
    assert (ROOT / path).is_file()
    assert symbol is None or symbol in defined(ROOT / path)
    others = [name for name in re.findall(r"`([\w./-]+/[\w.-]+)`", where) if name != path]
    assert [name for name in others if not (ROOT / name).is_file()] == []
