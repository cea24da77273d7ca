"""Which of several jobs' models answers best, by the evaluations that asked them the same. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
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
    evaluation: Facts

    @property
    def contrasts(self) -> Sequence[Facts]:
        """Those of that evaluation which its model is part of."""
        return list(self.evaluation["contrasts"])


@dataclass(frozen=True, slots=True)
class EvaluationRanking:
    """Jobs by their models' scores, the highest first, and what that order is worth."""

    setting: Setting
    standings: Sequence[JudgedJob]
    is_clear: bool
    """Whether the first is shown to be better than the second."""
    sentences: Sequence[str]
    """What each pair of them is worth that an evaluation asked, or that has the first in it."""

    @property
    def verdict(self) -> str:
        """All of it in one line."""
        return " ".join(self.sentences)


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
    apart = [_Apart(one, two, marks) for one, two in combinations(standings, 2)]
    return EvaluationRanking(setting, standings, apart[0].is_clear, tuple(_sentences(apart, setting, len(jobs))))


def rows(found: EvaluationRanking, marks: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """A row for each contrast of each job: its mark, score, rival, verdict and difference."""
    for judged in found.standings:
        for number, seen in enumerate(told(judged)):
            first = (marks[judged.place], evaluation_words.number(judged.score)) if number == 0 else ("", "")
            verdict = evaluation_words.VERDICTS[seen["verdict"]]
            yield *first, seen["against"], verdict, judged_models.difference(seen)


def told(judged: JudgedJob) -> Iterator[Facts]:
    """The contrasts of a job's model as it sees them: `better` is that it is."""
    for contrast in judged.contrasts:
        yield contrast if contrast["candidate_job_id"] == judged.job["id"] else _turned(contrast)


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
    return JudgedJob(place, job, contrasts[0][f"{side}_score"], evaluation)


class _Apart:
    """Whether one job's model is better than another's, whose score is no higher."""

    def __init__(self, first: JudgedJob, second: JudgedJob, marks: Sequence[str]) -> None:
        self.names = marks[first.place], marks[second.place]
        self.between = _between(first, second)
        self.rival = None if self.between else _overtaken(first, second)
        self.is_clear = self.between["verdict"] == "better" if self.between else self.rival is not None

    def sentence(self, metric: str) -> str:
        """What there is to say of the two."""
        return self._never_asked() if self.between is None else self._asked(self.between, metric)

    def _never_asked(self) -> str:
        one, two = self.names
        if self.rival:
            return f"{one} and {two} lie apart: their 95% intervals against {self.rival} do not overlap."
        return f"{one} and {two} can't be told apart: no evaluation asked one against the other. One would tell."

    def _asked(self, between: Facts, metric: str) -> str:
        one, two = self.names
        if between["difference"] < 0:  # the scores that order the two may be of other evaluations
            one, two, between = two, one, _turned(between)
        interval = judged_models.interval_of(between)
        within = f" (95% interval {evaluation_words.span(interval)})" if interval else ""
        by = f"{points(between['difference'])} of {metric}{within}"
        higher = f"{one} scored higher by {by}" if between["difference"] else f"they scored the same{within}"
        match between["verdict"]:
            case "better":
                return f"{one} is better than {two} by {by}."
            case "equivalent":
                return f"{one} and {two} are as good as each other: they differ by {by}, within the margin."
            case "insufficient_evidence":
                return f"{one} and {two} can't be told apart: {higher}, which may be chance."
            case verdict:
                said = evaluation_words.VERDICTS[verdict]
                return f"{one} and {two} can't be told apart: their evaluation is {said}, so its {by} mean nothing."


def _sentences(apart: Sequence[_Apart], setting: Setting, compared: int) -> Iterator[str]:
    """The setting, then each pair: those with the best score first."""
    metric, best = evaluation_words.metric(setting[2]), apart[0].names[0]
    yield f"By evaluation, on {setting[3]:,} records of test:"
    yield from (each.sentence(metric) for each in apart if each.between or best in each.names)
    judged = len({name for each in apart for name in each.names})
    if apart[0].is_clear and judged > 2:
        yield "Of several that were tried, confirm the best by records that no evaluation asked."
    if left := compared - judged:
        yield f"{left} more {'was' if left == 1 else 'were'} not asked the same records."


def _between(first: JudgedJob, second: JudgedJob) -> Facts | None:
    """The contrast between two jobs, as the first one sees it; None if there is none."""
    both = first.job["id"], second.job["id"]
    for contrast in (*first.contrasts, *second.contrasts):
        for seen in (contrast, _turned(contrast)):
            if (seen["candidate_job_id"], seen["against_job_id"]) == both:
                return seen
    return None


def _overtaken(first: JudgedJob, second: JudgedJob) -> str | None:
    """The rival of both against which the intervals of the two lie apart; None if there is none."""
    ours, theirs = dict(_rivals(first)), dict(_rivals(second))
    return next((rival for rival in ours.keys() & theirs.keys() if ours[rival].low > theirs[rival].high), None)


def _rivals(judged: JudgedJob) -> Iterator[tuple[str, Interval]]:
    for each in judged.contrasts:
        interval = judged_models.interval_of(each)
        if each["candidate_job_id"] == judged.job["id"] and each["against_job_id"] is None and interval:
            rival = each["against"]
            yield judged.job["base_model"] if rival == BASE else rival, interval
