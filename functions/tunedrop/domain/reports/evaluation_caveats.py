"""What a reader of an evaluation has to keep in mind beside its verdict. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from tunedrop.domain.evaluation.contrasts import FEWEST_DIFFERENT
from tunedrop.domain.evaluation.evaluation_result import CandidateResult, EvaluationResult
from tunedrop.domain.reports import answer_form
from tunedrop.domain.reports.evaluation_words import metric, number, points, share

_WORTH_SAYING = 0.01
_LEFT_OUT: Mapping[str, str] = {
    "leaks_from_train": "in train too",
    "duplicates": "that repeat others",
    "not_text": "not of text alone",
    "max_records": "above max_records",
}
_ONLY_IF_ANY: Mapping[str, str] = {"trained_on": "in other data from which a candidate learned"}


class Caveat(NamedTuple):
    """One thing to keep in mind."""

    severity: Literal["warning", "info"]
    code: str
    words: str


def caveats(result: EvaluationResult) -> Iterator[Caveat]:
    """All of them, the graver ones first."""
    found = [*_of_form(result), *_of_statistics(result), *_of_learning(result)]
    found.extend(caveat for candidate in result.candidates for caveat in _of_answers(candidate))
    return iter(sorted(found, key=lambda caveat: caveat.severity != "warning"))


def _of_form(result: EvaluationResult) -> Iterator[Caveat]:
    gap, difference, failed = result.form_gap, result.declared.contrast.difference, answer_form.failure(result)
    declared = result.declared
    if failed:
        yield Caveat(
            "warning",
            "form_of_rival",
            f"{share(failed.share)} of the answers of {declared.against} {failed.words}: so much of the difference may "
            "be form alone.",
        )
    if gap is None or abs(gap) < _WORTH_SAYING:
        return
    loser = declared.against if gap > 0 else declared.candidate
    yield Caveat(
        "warning",
        "form",
        f"Once form is forgiven (words around a label or around JSON), the difference is {points(difference - gap)} "
        f"instead of {number(difference)}. The rest is form: a better prompt may give it to {loser} as well.",
    )


def _of_statistics(result: EvaluationResult) -> Iterator[Caveat]:
    contrast = result.declared.contrast
    if not contrast.reliable:
        yield Caveat(
            "warning",
            "unreliable_interval",
            f"Fewer than {FEWEST_DIFFERENT} scores differ, so the interval may be too narrow: it can't show that the "
            "candidates are equally good.",
        )
    if contrast.clusters < contrast.records:
        yield Caveat(
            "info",
            "groups",
            f"The {contrast.records:,} records are {contrast.clusters:,} groups. Records of one group tell less than "
            "as many that stand alone; p and intervals allow for it.",
        )
    if len(result.others) > 1:
        yield Caveat(
            "info",
            "several_contrasts",
            f"The p of the {len(result.others)} further contrasts are adjusted for their number by Holm's method.",
        )


def records_words(records: int, left_out: Mapping[str, int]) -> str:
    """How many records of the test split are asked, and how many are left out for each reason, also where none is."""
    counts, words = {**dict.fromkeys(_LEFT_OUT, 0), **left_out}, {**_LEFT_OUT, **_ONLY_IF_ANY}
    named = ", ".join(f"{count:,} {words.get(reason, reason)}" for reason, count in counts.items())
    total = records + sum(counts.values())
    return f"{records:,} of {total:,} in test. Left out: {named}."


def _of_learning(result: EvaluationResult) -> Iterator[Caveat]:
    for each in result.learned:
        if words := each.told():
            known = each.leaks is not None
            yield Caveat("info" if known else "warning", "trained_on" if known else "leaks_not_checked", words)


def _of_answers(candidate: CandidateResult) -> Iterator[Caveat]:
    if not candidate.asked:
        yield Caveat(
            "info",
            "answers_from_file",
            f"{candidate.name} is a file of answers: nobody was asked, so their latency and cost are unknown. That one "
            "model gave them to these very questions nobody checked.",
        )
    unanswered = "calls to {} failed and count" if candidate.asked else "answers of {} are missing and count"
    for count, code, what in (
        (candidate.failed, "failed_calls", unanswered),
        (candidate.truncated, "truncated_answers", "answers of {} were cut off at the most tokens and count"),
    ):
        if count:
            yield Caveat("warning", code, f"{count:,} {what.format(candidate.name)} as wrong.")
    if candidate.flip_rate:
        yield Caveat(
            "info",
            "flips",
            f"Asked the same twice, {candidate.name} scored differently on {share(candidate.flip_rate)} of those "
            "records: a single record's difference may be chance.",
        )


def metric_words(name: str) -> str:
    """What a metric compares, in one sentence; empty for an unknown one."""
    known = _COMPARES.get(name)
    return f"{metric(name).capitalize() if metric(name).islower() else metric(name)}: {known}" if known else ""


_COMPARES: Mapping[str, str] = {
    "exact_match": "an answer is right if it is the reference, whatever its case, width and white space.",
    "json_match": "an answer is right if it is the JSON value that the reference is, whatever the order of its keys.",
    "tool_match": "an answer is right if it makes the same calls with the same arguments, in any order; where "
    "none is to be made, if it makes none.",
    "token_f1": "the words that answer and reference share, whatever their order. Likeness is not truth.",
    "rouge_l": "the longest run of words that answer and reference share in order. Likeness is not truth.",
}
