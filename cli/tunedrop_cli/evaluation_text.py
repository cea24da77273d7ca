"""An evaluation in words and figures for a terminal, from its report's members as ControlApi answers with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.console import Console
from tunedrop.domain.evaluation import needs, power
from tunedrop.domain.evaluation.answer_metrics import METRICS
from tunedrop.domain.reports import evaluation_caveats, evaluation_forest, evaluation_words
from tunedrop.domain.reports.evaluation_words import points, share

from tunedrop_cli import amounts, deployment_text, held_deployments, job_text, local_times, tables, text_report

WIDTH = 41
"""Characters of the picture of intervals."""
_STYLES = {"better": "bold green", "worse": "bold red"}
_GATES = {"passed": "green", "failed": "bold red", "held": "yellow"}
OFTEN = 0.4
"""Of all records: how often a tuned and a base model differ, where training made much of a difference."""
_TOO_LITTLE = {"hold": "too little evidence is held for a person", "deploy": "too little evidence goes live"}
_FEWEST = 1.0
"""Points on each side of 0 that the picture shows at least."""
_ROOM = 1.1

COLUMNS = ("evaluation", "state", "verdict", "gate", "candidate", "against", "data", "began")

Report = Mapping[str, Any]


def whole(screen: Console, report: Report) -> None:
    """Print what `evaluation_report.facts` holds: the verdict first, then what it stands on, and what to do next."""
    verdict = report["verdict"]
    text_report.line(
        screen, (evaluation_words.VERDICTS[verdict], _STYLES.get(verdict, "yellow")), f"  {report['summary']}"
    )
    text_report.line(screen)
    tables.facts(screen, _facts(report))
    text_report.line(screen)
    for line in forest(report):
        text_report.line(screen, line)
    text_report.line(screen)
    tables.show(screen, ("", *(each["name"] for each in report["candidates"])), _candidates(report))
    text_report.line(screen)
    _enough(screen, report)
    for caveat in report["caveats"]:
        style = "yellow" if caveat["severity"] == "warning" else "cyan"
        text_report.line(screen, "  ", (f"{caveat['severity']:<8}", style), f" {caveat['words']}")
    if report["caveats"]:
        text_report.line(screen)
    for step in report["next_steps"]:
        if step.get("approves"):
            continue  # whether it still waits is known by the deployment alone
        text_report.next_step(screen, step["words"])
        if step["command"]:
            text_report.line(screen, "      ", (step["command"], "bold"))


def row(found: Report) -> tuple[str, ...]:
    """One evaluation of a list, under COLUMNS."""
    first, *others = (candidate["name"] for candidate in found["candidates"])
    return (
        found["id"],
        found["state"],
        evaluation_words.VERDICTS[found["verdict"]] if found["verdict"] else "-",
        held_deployments.outcome(found) or (f"asks {found['gate']}" if found["gate"] != "none" else "none"),
        first,
        ", ".join(others),
        job_text.data_of(found),
        local_times.shown(found["began_at"]) or "-",
    )


def facts(screen: Console, found: Report) -> None:
    """Print what is known of an evaluation without its report."""
    asked = f"{found['answered']:,} of {found['expected']:,} answers" if found.get("expected") else ""
    calls = f"{found['calls']:,} calls of at most {found['most_calls']:,}" if found.get("calls") else ""
    tables.facts(
        screen,
        [
            ("evaluation", found["id"]),
            ("state", found["state"]),
            *_asked_of(found),
            (
                "records",
                evaluation_caveats.records_words(found["records"], found["left_out"]) if found["records"] else "",
            ),
            ("asked", ", ".join(filter(None, (asked, calls)))),
            ("verdict", found["summary"] or ""),
            ("why", found["failure"] or ""),
            ("owner", found["owner"]),
            ("created", local_times.shown(found["created_at"])),
            ("ended", local_times.shown(found["ended_at"]) if found["ended_at"] else ""),
        ],
    )


def plan(screen: Console, found: Report) -> None:
    """Print what a request would ask, what that can show, and what it may cost."""
    shown = found["smallest_difference"]
    tables.facts(
        screen,
        [
            *_asked_of(found),
            ("records", evaluation_caveats.records_words(found["records"], found["left_out"])),
            ("asked of", _askable(found)),
            *_files(found),
            ("groups by", found["group_by"] or ""),
            ("kept fields", ", ".join(f"{name} of {count:,}" for name, count in found["kept"].items())),
            ("can show", "no difference" if shown is None else _can_show(shown, found)),
            ("calls", f"{found['calls']:,}, with repeated ones at most {found['most_calls']:,}"),
            ("tokens in", f"about {found['input_tokens']:,}"),
            ("tokens out", f"at most {found['output_tokens']:,}, {found['max_tokens']:,} of one answer"),
            ("costs", _most(found)),
            *deployment_text.budget(found),
        ],
    )
    for warning in found["warnings"]:
        text_report.line(screen, ("  warning", "yellow"), f"  {warning}")
    text_report.line(screen)
    text_report.line(screen, "Nobody was asked and nothing was spent. To start exactly this:")


def _can_show(smallest: float, found: Report) -> str:
    """What so many records show, by how much the two will differ, which nobody knows before they are asked."""
    shows = f"a difference of {points(smallest)} or more, where"
    if not METRICS[found["metric"]].binary:
        return f"{shows} their scores of one record differ with a standard deviation of {points(needs.DEVIATION)}"
    more = power.smallest_difference(found["records"], OFTEN)
    often = "" if more is None else f"; {points(more)} where they differ on {share(OFTEN)}"
    return f"{shows} the two differ on {share(max(power.DISCORDANT, smallest))} of them{often}"


def _askable(found: Report) -> str:
    asked = len(found["candidates"]) - len(found["answers"])
    return f"{asked} candidate{'s' if asked > 1 else ''}"


def _files(found: Report) -> Iterator[tuple[str, str]]:
    """What became of the lines of each file of answers."""
    for file in found["answers"]:
        yield (
            file["name"],
            f"{file['lines']:,} lines: {file['matched']:,} answers, {file['missing']:,} records without one",
        )


def _asked_of(found: Report) -> list[tuple[str, str]]:
    """What a plan and an evaluation say alike."""
    first, *others = (candidate["name"] for candidate in found["candidates"])
    gate = f"{found['gate']}; {_TOO_LITTLE[found['on_insufficient']]}" if found["gate"] != "none" else ""
    return [
        ("candidate", first),
        ("against", ", ".join(others)),
        ("data", job_text.data_of(found)),
        ("metric", evaluation_words.metric(found["metric"])),
        ("margin", _margin(found)),
        ("gate", f"{gate}: {held_deployments.outcome(found)}" if gate and found.get("outcome") else gate),
    ]


def _margin(found: Report) -> str:
    return f"{points(found['margin'])}: a smaller difference does not matter"


def _asked_for(report: Report) -> str:
    """When and by whom, where that is known."""
    at, by = report.get("asked_at"), report.get("asked_by")
    return " by ".join(filter(None, (at and local_times.shown(at), by)))


def _most(found: Report) -> str:
    cost = amounts.cost_of({"amount": found["cost"], "currency": found["currency"]})
    return cost if found["cost"] is None else f"at most {cost}"


def forest(report: Report) -> Iterator[str]:
    """Each difference with its 95% interval in a line of its own: `|` is no difference, `:` the margin's ends."""
    declared, margin = report["declared"], report["margin"]
    groups = (declared, *report["others"]), (*report["secondary"], *report["slices"])
    low, high = _range(groups[0], groups[1], margin)
    names = {id(each): evaluation_forest.label(each, report) for group in groups for each in group}
    width = max(map(len, names.values()))
    for group, title in zip(groups, ("", "these only describe:"), strict=True):
        if group and title:
            yield f"  {title}"
        for each in group:
            drawn = _drawn(each, margin, low, high)
            yield f"  {names[id(each)]:<{width}}  {drawn}  {evaluation_forest.told(each)}"
    yield f"  {'':<{width}}  {_axis(low, high)}  points; right of 0 {declared['candidate']} is better"
    if any(map(evaluation_forest.is_at_odds, (*groups[0], *groups[1]))):
        yield f"  {evaluation_forest.AT_ODDS}"


def _facts(report: Report) -> list[tuple[str, str]]:
    declared = report["declared"]
    alike = declared["records"] - declared["better"] - declared["worse"]
    return [
        ("evaluation", report["evaluation_id"]),
        ("judged", f"{declared['candidate']} against {declared['against']}"),
        ("asked for", _asked_for(report)),
        ("data", f"{report['dataset']}@{report['version']}"),
        ("records", evaluation_caveats.records_words(report["records"], report["left_out"])),
        ("gate", f"{report['gate']['asks']}: {report['gate']['outcome']}" if report["gate"]["asks"] != "none" else ""),
        ("margin", _margin(report)),
        ("by record", f"{declared['better']:,} better, {declared['worse']:,} worse, {alike:,} as good"),
        ("cost", amounts.cost_of(report["cost"])),
    ]


def _candidates(report: Report) -> Iterator[tuple[str, ...]]:
    """Rows of the table of candidates: a metric each, then what asking took."""
    columns = report["candidates"]
    for name in dict.fromkeys(name for each in columns for name in each["scores"]):
        scores = (each["scores"].get(name) for each in columns)
        yield evaluation_words.metric(name), *("-" if each is None else evaluation_words.score(each) for each in scores)
    names = ("answered", "failed, cut off", "other score asked twice", "latency p50, p95", "tokens in, out")
    yield from zip(names, *map(_asked, columns), strict=True)
    costs = amounts.costs_of({"amount": each["cost"], "currency": report["cost"]["currency"]} for each in columns)
    yield (
        "cost",
        *("-" if evaluation_words.is_file(each["name"]) else cost for each, cost in zip(columns, costs, strict=True)),
    )
    yield "job", *(each.get("job_id") or "-" for each in columns)
    for name in dict.fromkeys(name for each in columns for name in each.get("hyperparameters", ())):
        yield name, *(each["hyperparameters"].get(name, "-") for each in columns)


def _asked(candidate: Report) -> tuple[str, ...]:
    """What asking a candidate took."""
    flips = candidate["flip_rate"]
    return (
        f"{candidate['answered']:,}",
        f"{candidate['failed']:,}, {candidate['truncated']:,}",
        "-" if flips is None else share(flips),
        f"{_milliseconds(candidate['latency_p50_ms'])}, {_milliseconds(candidate['latency_p95_ms'])}",
        f"{candidate['input_tokens']:,}, {candidate['output_tokens']:,}",
    )


def _enough(screen: Console, report: Report) -> None:
    """What number of records would have done, where there were too few."""
    if report["verdict"] != "insufficient_evidence" or not report["enough"]["needs"]:
        return
    text_report.line(screen, report["enough"].get("words", ""))
    rows = ((need["words"], f"{need['records']:,}") for need in report["enough"]["needs"])
    tables.show(screen, ("to show in four of five evaluations", "records"), rows)
    text_report.line(screen)


def _range(deciding: Iterable[Report], describing: Iterable[Report], margin: float) -> tuple[float, float]:
    """The points that the picture shows: every difference, and the intervals of contrasts that are judged."""
    ends = [0.0, margin, -margin]
    for each in deciding:
        ends.extend(each["interval_95"].values() if each["interval_95"] else ())
        ends.append(each["difference"])
    ends.extend(each["difference"] for each in describing)
    return min(100 * min(ends) * _ROOM, -_FEWEST), max(100 * max(ends) * _ROOM, _FEWEST)


def _drawn(contrast: Report, margin: float, low: float, high: float) -> str:
    cells = [" "] * WIDTH
    interval = contrast["interval_95"]
    if interval:
        first, last = _column(interval["low"], low, high), _column(interval["high"], low, high)
        cells[first : last + 1] = "-" * (last + 1 - first)
    marks = [(end, ":") for end in (-margin, margin) if margin] + [(0.0, "|")]
    for value, mark in marks:
        column = _column(value, low, high)
        cells[column] = mark if cells[column] == " " or mark == "|" else cells[column]
    if interval:
        cells[first] = "<" if 100 * interval["low"] < low else "["
        cells[last] = ">" if 100 * interval["high"] > high else "]"
    cells[_column(contrast["difference"], low, high)] = "o"
    return "".join(cells)


def _column(value: float, low: float, high: float) -> int:
    share_of = (100 * value - low) / (high - low)
    return round(min(max(share_of, 0.0), 1.0) * (WIDTH - 1))


def _axis(low: float, high: float) -> str:
    """The ends of the picture, and 0 where it stands."""
    left, right, zero = f"{low:.0f}", f"{high:.0f}", _column(0.0, low, high)
    cells = list(left.ljust(WIDTH - len(right)) + right)
    if len(left) < zero < WIDTH - len(right) - 1:
        cells[zero] = "0"
    return "".join(cells)


def _milliseconds(value: int | None) -> str:
    return "-" if value is None else f"{value:,} ms"
