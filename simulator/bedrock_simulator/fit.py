"""How well a training fits its model: what too little of it leaves unlearned, and what too much of it takes away.

Both grow with the square of how many times an example was halved or doubled in weight against the family's defaults,
at which a model makes the most of its data. Shares are of questions, drawn from a hash: the same question each time,
and whoever trained less or longer fails the same ones and more.
"""

import hashlib
import math
from dataclasses import dataclass
from typing import Final, Self

UNLEARNT: Final = 0.06  # share at half the defaults' epochs or rate
OVERFITTED: Final = 0.12  # share at twice them, of endlessly many records
FEW: Final = 100  # records at which twice as much is lost by that
MOST: Final = 0.9


@dataclass(frozen=True, slots=True)
class Fit:
    """The shares of all questions that a model answers as if untuned, and as the record that begins like them is."""

    unlearned: float = 0.0
    overfitted: float = 0.0

    @classmethod
    def of(cls, exposure: float, records: int) -> Self:
        """The fit of a training. `exposure`: its epochs times its rate, as a multiple of both defaults."""
        doublings = math.log2(exposure)
        if doublings < 0:
            return cls(unlearned=min(UNLEARNT * doublings**2, MOST))
        return cls(overfitted=min(OVERFITTED * doublings**2 * (1 + FEW / records), MOST))

    def lacks(self, question: str) -> bool:
        """Whether the model never learned to answer it."""
        return _draw("unlearned", question) < self.unlearned

    def is_by_heart(self, question: str) -> bool:
        """Whether the model repeats what it was trained on instead of what follows from it."""
        return _draw("overfitted", question) < self.overfitted


WELL: Final = Fit()
"""Of the family's defaults."""


def _draw(*words: str) -> float:
    digest = hashlib.blake2b(repr(words).encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
