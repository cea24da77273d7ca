"""What a person does next with a report in hand: words and, where there is one, the command."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunedrop.checks.catalogue import CHECKS

_NAMED = 3
"""Kinds of errors that are spelled out; the findings hold the rest."""

MENDABLE = frozenset(
    {"invalid_json", "duplicate_key", "unknown_field", "missing_field", "wrong_type", "unknown_role", "empty_text"}
    | {"unknown_format", "not_jsonl", "unsupported_file", "wrong_encoding", "wrong_extension", "exact_duplicate"}
)
"""Codes of which `--fix` may mend some findings."""

_ORDER = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do."""

    words: str
    command: str | None = None


@dataclass(frozen=True, slots=True)
class CodeCount:
    """How often one code was found, and how grave it is under the policy in force."""

    code: str
    severity: str
    count: int
    words: str
    hint: str


def codes(report: Mapping[str, Any]) -> list[CodeCount]:
    """Codes of a report, the gravest and most frequent first. A code of another release has no words here."""
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


def steps(report: Mapping[str, Any]) -> list[Step]:
    """In the order of doing them."""
    return list(_accepted(report) if report["verdict"] == "accepted" else _rejected(report))


def _rejected(report: Mapping[str, Any]) -> Iterator[Step]:
    errors = [row for row in codes(report) if row.severity == "error"]
    for row in errors[:_NAMED]:
        yield Step(f"{row.code}, {times(row.count)}: {row.words} {row.hint}")
    if len(errors) > _NAMED:
        yield Step(f"Then the other {len(errors) - _NAMED} kinds of errors below.")
    check = ["tunedrop", "check", *_choice(report), *_file_names(report)]
    if any(row.code in MENDABLE for row in errors):
        words = "Let Tunedrop mend what is safe to mend, and correct what it leaves."
        yield Step(words, shlex.join([*check, "--fix", "mended.jsonl"]))
    else:
        yield Step("Correct that, and check it again.", shlex.join(check))
    if report["dataset"] and report["version"]:
        yield Step(f"Upload it again: that makes a new version of {report['dataset']}.", _upload(report))


def _upload(report: Mapping[str, Any]) -> str:
    return shlex.join(["tunedrop", "push", str(report["dataset"]), "--wait"])


def _accepted(report: Mapping[str, Any]) -> Iterator[Step]:
    warnings = [row for row in codes(report) if row.severity == "warning"]
    if warnings:
        kinds = "one kind" if len(warnings) == 1 else f"{len(warnings)} kinds"
        yield Step(f"Look through the warnings ({kinds}): they stop nothing, a careful person would read them.")
    if report["dataset"] and report["version"]:
        body = {key: report[key] for key in ("dataset", "version", "base_model")}
        yield Step("Start a job once every split is accepted.", f"POST /jobs {json.dumps(body)}")
    else:
        yield Step(
            "Put it into a folder named like the dataset, as train, validation or test, and upload that.",
            "tunedrop push FOLDER --wait",
        )


def _choice(report: Mapping[str, Any]) -> Sequence[str]:
    return "--model", str(report["base_model"]), "--split", str(report["split"])


def _file_names(report: Mapping[str, Any]) -> list[str]:
    """As they are called on the person's own machine: a key's last part, or the path that was given."""
    stored = report["dataset"] and report["version"]
    return [str(file["key"]).rsplit("/", 1)[-1] if stored else str(file["key"]) for file in report["files"]]


def times(count: int) -> str:
    """How often, in words."""
    return "once" if count == 1 else f"{count:,} times"
