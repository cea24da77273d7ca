"""Evaluations whose models are too busy or not there: at times, nearly always, or for good; judged by what was charged.

However often a question is refused, the evaluation ends, each question is charged and scored once at most, and nothing
waits among the dead letters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from bedrock_simulator import Fault
from bedrock_simulator.faults import FaultKind
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.evaluation.contrasts import MOST_FAILED
from tunedrop.domain.evaluation.evaluation_states import ENDED, Evaluation
from tunedrop.edges.rows import evaluation_rows

from tests.faults import evaluations
from tests.faults.bench import Bench, Checkpoint, bench
from tests.faults.delivery import Delivery, Stuck
from tests.faults.stories import LONGEST_HOURS, quiet
from tests.integration import evaluation_world

RECORDS = 12
"""Asked twice, of each candidate two chunks."""
QUESTIONS = 2 * 2 * RECORDS
RATES = (0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 1.0)
"""Shares of the calls that are refused; at 1, all of them, for good."""
THEIRS = "llama-3-1-8b"


@dataclass(frozen=True, slots=True)
class Busy:
    """How often calls are refused, of all models or of one."""

    rate: float
    model: str | None = None
    kind: FaultKind = "ThrottlingException"
    """None of these costs anything."""

    def __str__(self) -> str:
        return f"{self.rate:.0%} of the calls of {self.model or 'all'} refused, {self.kind}"


_GONE: tuple[FaultKind, ...] = ("ServiceUnavailableException", "ModelNotReadyException")
EVERY = (
    *(Busy(rate) for rate in RATES),
    *(Busy(rate, THEIRS) for rate in (0.5, 1.0)),
    *(Busy(rate, kind=kind) for kind in _GONE for rate in (0.5, 0.9, 1.0)),
)


@dataclass(slots=True)
class Slowed:
    """Runs, counted."""

    runs: int = 0
    refused: int = 0
    charged: list[int] = field(default_factory=list)
    took: list[timedelta] = field(default_factory=list)
    verdicts: dict[Busy, str] = field(default_factory=dict)
    objections: list[str] = field(default_factory=list)

    @property
    def figures(self) -> str:
        """A line of them."""
        answered = max((busy.rate for busy, verdict in self.verdicts.items() if verdict != "incomplete"), default=0.0)
        hours = max(self.took, default=timedelta()) / timedelta(hours=1)
        return (
            f"refused in {self.runs} ways up to 100%, {self.refused:,} calls refused: ended after {hours:.1f} hours "
            f"at most, at most {max(self.charged, default=0)} of {QUESTIONS} questions charged, with a verdict up "
            f"to {answered:.0%}, {len(self.objections)} objections"
        )


def explore(every: Sequence[Busy] = EVERY) -> Slowed:
    """An evaluation for each of them."""
    found = Slowed()
    with bench() as made:
        start = evaluations.staged(made, RECORDS)
        for busy in every:
            _play(made, start, busy, found)
            found.runs += 1
    return found


def _play(made: Bench, start: Checkpoint, busy: Busy, found: Slowed) -> None:
    delivery = made.begin(start)
    model = busy.model and catalogue.find(busy.model).inference_id
    made.world.door.add(Fault("Converse", kind=busy.kind, share=busy.rate, model=model))
    objections, began = list[str](), delivery.now
    try:
        with evaluation_world.counted() as answers:
            _, told = delivery.call("POST", "/evaluations", evaluations.BODY, key="evaluate")
            delivery.until(lambda: evaluations.is_over(made, told["id"]), LONGEST_HOURS)
            found.took.append(delivery.now - began)
            quiet(delivery)
        found.charged.append(answers[200])
        found.refused += answers[429] + answers[503]
        objections += _objections(made, delivery, busy, answers, told["id"])
        ended = evaluations.row(made, told["id"])
        found.verdicts[busy] = ended.conclusion.verdict if ended.conclusion else ended.state
    except Stuck as stuck:
        objections.append(f"stuck: {stuck}")
    finally:
        made.world.door.clear()
    found.objections += [f"{busy}: {each}" for each in objections]


def _objections(
    made: Bench, delivery: Delivery, busy: Busy, answers: Counter[int], evaluation_id: str
) -> Iterator[str]:
    evaluation = evaluations.row(made, evaluation_id)
    if evaluation.state not in ENDED or evaluation.conclusion is None:
        yield f"{evaluation.state}, {evaluation.failure_code}"
        return
    failed = evaluation_world.failed(made.world, evaluation_id)
    yield from _of_answers(made, evaluation, len(failed), answers)
    lacking = len({item for _, item in failed if item < RECORDS})
    if (evaluation.conclusion.verdict == "incomplete") != (lacking > MOST_FAILED * RECORDS):
        yield f"{evaluation.conclusion.verdict} where {lacking} of {RECORDS} records lack an answer"
    if busy.rate == 1.0 and evaluation.conclusion.outcome != "held":
        yield f"the gate has {evaluation.conclusion.outcome}"
    if again := [told.type for told in delivery.told if told.type.startswith("Evaluation")][1:]:
        yield f"doubled: ends told {again}"
    if left := [name for name, line in delivery.lines.items() if line.dead or line.messages]:
        yield f"stuck: messages of {left}"


def _of_answers(made: Bench, evaluation: Evaluation, failed: int, answers: Counter[int]) -> Iterator[str]:
    """`answers`: how often Bedrock answered, by HTTP status."""
    if not answers[429] + answers[503]:
        yield "nothing was refused"
    stored, every = evaluation_world.stored(made.world, evaluation.id), evaluation_world.every_item(evaluation)
    if stored != every:
        yield f"lost {sorted(every - stored)}, doubled {sorted(stored - every)}"
    if not answers[200] == QUESTIONS - failed <= evaluation.most_calls:
        yield f"doubled: {answers[200]} calls charged for {QUESTIONS - failed} answers"
    counted = evaluation_rows.progress(made.world.stack.table, evaluation.id)
    if (counted.calls, counted.under_way, evaluation.lost_calls) != (answers[200], 0, 0):
        yield f"counted {counted}, {evaluation.lost_calls} lost, for {answers[200]} calls that were charged"
