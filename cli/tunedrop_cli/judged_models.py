"""What evaluations said of a custom model, in words and figures. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from tunedrop.domain.evaluation.paired_tests import Interval
from tunedrop.domain.reports import evaluation_words
from tunedrop.domain.reports.evaluation_words import points, span

from tunedrop_cli import local_times, tables, text_report

COLUMNS = ("judged", "against", "verdict", "difference, 95% interval", "records", "data", "ended", "evaluation")

Facts = Mapping[str, Any]


def show(screen: Console, evaluations: Sequence[Facts]) -> None:
    """Print a row for each contrast of the evaluations in which a model took part; nothing without any."""
    if evaluations:
        text_report.line(screen)
        tables.show(screen, COLUMNS, (row for each in evaluations for row in _rows(each)), spare=3)


def _rows(evaluation: Facts) -> Iterator[tuple[str, ...]]:
    for contrast in evaluation["contrasts"]:
        yield (
            contrast["candidate"],
            contrast["against"],
            evaluation_words.VERDICTS[contrast["verdict"]],
            difference(contrast),
            f"{evaluation['records']:,}",
            f"{evaluation['dataset']}@{evaluation['version']}",
            local_times.shown(evaluation["ended_at"]),
            evaluation["evaluation_id"],
        )


def is_worse(evaluations: Sequence[Facts], job_id: str) -> bool:
    """Whether the newest of them found the job's model worse than what it was first held against."""
    if not evaluations:
        return False
    contrast = evaluations[0]["contrasts"][0]
    return bool(contrast["verdict"] == ("worse" if contrast["candidate_job_id"] == job_id else "better"))


def difference(contrast: Facts) -> str:
    """A contrast's difference and interval in points, such as `6 points (2 to 10)`."""
    interval = interval_of(contrast)
    doubt = "" if contrast["reliable"] else ", unreliable"
    return f"{points(contrast['difference'])}{f' ({span(interval)}{doubt})' if interval else ''}"


def sentence(contrast: Facts, records: int) -> str:
    """A contrast in words, such as `prod against base: better, 6 points (2 to 10), 400 records`."""
    verdict = evaluation_words.VERDICTS[contrast["verdict"]]
    judged = f"{contrast['candidate']} against {contrast['against']}"
    return f"{judged}: {verdict}, {difference(contrast)}, {records:,} records"


def interval_of(contrast: Facts) -> Interval | None:
    """The 95% interval; None where there is none."""
    low, high = contrast["low"], contrast["high"]
    return None if low is None or high is None else Interval(low, high)
