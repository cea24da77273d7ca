"""The JSON report on one evaluation, which other programs may rely on. docs/api.md#an-evaluations-report describes it.

Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from tunedrop import __version__
from tunedrop.domain.evaluation import needs
from tunedrop.domain.evaluation.evaluation_result import AnswerExample, CandidateResult, EvaluationResult, Judged
from tunedrop.domain.evaluation.label_metrics import Confusion
from tunedrop.domain.evaluation.paired_tests import Interval
from tunedrop.domain.reports import evaluation_advice, evaluation_caveats, evaluation_words, next_commands

SCHEMA = 1


def build(result: EvaluationResult, stack: str) -> dict[str, Any]:
    """Build the report, examples included. Its members keep their order; new ones are added at the end."""
    return facts(result, stack) | {
        "confusion": [
            _confusion(candidate.name, candidate.confusion) for candidate in result.candidates if candidate.confusion
        ],
        "examples": {
            "gained": [_example(each) for each in result.gained],
            "lost": [_example(each) for each in result.lost],
            "to_label": [_example(each) for each in result.to_label],
        },
    }


def facts(result: EvaluationResult, stack: str) -> dict[str, Any]:
    """Build the report without prompts and answers: for whoever may not read data. Slices do name labels."""
    declared, margin = result.declared, result.margin
    return {
        "schema": SCHEMA,
        "tunedrop": __version__,
        "stack": stack,
        "evaluation_id": result.evaluation_id,
        "dataset": result.dataset,
        "version": result.version,
        "records": result.records,
        "left_out": dict(result.left_out),
        "metric": result.metric,
        "margin": margin,
        "verdict": declared.verdict,
        "summary": evaluation_words.summary(result),
        "gate": {"asks": result.gate, "outcome": result.outcome, "words": evaluation_words.gate(result)},
        "declared": _judged(declared, margin),
        "others": [_judged(each, margin) for each in result.others],
        "secondary": [_described(each, margin) for each in result.secondary],
        "slices": [_described(each, margin) for each in result.slices],
        "form_gap": result.form_gap,
        "enough": _enough(result),
        "candidates": [_candidate(candidate) for candidate in result.candidates],
        "cost": {"amount": result.cost, "currency": result.currency},
        "caveats": [each._asdict() for each in evaluation_caveats.caveats(result)],
        "next_steps": [
            {
                "words": step.words,
                "command": step.command and next_commands.in_stack(step.command, stack),
                "approves": step.approves,
            }
            for step in evaluation_advice.steps(result)
        ],
        "asked_by": result.occasion.asked_by or None,
        "asked_at": _moment(result.occasion.asked_at),
        "records_words": evaluation_caveats.records_words(result.records, result.left_out),
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")


def encode(report: Mapping[str, Any]) -> bytes:
    """Encode the report as JSON, as it is stored."""
    return json.dumps(report, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def _judged(judged: Judged, margin: float) -> dict[str, Any]:
    contrast = judged.contrast
    return {
        "candidate": judged.candidate,
        "against": judged.against,
        "metric": judged.metric,
        "slice": judged.slice or None,
        "records": contrast.records,
        "groups": contrast.clusters,
        "better": contrast.better,
        "worse": contrast.worse,
        "difference": contrast.difference,
        "interval_95": _interval(contrast.interval),
        "interval_90": _interval(contrast.narrow),
        "reliable": contrast.reliable,
        "p": judged.p,
        "same_answers": contrast.same,
        "failed": contrast.failed,
        "verdict": judged.verdict,
        "words": evaluation_words.sentence(judged, margin),
        "records_needed": judged.records_needed,
    }


def _described(judged: Judged, margin: float) -> dict[str, Any]:
    """What only describes has no verdict."""
    return _judged(judged, margin) | {"verdict": None, "words": None, "records_needed": None}


def _interval(interval: Interval | None) -> dict[str, float] | None:
    return None if interval is None else {"low": interval.low, "high": interval.high}


def _enough(result: EvaluationResult) -> dict[str, Any]:
    """How many records show what in four of five evaluations, and what these could have shown."""
    declared = result.declared
    return {
        "smallest_shown": needs.smallest_shown(declared.contrast),
        "needs": [
            {
                "wish": need.wish,
                "size": need.size,
                "records": need.records,
                "words": evaluation_words.need(need, declared.candidate, declared.against),
            }
            for need in needs.needs(declared.contrast, result.margin)
        ],
        "words": evaluation_words.shown(declared.contrast),
    }


def _candidate(candidate: CandidateResult) -> dict[str, Any]:
    return {
        "name": candidate.name,
        "model": candidate.model,
        "scores": dict(candidate.scores),
        "answered": candidate.answered,
        "failed": candidate.failed,
        "truncated": candidate.truncated,
        "input_tokens": candidate.input_tokens,
        "output_tokens": candidate.output_tokens,
        "cost": candidate.cost,
        "latency_p50_ms": candidate.latency_p50_ms,
        "latency_p95_ms": candidate.latency_p95_ms,
        "flip_rate": candidate.flip_rate,
        "few_shot": candidate.few_shot,
        "job_id": candidate.job_id,
        "hyperparameters": dict(candidate.hyperparameters),
    }


def _confusion(name: str, confusion: Confusion) -> dict[str, Any]:
    return {
        "candidate": name,
        "labels": list(confusion.labels),
        "counts": [
            {"right": right, "answered": answered, "records": count}
            for (right, answered), count in sorted(confusion.counts.items())
        ],
        "macro_f1": confusion.macro_f1,
    }


def _example(example: AnswerExample) -> dict[str, Any]:
    return asdict(example) | {"answers": dict(example.answers), "scores": dict(example.scores)}
