"""What to do next with a report: words and, if there is one, the command."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tunedrop.domain.checks.all_checks import CHECKS
from tunedrop.domain.formats import conversation_kinds
from tunedrop.domain.reading.file_kinds import LOOSE
from tunedrop.domain.reports import next_commands
from tunedrop.domain.reports.next_commands import Step

_NAMED = 3
"""Kinds of errors described in the steps; the findings hold the rest."""

_MENDABLE = frozenset(
    {"invalid_json", "duplicate_key", "unknown_field", "unknown_role", "wrong_encoding", "wrong_extension"}
)
"""Codes with findings that `--fix` may mend."""
_MENDABLE_PLACES = {
    "empty_text": re.compile(r"\$\.system"),
    "wrong_type": re.compile(r"\$\.(?:system|messages\[\d+\]\.content)(?:\[\d+\])?"),
    "missing_field": re.compile(r"\$\.(?:messages|conversations?)\[\d+\]"),
}
"""Codes with findings that `--fix` may mend at such paths only: an empty system text, texts for blocks, turns."""
_NAMELESS = frozenset({"unknown_format", "needs_mapping"})
"""Codes that a mapping may resolve."""

_ORDER = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class CodeCount:
    """How often a code was found, and its severity under the policy in force."""

    code: str
    severity: str
    count: int
    words: str
    hint: str


def codes(report: Mapping[str, Any]) -> list[CodeCount]:
    """A report's codes, most severe and frequent first. Codes of another release get their finding's own words."""
    listed = {finding["code"]: finding for finding in reversed(report["findings"])}
    rows = []
    for code, count in report["counts_by_code"].items():
        check = CHECKS.get(code)
        found = listed.get(code, {})
        severity = found.get("severity") or (check.severity if check else "info")
        words = check.words if check else str(found.get("message", ""))
        hint = check.hint if check else str(found.get("hint", ""))
        rows.append(CodeCount(code, severity, count, words, hint))
    return sorted(rows, key=lambda row: (_ORDER.get(row.severity, 3), -row.count, row.code))


def steps(report: Mapping[str, Any], *, mended: bool = False, held_back: bool = False) -> list[Step]:
    """The next steps, in order.

    `mended` says that `--fix` has just run; `held_back` that the split is a share of train without a file of its own.
    """
    if report["verdict"] == "accepted":
        return list(_accepted(report))
    return list(_rejected(report, mended=mended, held_back=held_back or _is_of_train(report)))


def is_held_back(report: Mapping[str, Any], beside: Iterable[Mapping[str, Any]]) -> bool:
    """Whether this is a report on validation made of the same files as another report on train."""
    return report["split"] == "validation" and any(
        other["split"] == "train" and other["files"] == report["files"] for other in beside
    )


def _rejected(report: Mapping[str, Any], *, mended: bool, held_back: bool) -> Iterator[Step]:
    errors = [row for row in codes(report) if row.severity == "error"]
    for row in errors[:_NAMED]:
        yield Step(f"{row.code}, {times(row.count)}: {row.words} {row.hint}")
    if len(errors) > _NAMED:
        more = len(errors) - _NAMED
        yield Step(
            "Then the one other kind of error below." if more == 1 else f"Then the other {more} kinds of errors."
        )
    split = "train" if held_back else str(report["split"])
    check = ["tunedrop", "check", "--model", str(report["base_model"]), "--split", split, *_file_names(report)]
    found = {row.code for row in errors}
    if found & _NAMELESS:
        yield Step("Say which field is what, if there is one for each.", shlex.join([*check, *_MAP]))
    elif held_back and found == {"too_few_records"}:
        yield Step(_HELD_BACK, shlex.join(check))
    elif not mended and may_be_mended(report):
        yield Step(MENDING, shlex.join([*check, *MEND]))
    else:
        yield Step("Correct that, and check it again.", shlex.join(check))
    if report["dataset"] and report["version"]:
        yield Step(f"Upload it again: that makes a new version of {report['dataset']}.", _upload(report))


MENDING = "Let Tunedrop mend what is safe to mend, and correct what it leaves."
MEND = ("--fix", "mended.jsonl")
_MAP = ("--map", "prompt=FIELD", "--map", "completion=FIELD")
_HELD_BACK = "It was held back from train: raise validation_share, or upload a validation split of its own."


def may_be_mended(report: Mapping[str, Any]) -> bool:
    """Whether `--fix` may mend one of a report's errors."""
    return any(map(_may_be_mended, report["findings"]))


def _may_be_mended(finding: Mapping[str, Any]) -> bool:
    if finding["severity"] != "error":
        return False
    if finding["code"] in {"unsupported_file", "other_purpose"}:
        return finding["hint"] in LOOSE | conversation_kinds.MENDED
    place = _MENDABLE_PLACES.get(finding["code"])
    return finding["code"] in _MENDABLE or (place is not None and place.fullmatch(finding["path"]) is not None)


def _is_of_train(report: Mapping[str, Any]) -> bool:
    """Whether a stored report on validation names files uploaded as train."""
    names = [str(file["key"]).split("/") for file in report["files"]]
    return report["split"] == "validation" and any(
        name[0] == "incoming" and name[2:3] and name[2].split(".")[0] == "train" for name in names
    )


def _upload(report: Mapping[str, Any]) -> str:
    return shlex.join(["tunedrop", "push", str(report["dataset"]), "--wait"])


def _accepted(report: Mapping[str, Any]) -> Iterator[Step]:
    warnings = [row for row in codes(report) if row.severity == "warning"]
    if warnings:
        kinds = "one kind" if len(warnings) == 1 else f"{len(warnings)} kinds"
        yield Step(f"Look through the warnings ({kinds}): they block nothing, but are worth reading.")
    if report["dataset"] and report["version"]:
        command = next_commands.start_job(report["dataset"], report["version"], report["base_model"])
        yield Step("Start a job once every split is accepted.", command)
    else:
        yield Step(
            "Put it into a folder named after the dataset, as train, validation or test, and upload that.",
            "tunedrop push FOLDER --wait",
        )


def _file_names(report: Mapping[str, Any]) -> list[str]:
    """File names as on the person's own machine: the last part of a key, or the path that was given."""
    stored = report["dataset"] and report["version"]
    return [str(file["key"]).rsplit("/", 1)[-1] if stored else str(file["key"]) for file in report["files"]]


def times(count: int) -> str:
    """A count in words: once, 2 times, 1,000 times."""
    return "once" if count == 1 else f"{count:,} times"
