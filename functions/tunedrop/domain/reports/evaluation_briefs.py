"""What an ended evaluation says of one custom model: in sentences, and as a job's report tells it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from tunedrop.domain.evaluation.model_evaluations import BriefContrast, ModelEvaluation
from tunedrop.domain.evaluation.paired_tests import Interval
from tunedrop.domain.reports import report_links
from tunedrop.domain.reports.evaluation_words import metric, number, points, span


def told(found: ModelEvaluation, stack: str, bucket: str) -> Mapping[str, Any]:
    """The evaluation as a member of a job's report; `bucket`: where its own report lies."""
    return asdict(found) | {
        "ended_at": found.ended_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "contrasts": [asdict(each) | {"words": sentence(each, found)} for each in found.contrasts],
        "console_url": report_links.page(found.report_key, stack, bucket),
    }


def sentence(contrast: BriefContrast, found: ModelEvaluation) -> str:
    """The verdict of one contrast, claiming no more than the evaluation's own report does."""
    ours, theirs, counted = contrast.candidate, contrast.against, f"{found.records:,} records"
    by = f"by {points(abs(contrast.difference))} of {metric(found.metric)}"
    match contrast.verdict:
        case "better":
            return f"{ours} is better than {theirs} {by}: {_interval(contrast)}, {counted}."
        case "worse":
            return f"{ours} is worse than {theirs} {by}: {_interval(contrast, sign=-1)}, {counted}."
        case "equivalent":
            return (
                f"{ours} and {theirs} differ by less than {points(found.margin)} of {metric(found.metric)}: "
                f"difference {number(contrast.difference)}, {_interval(contrast)}, {counted}."
            )
        case "insufficient_evidence":
            return f"Not decided whether {ours} is better than {theirs}: {_seen(contrast, found)}, {counted}."
        case "suspect":
            return f"Nothing is decided: {ours} and {theirs} answered nearly all of {counted} the same to the letter."
        case "incomplete":
            return f"Nothing is decided: too many of {counted} lack an answer of {ours} or {theirs}."


def _seen(contrast: BriefContrast, found: ModelEvaluation) -> str:
    side = f"{points(abs(contrast.difference))} {'higher' if contrast.difference > 0 else 'lower'}"
    return f"{side if contrast.difference else 'no difference'} in {metric(found.metric)}, {_interval(contrast)}"


def _interval(contrast: BriefContrast, sign: int = 1) -> str:
    low, high = contrast.low, contrast.high
    if low is None or high is None:
        return "too few for an interval"
    shown = Interval(low, high) if sign > 0 else Interval(-high, -low)
    return f"95% interval {span(shown)}{'' if contrast.reliable else ' (unreliable)'}"
