"""One training example as its author wrote it. These types guarantee nothing; checks do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tunedrop.domain.records.defects import Defect


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of content and its JSON path: text, or an opaque value that is passed on unread."""

    path: str
    text: str | None
    opaque: Any = None
    raw: bytes | None = field(default=None, compare=False, repr=False)
    """The text's original JSON string, if that can differ from the usual form: see `raw_texts`."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message; the role is as written and may be anything."""

    path: str
    role: str
    blocks: tuple[Block, ...]
    learned: bool = True
    """Whether it is to be learned, if it is an answer."""
    role_key: str = field(default="role", compare=False)
    """The field that holds the role, for findings about it."""


@dataclass(frozen=True, slots=True)
class Record:
    """System text and turns, in the author's order."""

    system: tuple[Block, ...]
    turns: tuple[Turn, ...]
    weighted: bool = False
    """Whether its author said of some answer that it is not to be learned."""
    tools: tuple[Block, ...] = ()
    """Definitions of tools, unread; once they are written as text, that text, which then ends the system text."""
    texts: tuple[tuple[str, str, str], ...] = field(init=False, repr=False, compare=False)
    """Every text as (where, path, text), which most checks read; `where` is `system` or the turn's role."""
    others: tuple[tuple[str, Block], ...] = field(init=False, repr=False, compare=False)
    """Every block that is not text, as (where, block)."""

    def __post_init__(self) -> None:
        # Collected once, because some twenty checks read them.
        blocks = [(turn.role, block) for turn in self.turns for block in turn.blocks]
        if self.system:
            blocks = [*(("system", block) for block in self.system), *blocks]
        texts = tuple([(where, block.path, block.text) for where, block in blocks if block.text is not None])
        object.__setattr__(self, "texts", texts)
        others = [each for each in blocks if each[1].text is None] if len(texts) < len(blocks) else ()
        object.__setattr__(self, "others", tuple(others))

    def blocks(self) -> Iterator[tuple[str, Block]]:
        """Yield every block as (where, block); `where` is `system` or the turn's role."""
        for block in self.system:
            yield "system", block
        for turn in self.turns:
            for block in turn.blocks:
                yield turn.role, block


@dataclass(frozen=True, slots=True)
class Reading:
    """A format's reading of one object. `record` is None if a required field is missing or of the wrong type."""

    record: Record | None
    defects: tuple[Defect, ...] = ()
    normalised: tuple[str, ...] = ()
    """What was changed or left out, by the names of the report's `normalised`."""


@dataclass(frozen=True, slots=True)
class Written:
    """One line for Bedrock, line feed included, and what was changed (names of `normalised`)."""

    line: bytes
    normalised: tuple[str, ...] = ()


def joined(blocks: tuple[Block, ...]) -> str:
    """The texts of all text blocks, concatenated."""
    return "".join(block.text for block in blocks if block.text is not None)


def as_json(blocks: tuple[Block, ...]) -> str | msgspec.Raw:
    """The same, for msgspec to encode; a single text keeps its author's escapes."""
    if len(blocks) == 1 and blocks[0].raw is not None:
        return msgspec.Raw(blocks[0].raw)
    return joined(blocks)


def block_joins(record: Record) -> tuple[str, ...]:
    """The `normalised` entry of a record whose turns have several text blocks that a format writes as one string."""
    return ("text_blocks_joined",) if any(len(turn.blocks) > 1 for turn in record.turns) else ()


Document = Mapping[str, Any]
"""One line's object, as `strict_json.parse` returns it."""
