"""What a candidate answered to one question, as it is stored. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """One call's answer, or why there is none."""

    item: int
    """Which of the evaluation's items was asked, from 0."""
    text: str
    """Empty if the call failed."""
    truncated: bool
    """Whether it was cut off at the most tokens: such an answer is wrong."""
    input_tokens: int
    output_tokens: int
    latency_ms: int
    failure: str | None = None
    """The error's code."""

    @classmethod
    def failed(cls, item: int, code: str) -> GivenAnswer:
        """The answer of a call that brought none."""
        return cls(item, "", truncated=False, input_tokens=0, output_tokens=0, latency_ms=0, failure=code)

    @property
    def is_whole(self) -> bool:
        """Whether it can be right."""
        return not self.truncated and self.failure is None


def dump(answers: Iterable[GivenAnswer]) -> bytes:
    """The answers as JSON Lines."""
    return msgspec.json.Encoder().encode_lines(list(answers))


def load(dumped: bytes) -> tuple[GivenAnswer, ...]:
    """What `dump` wrote."""
    return tuple(msgspec.json.Decoder(GivenAnswer).decode_lines(dumped))
