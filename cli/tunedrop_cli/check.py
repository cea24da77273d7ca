"""`tunedrop check`: check training files as an upload would, without uploading them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from tunedrop.domain.base_models import catalogue
from tunedrop.domain.base_models.catalogue import SPLITS, Split
from tunedrop.domain.checks.assignment import Assignment
from tunedrop.domain.reports import json_report

from tunedrop_cli import examining, local_files, plans, schema_files, text_report
from tunedrop_cli.errors import WrongUsage
from tunedrop_cli.examining import Verdict
from tunedrop_cli.local_files import LocalFile
from tunedrop_cli.schema_files import SchemaFile

if TYPE_CHECKING:
    from tunedrop_cli.finding_files import FindingFile
    from tunedrop_cli.fixing import Fixed

DESCRIPTION = """Check training files as an upload would, with the same code; findings name line, path and what to do.

Several FILEs make one split, in this order. Without --model, each base model gets one row: accepted, or why not.
Files are .jsonl, .json (an array), .csv, .tsv (each also .gz) or .parquet; - is standard input."""

EPILOG = """examples:
  tunedrop check train.jsonl                                   which base models would take it
  tunedrop check train.jsonl --model claude-3-haiku            all findings for one of them
  tunedrop check --train a.csv --validation b.csv --model nova-lite --map prompt=question --map completion=answer
  tunedrop check train.jsonl --model nova-lite --fix mended.jsonl --html report.html
  tunedrop check train.jsonl --model nova-lite --findings findings.csv      all of them, for a spreadsheet
  curl -s https://example.com/data.csv | tunedrop check - --input-format csv --format json

exit code: 0 accepted (without --model: by at least one base model), 1 rejected, 2 no byte could be read or wrong usage
"""


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the options of `tunedrop check`."""
    command.description, command.epilog = DESCRIPTION, EPILOG
    command.add_argument("files", nargs="*", metavar="FILE", help="the files of one split; - is standard input")
    command.add_argument(
        "--model",
        action="append",
        metavar="BASE_MODEL",
        help=f"base model to tune: {', '.join(catalogue.catalogue())}; may be repeated; default: a row for each",
    )
    command.add_argument(
        "--split", choices=SPLITS, help="which split the FILEs are (default: as their name says, else train)"
    )
    for split in SPLITS:
        command.add_argument(
            f"--{split}", action="append", default=[], metavar="FILE", help=f"a file of {split}; may be repeated"
        )
    command.add_argument("--format", choices=("text", "json"), default="text", help="output format (default: text)")
    command.add_argument("--report", metavar="OUT.json", help="write what --format json prints to a file")
    command.add_argument("--html", metavar="OUT.html", help="write the report as a page, or one page per report")
    command.add_argument(
        "--excerpts", action="store_true", help="quote on the page what the findings are about; it then holds data"
    )
    command.add_argument(
        "--findings", metavar="OUT", help="write every finding to a file, as JSON Lines or, if it ends in .csv, as CSV"
    )
    command.add_argument("--fix", metavar="OUT", help="mend what is safe to mend and write the file as JSON Lines")
    command.add_argument(
        "--validation-share",
        type=float,
        metavar="SHARE",
        help="share of train to hold back as validation if there is no validation split, such as 0.1",
    )
    plans.add_to(command)
    command.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Check and report; return the exit code. Raises WrongUsage, Unreadable."""
    splits = _splits(chosen)
    models = plans.models(chosen.model)
    files = [path for paths in splits.values() for path in paths]
    settings = plans.read_settings(chosen.settings, files)
    plan = plans.plan(chosen, models, tuple(splits), settings)
    with ExitStack() as held:
        opened = {split: local_files.open_all(paths, held, chosen.input_format) for split, paths in splits.items()}
        fixed = _fix(opened, chosen.fix, plan, held) if chosen.fix else None
        listed = _findings(chosen.findings, opened, held) if chosen.findings is not None else None
        schema = SchemaFile.read(schema_files.beside(chosen.settings, files), held)
        given = (*settings.given, *schema.given)
        tell = listed.tell if listed else None
        found = examining.verdicts(fixed.splits if fixed else opened, plan, given, outputs=schema.outputs, tell=tell)
        if fixed:
            fixed.keep()
        if listed:
            listed.keep()
        quoted = _quoted(found, fixed.splits if fixed else opened, plan) if chosen.excerpts else None
        warning = schema.warning()
    _tell(chosen, found, fixed, quoted)
    if warning:
        text_report.line(text_report.console(stderr=True), warning)
    return 0 if _holds(found, asked=bool(chosen.model)) and not (fixed and fixed.lost) else 1


def _fix(opened: Mapping[Split, Sequence[LocalFile]], out: str, plan: Assignment, held: ExitStack) -> Fixed:
    from tunedrop_cli import fixing

    return fixing.fix(opened, out, plan, held)


def _findings(out: str, opened: Mapping[Split, Sequence[LocalFile]], held: ExitStack) -> FindingFile:
    from tunedrop_cli import finding_files

    return finding_files.draft(out, [file.name for files in opened.values() for file in files], held)


def _holds(found: Sequence[Verdict], *, asked: bool) -> bool:
    return (all if asked else any)(verdict.accepted for verdict in found)


def _splits(chosen: argparse.Namespace) -> Mapping[Split, Sequence[str]]:
    given: dict[Split, list[str]] = {split: list(getattr(chosen, split)) for split in SPLITS}
    if chosen.files:
        split = chosen.split or local_files.split_of(chosen.files)
        if given[split]:
            raise WrongUsage(f"name the files of {split} either as FILE or with --{split}, not both")
        given[split] = chosen.files
    elif chosen.split:
        raise WrongUsage("--split says which split the FILEs are, but there is no FILE")
    named = {split: paths for split, paths in given.items() if paths}
    if not named:
        raise WrongUsage("name a file to check, or - for standard input; `tunedrop check --help` shows examples")
    if [path for paths in named.values() for path in paths].count(local_files.STANDARD_INPUT) > 1:
        raise WrongUsage("standard input can be read only once")
    if chosen.excerpts and not chosen.html:
        raise WrongUsage("--excerpts quotes records on the page that --html writes: name one")
    if chosen.fix and len(named) > 1:
        raise WrongUsage("--fix mends the files of only one split")
    return named


def _quoted(
    found: Sequence[Verdict], files: Mapping[Split, Sequence[LocalFile]], plan: Assignment
) -> Sequence[Verdict]:
    from tunedrop_cli import check_pages

    return check_pages.quoted(found, files, plan)


def _tell(
    chosen: argparse.Namespace, found: Sequence[Verdict], fixed: Fixed | None, quoted: Sequence[Verdict] | None
) -> None:
    listed = [verdict.as_json() | ({"mended": fixed.as_json()} if fixed else {}) for verdict in found]
    document = listed[0] if chosen.model and len(found) == 1 else listed
    if chosen.report:
        _write(chosen.report, json_report.encode(document))
    if chosen.html:
        from tunedrop_cli import check_pages

        for place, page in check_pages.render(chosen.html, quoted or found, mended=bool(fixed and not fixed.lost)):
            _write(str(place), page)
    if chosen.format == "json":
        sys.stdout.buffer.write(json_report.encode(document))
        sys.stdout.buffer.flush()
        return
    screen = text_report.console()
    if fixed:
        text_report.mends(screen, fixed, chosen.fix)
    if chosen.model:
        for verdict in found:
            text_report.whole(screen, verdict, mended=bool(fixed and not fixed.lost))
    else:
        text_report.overview(screen, found)


def _write(path: str, content: bytes) -> None:
    try:
        Path(path).write_bytes(content)
    except OSError as error:
        raise WrongUsage(f"{path} can't be written: {error.strerror}") from None
