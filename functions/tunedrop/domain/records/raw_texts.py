r"""Keep texts as the JSON strings they were read from, so that lines are written with the escapes of the original.

Only `\u` and `\/` leave a writer a choice; any other JSON string has one usual form. This makes the bulk path and the
formats' writers produce the same bytes, and a second conversion change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import msgspec

from tunedrop.domain.records.record import Block, Record

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
    """Return the record with each text's JSON string from this line, or unchanged if they do not match exactly."""
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
    turns = tuple(replace(turn, blocks=tuple(_with(each, left) for each in turn.blocks)) for turn in record.turns)
    return replace(record, system=system, turns=turns)


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
