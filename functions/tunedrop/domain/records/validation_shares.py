"""A share of train as validation split: which records, the same ones every time, wherever and whenever it is asked."""

from __future__ import annotations

import hashlib

from tunedrop.domain.records.record import Record

_BITS = 64


def is_validation(record: Record, share: float) -> bool:
    """Whether this record belongs to the share, by the hash of its question.

    Records that ask the same, apart from case and white space, fall on the same side: no duplicate is ever on both.
    """
    digest = hashlib.blake2b(digest_size=_BITS // 8)
    for turn in record.turns[:-1] or record.turns:
        for block in turn.blocks:
            digest.update(" ".join((block.text or "").casefold().split()).encode("utf-8", "surrogatepass"))
            digest.update(b"\0")
    return int.from_bytes(digest.digest(), "big") < int(share * 2**_BITS)
