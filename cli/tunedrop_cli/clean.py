"""`tunedrop clean`: write a file without the records that a person chose to drop."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.base_models.catalogue import SPLITS, Split
from tunedrop.domain.checks import dropped_records, version_examination
from tunedrop.domain.checks.assignment import Assignment
from tunedrop.domain.checks.dropped_records import Dropped, UnreadableRecord
from tunedrop.domain.reading import split_files
from tunedrop.domain.records.check_policy import Policy
from tunedrop.domain.records.defects import UnreadableContent, shown

from tunedrop_cli import local_files, plans, progress, text_report, written_files
from tunedrop_cli.errors import WrongUsage
from tunedrop_cli.local_files import LocalFile

DESCRIPTION = """Write a file without the records that you choose to drop, by the codes of their findings.

Nothing else is changed: what can be mended without a choice is mended by `tunedrop check --fix`. OUT is JSON Lines, in
which lines of JSON Lines are unchanged; without it, train.csv becomes train.cleaned.jsonl."""

EPILOG = """examples:
  tunedrop clean train.jsonl --keep-first               of records that repeat or contradict, the first stays
  tunedrop clean train.csv good.jsonl --drop refusal truncated_answer placeholder_answer
  tunedrop check train.jsonl --findings all.csv         shows before what that would drop

exit code: 0 written, 1 refused because a record that stays can't be read, 2 no byte could be read or wrong usage
"""


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the options of `tunedrop clean`."""
    command.description, command.epilog = DESCRIPTION, EPILOG
    command.add_argument("input", metavar="FILE", help="the file to read, or -")
    command.add_argument("output", metavar="OUT", nargs="?", help="the file to write, or -")
    command.add_argument(
        "--drop",
        nargs="+",
        action="extend",
        default=[],
        metavar="CODE",
        help="drop records with a finding of this code",
    )
    command.add_argument(
        "--keep-first",
        action="store_true",
        help=f"drop what repeats or contradicts an earlier record: {', '.join(dropped_records.REPEATING)}",
    )
    command.add_argument(
        "--model", metavar="BASE_MODEL", help=f"for codes that depend on it: {', '.join(catalogue.catalogue())}"
    )
    command.add_argument("--split", choices=SPLITS, help="which split FILE is (default: as its name says, else train)")
    plans.add_to(command)
    command.set_defaults(run=run, validation_share=None)


def run(chosen: argparse.Namespace) -> int:
    """Write what stays and say what was dropped; return the exit code. Raises WrongUsage, Unreadable."""
    codes = _codes(chosen)
    split: Split = chosen.split or local_files.split_of([chosen.input])
    settings = plans.read_settings(chosen.settings, [chosen.input])
    models = plans.models([chosen.model or next(iter(catalogue.catalogue()))])
    plan = _seeing(codes, plans.plan(chosen, models, (split,), settings))
    out = chosen.output or _beside(chosen.input)
    dropped = Dropped(codes)
    screen = text_report.console(stderr=True)
    with ExitStack() as held:
        (file,) = local_files.open_all([chosen.input], held, chosen.input_format)
        written = held.enter_context(written_files.draft(out, [chosen.input]))
        with progress.bar("cleaning", file.size) as file.watch:
            version_examination.examine({split: [file.part()]}, plan, tell=lambda *_: dropped.take)
        try:
            ask = split_files.all_readable(plan.mapping, plan.keep, plan.ignore)
            mapped = plan.mapping.fields if plan.mapping else frozenset()
            lines = dropped_records.kept([file.part()], dropped, ask, mapped)
            kept = sum(written.file.write(line) > 0 for line in lines)
        except UnreadableContent as unreadable:
            _refuse(screen, file, unreadable)
            return 1
        written.keep()
    _tell(screen, codes, dropped, kept, out)
    return 0


def _codes(chosen: argparse.Namespace) -> Sequence[str]:
    codes = [*dict.fromkeys([*chosen.drop, *(dropped_records.REPEATING if chosen.keep_first else ())])]
    if not codes:
        raise WrongUsage("say what to drop: --drop CODE..., --keep-first, or both")
    for code in codes:
        if refusal := dropped_records.refusal(code, of_one_model=bool(chosen.model)):
            raise WrongUsage(f"--drop {refusal}")
    return codes


def _seeing(codes: Sequence[str], plan: Assignment) -> Assignment:
    """The plan, in which no chosen code is ignored and no record goes to another split."""
    policy = Policy(plan.policy.ignore - set(codes), plan.policy.error)
    return replace(plan, policy=policy, validation_share=0)


def _beside(path: str) -> str:
    if path == local_files.STANDARD_INPUT:
        return written_files.STANDARD_OUTPUT
    name = Path(path).name
    extension = local_files.extension_of(path)
    stem = name[: -len(extension) - 1] if extension else name
    return str(Path(path).with_name(f"{stem}.cleaned.jsonl"))


def _refuse(screen: Console, file: LocalFile, unreadable: UnreadableContent) -> None:
    defect = unreadable.defect
    place = file.shown if defect.line is None else f"{file.shown} line {defect.line}"
    text_report.line(screen, ("not written", "bold red"), f": {place}: {defect.code}: {defect.message} {defect.hint}")
    is_record = isinstance(unreadable, UnreadableRecord)
    way_out = f"Correct that, or drop such records, too: --drop {defect.code}" if is_record else "Correct that."
    text_report.next_step(screen, way_out)


def _tell(screen: Console, codes: Sequence[str], dropped: Dropped, kept: int, out: str) -> None:
    total = dropped.counts.total()
    text_report.line(screen, f"{kept:,} of {kept + total:,} records written to {out}; {total:,} dropped:")
    for code in codes:
        lines = dropped.lines.get(code, [])
        more = ", …" if dropped.counts[code] > len(lines) else ""
        where = f"  (line{'s' * (dropped.counts[code] > 1)} {', '.join(map(str, lines))}{more})" if lines else ""
        text_report.line(screen, f"  {dropped.counts[code]:>7,}  {code}", (where, "dim"))
    if dropped.passed_over:
        names = ", ".join(map(shown, sorted(dropped.passed_over)))
        text_report.line(screen, f"left out, as not all of it can be read and no record needs it: {names}")
