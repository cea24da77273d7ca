"""Classification as a whole: which label was taken for which, and macro-F1. Pure. Single answers: `exact_match`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tunedrop.domain.evaluation.answer_texts import normalized

UNKNOWN = "(another answer)"
"""What stands for every answer that is no label of the references."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often each label was answered where each was right. Labels are normalized."""

    labels: tuple[str, ...]
    """Those of the references, the most frequent first."""
    counts: Mapping[tuple[str, str], int]
    """By (right label, answered label or UNKNOWN)."""

    @property
    def macro_f1(self) -> float:
        """The mean of the labels' F1, each label counting the same; 0 without labels."""
        return sum(map(self._f1, self.labels)) / len(self.labels) if self.labels else 0.0

    @property
    def unknown(self) -> int:
        """Answers that are no label at all."""
        return sum(count for (_, answered), count in self.counts.items() if answered == UNKNOWN)

    def _f1(self, label: str) -> float:
        right = self.counts.get((label, label), 0)
        wanted = sum(count for (true, _), count in self.counts.items() if true == label)
        found = sum(count for (_, answered), count in self.counts.items() if answered == label)
        return 2 * right / (wanted + found)


def confusion(pairs: Iterable[tuple[str, str]]) -> Confusion:
    """The confusion of (answer, reference) pairs."""
    told = [(normalized(answer), normalized(reference)) for answer, reference in pairs]
    frequent = Counter(right for _, right in told)
    counts = Counter((right, answer if answer in frequent else UNKNOWN) for answer, right in told)
    return Confusion(tuple(label for label, _ in frequent.most_common()), dict(counts))


def contains_label(answer: str, reference: str) -> float:
    """1 if the right label stands anywhere in the answer: what a chatty model would have, form forgiven."""
    wanted = " ".join(_words(reference))
    if not wanted:
        return float(normalized(answer) == normalized(reference))
    return float(f" {wanted} " in f" {' '.join(_words(answer))} ")


def _words(answer: str) -> list[str]:
    return "".join(char if char.isalnum() or char in "_- " else " " for char in normalized(answer)).split()
