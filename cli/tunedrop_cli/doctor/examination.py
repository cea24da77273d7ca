"""One run of `tunedrop doctor`: which checks, what is printed, what is written."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from tunedrop_cli import progress, text_report
from tunedrop_cli.doctor import changes, deploying, rounds, shown
from tunedrop_cli.doctor.outcomes import CannotTell, Finding, Missing, exit_code
from tunedrop_cli.doctor.reading import Reader
from tunedrop_cli.doctor.trip import STOPPED_HERE
from tunedrop_cli.doctor.writing import Writer
from tunedrop_cli.errors import WrongUsage
from tunedrop_cli.stack import Stack

INTERRUPTED = 130


def run(chosen: argparse.Namespace, reached: Stack) -> int:
    """Look, print, and with --deep write the report; return the exit code. Raises WrongUsage, Refused."""
    _check_usage(chosen)
    screen = text_report.console()
    findings: list[Finding] = []
    more: dict[str, Any] = {}
    if not chosen.write and chosen.spend is None:
        reader = Reader(reached)
        _look(reader, screen, chosen, findings)
    else:
        reader = writer = Writer(reached)
        _look(reader, screen, chosen, findings)

        def tell(finding: Finding) -> None:
            _tell(deploying.here(finding, writer), screen, chosen, findings)

        more["may_cost"] = changes.carry_out(writer, chosen, tell)
    if chosen.json:
        print(json.dumps(shown.as_json(findings, reader), ensure_ascii=False, default=str))
    else:
        shown.summary(screen, findings)
    if chosen.deep:
        _write(Path(chosen.report), findings, reader, more)
    return INTERRUPTED if any(finding.outcome == STOPPED_HERE for finding in findings) else exit_code(findings)


def _check_usage(chosen: argparse.Namespace) -> None:
    beyond = {"--write": chosen.write, "--spend": chosen.spend is not None}
    if not chosen.deep and (given := [name for name, value in beyond.items() if value]):
        raise WrongUsage(f"{given[0]} needs --deep")
    if chosen.spend is None and (chosen.yes or chosen.resume):
        raise WrongUsage("--yes and --resume need --spend")
    if chosen.resume and not changes.NAME.fullmatch(chosen.resume):  # everything of that name is erased in the end
        raise WrongUsage(f"--resume takes the name of an earlier run, such as doctor-1a2b3c4d, not {chosen.resume}")
    if chosen.spend is not None and not 0 < chosen.spend < float("inf"):
        raise WrongUsage("--spend needs an amount above 0")


def _look(reader: Reader, screen: Console, chosen: argparse.Namespace, findings: list[Finding]) -> None:
    with progress.count("looking", len(rounds.names(deep=chosen.deep))) as step:
        looked = list(rounds.findings(reader, deep=chosen.deep, progress=step))
    for finding in looked:
        _tell(deploying.here(finding, reader), screen, chosen, findings)


def _tell(finding: Finding, screen: Console, chosen: argparse.Namespace, findings: list[Finding]) -> None:
    findings.append(finding)
    if not chosen.json:
        shown.row(screen, finding)


def _write(path: Path, findings: list[Finding], reader: Reader, more: dict[str, Any]) -> None:
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    beside = shown.write(path, shown.as_json(findings, reader, made_at=made_at, **more), _names(reader))
    text_report.line(text_report.console(stderr=True), f"report, to be sent to us: {path} and {beside}")


def _names(reader: Reader) -> dict[str, str]:
    """Words for the physical ids of the stack; empty where it can't be read."""
    try:
        outputs = {value: name for name, value in reader.deployed().outputs.items() if name != "Release"}
        return outputs | {physical: logical for logical, physical in reader.resources().items()}
    except (CannotTell, Missing):
        return {}
