"""The metrics that can decide an evaluation: what each compares, what it needs of references, what is told beside it.

Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tunedrop.domain.evaluation import json_metrics, label_metrics, text_metrics
from tunedrop.domain.evaluation.answer_texts import normalized
from tunedrop.errors import InvalidInput

MetricName = Literal["exact_match", "json_match", "tool_match", "token_f1", "rouge_l"]

MOST_LABELS = 50
LONGEST_LABEL = 60
"""Characters: with more labels, or longer ones, references are no classification."""
_LABELS_SHARE = 0.2
"""Labels per record: above, most references are different answers."""

Score = Callable[[str, str], float]


@dataclass(frozen=True, slots=True)
class Metric:
    """A way to score one answer against one reference, 0 to 1."""

    name: MetricName
    score: Score
    binary: bool
    """Whether a score is always 0 or 1, so that exact tests apply."""
    forgiving: Score | None
    """The same with form forgiven, such as the words around a label; None where form hardly counts."""
    beside: Mapping[str, Score]
    """What else is told of the candidates. It never decides."""
    gates: bool
    """Whether a gate may stand on it without `dataset.toml` naming it: scores of likeness are no measure of truth."""


def _length_ratio(answer: str, reference: str) -> float:
    """How near the lengths are, 0 to 1."""
    ours, theirs = sorted((len(answer.strip()), len(reference.strip())))
    return ours / theirs if theirs else 1.0


METRICS: Mapping[MetricName, Metric] = {
    each.name: each
    for each in (
        Metric(
            "exact_match",
            text_metrics.exact_match,
            binary=True,
            forgiving=label_metrics.contains_label,
            beside={"contains_label": label_metrics.contains_label},
            gates=True,
        ),
        Metric(
            "json_match",
            json_metrics.json_match,
            binary=True,
            forgiving=lambda answer, right: json_metrics.json_match(json_metrics.unwrapped(answer), right),
            beside={
                "valid_json": lambda answer, _: json_metrics.is_json(answer),
                "leaf_f1": lambda answer, right: json_metrics.leaf_overlap(answer, right).f1,
            },
            gates=True,
        ),
        Metric(
            "tool_match",
            json_metrics.tool_match,
            binary=True,
            forgiving=lambda answer, right: json_metrics.tool_match(json_metrics.unwrapped(answer), right),
            beside={"tool_names": json_metrics.same_tools},
            gates=True,
        ),
        Metric(
            "token_f1",
            text_metrics.token_f1,
            binary=False,
            forgiving=None,
            beside={"exact_match": text_metrics.exact_match, "chrf": text_metrics.chrf},
            gates=False,
        ),
        Metric(
            "rouge_l",
            text_metrics.rouge_l,
            binary=False,
            forgiving=None,
            beside={"chrf": text_metrics.chrf, "length_ratio": _length_ratio},
            gates=False,
        ),
    )
}


def best(score: Score, answer: str, references: Sequence[str]) -> float:
    """The score against the reference that fits best."""
    return max(score(answer, reference) for reference in references)


def suggested(references: Iterable[str]) -> MetricName:
    """The metric that fits the references, where nobody named one."""
    given = list(references)
    if given and (_are_calls(given) or sum(map(json_metrics.has_blocks, given)) > len(given) / 2):
        return "tool_match"
    if given and all(json_metrics.is_json(each) and each.strip()[:1] in {"{", "["} for each in given):
        return "json_match"
    return "exact_match" if are_labels(given) else "token_f1"


def check_references(metric: MetricName, references: Iterable[str]) -> None:
    """Raises InvalidInput `references_not_json` before anything is spent, if no answer could ever be right."""
    wrong = _wrong(metric, list(references))
    if wrong:
        raise InvalidInput(
            "references_not_json",
            f"{metric} compares JSON{' calls' if metric == 'tool_match' else ''}, and {wrong} answers of the test "
            "split are none. Correct them, or choose another metric.",
            field="metric",
            records=wrong,
        )


def _wrong(metric: MetricName, references: Sequence[str]) -> int:
    """How many references are of another kind than the metric compares. Among calls in blocks, a text calls nothing."""
    if metric == "json_match":
        return sum(not json_metrics.is_json(each) for each in references)
    if metric == "tool_match" and not any(map(json_metrics.has_blocks, references)):
        return sum(json_metrics.calls(each) is None for each in references)
    return 0


def _are_calls(references: Sequence[str]) -> bool:
    """Whether all are calls as JSON, or as blocks."""
    return all(
        json_metrics.has_blocks(each) or (json_metrics.calls(each) is not None and _has_name(each))
        for each in references
    )


def _has_name(reference: str) -> bool:
    return '"name"' in reference or reference.strip() == "[]"


def are_labels(references: Sequence[str]) -> bool:
    """Whether the references are labels of a classification: few different ones, all of them short."""
    labels = {normalized(each) for each in references}
    few = len(labels) <= min(MOST_LABELS, max(2, _LABELS_SHARE * len(references)))
    return few and all(len(label) <= LONGEST_LABEL for label in labels)
