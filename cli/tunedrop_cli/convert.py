"""`tunedrop convert`: write a training file in the format a base model trains on."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from dataclasses import replace

from tunedrop.domain.base_models import catalogue
from tunedrop.domain.base_models.catalogue import SPLITS, Split
from tunedrop.domain.checks import version_examination
from tunedrop.domain.checks.split_examination import Examined
from tunedrop.domain.reports import json_report
from tunedrop.domain.reports.json_report import ReportSubject
from tunedrop.domain.versions.stored_file import StoredFile

from tunedrop_cli import examining, local_files, plans, progress, text_report, written_files
from tunedrop_cli.examining import Verdict
from tunedrop_cli.local_files import LocalFile

DESCRIPTION = """Write a training file as the base model trains on it: the bytes that an upload would prepare.

Only errors are looked for; `tunedrop check` shows warnings, too. OUT is written only if everything is accepted.
- is standard input or standard output."""

EPILOG = """examples:
  tunedrop convert chats.csv train.jsonl --model nova-lite --map prompt=question --map completion=answer
  tunedrop convert - - --model claude-3-haiku --system "You are the help desk." < in.jsonl > out.jsonl

exit code: 0 accepted and written, 1 rejected, 2 no byte could be read or wrong usage
"""


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the options of `tunedrop convert`."""
    command.description, command.epilog = DESCRIPTION, EPILOG
    command.add_argument("input", metavar="IN", help="the file to read, or -")
    command.add_argument("output", metavar="OUT", help="the file to write, or -")
    command.add_argument(
        "--model", required=True, metavar="BASE_MODEL", help=f"one of {', '.join(catalogue.catalogue())}"
    )
    command.add_argument("--split", choices=SPLITS, help="which split IN is (default: as its name says, else train)")
    plans.add_to(command)
    command.set_defaults(run=run, validation_share=None)


def run(chosen: argparse.Namespace) -> int:
    """Convert and report on standard error; return the exit code. Raises WrongUsage, Unreadable."""
    split: Split = chosen.split or local_files.split_of([chosen.input])
    models = plans.models([chosen.model])
    settings = plans.read_settings(chosen.settings, [chosen.input])
    plan = plans.plan(chosen, models, (split,), settings, level="errors")
    plan = replace(plan, validation_share=0)  # one file becomes one file
    with ExitStack() as held:
        (file,) = local_files.open_all([chosen.input], held, chosen.input_format)
        written = held.enter_context(written_files.draft(chosen.output, [chosen.input]))
        with progress.bar("converting", file.size) as file.watch:
            (result,) = version_examination.examine(
                {split: [file.part()]}, plan, lambda *_: written.file.write, given=settings.given
            )
        if result.accepted:
            written.keep()
        else:
            _explain(file, result)
    if result.accepted:
        records = "1 record" if result.written == 1 else f"{result.written:,} records"
        text_report.console(stderr=True).print(f"{records} for {result.base_model} written to {chosen.output}")
    return 0 if result.accepted else 1


def _explain(file: LocalFile, result: Examined) -> None:
    subject = ReportSubject(None, None, (StoredFile(file.shown, "", file.size, ""),))
    report = json_report.compose(subject, result, None, examining.prices())
    text_report.whole(text_report.console(stderr=True), Verdict(result.base_model, [report]))
