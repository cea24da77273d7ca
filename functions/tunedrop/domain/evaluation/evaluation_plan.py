"""An evaluation's plan: whom it would ask what, what that can show, and what it may cost. Pure."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from tunedrop.domain.evaluation import answer_metrics, power
from tunedrop.domain.evaluation.answer_metrics import METRICS, MetricName
from tunedrop.domain.evaluation.evaluation_request import StartEvaluation
from tunedrop.domain.evaluation.evaluation_states import CHUNK, Candidate
from tunedrop.domain.evaluation.gate import Gate, OnInsufficient
from tunedrop.domain.evaluation.questions import ASKED_TWICE, Question, Selection
from tunedrop.domain.texts import tokens
from tunedrop.domain.versions.stored_file import StoredFile
from tunedrop.errors import CapExceeded, Conflict

MOST_CALLS = 5_000
"""Calls of one evaluation, repeated ones included."""
SPARE = 10
"""One call in so many may be repeated because an answer was lost; at least one chunk, which a crash costs."""
_ROOM = 1.5
"""An answer may be half as long again as the 95th percentile of references."""
_LEAST_TOKENS, _MOST_TOKENS = 32, 4_096


@dataclass(frozen=True, slots=True)
class Tested:
    """The version whose test split is asked, for the base model whose prepared data are read."""

    dataset: str
    version: int
    base_model: str
    train: StoredFile
    test: StoredFile
    owner: str | None


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """What an evaluation would do. `plan_id` is a digest of all other fields: a different plan has another id."""

    dataset: str
    version: int
    test_sha256: str
    candidates: tuple[Candidate, ...]
    metric: MetricName
    margin: float
    gate: Gate
    on_insufficient: OnInsufficient
    records: int
    """Asked of each candidate."""
    left_out: Mapping[str, int]
    calls: int
    most_calls: int
    input_tokens: int
    """Estimated, of all calls."""
    output_tokens: int
    """At most, of all calls."""
    max_tokens: int
    """Of one answer."""
    smallest_difference: float | None
    """That so many records show, four times in five; None if they show none."""
    cost: float | None
    """At most; None where a price is not configured."""
    currency: str
    warnings: tuple[str, ...]
    plan_id: str = ""


def make(
    request: StartEvaluation,
    tested: Tested,
    candidates: Sequence[Candidate],
    chosen: Selection,
    *,
    prices: Mapping[str, float],
    currency: str,
) -> EvaluationPlan:
    """The plan for a request whose questions were chosen. Raises InvalidInput, Conflict and CapExceeded."""
    metric = _metric(request, tested, chosen)
    each = _size(chosen.questions)
    calls = each.calls * len(candidates)
    _check_calls(calls)
    plan = EvaluationPlan(
        dataset=tested.dataset,
        version=tested.version,
        test_sha256=tested.test.sha256,
        candidates=tuple(candidates),
        metric=metric,
        margin=request.margin,
        gate=request.gate,
        on_insufficient=request.on_insufficient,
        records=len(chosen.questions),
        left_out=chosen.left_out,
        calls=calls,
        most_calls=min(calls + max(calls // SPARE, CHUNK), MOST_CALLS),
        input_tokens=each.input_tokens * len(candidates),
        output_tokens=each.longest * calls,
        max_tokens=each.longest,
        smallest_difference=power.smallest_difference(len(chosen.questions)),
        cost=_cost(candidates, each, prices),
        currency=currency,
        warnings=tuple(_warnings(request, metric, chosen)),
    )
    content = json.dumps(asdict(plan), sort_keys=True, separators=(",", ":"))
    return replace(plan, plan_id=hashlib.sha256(content.encode()).hexdigest()[:32])


def _metric(request: StartEvaluation, tested: Tested, chosen: Selection) -> MetricName:
    """The metric asked for, or the one that fits. Raises Conflict without questions, InvalidInput if it can't fit."""
    if not chosen.questions:
        raise Conflict(
            "nothing_to_ask",
            f"No record of {tested.dataset}@{tested.version}'s test split is left to ask.",
            left_out=dict(chosen.left_out),
        )
    references = [question.references[0] for question in chosen.questions]
    metric = request.metric or answer_metrics.suggested(references)
    answer_metrics.check_references(metric, references)
    return metric


def confirm(plan: EvaluationPlan, plan_id: str | None) -> None:
    """Accept the plan if `plan_id` names it, or if there is none. Raises Conflict `plan_changed`, with the plan."""
    if plan_id in {None, plan.plan_id}:
        return
    raise Conflict(
        "plan_changed",
        f"plan_id confirms a different plan. This request's plan has plan_id {plan.plan_id}.",
        field="plan_id",
        plan=asdict(plan),
    )


def price_of(candidate: Candidate, prices: Mapping[str, float]) -> tuple[float, float] | None:
    """The price of 1,000 tokens in and out; None where one is not configured."""
    first, second = (prices.get(f"{candidate.base_model}.{way}_per_1000_tokens") for way in ("input", "output"))
    return None if first is None or second is None else (first, second)


def _check_calls(calls: int) -> None:
    if calls > MOST_CALLS:
        raise CapExceeded(
            "evaluation_calls_cap",
            f"The evaluation would make {calls:,} calls; at most {MOST_CALLS:,} are allowed. Ask fewer candidates, or "
            "set max_records lower.",
            field="max_records",
            calls=calls,
            cap=MOST_CALLS,
        )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one candidate is asked."""

    calls: int
    input_tokens: int
    longest: int
    """The most tokens of one answer."""


def _size(questions: Sequence[Question]) -> _Asked:
    calls = len(questions) + min(ASKED_TWICE, len(questions))
    asked = tokens.estimate(text for question in questions for text in question.texts)
    lengths = sorted(max(tokens.estimate([each]) for each in question.references) for question in questions)
    percentile = lengths[max(math.ceil(len(lengths) * 0.95) - 1, 0)]
    longest = min(max(math.ceil(percentile * _ROOM), _LEAST_TOKENS), _MOST_TOKENS)
    return _Asked(calls, math.ceil(asked * calls / len(questions)), longest)


def _cost(candidates: Sequence[Candidate], each: _Asked, prices: Mapping[str, float]) -> float | None:
    known = [price_of(candidate, prices) for candidate in candidates]
    costs = [(each.input_tokens * price[0] + each.calls * each.longest * price[1]) / 1_000 for price in known if price]
    return round(sum(costs), 4) if len(costs) == len(known) else None


def _warnings(request: StartEvaluation, metric: MetricName, chosen: Selection) -> Iterator[str]:
    smallest, records = power.smallest_difference(len(chosen.questions)), len(chosen.questions)
    if smallest is None:
        yield f"{records:,} records can show no difference at all between two models."
    elif smallest > request.margin:
        needed = power.records_needed(request.margin)
        yield (
            f"{records:,} records show a difference of {smallest * 100:g} points or more; for {request.margin * 100:g} "
            f"points, {needed:,} are needed. The likeliest verdict on a smaller one is insufficient_evidence."
        )
    if request.gate != "none" and not METRICS[metric].gates:
        yield f"The gate stands on {metric}, which measures how alike two texts are, not whether an answer is right."
    if leaks := chosen.left_out.get("leaks_from_train"):
        yield f"{leaks:,} records of test are in train, too, and are not asked."
