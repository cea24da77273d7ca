"""Fingerprints: the same on every machine, stored and loaded without loss, and hostile bytes are refused."""

from __future__ import annotations

import hashlib
import struct
import subprocess
import sys
import zlib
from array import array
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tunedrop.domain.records import stored_fingerprints
from tunedrop.domain.records.fingerprints import COLUMNS, MAX_PIECES, MAX_WORDS, Fingerprints
from tunedrop.domain.records.record import Block, Record, Turn
from tunedrop.domain.records.stored_fingerprints import UnreadableFingerprints

ROOT = Path(__file__).parents[3]

_LONG = st.lists(
    st.sampled_from(["the", "quick", "brown", "fox", "jumps", "over", "12", "lazy", "dogs", "日本語", "Élan"]),
    max_size=300,
).map(" ".join)
_TEXTS = st.text(max_size=30) | _LONG | st.sampled_from(["\ud800", "\0", ""])


def record(question: str, answer: str, system: str = "") -> Record:
    turns = (Turn("$", "user", (Block("$", question),)), Turn("$", "assistant", (Block("$", answer),)))
    return Record((Block("$", system),) if system else (), turns)


_RECORDS = st.builds(record, _TEXTS, _TEXTS, st.sampled_from(["", "Be kind.", "be kind"]))


def prints_of(records: list[Record]) -> Fingerprints:
    prints = Fingerprints()
    for number, each in enumerate(records, 1):
        prints.add(each, number, number + 3)
    return prints


def columns(prints: Fingerprints) -> list[object]:
    return [*(getattr(prints, name) for name in COLUMNS), prints.sketches]


@settings(max_examples=60)
@given(st.lists(_RECORDS, max_size=20))
@example([])
def test_what_was_stored_is_loaded_and_the_same_records_give_the_same_bytes(records):
    prints = prints_of(records)
    dumped = stored_fingerprints.dump(prints)
    loaded = stored_fingerprints.load(dumped)
    assert columns(loaded) == columns(prints)
    assert dumped == stored_fingerprints.dump(loaded) == stored_fingerprints.dump(prints_of(records))


KNOWN = [
    record("Why? " * 100, "Because, 17. " * 100),
    record("Élan " * 80, "\ud800", "Be kind."),
    record("日本" * 200, "a"),
]
KNOWN_DIGEST = "9bab8a496743db02"


def test_the_same_records_give_the_same_bytes_on_every_machine_and_in_every_release_of_this_schema():
    """Where this fails on purpose, `SCHEMA` has to grow: what is stored no longer compares."""
    dumped = stored_fingerprints.dump(prints_of(KNOWN))
    assert (stored_fingerprints.SCHEMA, hashlib.sha256(dumped).hexdigest()[:16]) == (2, KNOWN_DIGEST)


def test_no_process_has_hashes_of_its_own():
    script = (
        "import hashlib; from tests.unit.records import test_fingerprints as tests\n"
        "print(hashlib.sha256(tests.stored_fingerprints.dump(tests.prints_of(tests.KNOWN))).hexdigest()[:16])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONHASHSEED": "7"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == KNOWN_DIGEST


@settings(max_examples=300)
@given(st.binary(max_size=300))
def test_hostile_bytes_are_refused(raw):
    with pytest.raises(UnreadableFingerprints):
        stored_fingerprints.load(raw)


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_byte_or_a_lost_end_is_noticed(data):
    dumped = stored_fingerprints.dump(prints_of(KNOWN))
    at = data.draw(st.integers(0, len(dumped) - 1))
    damaged = bytearray(dumped)
    damaged[at] ^= data.draw(st.integers(1, 255))
    for raw in (bytes(damaged), dumped[:at], dumped + b"\0"):
        with pytest.raises(UnreadableFingerprints):
            stored_fingerprints.load(raw)


_HEADER = struct.Struct("<21sHIII")


@settings(max_examples=300)
@given(st.integers(0, 2**32 - 1) | st.integers(0, 4), st.integers(0, 200), st.binary(max_size=400))
def test_a_forged_header_with_a_right_checksum_is_refused_or_read(records, pieces, body):
    forged = (
        _HEADER.pack(b"tunedrop fingerprints", stored_fingerprints.SCHEMA, records, pieces, zlib.crc32(body)) + body
    )
    try:
        loaded = stored_fingerprints.load(forged)
    except UnreadableFingerprints:
        return
    assert len(loaded) == records == len(loaded.sketches) == len(loaded.words)


@pytest.mark.parametrize("lengths", [(MAX_PIECES + 1, 0), (0, MAX_WORDS + 1), (255, 0)])
def test_forged_sketches_and_words_are_refused(lengths):
    body = bytes(sum(array(code).itemsize for code in COLUMNS.values())) + bytes(lengths) + bytes(4 * sum(lengths))
    header = _HEADER.pack(b"tunedrop fingerprints", stored_fingerprints.SCHEMA, 1, sum(lengths), zlib.crc32(body))
    with pytest.raises(UnreadableFingerprints, match="sketches"):
        stored_fingerprints.load(header + body)


def test_a_record_takes_few_bytes_however_long_it_is():
    prints = prints_of([record("a quick brown fox jumps over it " * 100_000, f"{'b' * 5} {'c' * 4} " * 100_000)])
    assert len(stored_fingerprints.dump(prints)) <= _HEADER.size + 303
