"""Bytes in chunks of any size as numbered lines: flat memory, byte-order mark and CRLF taken off and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MAX_LINE_BYTES = 16 * 2**20
"""Far above the longest record that any base model takes; a longer line is never held."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end; `raw` is None where the line was too long to be held."""

    number: int
    raw: bytes | None


def read(chunks: Iterable[bytes], normalised: Counter[str], longest: int = MAX_LINE_BYTES) -> Iterator[Line]:
    r"""Lines ended by `\n` or `\r\n`, numbered from 1. What was taken off is counted in `normalised`."""
    for number, raw in enumerate(_pieces(chunks, longest), start=1):
        if raw is None:
            yield Line(number, None)
            continue
        text = raw
        if number == 1 and text.startswith(BYTE_ORDER_MARK):
            text = text.removeprefix(BYTE_ORDER_MARK)
            normalised["byte_order_mark"] += 1
        if text.endswith(b"\r"):
            text = text[:-1]
            normalised["crlf_line_end"] += 1
        yield Line(number, text)


def _pieces(chunks: Iterable[bytes], longest: int) -> Iterator[bytes | None]:
    """What stands between line feeds; None for a piece over the cap."""
    held: list[bytes] = []
    size = 0
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        size += len(first)
        if size <= longest:
            held.append(first)
        else:
            held.clear()
        if not others:
            continue
        yield _piece(held, size, longest)
        *whole, rest = others
        for piece in whole:
            yield _piece([piece], len(piece), longest)
        held, size = [rest], len(rest)
    if size:
        yield _piece(held, size, longest)


def _piece(held: list[bytes], size: int, longest: int) -> bytes | None:
    return b"".join(held) if size <= longest else None
