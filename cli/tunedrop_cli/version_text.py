"""What a stack made of an upload, as text: verdict, splits, top findings, the next command."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console
from tunedrop.domain.reports import next_commands, next_steps

from tunedrop_cli.text_report import STYLES, counted, line, next_step


def show(
    screen: Console,
    found: Mapping[str, Any],
    *,
    unchanged: bool,
    on_accept: bool = False,
    again: Callable[[str], str] = str,
) -> None:
    """Print what a stack made of an upload: verdict, splits, top findings, the next command, for that stack by `again`.

    `on_accept` says that its settings ask for an automatic job; a second one, started by hand, would cost again.
    """
    name = f"{found['dataset']}@{found['version']}"
    repeated = " (the same bytes as before, no new version)" if unchanged else ""
    line(screen, (found["status"], STYLES.get(found["status"], "bold")), f" {name}{repeated}")
    for item in found["preparations"]:
        counts = ", ".join(counted(item[what], what) for what in ("records", "errors", "warnings"))
        verdict = (f"{item['verdict']:<8}", STYLES.get(item["verdict"], ""))
        line(screen, "  ", verdict, f" {item['base_model']:<16} {item['split']:<10} {counts}")
    _top_findings(screen, found.get("top_findings", ()))
    if found["status"] == "accepted" and on_accept:
        line(screen, 'Its settings say [job] start = "on_accept". Whether a job was started:')
        next_step(screen, again(next_commands.list_jobs(found["dataset"])))
    elif found["status"] == "accepted":
        command = next_commands.start_job(found["dataset"], found["version"], found["base_models"][0])
        next_step(screen, again(f"{command} --plan"))
    elif found["status"] == "incomplete":
        next_step(screen, "Add a train split to the folder, and push it again.")
    else:
        rejected = [item for item in found["preparations"] if item["verdict"] == "rejected" and item.get("page_url")]
        line(screen, "Its reports, for 15 minutes to whoever has the link:")
        for item in rejected:
            line(screen, f"      {item['base_model']} {item['split']}: {item['page_url']}")
        next_step(screen, "Correct what they name, and push it again.")


def _top_findings(screen: Console, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print findings; those that several base models have in common are printed once."""
    models: dict[tuple[str, str, int], list[str]] = {}
    for row in rows:
        models.setdefault((row["code"], row["split"], row["count"]), []).append(row["base_model"])
    for row in rows:
        found = models.pop((row["code"], row["split"], row["count"]), [])
        if not found:
            continue
        severity = (f"{row['severity']:<8}", STYLES.get(row["severity"], ""))
        first = f", first on line {row['line']}" if row["line"] is not None else ""
        where = f"{next_steps.times(row['count'])} in {row['split']} for {', '.join(found)}{first}"
        line(screen, "  ", severity, f" {row['code']}, {where}: {row['words']} {row['hint']}")
