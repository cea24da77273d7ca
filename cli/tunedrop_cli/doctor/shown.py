"""What a person sees, and what is written: a table, JSON, and the report to send us."""

from __future__ import annotations

import json
import platform
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from tunedrop import __version__

from tunedrop_cli import text_report
from tunedrop_cli.doctor.outcomes import Finding, Status
from tunedrop_cli.doctor.reading import Reader

SCHEMA = 1
_STYLES: Mapping[Status, str] = {"ok": "green", "attention": "yellow", "failed": "bold red", "unknown": "cyan"}
_WIDTH = 19
_LEAST = 8
"""Characters of a physical id: shorter ones, such as a stage's "v1", are words of their own."""
_ARN = re.compile(r"arn:[\w-]+:([\w-]+):[^\s\"',;)\]}]*")
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")


def as_json(findings: Sequence[Finding], reader: Reader, **more: Any) -> dict[str, Any]:
    """The report as JSON values."""
    return {
        "schema": SCHEMA,
        "tunedrop": __version__,
        "python": platform.python_version(),
        "stack": reader.name,
        "region": reader.region,
        **more,
        "counts": dict(Counter(finding.outcome.status for finding in findings)),
        "checks": [_row(finding) for finding in findings],
    }


def _row(finding: Finding) -> dict[str, Any]:
    outcome = finding.outcome
    return {
        "name": finding.name,
        "status": outcome.status,
        "seen": outcome.seen,
        "advice": outcome.advice,
        "command": outcome.command,
        "values": outcome.values,
    }


def row(screen: Console, finding: Finding) -> None:
    """Print one check, and what mends it."""
    outcome = finding.outcome
    status = (f"  {outcome.status:<10}", _STYLES[outcome.status])
    text_report.line(screen, status, f" {finding.name:<{_WIDTH}} {outcome.seen}")
    indent = " " * (_WIDTH + 14)
    if outcome.advice:
        text_report.line(screen, f"{indent}{outcome.advice}")
    if outcome.command:
        text_report.line(screen, indent, (outcome.command, "bold"))


def summary(screen: Console, findings: Sequence[Finding]) -> None:
    """Print how many checks came out how."""
    counts = Counter(finding.outcome.status for finding in findings)
    words = ", ".join(f"{counts[status]} {status}" for status in _STYLES if counts[status])
    text_report.line(screen)
    text_report.line(screen, f"{len(findings)} checks: {words}")


def redacted(text: str, names: Mapping[str, str]) -> str:
    """The text without accounts, ARNs, addresses, and physical ids, for which `names` has words."""
    for physical in sorted((each for each in names if len(each) >= _LEAST), key=len, reverse=True):
        text = text.replace(physical, f"<{names[physical]}>")
    text = _ARN.sub(r"<arn of \1>", text)
    text = _MAIL.sub("<address>", text)
    return _ACCOUNT.sub("<account>", text)


def write(path: Path, report: Mapping[str, Any], names: Mapping[str, str]) -> Path:
    """Write the report as JSON and, beside it, as text, both redacted; return the text's path."""
    clean = json.loads(redacted(json.dumps(report, ensure_ascii=False, default=str), names))
    path.write_text(json.dumps(clean, indent=2, ensure_ascii=False) + "\n", "utf-8")
    beside = path.with_suffix(".txt")
    beside.write_text("".join(f"{line}\n" for line in _lines(clean)), "utf-8")
    return beside


def _lines(report: Mapping[str, Any]) -> list[str]:
    head = [f"{name}: {value}" for name, value in report.items() if name not in {"checks", "counts"}]
    body = []
    for each in report["checks"]:
        body.append(f"{each['status']:<10} {each['name']:<{_WIDTH}} {each['seen']}")
        body += [f"{'':<{_WIDTH + 12}}{name}: {json.dumps(value)}" for name, value in each["values"].items()]
    return [*head, "", *body]
