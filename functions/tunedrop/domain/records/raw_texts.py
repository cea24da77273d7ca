r"""Texts as the JSON strings that they stand in, so that a line is written with the escapes it was read with.

Only `\u` and `\/` leave a choice: any other JSON string is written in one way by everybody. What the bulk path splices
and what a record's own writer writes are the same bytes by this, and converting twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import msgspec

from tunedrop.domain.records.record import Block, Record, Turn

_STRING, _LIST = b'"', b"["


class _Message(msgspec.Struct, gc=False):
    content: msgspec.Raw


class _Piece(msgspec.Struct, gc=False):
    text: msgspec.Raw


class _Line(msgspec.Struct, gc=False):
    prompt: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    completion: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    system: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    messages: list[_Message] = []


_line = msgspec.json.Decoder(_Line)
_pieces = msgspec.json.Decoder(list[_Piece])


def attach(record: Record, line: bytes) -> Record:
    """The record with each text's JSON string of this line; as it was where the line's shape leaves a doubt."""
    if b"\\u" not in line and b"\\/" not in line:
        return record
    try:
        found = list(_strings(_line.decode(line)))
        texts = [msgspec.json.decode(raw, type=str) for raw in found]
    except msgspec.MsgspecError:
        return record
    if texts != [text for _, _, text in record.texts]:
        return record
    left = iter(found)
    system = tuple(_with(block, left) for block in record.system)
    turns = tuple(Turn(turn.path, turn.role, tuple(_with(each, left) for each in turn.blocks)) for turn in record.turns)
    return Record(system, turns)


def _with(block: Block, left: Iterator[bytes]) -> Block:
    return block if block.text is None else replace(block, raw=next(left))


def _strings(line: _Line) -> Iterator[bytes]:
    for value in (line.system, line.prompt, line.completion, *(message.content for message in line.messages)):
        if value is msgspec.UNSET:
            continue
        raw = bytes(value)
        if raw[:1] == _LIST:
            yield from (bytes(piece.text) for piece in _pieces.decode(raw))
        else:
            yield raw
