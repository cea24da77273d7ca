"""Bytes in chunks of any size as numbered lines: flat memory, byte-order mark and CRLF taken off and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from tunedrop.domain.records import elements
from tunedrop.domain.records.bulk import BLOCK_BYTES
from tunedrop.domain.records.elements import Element

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read(chunks: Iterable[bytes], normalised: Counter[str], longest: int = elements.MAX_BYTES) -> Iterator[Element]:
    r"""Lines ended by `\n` or `\r\n`, numbered from 1. What was taken off is counted in `normalised`."""
    number = 1
    for block in blocks(chunks, longest):
        for element in read_block(block, number, normalised, longest):
            yield element
            number += 1


def read_block(
    block: bytes | None, first: int, normalised: Counter[str], longest: int = elements.MAX_BYTES
) -> Iterator[Element]:
    """The lines of one block, the first of which has that number."""
    for number, raw in enumerate(_split(block, longest), start=first):
        if raw is None:
            yield Element(number, elements.too_long("line", longest))
            continue
        text = raw
        if number == 1 and text.startswith(BYTE_ORDER_MARK):
            text = text.removeprefix(BYTE_ORDER_MARK)
            normalised["byte_order_mark"] += 1
        if text.endswith(b"\r"):
            text = text[:-1]
            normalised["crlf_line_end"] += 1
        yield Element(number, text)


def pieces(chunks: Iterable[bytes], longest: int = elements.MAX_BYTES) -> Iterator[bytes | None]:
    """What stands between line feeds, as it is; None for a piece over the cap."""
    for block in blocks(chunks, longest):
        yield from _split(block, longest)


def _split(block: bytes | None, longest: int) -> Iterator[bytes | None]:
    if block is None:
        yield None
        return
    for raw in block.removesuffix(b"\n").split(b"\n"):
        yield raw if len(raw) <= longest else None


def blocks(chunks: Iterable[bytes], longest: int = elements.MAX_BYTES) -> Iterator[bytes | None]:
    """Whole lines, line feeds included, in blocks of about BLOCK_BYTES; None for a line too long to be held."""
    held: list[bytes] = []
    size = 0
    for chunk in chunks:
        end = chunk.rfind(b"\n") + 1
        if not end:
            size += len(chunk)
            if size <= longest:
                held.append(chunk)
            else:
                held.clear()
            continue
        if size > longest:
            yield None
            yield from _cut(chunk, chunk.find(b"\n") + 1, end)
        else:
            yield from _cut(b"".join([*held, chunk]) if held else chunk, 0, size + end)
        held, size = ([chunk[end:]], len(chunk) - end) if end < len(chunk) else ([], 0)
    if size:
        yield b"".join(held) if size <= longest else None


def _cut(whole: bytes, start: int, stop: int) -> Iterator[bytes]:
    """What stands between the two, both at the beginning of a line."""
    while start < stop:
        end = whole.find(b"\n", start + BLOCK_BYTES, stop) + 1 or stop
        yield whole[start:end]
        start = end
