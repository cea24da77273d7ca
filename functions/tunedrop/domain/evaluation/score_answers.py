"""From answers to a result: contrasts, verdict, gate, slices and examples. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from tunedrop.domain.evaluation import contrasts, gate_outcomes, paired_tests
from tunedrop.domain.evaluation.answer_metrics import METRICS, Metric
from tunedrop.domain.evaluation.answer_schema import AnswerSchema
from tunedrop.domain.evaluation.answer_sheets import Sheet
from tunedrop.domain.evaluation.contrasts import Pair
from tunedrop.domain.evaluation.evaluation_request import StartEvaluation
from tunedrop.domain.evaluation.evaluation_result import AnswerExample, EvaluationResult, Judged, Occasion
from tunedrop.domain.evaluation.evaluation_states import Evaluation
from tunedrop.domain.evaluation.gate import GateOutcome

MOST_EXAMPLES = 20
MOST_SLICES = 12
LEAST_IN_SLICE = 10
READABLE = 600
"""Characters of a text that an example shows."""


def score(evaluation: Evaluation, sheet: Sheet, currency: str, schema: AnswerSchema | None = None) -> EvaluationResult:
    """The result of an evaluation with at least two candidates."""
    metric = METRICS[evaluation.metric]
    if schema and metric.name == "json_match":
        metric = replace(metric, beside={**metric.beside, "schema_valid": schema.score})
    ours, theirs, *more = sheet.columns
    pairs = sheet.pairs(ours, theirs, metric.score)
    judge = _Contrasts(evaluation, ours.name, metric)
    declared = judge.of(theirs.name, pairs)
    outcome = judge.outcome(declared)
    costs = [column.cost for column in sheet.columns if column.candidate.answers is None]
    return EvaluationResult(
        evaluation_id=evaluation.id,
        dataset=evaluation.dataset,
        version=evaluation.version,
        records=len(pairs),
        left_out=dict(evaluation.left_out),
        metric=metric.name,
        margin=evaluation.margin,
        gate=evaluation.gate,
        outcome=outcome,
        declared=declared,
        others=tuple(judge.adjusted([(each.name, sheet.pairs(ours, each, metric.score)) for each in more])),
        secondary=tuple(_secondary(sheet, evaluation, metric)),
        slices=tuple(_slices(sheet, judge, pairs)),
        form_gap=_form_gap(sheet, metric, declared),
        candidates=tuple(sheet.whole(column, metric) for column in sheet.columns),
        gained=tuple(_examples(sheet, pairs, lambda pair: pair.ours > pair.theirs)),
        lost=tuple(_examples(sheet, pairs, lambda pair: pair.ours < pair.theirs)),
        to_label=tuple(_to_label(sheet, pairs)),
        currency=currency,
        cost=None if None in costs else sum(cost for cost in costs if cost is not None),
        learned=evaluation.learned,
        occasion=_occasion(evaluation, outcome),
    )


def _occasion(evaluation: Evaluation, outcome: GateOutcome) -> Occasion:
    first = evaluation.candidates[0]
    return Occasion(
        evaluation.asked_by,
        evaluation.created_at,
        _again(evaluation, outcome),
        first.deployment if evaluation.judges and outcome == "held" and not first.by_the_hour else None,
    )


def _again(evaluation: Evaluation, outcome: GateOutcome) -> StartEvaluation | None:
    """The request that asks the same now, where a gate may have let one model take over from another."""
    first, *rivals = evaluation.candidates
    name = first.deployment or first.name
    if (evaluation.judges and outcome not in {"passed", "none"}) or rivals[0].name == name:
        return None
    return StartEvaluation(
        evaluation.dataset,
        name,
        tuple(rival.name for rival in rivals if rival.name != name),
        evaluation.version,
        evaluation.metric,
        evaluation.margin,
        evaluation.gate,
        evaluation.on_insufficient,
        evaluation.max_records,
        evaluation.group_by,
        accept_unknown_price=evaluation.accept_unknown_price,
    )


class _Contrasts:
    """Judges pairs of one evaluation's first candidate and another."""

    def __init__(self, evaluation: Evaluation, candidate: str, metric: Metric) -> None:
        self._evaluation, self._candidate, self._metric = evaluation, candidate, metric

    def of(self, against: str, pairs: Sequence[Pair], part: str = "") -> Judged:
        contrast = contrasts.measure(pairs, binary=self._metric.binary)
        margin = self._evaluation.margin
        verdict = contrasts.verdict(contrast, margin)
        undecided = verdict == "insufficient_evidence"
        return Judged(
            candidate=self._candidate,
            against=against,
            metric=self._metric.name,
            contrast=contrast,
            verdict=verdict,
            p=contrast.p,
            records_needed=contrasts.records_needed(contrast, margin) if undecided else None,
            slice=part,
        )

    def adjusted(self, against: Sequence[tuple[str, Sequence[Pair]]]) -> Iterator[Judged]:
        """Several contrasts, their p adjusted for their number."""
        judged = [self.of(name, pairs) for name, pairs in against]
        for each, p in zip(judged, paired_tests.holm([one.contrast.p for one in judged]), strict=True):
            yield replace(each, p=p, verdict=contrasts.verdict(each.contrast, self._evaluation.margin, p))

    def outcome(self, declared: Judged) -> GateOutcome:
        """What the gate makes of the declared contrast."""
        return gate_outcomes.outcome(
            self._evaluation.gate,
            [(declared.contrast, declared.verdict)],
            margin=self._evaluation.margin,
            on_insufficient=self._evaluation.on_insufficient,
        )


def _secondary(sheet: Sheet, evaluation: Evaluation, metric: Metric) -> Iterator[Judged]:
    ours, theirs = sheet.columns[:2]
    for name, other in metric.beside.items():
        pairs = sheet.pairs(ours, theirs, other)
        contrast = contrasts.measure(pairs, binary=all({pair.ours, pair.theirs} <= {0.0, 1.0} for pair in pairs))
        verdict = contrasts.verdict(contrast, evaluation.margin)
        yield Judged(ours.name, theirs.name, name, contrast, verdict, contrast.p, None)


def _slices(sheet: Sheet, judge: _Contrasts, pairs: Sequence[Pair]) -> Iterable[Judged]:
    against = sheet.columns[1].name
    large = [(part, items) for part, items in sheet.slices() if LEAST_IN_SLICE <= len(items) < len(pairs)]
    return (judge.of(against, [pairs[item] for item in items], part) for part, items in large[:MOST_SLICES])


def _form_gap(sheet: Sheet, metric: Metric, declared: Judged) -> float | None:
    if metric.forgiving is None:
        return None
    ours, theirs = sheet.columns[:2]
    forgiven = contrasts.measure(sheet.pairs(ours, theirs, metric.forgiving), binary=metric.binary)
    return declared.contrast.difference - forgiven.difference


def _examples(sheet: Sheet, pairs: Sequence[Pair], wanted: Callable[[Pair], bool]) -> Iterator[AnswerExample]:
    """The records with the largest difference among those wanted, in the order of the split where alike."""
    found = [item for item, pair in enumerate(pairs) if wanted(pair)]
    found.sort(key=lambda item: -abs(pairs[item].ours - pairs[item].theirs))
    return (_example(sheet, item, pairs[item]) for item in found[:MOST_EXAMPLES])


def _example(sheet: Sheet, item: int, pair: Pair) -> AnswerExample:
    question, both = sheet.questions[item], sheet.columns[:2]
    return AnswerExample(
        record=str(question.number),
        prompt=question.prompt[:READABLE],
        reference=question.references[0][:READABLE],
        answers={column.name: column.answer(item).text[:READABLE] for column in both},
        scores=dict(zip((column.name for column in both), (pair.ours, pair.theirs), strict=True)),
    )


def _to_label(sheet: Sheet, pairs: Sequence[Pair]) -> Iterator[AnswerExample]:
    """Records where the two differ and neither is right: the reference itself may be wrong, or one of several."""
    unlike = (item for item, pair in enumerate(pairs) if _is_open(pair))
    return (_example(sheet, item, pairs[item]) for item in islice(unlike, MOST_EXAMPLES))


def _is_open(pair: Pair) -> bool:
    return not pair.same and not pair.failed and max(pair.ours, pair.theirs) < 1
