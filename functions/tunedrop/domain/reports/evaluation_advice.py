"""What to do next with an evaluation: words and, if there is one, the command. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tunedrop.domain.evaluation.evaluation_result import AnswerExample, EvaluationResult
from tunedrop.domain.reports import evaluation_words, next_commands
from tunedrop.domain.reports.next_commands import Step

_NAMED = 10


def steps(result: EvaluationResult) -> Iterator[Step]:
    """The next steps, in order: what the verdict calls for."""
    declared = result.declared
    match declared.verdict:
        case "better":
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
            yield Step("Look at what was called for each candidate: both names may lead to the same model.")
        case "incomplete":
            yield Step("See which calls failed, and start the evaluation again.", _show(result))


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
    contrast, needed = result.declared.contrast, result.declared.records_needed
    unasked = result.left_out.get("max_records", 0)
    if unasked:
        yield Step(f"Raise max_records: {unasked:,} records of the test split were not asked, and need no labels.")
    missing = needed - contrast.records - unasked if needed else 0
    if missing > 0:
        size = evaluation_words.points(max(abs(contrast.difference), result.margin))
        yield Step(
            f"Add about {missing:,} {'more ' if unasked else ''}records with right answers to the test split, if a "
            f"difference of {size} is worth it. Take them as they come in use: picking hard ones bends the result."
        )
    if result.to_label:
        yield Step(
            f"Check the references of {_named(result.to_label)}: both candidates answer differently there, and neither "
            "is right. Correct what is wrong, whichever candidate that helps."
        )
    yield Step(
        "Don't repeat it on the same records, nor look again after every few new ones: of many tries one passes by "
        "chance."
    )


def _named(examples: Sequence[AnswerExample]) -> str:
    """The records by number, as far as that reads well."""
    numbers = ", ".join(example.record for example in examples[:_NAMED])
    more = len(examples) - _NAMED
    return f"{'records' if len(examples) > 1 else 'record'} {numbers}{f' and {more} more' if more > 0 else ''}"


def _show(result: EvaluationResult) -> str:
    return next_commands.show_evaluation(result.evaluation_id)
