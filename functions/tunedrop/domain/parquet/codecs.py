"""Decompress pages of Parquet files into buffers of exactly the declared size. Only this module needs cramjam."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

NAMES: Mapping[int, str] = {
    0: "uncompressed",
    1: "Snappy",
    2: "gzip",
    3: "LZO",
    4: "Brotli",
    5: "LZ4 in Hadoop's framing",
    6: "Zstandard",
    7: "LZ4",
}
UNPACKED = frozenset({0, 1, 2, 4, 6, 7})
"""Supported codecs. LZO has no free decoder; Hadoop's framing of LZ4 is deprecated and differs between writers."""


Data = bytes | bytearray | memoryview


def unpack(codec: int, stored: Data, size: int) -> Data:
    """Decompress a page of `size` bytes. Raises ValueError if it is damaged or of another size."""
    if codec == 0:
        if len(stored) != size:
            raise ValueError("another size than its header says")
        return stored
    if size == 0:
        return b""
    room = bytearray(size)
    unpackers, failure = _library()
    try:
        written = unpackers[codec](stored, room)
    except failure as error:
        raise ValueError("not to be unpacked") from error
    if written != size:
        raise ValueError("another size than its header says")
    return room


@cache
def _library() -> tuple[Mapping[int, Callable[[Data, bytearray], int]], Any]:
    """Decompressors by codec, which fail instead of writing past their buffer, and the exception they raise."""
    import cramjam  # noqa: PLC0415 - only the function that reads Parquet has it in its layer

    unpackers = {
        1: cramjam.snappy.decompress_raw_into,
        2: cramjam.gzip.decompress_into,
        4: cramjam.brotli.decompress_into,
        6: cramjam.zstd.decompress_into,
        7: cramjam.lz4.decompress_block_into,
    }
    return unpackers, cramjam.DecompressionError
