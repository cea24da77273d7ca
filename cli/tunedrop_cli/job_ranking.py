"""Which of several jobs' models answers best, by the evaluations that asked them the same. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunedrop.domain.evaluation.evaluation_request import BASE
from tunedrop.domain.evaluation.paired_tests import Interval
from tunedrop.domain.reports import evaluation_words
from tunedrop.domain.reports.evaluation_words import points

from tunedrop_cli import judged_models

Facts = Mapping[str, Any]
COLUMNS = ("score", "against", "verdict", "difference, 95% interval")
_SIDE = ("", "_job_id", "_score")
_TURNED = {"better": "worse", "worse": "better"}

Setting = tuple[str, int, str, int]
"""Dataset, version, metric and number of records: evaluations that have them in common asked the same records."""


@dataclass(frozen=True, slots=True)
class JudgedJob:
    """A job's place by the newest evaluation of the setting that asked its model."""

    place: int
    """Which of the compared jobs, from 0."""
    job: Facts
    score: float
    """The mean of the deciding metric, 0 to 1."""
    contrasts: Sequence[Facts]
    """Those of that evaluation which its model is part of."""


@dataclass(frozen=True, slots=True)
class EvaluationRanking:
    """Jobs by their models' scores, the highest first, and what that order is worth."""

    setting: Setting
    standings: Sequence[JudgedJob]
    is_clear: bool
    """Whether the first is shown to be better than the second."""
    verdict: str


def rank(jobs: Sequence[Facts], marks: Sequence[str]) -> EvaluationRanking | None:
    """The order of the jobs whose models were asked the same records; None if fewer than two were.

    Of several such settings the one with the most jobs counts, and of these the one that was asked last.
    """
    found: dict[Setting, dict[int, Facts]] = {}
    for place, job in enumerate(jobs):
        for evaluation in job.get("evaluations") or ():  # the newest first
            found.setdefault(_setting(evaluation), {}).setdefault(place, evaluation)
    settings = [setting for setting, judged in found.items() if len(judged) > 1]
    if not settings:
        return None
    setting = max(settings, key=lambda each: (len(found[each]), max(one["ended_at"] for one in found[each].values())))
    standings = sorted(
        (_standing(place, jobs[place], evaluation) for place, evaluation in found[setting].items()),
        key=lambda each: -each.score,
    )
    is_clear, said = _told_apart(standings, setting, marks)
    left = len(jobs) - len(standings)
    others = f" {left} more {'was' if left == 1 else 'were'} not asked the same records." if left else ""
    return EvaluationRanking(setting, standings, is_clear, f"By evaluation, {said}{others}")


def rows(found: EvaluationRanking, marks: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """A row for each contrast of each job: its mark, score, rival, verdict and difference."""
    for judged in found.standings:
        for number, contrast in enumerate(judged.contrasts):
            is_ours = contrast["candidate_job_id"] == judged.job["id"]
            told = contrast if is_ours else _turned(contrast)
            first = (marks[judged.place], evaluation_words.number(judged.score)) if number == 0 else ("", "")
            verdict = evaluation_words.VERDICTS[told["verdict"]]
            yield *first, told["against"], verdict, judged_models.difference(told)


def _turned(contrast: Facts) -> Facts:
    """The contrast as the other side of it sees it."""
    low, high = contrast["low"], contrast["high"]
    return {
        **contrast,
        **{f"against{name}": contrast[f"candidate{name}"] for name in _SIDE},
        **{f"candidate{name}": contrast[f"against{name}"] for name in _SIDE},
        "verdict": _TURNED.get(contrast["verdict"], contrast["verdict"]),
        "difference": -contrast["difference"],
        "low": None if high is None else -high,
        "high": None if low is None else -low,
    }


def _setting(evaluation: Facts) -> Setting:
    return evaluation["dataset"], evaluation["version"], evaluation["metric"], evaluation["records"]


def _standing(place: int, job: Facts, evaluation: Facts) -> JudgedJob:
    contrasts = evaluation["contrasts"]
    side = "candidate" if contrasts[0]["candidate_job_id"] == job["id"] else "against"
    return JudgedJob(place, job, contrasts[0][f"{side}_score"], contrasts)


def _told_apart(standings: Sequence[JudgedJob], setting: Setting, marks: Sequence[str]) -> tuple[bool, str]:
    """Whether the first is better than the second, and in which words."""
    first, second = standings[:2]
    one, two = marks[first.place], marks[second.place]
    metric, records = evaluation_words.metric(setting[2]), f"{setting[3]:,} records"
    between = _between(first, second)
    if between is None:
        return _by_rivals(first, second, f"{one} and {two}")
    gap, interval, verdict = between["difference"], judged_models.interval_of(between), between["verdict"]
    within = f", 95% interval {evaluation_words.span(interval)}" if interval else ""
    if verdict == "better":
        confirm = " Of several that were tried, confirm it by records that no evaluation asked."
        confirm = confirm if len(standings) > 2 else ""
        return True, f"{one} is better than {two} by {points(gap)} of {metric}{within}, {records}.{confirm}"
    said = evaluation_words.VERDICTS[verdict]
    return False, f"{one} and {two} can't be told apart: {points(gap)} of {metric}{within}, {records} ({said})."


def _between(first: JudgedJob, second: JudgedJob) -> Facts | None:
    """The contrast between two jobs, as the first one sees it; None if there is none."""
    both = first.job["id"], second.job["id"]
    for contrast in (*first.contrasts, *second.contrasts):
        for told in (contrast, _turned(contrast)):
            if (told["candidate_job_id"], told["against_job_id"]) == both:
                return told
    return None


def _by_rivals(first: JudgedJob, second: JudgedJob, names: str) -> tuple[bool, str]:
    """The same where no evaluation asked both: by their intervals against one rival, which must lie apart."""
    ours, theirs = dict(_rivals(first)), dict(_rivals(second))
    for rival in ours.keys() & theirs.keys():
        if ours[rival].low > theirs[rival].high:
            return True, f"{names} lie apart: their 95% intervals against {rival} do not overlap."
    return False, f"{names} can't be told apart: no evaluation asked one against the other. One would tell more."


def _rivals(judged: JudgedJob) -> Iterator[tuple[str, Interval]]:
    for each in judged.contrasts:
        interval = judged_models.interval_of(each)
        if each["candidate_job_id"] == judged.job["id"] and each["against_job_id"] is None and interval:
            rival = each["against"]
            yield judged.job["base_model"] if rival == BASE else rival, interval
