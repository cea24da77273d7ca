"""gzip as a stream: whole or refused, never more than its budget, never much in memory."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.reading import gzipped
from tunedrop.domain.records.defects import UnreadableContent

MEMBER = gzip.compress(b"hello " * 100_000, mtime=0)


def unpack(stored: bytes, allowed: int = 2**30, step: int = 2**20) -> tuple[bytes, str]:
    """What came out, and the code of what was wrong."""
    content = bytearray()
    try:
        for piece in gzipped.inflate((stored[n : n + step] for n in range(0, len(stored), step)), allowed):
            content += piece
    except UnreadableContent as unreadable:
        return bytes(content), unreadable.defect.code
    return bytes(content), ""


@pytest.mark.parametrize("step", [1, 7, 2**20])
def test_members_are_joined_and_zeros_may_pad_the_end(step):
    assert unpack(MEMBER, step=step) == (b"hello " * 100_000, "")
    assert unpack(MEMBER + MEMBER, step=step) == (b"hello " * 200_000, "")
    assert unpack(MEMBER + b"\0" * 600, step=step) == (b"hello " * 100_000, "")


@pytest.mark.parametrize("step", [1, 7, 2**20])
@pytest.mark.parametrize(
    ("stored", "word"),
    [
        (b"", "ends"),
        (MEMBER[:5], "ends"),
        (MEMBER[:-1], "ends"),
        (MEMBER + MEMBER[:12], "ends"),
        (MEMBER + b"x", "follows"),
        (MEMBER + b"{}", "follows"),
        (MEMBER + b"\0\0{}", "follows"),
        (MEMBER + b"\0" + MEMBER, "follows"),
        (MEMBER[:-8] + bytes(8), "damaged"),
        (MEMBER[:40] + b"\xff" + MEMBER[41:], "damaged"),
    ],
)
def test_what_is_not_whole_is_refused_and_says_why(stored, word, step):
    with pytest.raises(UnreadableContent) as caught:
        list(gzipped.inflate((stored[n : n + step] for n in range(0, len(stored), step)), 2**30))
    assert caught.value.defect.code == "broken_gzip"
    assert word in caught.value.defect.message


def _bomb(mebibytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([*(packer.compress(bytes(2**20)) for _ in range(mebibytes)), packer.flush()])


def _drain(stored: bytes, allowed: int) -> tuple[int, str]:
    unpacked = 0
    try:
        for piece in gzipped.inflate(iter([stored]), allowed):
            unpacked += len(piece)
    except UnreadableContent as unreadable:
        return unpacked, unreadable.defect.code
    return unpacked, ""


def test_a_bomb_is_refused_at_its_budget_in_flat_memory():
    bomb = _bomb(96)
    allowed = gzipped.budget(len(bomb))
    assert allowed == gzipped.FREE_BYTES
    tracemalloc.start()
    unpacked, code = _drain(bomb, allowed)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (code, unpacked <= allowed) == ("gzip_too_large", True)
    assert peak < 4 * 2**20


def test_the_budget_grows_with_the_file_up_to_a_fixed_size():
    assert gzipped.budget(100) == gzipped.FREE_BYTES
    assert gzipped.budget(2 * 2**20) == 200 * 2**20
    assert gzipped.budget(10 * 2**30) == gzipped.MAX_BYTES


def test_many_empty_members_take_no_time_to_speak_of():
    assert unpack(gzip.compress(b"", mtime=0) * 50_000) == (b"", "")


def test_content_is_given_out_while_it_is_read():
    def stored() -> Iterator[bytes]:
        yield MEMBER[: len(MEMBER) // 2]
        raise AssertionError

    assert next(gzipped.inflate(stored(), 2**30)).startswith(b"hello")


@given(st.binary(max_size=200), st.integers(1, 40))
def test_no_bytes_make_it_raise_anything_else(noise, step):
    for stored in (noise, b"\x1f\x8b\x08" + noise, MEMBER[:30] + noise):
        content, code = unpack(stored, step=step)
        assert code in {"", "broken_gzip"}
        if not code:
            assert content == gzip.decompress(stored)


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=4), st.integers(1, 100))
def test_whatever_was_compressed_comes_back(contents, step):
    stored = b"".join(gzip.compress(content, mtime=0) for content in contents)
    assert unpack(stored, step=step) == (b"".join(contents), "")
