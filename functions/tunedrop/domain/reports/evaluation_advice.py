"""What to do next with an evaluation: words and, if there is one, the command. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tunedrop.domain.evaluation import contrasts
from tunedrop.domain.evaluation.answer_metrics import METRICS
from tunedrop.domain.evaluation.evaluation_request import MOST_AGAINST, MOST_RECORDS, StartEvaluation
from tunedrop.domain.evaluation.evaluation_result import AnswerExample, EvaluationResult
from tunedrop.domain.reports import answer_form, evaluation_words, next_commands
from tunedrop.domain.reports.next_commands import Step
from tunedrop.domain.serving.unit_gates import HELD_HOURS

_NAMED = 10
_LIKENESS = frozenset(name for name, metric in METRICS.items() if not metric.gates)


def steps(result: EvaluationResult) -> Iterator[Step]:
    """The next steps, in order: what the gate waits for, then what the verdict calls for."""
    declared = result.declared
    if result.occasion.held:
        yield Step(
            f"{result.occasion.held} was held when this was written: for {HELD_HOURS} hours, then it is released. "
            "Until then another person than who asked may let it live, with a reason; tunedrop evaluations show says "
            "whether somebody has.",
            next_commands.approve_evaluation(result.evaluation_id),
            approves=True,
        )
    match declared.verdict:
        case "better":
            yield from _fairer_rival(result)
            yield from _better(result)
        case "worse":
            yield Step(
                f"Read the records on which {declared.against} is better: they show what training lacked. Train on new "
                "records like them, never on these."
            )
            yield Step("Compare the job with others on this dataset.", next_commands.list_jobs(result.dataset))
        case "equivalent":
            yield from _equivalent(result)
        case "insufficient_evidence":
            yield from _undecided(result)
        case "suspect":
            yield Step(
                "Look at what was called for each candidate, below: both names may lead to the same model. Two jobs "
                "whose hyperparameters hardly differ may also have learned the same."
            )
        case "incomplete":
            yield Step("See which calls failed, and start the evaluation again.", _show(result))


def _fairer_rival(result: EvaluationResult) -> Iterator[Step]:
    """Where what it is judged against does not know the form, a rival that does."""
    failed = answer_form.failure(result)
    if failed is None:
        return
    rival, again = result.declared.against, result.occasion.again
    yield Step(
        f"{rival} fails by form: {evaluation_words.share(failed.share)} of its answers {failed.words}. Judge against "
        f"one that is shown {answer_form.EXAMPLES} examples, too: a better prompt may do what training did.",
        next_commands.plan_evaluation(_against(answer_form.with_examples(rival), again)) if again else None,
    )


def _against(rival: str, again: StartEvaluation) -> StartEvaluation:
    """The same with one more rival, the first; where they would be too many, instead of the first."""
    others = again.against if len(again.against) < MOST_AGAINST else again.against[1:]
    return replace(again, against=tuple(dict.fromkeys((rival, *others))))


def _better(result: EvaluationResult) -> Iterator[Step]:
    declared = result.declared
    if declared.contrast.worse:
        yield Step(
            f"Read the records on which {declared.against} is better before callers meet their like "
            f"({declared.contrast.worse:,} of {declared.contrast.records:,})."
        )
    else:
        yield Step("Compare cost and latency: that is what is left to decide by.")


def _equivalent(result: EvaluationResult) -> Iterator[Step]:
    yield Step("Decide by cost and latency: the answers give no reason to prefer either.")
    if result.outcome == "failed":
        yield Step('If as good is good enough, say so before the next evaluation: gate = "not_worse".')


def _undecided(result: EvaluationResult) -> Iterator[Step]:
    contrast, declared, again = result.declared.contrast, result.declared, result.occasion.again
    unasked = result.left_out.get("max_records", 0)
    if unasked:
        more = min(contrast.records + unasked, MOST_RECORDS)
        yield Step(
            f"Raise max_records: {unasked:,} records of the test split were not asked, and need no labels.",
            next_commands.plan_evaluation(replace(again, max_records=more)) if again else None,
        )
    yield from _more_records(result, unasked)
    if result.to_label:
        yield Step(
            f"Check the references of {_named(result.to_label)}: both candidates answer differently there, and neither "
            "is right. Correct what is wrong, whichever candidate that helps."
        )
    if result.metric in _LIKENESS:
        yield Step(
            f"Let people choose: {evaluation_words.metric(result.metric)} measures how alike two texts are, not which "
            "answer is right.",
            next_commands.sheet_of_evaluation(result.evaluation_id),
        )
    yield from _fairer_rival(result)
    if result.gate != "not_worse" and contrasts.is_not_worse(contrast, result.margin):
        yield Step(
            f"These records do show that {declared.candidate} is at most {evaluation_words.points(result.margin)} "
            'worse. If it is cheaper or faster, that may be enough: gate = "not_worse".'
        )
    yield Step(
        "Don't repeat it on the same records, nor look again after every few new ones: of many tries one passes by "
        "chance."
    )


def _more_records(result: EvaluationResult, unasked: int) -> Iterator[Step]:
    contrast, needed = result.declared.contrast, result.declared.records_needed
    missing = needed - contrast.records - unasked if needed else 0
    if missing > 0:
        size = evaluation_words.points(max(abs(contrast.difference), result.margin))
        yield Step(
            f"Add about {missing:,} {'more ' if unasked else ''}records with right answers to the test split, if a "
            f"difference of {size} is worth it. Take them as they come in use: picking hard ones bends the result."
        )


def _named(examples: Sequence[AnswerExample]) -> str:
    """The records by number, as far as that reads well."""
    numbers = ", ".join(example.record for example in examples[:_NAMED])
    more = len(examples) - _NAMED
    return f"{'records' if len(examples) > 1 else 'record'} {numbers}{f' and {more} more' if more > 0 else ''}"


def _show(result: EvaluationResult) -> str:
    return next_commands.show_evaluation(result.evaluation_id)
