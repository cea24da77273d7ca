"""Choose the share of train that becomes validation, deterministically: the same records on every run and machine."""

from __future__ import annotations

import hashlib

from tunedrop.domain.records.record import Record

_BITS = 64


def is_validation(record: Record, share: float) -> bool:
    """Whether a record belongs to the share (0 to 1), by a hash of its question.

    Records whose questions differ only in case and white space fall on the same side, so no duplicate leaks across.
    """
    digest = hashlib.blake2b(digest_size=_BITS // 8)
    for turn in record.turns[:-1] or record.turns:
        for block in turn.blocks:
            digest.update(" ".join((block.text or "").casefold().split()).encode("utf-8", "surrogatepass"))
            digest.update(b"\0")
    return int.from_bytes(digest.digest(), "big") < int(share * 2**_BITS)
