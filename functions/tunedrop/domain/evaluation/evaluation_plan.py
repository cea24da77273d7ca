"""An evaluation's plan: whom it would ask what, what that can show, and what it may cost. Pure."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from tunedrop.domain.evaluation import answer_metrics, evaluation_costs, evaluation_sizes, needs, power
from tunedrop.domain.evaluation.answer_files import FileCounts
from tunedrop.domain.evaluation.answer_metrics import METRICS, MetricName
from tunedrop.domain.evaluation.answer_schema import AnswerSchema
from tunedrop.domain.evaluation.answer_texts import normalized
from tunedrop.domain.evaluation.contrasts import MOST_FAILED
from tunedrop.domain.evaluation.evaluation_request import StartEvaluation
from tunedrop.domain.evaluation.evaluation_states import Candidate, TokensAllowed
from tunedrop.domain.evaluation.gate import Gate, OnInsufficient
from tunedrop.domain.evaluation.questions import LearnedFrom, Question, Selection
from tunedrop.domain.reading.kept_fields import REFERENCES
from tunedrop.domain.versions.stored_file import StoredFile
from tunedrop.errors import Conflict, InvalidInput


@dataclass(frozen=True, slots=True)
class Tested:
    """The version whose test split is asked, for the base model whose prepared data are read."""

    dataset: str
    version: int
    base_model: str
    train: StoredFile
    test: StoredFile
    owner: str | None
    kept: StoredFile | None = None
    """Fields that were kept of test's records."""
    answer_schema: StoredFile | None = None
    """What an answer in JSON has to look like."""
    learned: tuple[LearnedFrom, ...] = ()
    """What candidates learned from, beside `train`."""


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
    max_tokens: int
    """Of one answer."""
    allowed: TokensAllowed
    cost: float | None
    """At most, repeated calls included; None where a price is not configured."""
    currency: str
    warnings: tuple[str, ...]
    answers: tuple[FileCounts, ...] = ()
    """What became of the lines of each file of answers."""
    group_by: str | None = None
    kept: Mapping[str, int] = field(default_factory=dict)
    """How many of the records that are asked have which kept field, more than one right answer among them."""
    plan_id: str = ""

    @property
    def output_tokens(self) -> int:
        """At most, of all calls."""
        return self.max_tokens * self.calls

    @property
    def smallest_difference(self) -> float | None:
        """That so many records show, four times in five; None if they show none."""
        return needs.planned(self.records, binary=METRICS[self.metric].binary)


def make(
    request: StartEvaluation,
    tested: Tested,
    candidates: Sequence[Candidate],
    chosen: Selection,
    *,
    files: Sequence[FileCounts] = (),
    examples: Sequence[Question] = (),
    schema: AnswerSchema | None = None,
    prices: Mapping[str, float],
    currency: str,
) -> EvaluationPlan:
    """The plan for a request whose questions were chosen. Raises InvalidInput, Conflict and CapExceeded."""
    metric = _metric(request, tested, chosen)
    sizes = evaluation_sizes.of(chosen.questions, candidates, examples)
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
        calls=sizes.calls,
        most_calls=sizes.calls + sizes.allowed.spare_calls,
        input_tokens=sizes.input_tokens,
        max_tokens=sizes.max_tokens,
        allowed=sizes.allowed,
        cost=evaluation_costs.rounded(evaluation_costs.most(candidates, sizes.allowed, prices), prices),
        currency=currency,
        warnings=(*_warnings(request, metric, chosen), *_of_references(metric, schema, chosen), *_of_files(files)),
        answers=tuple(files),
        group_by=request.group_by,
        kept=_kept(request, chosen.questions),
    )
    return replace(plan, plan_id=_digest(plan))


def _digest(plan: EvaluationPlan) -> str:
    """A file of answers counts by its content: the same bytes uploaded again are the same plan."""
    fields = asdict(plan)
    for candidate in fields["candidates"]:
        (candidate["answers"] or {}).pop("version_id", None)
    content = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def _metric(request: StartEvaluation, tested: Tested, chosen: Selection) -> MetricName:
    """The metric asked for, or the one that fits. Raises Conflict without questions, InvalidInput if it can't fit."""
    if not chosen.questions:
        raise Conflict(
            "nothing_to_ask",
            f"No record of {tested.dataset}@{tested.version}'s test split is left to ask.",
            left_out=dict(chosen.left_out),
        )
    metric = request.metric or answer_metrics.suggested(question.references[0] for question in chosen.questions)
    answer_metrics.check_references(metric, (each for question in chosen.questions for each in question.references))
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


def _kept(request: StartEvaluation, questions: Sequence[Question]) -> Mapping[str, int]:
    """How many records have each kept field; the one that groups them must be among those."""
    counted = Counter(name for question in questions for name, _ in question.fields)
    if several := sum(len(question.references) > 1 for question in questions):
        counted[REFERENCES] = several
    _check_groups(request, counted)
    return dict(sorted(counted.items()))


def _check_groups(request: StartEvaluation, kept: Mapping[str, int]) -> None:
    if request.group_by and request.group_by not in kept:
        raise InvalidInput(
            "unknown_group",
            f"No record has a field {request.group_by[:80]!r} that groups it. [fields] keep = [...] in dataset.toml "
            f"keeps fields of test; kept are: {', '.join(kept) or 'none'}.",
            field="group_by",
        )


def _warnings(request: StartEvaluation, metric: MetricName, chosen: Selection) -> Iterator[str]:
    records, binary = len(chosen.questions), METRICS[metric].binary
    smallest = needs.planned(records, binary=binary)
    if smallest is None:
        yield f"{records:,} records can show no difference at all between two models."
    elif smallest > request.margin:
        needed = needs.planned_records(request.margin, binary=binary)
        yield (
            f"{records:,} records show a difference of {smallest * 100:g} points or more, where "
            f"{_differ(smallest, binary=binary)}; for {request.margin * 100:g} points, {needed:,} are needed. The "
            "likeliest verdict on a smaller one is insufficient_evidence."
        )
    if request.gate != "none" and not METRICS[metric].gates:
        yield f"The gate stands on {metric}, which measures how alike two texts are, not whether an answer is right."
    if request.group_by:
        groups = len({question.field(request.group_by) or question.number for question in chosen.questions})
        yield (
            f"The {records:,} records are {groups:,} groups by {request.group_by}: they tell less than as many records "
            "that stand alone."
        )
    if leaks := chosen.left_out.get("leaks_from_train"):
        yield f"{leaks:,} records of test are in train, too, and are not asked."
    for each in chosen.learned:
        yield from filter(None, [each.told()])
    yield from _of_metric(request, metric, chosen)


def _differ(smallest: float, *, binary: bool) -> str:
    """What is assumed of how much the two differ record by record."""
    if binary:
        return f"the two differ on {max(power.DISCORDANT, smallest):.0%} of them"
    return f"the two's scores of one record differ with a standard deviation of {needs.DEVIATION * 100:g} points"


def _of_metric(request: StartEvaluation, metric: MetricName, chosen: Selection) -> Iterator[str]:
    """Few records of a classification have each label too seldom to look like one."""
    answers = [normalized(question.references[0]) for question in chosen.questions]
    short = max(map(len, answers)) <= answer_metrics.LONGEST_LABEL
    if request.metric is None and metric == "token_f1" and short and len(set(answers)) < len(answers):
        yield (
            "Several records have the same short answer, but each too seldom to be sure that answers are labels: "
            "token_f1 decides by words in common. If they are labels, ask by exact_match (--metric)."
        )


def _of_references(metric: MetricName, schema: AnswerSchema | None, chosen: Selection) -> Iterator[str]:
    """What is wrong with the right answers themselves."""
    questions, labels = chosen.questions, {normalized(each.references[0]) for each in chosen.questions}
    if chosen.conflicting:
        yield (
            f"{chosen.conflicting:,} records ask what another one asks, and have another right answer: one of both is "
            "wrong, or both belong into references."
        )
    if len(labels) == 1 and len(questions) > 1:
        yield "All records have the same right answer: a model that always gives it has every one right."
    if schema and metric == "json_match":
        broken = broken_references(schema, (each.references[0] for each in questions))
        yield from filter(None, [broken])


def broken_references(schema: AnswerSchema, references: Iterable[str]) -> str | None:
    """What is said of right answers that are not valid by the version's own schema; None if all are."""
    broken = schema.broken(references)
    if not broken:
        return None
    which = "right answer of 1 record is" if broken == 1 else f"right answers of {broken:,} records are"
    return f"The {which} not valid by schema.json: correct one or the other."


def _of_files(files: Sequence[FileCounts]) -> Iterator[str]:
    for file in files:
        records = file.matched + file.missing
        if file.missing:
            many = file.missing > MOST_FAILED * records
            follows = f"above {MOST_FAILED:.0%}, the verdict is incomplete" if many else "they count as wrong"
            yield f"{file.name} lacks an answer to {file.missing:,} of {records:,} records: {follows}."
        if odd := [f"{count:,} {what}" for count, what in _oddities(file) if count]:
            yield f"Lines of {file.name} that do not count: {', '.join(odd)}."


def _oddities(file: FileCounts) -> Iterator[tuple[int, str]]:
    yield file.unmatched, "about records that are not asked"
    yield file.ambiguous, "whose text fits several records (say the record's number)"
    yield file.duplicates, "that answer a record again"
