"""Results of evaluations for tests of what is told of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tunedrop.domain.evaluation import contrasts, gate_outcomes, label_metrics
from tunedrop.domain.evaluation.contrasts import Pair
from tunedrop.domain.evaluation.evaluation_result import AnswerExample, CandidateResult, EvaluationResult, Judged
from tunedrop.domain.evaluation.gate import Gate

STACK = "arn:aws:cloudformation:us-west-2:123456789012:stack/tunedrop/0"
MARGIN = 0.03
OURS, THEIRS = "support-prod", "claude-3-haiku"
COUNTS = {
    "better": (60, 20, 320),
    "worse": (20, 60, 320),
    "equivalent": (10, 10, 980),
    "insufficient_evidence": (24, 16, 160),
    "suspect": (1, 0, 399),
    "incomplete": (40, 20, 140),
}
"""Records of a result by verdict: only ours right, only theirs right, both alike."""


def pairs(better: int, worse: int, alike: int, *, same: int = 0, failed: int = 0, group: int = 1) -> list[Pair]:
    scores = [(1.0, 0.0)] * better + [(0.0, 1.0)] * worse + [(1.0, 1.0)] * alike
    return [
        Pair(ours, theirs, place >= len(scores) - same, place < failed, str(place // group))
        for place, (ours, theirs) in enumerate(scores)
    ]


def judged(some: Sequence[Pair], *, binary: bool = True, margin: float = MARGIN, **names: str) -> Judged:
    contrast = contrasts.measure(some, binary=binary)
    verdict = contrasts.verdict(contrast, margin)
    return Judged(
        candidate=names.get("candidate", OURS),
        against=names.get("against", THEIRS),
        metric=names.get("metric", "exact_match"),
        contrast=contrast,
        verdict=verdict,
        p=contrast.p,
        records_needed=contrasts.records_needed(contrast, margin) if verdict == "insufficient_evidence" else None,
        slice=names.get("slice", ""),
    )


def declared(verdict: str) -> Judged:
    """A contrast with this verdict."""
    more = {"suspect": {"same": 399}, "incomplete": {"failed": 6}}.get(verdict, {})
    found = judged(pairs(*COUNTS[verdict], **more))
    assert found.verdict == verdict
    return found


def example(record: str, reference: str, ours: str, theirs: str, **more: Any) -> AnswerExample:
    scores = {name: float(answer == reference) for name, answer in ((OURS, ours), (THEIRS, theirs))}
    return AnswerExample(
        record, more.get("prompt", f"Question {record}"), reference, {OURS: ours, THEIRS: theirs}, scores
    )


def candidate(name: str, score: float, **more: Any) -> CandidateResult:
    facts: dict[str, Any] = {
        "scores": {"exact_match": score, "contains_label": min(1.0, score + 0.05)},
        "answered": 200,
        "failed": 0,
        "truncated": 0,
        "input_tokens": 41_234,
        "output_tokens": 1_402,
        "cost": 0.0213,
        "latency_p50_ms": 412,
        "latency_p95_ms": 1_309,
        "flip_rate": 0.0,
    }
    return CandidateResult(name=name, model=f"arn:aws:bedrock:us-west-2::model/{name}", **(facts | more))


def result(verdict: str = "insufficient_evidence", **more: Any) -> EvaluationResult:
    """A result with this verdict; `more` replaces its fields."""
    told = declared(verdict)
    asks: Gate = more.get("gate", "better")
    share = told.contrast.better / told.contrast.records
    confusion = label_metrics.confusion(
        [("billing", "billing")] * 90
        + [("refund", "billing")] * 6
        + [("refund", "refund")] * 70
        + [("Sure!", "other")] * 8
    )
    facts: dict[str, Any] = {
        "evaluation_id": "01jdexample",
        "dataset": "support",
        "version": 3,
        "records": told.contrast.records,
        "left_out": {},
        "metric": "exact_match",
        "margin": MARGIN,
        "gate": asks,
        "outcome": gate_outcomes.outcome(asks, [(told.contrast, told.verdict)], margin=MARGIN, on_insufficient="hold"),
        "declared": told,
        "others": (judged(pairs(20, 14, 166), against="llama-3-3-70b"),),
        "secondary": (judged(pairs(22, 18, 160), metric="contains_label"),),
        "slices": (
            judged(pairs(9, 5, 76), slice="label: billing"),
            judged(pairs(12, 6, 40), slice="label: refund"),
            judged(pairs(3, 5, 4), slice="length: long"),
        ),
        "form_gap": 0.025,
        "candidates": (
            candidate(OURS, 0.6 + share, confusion=confusion),
            candidate(THEIRS, 0.6, truncated=3, flip_rate=0.1, cost=None),
        ),
        "gained": (example("17", "billing", "billing", "This looks like a billing question."),),
        "lost": (example("4", "refund", "billing", "refund"),),
        "to_label": (example("31", "other", "billing", "refund"), example("64", "refund of a fee", "refund", "fee")),
        "currency": "USD",
        "cost": None,
    }
    return EvaluationResult(**(facts | more))
