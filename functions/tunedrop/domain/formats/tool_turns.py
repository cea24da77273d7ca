"""Write a record's tools as text, as `[tools] rendering` asks: definitions into its system text, the rest into turns.

A call stands in the assistant's turn, a result in the user's that follows; results and what the user says after them
become one turn. Results name their calls by an id, which is read, and not written: see `tool_blocks`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from tunedrop.domain.formats import foreign_blocks, tool_shapes
from tunedrop.domain.formats.shapes import WrongShape
from tunedrop.domain.formats.tool_shapes import CALL_ROLES, CALLS, RESULT_ROLES, RESULTS, Answered, Made
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Block, Reading, Record, Turn, joined
from tunedrop.domain.texts import tool_blocks
from tunedrop.domain.texts.tool_blocks import Item, ToolResult


def rendered(reading: Reading) -> Reading:
    """The reading with its tools as text; without a record, and with the defect, if they can't be told."""
    if reading.record is None:
        return reading
    normalised = [*reading.normalised]
    try:
        record = _rendered(reading.record, normalised)
    except WrongShape as wrong:
        return Reading(None, (*reading.defects, wrong.defect), reading.normalised)
    return Reading(record, reading.defects, tuple(normalised))


def escaped(block: Block) -> Block:
    """A text, such as a configured system text, as the rendering writes it."""
    return Block(block.path, tool_blocks.escaped(block.text or ""))


def with_default(record: Record, default: Block) -> Record:
    """The record, which has no system text of its own, with the configured one: definitions of tools end it."""
    return replace(record, system=_ended((default,), record.system))


def has_own_system(record: Record) -> bool:
    """Whether its author gave the record a system text: definitions of tools alone are none."""
    return bool(record.system) and record.system != record.tools


def _rendered(record: Record, normalised: list[str]) -> Record:
    defined = [each for block in record.tools for each in tool_shapes.definitions(block, normalised)]
    normalised += ["tool_block_rendered"] * len(defined)
    system = tuple(_escaped((block,), normalised)[0] for block in record.system)
    tools = (Block(record.tools[0].path, tool_blocks.render(defined)),) if defined else ()
    turns = tuple(_turns(_sided(record.turns), normalised))
    return Record(_ended(system, tools), turns, record.weighted, tools)


def _ended(system: tuple[Block, ...], tools: tuple[Block, ...]) -> tuple[Block, ...]:
    """The system texts, the last of them with the definitions at its end."""
    if not tools or not system or system[-1].text is None:
        return system + tools
    return (*system[:-1], Block(system[-1].path, f"{system[-1].text}\n{tools[0].text}"))


def _escaped(blocks: tuple[Block, ...], normalised: list[str]) -> tuple[Block, ...]:
    """Texts in which no line looks like a block; they are joined if that is needed."""
    text = joined(blocks)
    if tool_blocks.escaped(text) == text:
        return blocks
    normalised += ["tool_mark_escaped", *(["text_blocks_joined"] if len(blocks) > 1 else [])]
    if any(block.text is None for block in blocks):  # texts around an image stay where they are
        return tuple(block if block.text is None else escaped(block) for block in blocks)
    return (Block(blocks[0].path, tool_blocks.escaped(text)),)


def _sided(turns: Sequence[Turn]) -> Sequence[Turn]:
    """The turns as the user's and the assistant's: what tools answer, and the user's words after it, are one."""
    made: list[Turn] = []
    after_tool = False
    for turn in turns:
        of_tool = turn.role in RESULT_ROLES
        blocks = _as_result(turn.blocks) if of_tool else turn.blocks
        if after_tool and (of_tool or turn.role == "user"):
            made[-1] = replace(made[-1], blocks=made[-1].blocks + blocks)
        else:
            made.append(replace(turn, role="user" if of_tool else turn.role, blocks=blocks))
        after_tool = of_tool
    return made


def _as_result(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """What a tool says, of which a reader made text, as a message of OpenAI's."""
    if not blocks or any(block.text is None for block in blocks):
        return blocks
    return (Block(blocks[0].path, None, {"role": "tool", "content": joined(blocks)}),)


def _turns(turns: Sequence[Turn], normalised: list[str]) -> Iterator[Turn]:
    asked: list[Made] = []
    for turn in turns:
        told: list[Made] = []
        pieces = _pieces(turn, asked, told, normalised)
        asked = told
        texts = [piece for piece in pieces if isinstance(piece, str)]
        tools = [piece for piece in pieces if not isinstance(piece, str | Block)]
        normalised += ["tool_block_rendered"] * len(tools)
        if tools:
            normalised += ["tool_mark_escaped" for text in texts if tool_blocks.escaped(text) != text]
            normalised += ["text_blocks_joined"] * (turn.role not in CALL_ROLES and _spoken(turn) > len(texts))
            blocks = tuple(_written(pieces, turn.blocks[0].path))
            yield replace(turn, role="assistant" if told else turn.role, blocks=blocks)
        else:
            yield replace(turn, blocks=_escaped(turn.blocks, normalised))


def _written(pieces: Sequence[Item | Block], path: str) -> Iterator[Block]:
    """A text for what stands together, and the blocks of other kinds between."""
    for is_block, group in groupby(pieces, lambda piece: isinstance(piece, Block)):
        if is_block:
            yield from (piece for piece in group if isinstance(piece, Block))
        else:
            yield Block(path, tool_blocks.render([piece for piece in group if not isinstance(piece, Block)]))


def _pieces(turn: Turn, asked: Sequence[Made], told: list[Made], normalised: list[str]) -> Sequence[Item | Block]:
    """What a turn says, blocks of other kinds as they are. Its calls are appended to `told`. Raises WrongShape."""
    items: list[Item | Block] = []
    open_calls: list[Made | None] = [*asked]
    for block in turn.blocks:
        kind = "" if block.text is not None else foreign_blocks.kind_of(block)
        if turn.role in CALL_ROLES and block.text is not None:
            made = tool_shapes.told_calls(block.text, block.path, normalised)
            told += made
            items += [each.call for each in made]
        elif block.text is not None:
            _say(block.text, items)
        elif kind in CALLS and turn.role == "assistant":
            made = tool_shapes.calls(block, normalised)
            told += made
            items += [each.call for each in made]
        elif kind in RESULTS and turn.role == "user":
            items.append(_result(tool_shapes.result(block, normalised), open_calls))
        elif kind in CALLS or kind in RESULTS:
            raise WrongShape(_misplaced(block, turn))
        else:
            items.append(block)
    return items


def _spoken(turn: Turn) -> int:
    return sum(bool(block.text) for block in turn.blocks)


def _say(text: str, items: list[Item | Block]) -> None:
    """Append a text, to the text before it if there is one. An empty text beside blocks says nothing."""
    if items and isinstance(items[-1], str):
        items[-1] += text
    elif text:
        items.append(text)


def _result(answered: Answered, open_calls: list[Made | None]) -> ToolResult:
    """The result, numbered by its call, which then is answered. Raises WrongShape if that can't be told."""
    fits = [number for number, made in enumerate(open_calls) if made is not None and _is_named(made, answered)]
    by_id = any(made is not None and made.id is not None for made in open_calls) and answered.id is not None
    if not fits or (len(fits) > 1 and not by_id and answered.name is None):
        raise WrongShape(Defect("not_expressible", _NO_CALL, answered.path, hint=_NO_CALL_HINT))
    open_calls[fits[0]] = None
    return ToolResult(fits[0] + 1, answered.content, answered.is_error)


def _is_named(made: Made, answered: Answered) -> bool:
    if answered.id is not None and made.id is not None:
        return answered.id == made.id
    return answered.name in (None, made.call.name)


def _misplaced(block: Block, turn: Turn) -> Defect:
    message = f"{foreign_blocks.named(block).what} in a turn of {turn.role}."
    return Defect("not_expressible", message, block.path, hint=_MISPLACED_HINT)


_NO_CALL = "A tool's result that answers no call of the turn before it, or not one alone."
_NO_CALL_HINT = (
    "Name by its id the call in the assistant's turn before, one result for each call, or remove the record."
)
_MISPLACED_HINT = "Calls stand in turns of assistant, results in turns of user or tool: move it, or remove the record."
