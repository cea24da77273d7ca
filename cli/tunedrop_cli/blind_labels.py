"""`tunedrop evaluations show --sheet` and `--labels`: answers for people to choose from, and what they chose."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from tunedrop.domain.evaluation import blind_sheets, example_lines
from tunedrop.domain.evaluation.blind_sheets import BlindPair, Preference
from tunedrop.domain.evaluation.power import ALPHA
from tunedrop.domain.reports import blind_page
from tunedrop.errors import InvalidInput

from tunedrop_cli import report_files, tables, text_report, written_files
from tunedrop_cli.errors import Refused, WrongUsage

if TYPE_CHECKING:
    from tunedrop_cli.stack import Stack

PAGE, TABLE = "sheet.html", "sheet.csv"
ENOUGH = 50
"""Labels: fewer show only large differences."""


def read(reached: Stack, found: Mapping[str, Any]) -> list[BlindPair]:
    """The evaluation's sheet, from its examples in S3, with the person's own credentials. Raises Refused."""
    if not found["examples_uri"]:
        words = f"evaluation {found['id']} is {found['state']}: it has answers to show once it is Completed"
        raise Refused(0, {"code": "no_report", "message": words})
    stored = report_files.read_object(reached.s3(), found["examples_uri"])
    ours, theirs = (candidate["name"] for candidate in found["candidates"][:2])
    return blind_sheets.pairs(found["id"], example_lines.decode(stored), ours, theirs)


def write(folder: str, evaluation_id: str, sheet: list[BlindPair]) -> None:
    """Write page and table into a folder, which is made. Raises WrongUsage if either is there."""
    place = Path(folder)
    try:
        place.mkdir(exist_ok=True)
    except OSError as error:
        raise WrongUsage(f"{folder} can't be made: {error.strerror}") from None
    for name, content in (
        (PAGE, blind_page.render(evaluation_id, sheet, TABLE)),
        (TABLE, blind_sheets.table(sheet)),
    ):
        written_files.write_new(str(place / name), content)


def preference(path: str, sheet: list[BlindPair]) -> Preference:
    """What the choices in a file say. Raises WrongUsage."""
    try:
        return blind_sheets.preference(sheet, blind_sheets.choices(Path(path).read_bytes()))
    except OSError as error:
        raise WrongUsage(f"{path} can't be read: {error.strerror}") from None
    except InvalidInput as wrong:
        raise WrongUsage(f"{path}: {wrong.message}") from None


def show(screen: Console, found: Mapping[str, Any], told: Preference) -> None:
    """Print what people chose, and whether that is more than chance."""
    ours, theirs = (candidate["name"] for candidate in found["candidates"][:2])
    if told.p <= ALPHA:
        verdict = f"people prefer {ours if told.ours > told.theirs else theirs}"
    else:
        verdict = "these choices can't tell the two apart"
    tables.facts(
        screen,
        [
            (
                "people chose",
                f"{ours} {told.ours:,} times, {theirs} {told.theirs:,} times, neither {told.ties:,} times",
            ),
            ("sign test", f"p {told.p:.3g}: {verdict}"),
            ("metric agrees", f"on {told.agree:,} of {told.compared:,} that it scores differently"),
        ],
    )
    if told.labels < ENOUGH:
        text_report.line(screen, f"  {told.labels:,} labels show large differences alone; label {ENOUGH} or more.")
    text_report.line(screen, "  People's choices change neither the verdict nor the gate.")
