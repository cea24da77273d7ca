"""Print reports for a terminal: verdict, counts, first findings, normalisations, tokens, the next command."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text
from tunedrop.domain.evaluation import power
from tunedrop.domain.formats import all_formats
from tunedrop.domain.reports import next_steps
from tunedrop.domain.reports.markup import visible
from tunedrop.domain.reports.next_steps import CodeCount

from tunedrop_cli.examining import Report, Verdict

if TYPE_CHECKING:
    from tunedrop_cli.fixing import Fixed

SHOWN_PER_CODE = 3

STYLES = {"error": "bold red", "warning": "yellow", "info": "cyan", "accepted": "bold green", "rejected": "bold red"}
_CODE_WIDTH = 24
_KINDS_SHOWN = 3
_LINES_SHOWN = 8
_OF_COUNTS = frozenset({"too_few_records", "too_few_records_together"})
"""Codes that say little about a file with another error."""


def console(*, stderr: bool = False) -> Console:
    """A console that wraps no lines and, unless it is a terminal, uses no colors."""
    return Console(stderr=stderr, highlight=False, soft_wrap=True, markup=False, emoji=False)


def overview(screen: Console, verdicts: Sequence[Verdict]) -> None:
    """Print one row per base model: accepted, or why not."""
    for report in verdicts[0].reports:
        line(screen, _facts(report))
    line(screen)
    shared = _shared(verdicts)
    for finding in shared:
        number = f" line {finding['line']}" if finding["line"] is not None else ""
        line(screen, "  ", (finding["code"], "bold"), f"  {finding['source']}{number}: {finding['message']}")
    if shared:
        line(screen)
    rows(screen, verdicts, {finding["code"] for finding in shared})
    accepted = [verdict for verdict in verdicts if verdict.accepted]
    chosen = (accepted or verdicts)[0].base_model
    files = dict.fromkeys(file["key"] for report in verdicts[0].reports for file in report["files"])
    line(screen)
    if not accepted and (hint := _first_hint(verdicts[0])):
        next_step(screen, hint)
    if not accepted and len(verdicts[0].reports) == 1 and next_steps.may_be_mended(verdicts[0].reports[0]):
        next_step(screen, next_steps.MENDING, shlex.join(["tunedrop", "check", *files, *next_steps.MEND]))
    next_step(screen, "All findings for one of them:", shlex.join(["tunedrop", "check", "--model", chosen, *files]))


def rows(screen: Console, verdicts: Sequence[Verdict], told: Container[str] = ()) -> None:
    """Print one row per base model; codes of errors that were `told` before come last."""
    for verdict in verdicts:
        word = "accepted" if verdict.accepted else "rejected"
        line(screen, "  ", (word, STYLES[word]), f"  {verdict.base_model:<16}  {_why(verdict, told)}".rstrip())


def _shared(verdicts: Sequence[Verdict]) -> list[Mapping[str, Any]]:
    """The errors in the settings file that every base model is rejected for: the same for all, so told once."""
    found: list[list[Mapping[str, Any]]] = [
        [
            finding
            for report in verdict.reports
            for finding in report["findings"]
            if finding["severity"] == "error" and finding["source"] not in {file["key"] for file in report["files"]}
        ]
        for verdict in verdicts
    ]
    return [each for each in found[0] if all(each in others for others in found)]


def _first_hint(verdict: Verdict) -> str:
    """What to do about the most severe finding."""
    report = next(report for report in verdict.reports if report["verdict"] == "rejected")
    worst = next_steps.codes(report)[0]
    return next((found["hint"] for found in report["findings"] if found["code"] == worst.code), worst.hint)


def _why(verdict: Verdict, told: Container[str] = ()) -> str:
    found = [(report, row) for report in verdict.reports for row in next_steps.codes(report)]
    errors = [(report, row) for report, row in found if row.severity == "error"]
    errors.sort(key=lambda found: (found[1].code in told, found[1].code in _OF_COUNTS))
    if not errors:
        return _warnings([row for _, row in found if row.severity == "warning"])
    report, worst = errors[0]
    if worst.code in told:
        return f"{worst.code}: see above"
    where = f" in {report['split']}" if len(verdict.reports) > 1 else ""
    listed = [each for each in report["findings"] if each["code"] == worst.code]
    words = listed[0]["message"] if worst.count == len(listed) == 1 else worst.words
    on = _lines([each["line"] for each in listed], worst.count)
    count = f"{next_steps.times(worst.count)}{on and f' ({on})'}"
    more = {1: "", 2: " And one more kind of error."}.get(len(errors), f" And {len(errors) - 1} more kinds of errors.")
    return f"{worst.code}, {count}{where}: {words}{more}"


def _lines(numbers: Sequence[int | None], count: int) -> str:
    """The first lines of the `count` places of a finding; nothing where none has a line of its own."""
    known = list(dict.fromkeys(number for number in numbers if number is not None))
    shown = [f"{number:,}" for number in known[:_LINES_SHOWN]]
    if not shown:
        return ""
    more = ", …" if count > len(shown) and (len(known) > len(shown) or count > len(numbers)) else ""
    return f"line{'s' * (len(shown) > 1 or bool(more))} {', '.join(shown)}{more}"


def _warnings(rows: Sequence[CodeCount]) -> str:
    """The number of warnings, and the most frequent kinds."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row.code] += row.count
    kinds = [f"{code} {count:,}" for code, count in counts.most_common(_KINDS_SHOWN)]
    named = ", ".join(kinds) + (", …" if len(counts) > _KINDS_SHOWN else "")
    total = counts.total()
    return "" if not total else f"1 warning: {rows[0].code}" if total == 1 else f"{total:,} warnings: {named}"


def whole(screen: Console, verdict: Verdict, *, mended: bool = False) -> None:
    """Print all reports of one base model and the next steps; `mended` says that `--fix` has just run."""
    for report in verdict.reports:
        _report(screen, report)
        line(screen)
    first = next((each for each in verdict.reports if each["verdict"] == "rejected"), report)
    held_back = next_steps.is_held_back(first, verdict.reports)
    for step in next_steps.steps(first, mended=mended, held_back=held_back):
        if step.command:
            next_step(screen, step.words, step.command)


def _report(screen: Console, report: Report) -> None:
    word = report["verdict"]
    line(screen, (word, STYLES[word]), f" for {report['base_model']}: {_facts(report)}")
    for row in next_steps.codes(report):
        line(screen)
        _code(screen, report, row)
    line(screen)
    for name, said in _figures(report):
        line(screen, "  ", (f"{name:<12}", "dim"), said)


def _facts(report: Report) -> str:
    files = report["files"]
    named = ", ".join(file["key"] for file in files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
    return f"{named} as {report['split']}, {counted(report['records'], 'records')}, {_format(report['format'])}"


def _format(name: str | None) -> str:
    found = next((known for known in all_formats.SOURCES.values() if known.name == name), None)
    return found.title.replace("`", "") if found else name or "no known format"


def _code(screen: Console, report: Report, row: CodeCount) -> None:
    severity = (f"{row.severity:<8}", STYLES.get(row.severity, ""))
    line(screen, "  ", severity, (f" {row.code:<{_CODE_WIDTH}}", "bold"), f" {row.count:>7,}   {row.words}")
    listed = [finding for finding in report["findings"] if finding["code"] == row.code]
    for finding in listed[:SHOWN_PER_CODE]:
        line(screen, "           ", (_place(finding, report), "dim"), f"  {finding['message']}")
    if row.count > SHOWN_PER_CODE:
        further = [finding["line"] for finding in listed[SHOWN_PER_CODE:]]
        on = _lines(further, row.count - SHOWN_PER_CODE)
        rest = "; --findings OUT writes all" if row.code in report["truncated_codes"] else ""
        line(screen, "           ", (f"and {row.count - SHOWN_PER_CODE:,} more{on and f', on {on}'}{rest}", "dim"))
    line(screen, "           ", (listed[0]["hint"] if listed else row.hint, "italic"))


def _place(finding: dict[str, Any], report: Report) -> str:
    source = "" if [file["key"] for file in report["files"]] == [finding["source"]] else f"{finding['source']} "
    number = f"line {finding['line']}" if finding["line"] is not None else ""
    record = f"record {finding['record']}" if finding["record"] not in {None, finding["line"]} else ""
    path = finding["path"] if finding["path"] != "$" else ""
    place = ", ".join(part for part in (number, record) if part)
    return " ".join(part for part in (source.strip(), place, path) if part) or "the whole file"


def _figures(report: Report) -> list[tuple[str, str]]:
    tokens, cost, policy = report["tokens"], report["cost"], report["policy"]
    figures = []
    if report["normalised"]:
        done = (f"{item['what']} {item['count']:,}" for item in report["normalised"])
        figures.append(("normalised", ", ".join(done)))
    if policy["name"] != "default":
        figures.append(
            ("policy", "; ".join(f"{name} {', '.join(policy[name])}" for name in ("ignore", "error") if policy[name]))
        )
    if shown := report["smallest_difference"]:
        figures.append(("shows", power.words(shown["records"])))
    if not tokens["total"]:
        return figures
    spread = f"half of the records have at most {tokens['p50']:,}, 95% {tokens['p95']:,}, the longest {tokens['max']:,}"
    figures.append(("tokens", f"{tokens['total']:,} (estimated); {spread}"))
    if cost["trained_tokens_per_epoch"]:
        price = "unknown, as no price is set," if cost["amount"] is None else f"{cost['amount']} {cost['currency']}"
        figures.append(("cost", f"{price} for each epoch of {cost['trained_tokens_per_epoch']:,} trained tokens"))
    return figures


def mends(screen: Console, fixed: Fixed, out: str) -> None:
    """Print what `--fix` did, or why nothing was written."""
    from tunedrop.domain.mending.mend_file import MENDS

    for source, number, defect in fixed.lost[:SHOWN_PER_CODE]:
        place = source if number is None else f"{source} line {number}"
        line(screen, ("not mended", STYLES["error"]), f"  {place}: {defect.message}")
    if fixed.lost:
        line(screen, f"{out} was not written: it would lack what could not be read. The original files:")
    elif not fixed.mends:
        line(screen, ("mended", "bold"), f": nothing; {out} has the same content")
    else:
        line(screen, ("mended", "bold"), f" into {out}:")
    for mend in [] if fixed.lost else fixed.mends:
        first = ", ".join(map(str, mend.lines))
        where = (
            f" (line{'s' * (mend.count > 1)} {first}{', …' if mend.count > len(mend.lines) else ''})" if first else ""
        )
        line(screen, f"  {mend.count:>7,}  {MENDS[mend.what]}", (where, "dim"))
    line(screen)


def counted(count: int, what: str) -> str:
    """A count with its noun; `what` is the plural."""
    return f"1 {what[:-1]}" if count == 1 else f"{count:,} {what}"


def next_step(screen: Console, words: str, command: str = "") -> None:
    """Print what to do next, and the command if there is one."""
    line(screen, ("next  ", "bold cyan"), words)
    if command:
        line(screen, "      ", (command, "bold"))


def line(screen: Console, *parts: str | tuple[str, str]) -> None:
    """Print a line of texts and (text, style). Control characters are escaped, so data cannot control the terminal."""
    shown = (visible(part) if isinstance(part, str) else (visible(part[0]), part[1]) for part in parts)
    screen.print(Text.assemble(*shown))


def as_json(value: object) -> int:
    """Print a value for programs, on standard output; returns the exit code of a command that is done."""
    print(json.dumps(value, indent=2, ensure_ascii=False))
    return 0
