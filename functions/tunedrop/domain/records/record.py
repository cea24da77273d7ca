"""One training example as its author wrote it. Nothing is guaranteed by these types: guarantees come from checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tunedrop.domain.records.defects import Defect


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of content and the JSON path it came from: text, or something opaque that is carried unread."""

    path: str
    text: str | None
    opaque: Any = None
    raw: bytes | None = field(default=None, compare=False, repr=False)
    """The text's JSON string as it was written, where that can differ from the usual one: see `raw_texts`."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One side speaking; the role as written, whatever it says."""

    path: str
    role: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """System text and turns, in the author's order."""

    system: tuple[Block, ...]
    turns: tuple[Turn, ...]
    texts: tuple[tuple[str, str, str], ...] = field(init=False, repr=False, compare=False)
    """Every text as (where, path, text), where being `system` or its turn's role: what most checks look at."""

    def __post_init__(self) -> None:
        texts = tuple((where, block.path, block.text) for where, block in self.blocks() if block.text is not None)
        object.__setattr__(self, "texts", texts)

    def blocks(self) -> Iterator[tuple[str, Block]]:
        """Every block with where it stands: `system` or its turn's role."""
        for block in self.system:
            yield "system", block
        for turn in self.turns:
            for block in turn.blocks:
                yield turn.role, block


@dataclass(frozen=True, slots=True)
class Reading:
    """What a format made of one object; no record where its shape allowed none."""

    record: Record | None
    defects: tuple[Defect, ...] = ()
    normalised: tuple[str, ...] = ()
    """What was changed or left out on the way, by the names of the report's `normalised`."""


@dataclass(frozen=True, slots=True)
class Written:
    """One line for Bedrock, line feed included, and what was changed on the way (names of `normalised`)."""

    line: bytes
    normalised: tuple[str, ...] = ()


def joined(blocks: tuple[Block, ...]) -> str:
    """The text of all text blocks, one after the other."""
    return "".join(block.text for block in blocks if block.text is not None)


def as_json(blocks: tuple[Block, ...]) -> str | msgspec.Raw:
    """The same for msgspec to write: with its author's own escapes, where it is one text that has kept them."""
    if len(blocks) == 1 and blocks[0].raw is not None:
        return msgspec.Raw(blocks[0].raw)
    return joined(blocks)


def block_joins(record: Record) -> tuple[str, ...]:
    """What `normalised` counts where a format writes the text blocks of a turn as one string."""
    return ("text_blocks_joined",) if any(len(turn.blocks) > 1 for turn in record.turns) else ()


Document = Mapping[str, Any]
"""One line's object, as `strict_json.parse` returns it."""
