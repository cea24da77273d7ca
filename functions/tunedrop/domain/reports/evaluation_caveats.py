"""What a reader of an evaluation has to keep in mind beside its verdict. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from tunedrop.domain.evaluation.contrasts import FEWEST_DIFFERENT
from tunedrop.domain.evaluation.evaluation_result import CandidateResult, EvaluationResult
from tunedrop.domain.reports.evaluation_words import metric, number, points, share

_WORTH_SAYING = 0.01
_LEFT_OUT: Mapping[str, str] = {
    "leaks_from_train": "are in train too",
    "trained_on": "are in other data from which a candidate learned",
    "duplicates": "repeat others",
    "max_records": "are above max_records",
    "not_text": "are not text alone",
}


class Caveat(NamedTuple):
    """One thing to keep in mind."""

    severity: Literal["warning", "info"]
    code: str
    words: str


def caveats(result: EvaluationResult) -> Iterator[Caveat]:
    """All of them, the graver ones first."""
    found = [*_of_form(result), *_of_statistics(result), *_of_records(result)]
    found.extend(caveat for candidate in result.candidates for caveat in _of_answers(candidate))
    return iter(sorted(found, key=lambda caveat: caveat.severity != "warning"))


def _of_form(result: EvaluationResult) -> Iterator[Caveat]:
    gap, difference = result.form_gap, result.declared.contrast.difference
    if gap is None or abs(gap) < _WORTH_SAYING:
        return
    declared = result.declared
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


def _of_records(result: EvaluationResult) -> Iterator[Caveat]:
    reasons = [(reason, count) for reason, count in result.left_out.items() if count]
    if reasons:
        named = ", ".join(f"{count:,} {_LEFT_OUT.get(reason, reason)}" for reason, count in reasons)
        total = sum(count for _, count in reasons)
        yield Caveat("info", "left_out", f"{total:,} of the test split's records were not asked: {named}.")
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
    "tool_match": "an answer is right if it makes the same calls with the same arguments, in any order.",
    "token_f1": "the words that answer and reference share, whatever their order. Likeness is not truth.",
    "rouge_l": "the longest run of words that answer and reference share in order. Likeness is not truth.",
}
