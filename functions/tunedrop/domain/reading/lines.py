"""Cut chunks of bytes into numbered lines in constant memory; strip and count the byte-order mark and CR LF."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from tunedrop.domain.records import elements
from tunedrop.domain.records.bulk import BLOCK_BYTES
from tunedrop.domain.records.elements import Element

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read(chunks: Iterable[bytes], normalised: Counter[str], longest: int = elements.MAX_BYTES) -> Iterator[Element]:
    r"""Yield lines ended by `\n` or `\r\n`, numbered from 1. Counts what it strips in `normalised`."""
    number = 1
    for block in blocks(chunks, longest):
        for element in read_block(block, number, normalised, longest):
            yield element
            number += 1


def read_block(
    block: bytes | None, first: int, normalised: Counter[str], longest: int = elements.MAX_BYTES
) -> Iterator[Element]:
    """Yield the lines of one block, numbered from `first`."""
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
    """Yield the bytes between line feeds unchanged; None for a piece of more than `longest` bytes."""
    for block in blocks(chunks, longest):
        yield from _split(block, longest)


def _split(block: bytes | None, longest: int) -> Iterator[bytes | None]:
    if block is None:
        yield None
        return
    for raw in block.removesuffix(b"\n").split(b"\n"):
        yield raw if len(raw) <= longest else None


def blocks(chunks: Iterable[bytes], longest: int = elements.MAX_BYTES) -> Iterator[bytes | None]:
    """Yield blocks of whole lines, line feeds included, of about BLOCK_BYTES; None for a line over `longest` bytes."""
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
    """Cut `whole[start:stop]` into blocks; both ends are at the beginning of a line."""
    while start < stop:
        end = whole.find(b"\n", start + BLOCK_BYTES, stop) + 1 or stop
        yield whole[start:end]
        start = end
