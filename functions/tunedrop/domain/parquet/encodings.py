"""Decode Parquet's encodings of values and levels with lazy iterators that hold nothing but the page's bytes.

All raise ValueError (or struct.error) if the bytes end before the declared number of values.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterator
from itertools import chain, islice, repeat

_SHIFTS = {width: tuple(range(0, 8 * width, width)) for width in range(1, 65)}
_LENGTH = struct.Struct("<I")
_GROUPS_AT_A_TIME = 64
_MAX_VARINT = 10
_MAX_LENGTHS = 2**22  # all lengths of a page are held, in four bytes each


def hybrid(data: memoryview, width: int, count: int) -> Iterator[int]:
    """Decode `count` integers of `width` bits: runs of one value, and bit-packed groups of eight (RLE hybrid)."""
    if width == 0:
        return repeat(0, count)
    if width > 32:
        raise ValueError("integers wider than any")
    return chain.from_iterable(_runs(data, width, count))


def _runs(data: memoryview, width: int, count: int) -> Iterator[Iterator[int] | list[int]]:
    position, wide = 0, (width + 7) // 8
    while count > 0:
        head, position = _varint(data, position)
        if head & 1:
            size = min(head >> 1, -(-count // 8)) * width
            packed = data[position : position + size]
            position += (head >> 1) * width
            yield from _unpacked(packed, width, min(count, (head >> 1) * 8))
            count -= (head >> 1) * 8
        else:
            value = int.from_bytes(data[position : position + wide], "little")
            position += wide
            if position > len(data) or not head or value >> width:
                raise ValueError("a run without its value")
            yield repeat(value, min(count, head >> 1))
            count -= head >> 1


def _unpacked(packed: memoryview, width: int, count: int) -> Iterator[list[int]]:
    """Yield packed integers, some hundred at a time. Writers may omit the unused bytes of the last group."""
    if len(packed) * 8 < count * width or not count:
        raise ValueError("fewer packed values than said")
    mask, shifts = (1 << width) - 1, _SHIFTS[width]
    step = width * _GROUPS_AT_A_TIME
    for start in range(0, len(packed), step):
        piece = bytes(packed[start : start + step])
        values: list[int] = []
        for at in range(0, len(piece), width):
            group = int.from_bytes(piece[at : at + width], "little")
            values += [(group >> shift) & mask for shift in shifts]
        yield values[:count]
        count -= len(values)
        if count <= 0:
            return


def packed_bits(data: memoryview, count: int) -> Iterator[int]:
    """Decode bits, the lowest of each byte first."""
    return chain.from_iterable(_unpacked(data, 1, count))


def plain_numbers(data: memoryview, code: str, count: int) -> Iterator[int | float]:
    """Decode little-endian numbers of the struct module's format `code`."""
    item = struct.Struct(f"<{code}")
    return chain.from_iterable(item.iter_unpack(_exactly(data, item.size * count)))


def plain_fixed(data: memoryview, width: int, count: int) -> Iterator[bytes]:
    """Decode byte strings of `width` bytes each."""
    whole = _exactly(data, width * count)
    return (bytes(whole[start : start + width]) for start in range(0, len(whole), width))


def plain_bytes(data: memoryview, count: int) -> Iterator[bytes]:
    """Decode byte strings, each preceded by its length."""
    position, end, length_at = 0, len(data), _LENGTH.unpack_from
    for _ in range(count):
        start = position + 4
        position = start + length_at(data, position)[0]
        if position > end:
            raise ValueError("a text that goes on after its page")
        yield bytes(data[start:position])


def plain_places(data: memoryview, count: int) -> array[int]:
    """Where each of `count` byte strings begins that `plain_bytes` would read from `data`."""
    places, position, end, length_at = array("I"), 0, len(data), _LENGTH.unpack_from
    for _ in range(count):
        places.append(position)
        position += 4 + length_at(data, position)[0]
        if position > end:
            raise ValueError("a text that goes on after its page")
    return places


def split_bytes(data: memoryview, width: int, count: int) -> memoryview:
    """Undo BYTE_STREAM_SPLIT, which stores the first bytes of all values, then the second bytes, and so on."""
    whole = _exactly(data, width * count)
    joined = bytearray(len(whole))
    for place in range(width):
        joined[place::width] = whole[place * count : (place + 1) * count]
    return memoryview(joined)


def delta_numbers(data: memoryview, bits: int, count: int) -> Iterator[int]:
    """Decode DELTA_BINARY_PACKED integers of `bits` bits."""
    return iter(_Deltas(data, bits, count))


def delta_lengths(data: memoryview, count: int) -> Iterator[bytes]:
    """Decode DELTA_LENGTH_BYTE_ARRAY: all lengths, then the byte strings."""
    lengths, position = _lengths(data, 0, count)
    for length in lengths:
        piece = data[position : position + length]
        if length < 0 or len(piece) != length:
            raise ValueError("a text that goes on after its page")
        position += length
        yield bytes(piece)


def delta_texts(data: memoryview, count: int, spend: Callable[[int], None]) -> Iterator[bytes]:
    """Decode DELTA_BYTE_ARRAY, whose strings share a prefix with the one before.

    `spend` is called with each string's size before it is built: a few bytes can stand for very long strings.
    """
    prefixes, position = _lengths(data, 0, count)
    last = b""
    for prefix, suffix in zip(prefixes, delta_lengths(data[position:], count), strict=True):
        if not 0 <= prefix <= len(last):
            raise ValueError("a text that begins like none")
        spend(prefix + len(suffix))
        last = last[:prefix] + suffix
        yield last


def _lengths(data: memoryview, position: int, count: int) -> tuple[array[int], int]:
    if count > _MAX_LENGTHS:
        raise ValueError("more texts than a page has")
    deltas = _Deltas(data[position:], 32, count)
    lengths = array("i", deltas)
    return lengths, position + deltas.position


class _Deltas:
    def __init__(self, data: memoryview, bits: int, count: int) -> None:
        self.position = 0
        self._data = data
        self._mask, self._sign = (1 << bits) - 1, 1 << (bits - 1)
        block, miniblocks, total = self._varint(), self._varint(), self._varint()
        self._first = self._zigzag()
        if total != count or not 0 < miniblocks <= block <= 2**16 or block % (miniblocks * 8):
            raise ValueError("no header of such numbers")
        self._miniblocks, self._size = miniblocks, block // miniblocks
        self._count = count

    def __iter__(self) -> Iterator[int]:
        if not self._count:
            return
        value, left = self._signed(self._first), self._count - 1
        yield value
        while left > 0:
            least = self._zigzag()
            widths = bytes(self._take(self._miniblocks))
            for width in widths:
                if left <= 0:
                    break
                for delta in islice(self._miniblock(width), left):
                    value = self._signed(value + least + delta)
                    yield value
                left -= self._size

    def _miniblock(self, width: int) -> Iterator[int]:
        """Yield one miniblock's differences."""
        if width > 64:
            raise ValueError("integers wider than any")
        if not width:
            return repeat(0, self._size)
        packed = self._take(width * self._size // 8)
        return chain.from_iterable(_unpacked(packed, width, self._size))

    def _signed(self, value: int) -> int:
        return ((value & self._mask) ^ self._sign) - self._sign

    def _take(self, size: int) -> memoryview:
        taken = _exactly(self._data[self.position :], size)
        self.position += size
        return taken

    def _varint(self) -> int:
        value, self.position = _varint(self._data, self.position)
        return value

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)


def _exactly(data: memoryview, size: int) -> memoryview:
    if len(data) < size:
        raise ValueError("fewer values than said")
    return data[:size]


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for shift, byte in enumerate(data[position : position + _MAX_VARINT]):
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value, position + shift + 1
    raise ValueError("a number without its end")
