"""How near an answer in JSON is to a reference in JSON: the same value, the same leaves, the same calls. Pure.

An answer is data from outside: depth, size and duplicate keys are `strict_json`'s to refuse, and what it refuses is not
JSON here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tunedrop.domain.records import strict_json
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.texts import tool_blocks
from tunedrop.domain.texts.tool_blocks import ToolCall

_FENCED = re.compile(r"```(?:json)?[ \t]*\n(.*?)\n[ \t]*```", re.DOTALL | re.IGNORECASE)

JsonLeaf = tuple[str, str]
"""A path without the places in lists, such as `items[].name`, and what stands there, written one way."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Things that two answers have in common, and how many each has. Overlaps of many records add up."""

    same: int = 0
    found: int = 0
    wanted: int = 0

    def __add__(self, other: Overlap) -> Overlap:
        return Overlap(self.same + other.same, self.found + other.found, self.wanted + other.wanted)

    @property
    def f1(self) -> float:
        """Twice what is in common over all, 0 to 1; 1 where neither has anything."""
        every = self.found + self.wanted
        return 2 * self.same / every if every else 1.0


def value(answer: str) -> Any:
    """The JSON value that the answer is, white space around it aside; a Defect if it is none."""
    return strict_json.parse_cell(answer.strip())


def unwrapped(answer: str) -> str:
    """The answer without the words around its one fenced block, if it has one: what is left once form is forgiven."""
    blocks = _FENCED.findall(answer)
    return blocks[0] if len(blocks) == 1 else answer


def is_json(answer: str) -> float:
    """1 if the answer is one JSON value, else 0."""
    return float(not isinstance(value(answer), Defect))


def json_match(answer: str, reference: str) -> float:
    """1 if both are the same JSON value: keys in any order, lists in theirs, 1 and 1.0 alike, true not 1."""
    ours, theirs = value(answer), value(reference)
    return float(not isinstance(ours, Defect) and not isinstance(theirs, Defect) and _same(ours, theirs))


def leaf_overlap(answer: str, reference: str) -> Overlap:
    """The leaves that both have, by path and value; for the micro-F1 of many records."""
    return _overlap(Counter(_leaves(value(answer))), Counter(_leaves(value(reference))))


def tool_match(answer: str, reference: str) -> float:
    """1 if both make the same calls in any order: `[{"name": ..., "arguments": {...}}, ...]`, one of them, or `[]`.

    Or calls as tool_blocks writes them, beside which a text may stand. Where the reference is a text alone, an answer
    is right that calls nothing.
    """
    ours, theirs = calls(answer), calls(reference)
    return float(not ours if theirs is None else ours == theirs)


def same_tools(answer: str, reference: str) -> float:
    """1 if both call the same tools equally often, with whatever arguments."""
    ours, theirs = calls(answer), calls(reference)
    return float(not ours if theirs is None else ours is not None and _names(ours) == _names(theirs))


def _names(made: Counter[JsonLeaf]) -> Counter[str]:
    return Counter(name for name, _ in made.elements())


def has_blocks(answer: str) -> bool:
    """Whether the answer makes calls as tool_blocks writes them."""
    return any(isinstance(item, ToolCall) for item in tool_blocks.parse(answer.strip()))


def calls(answer: str) -> Counter[JsonLeaf] | None:
    """The calls that the answer makes, by name and arguments; None if it is a text that makes none."""
    blocks = [item for item in tool_blocks.parse(answer.strip()) if isinstance(item, ToolCall)]
    if blocks:
        return Counter((call.name, _written(call.arguments)) for call in blocks)
    made = value(answer)
    if isinstance(made, dict):
        made = [made]
    if not isinstance(made, list) or not all(_is_call(call) for call in made):
        return None
    return Counter((call["name"], _written(call.get("arguments", {}))) for call in made)


def _is_call(call: Any) -> bool:
    return (
        isinstance(call, dict)
        and call.keys() <= {"name", "arguments"}
        and isinstance(call.get("name"), str)
        and isinstance(call.get("arguments", {}), dict)
    )


def _overlap(ours: Counter[JsonLeaf], theirs: Counter[JsonLeaf]) -> Overlap:
    return Overlap((ours & theirs).total(), ours.total(), theirs.total())


def _leaves(node: Any, path: str = "") -> Iterator[JsonLeaf]:
    if isinstance(node, Defect):
        return
    if isinstance(node, dict) and node:
        for key, below in node.items():
            yield from _leaves(below, f"{path}.{key}" if path else key)
    elif isinstance(node, list) and node:
        for below in node:
            yield from _leaves(below, f"{path}[]")
    else:
        yield path, _written(node)


def _same(ours: Any, theirs: Any) -> bool:
    return _written(ours) == _written(theirs)


def _written(node: Any) -> str:
    """The value, written so that equal values read the same."""
    if isinstance(node, dict):
        return "{" + ",".join(f"{key!r}:{_written(node[key])}" for key in sorted(node)) + "}"
    if isinstance(node, list):
        return "[" + ",".join(map(_written, node)) + "]"
    if isinstance(node, float) and node.is_integer():
        return repr(int(node))
    return repr(node)
