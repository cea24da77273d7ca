"""Jobs for people: a list, one job with its timeline and curves, and a plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from rich.console import Console
from tunedrop.domain.reports import next_commands
from tunedrop.domain.texts.counted import counted
from tunedrop.domain.training.durations import Estimate

from tunedrop_cli import (
    amounts,
    deployment_text,
    gate_text,
    local_times,
    tables,
    terminal_curves,
    text_report,
    wish_text,
)
from tunedrop_cli.terminal_curves import Curve

ENDED = frozenset({"Completed", "Failed", "Stopped"})
Job = Mapping[str, Any]
Points = Sequence[Mapping[str, Any]]


def listing(screen: Console, jobs: Iterable[Job]) -> None:
    """Print one row for each job."""
    columns = ("job", "status", "data", "base model", "created", "loss", "cost", "hyperparameters")
    listed = list(jobs)
    costs = amounts.costs_of(job.get("cost") for job in listed)
    tables.show(screen, columns, map(_row, listed, costs), spare=4)


def _row(job: Job, cost: str) -> tuple[str, ...]:
    loss = final_loss(job)
    return (
        job["id"],
        job["status"],
        data_of(job),
        job["base_model"],
        local_times.shown(job["created_at"]),
        "-" if loss is None else f"{loss:.4g}",
        cost,
        settings_of(job),
    )


def whole(screen: Console, job: Job, training: Points, validation: Points) -> None:
    """Print a job: what it is, its timeline, and its curves if there are metrics."""
    tables.facts(screen, [("job", job["id"]), ("status", job["status"]), *facts(job)])
    text_report.line(screen)
    timeline(screen, job)
    _in_bedrock(screen, job)
    if training or validation:
        text_report.line(screen)
        for line in curves(training, validation):
            text_report.line(screen, line)
    if job.get("diagnosis"):
        text_report.line(screen)
        diagnosis(screen, job)


def facts(job: Job) -> list[tuple[str, str]]:
    """What a job trains, for how much, and what became of it."""
    wish, tokens = job.get("deployment"), job.get("trained_tokens")
    trained = ", ".join(
        f"{counted(split['records'], 'record')} of {name}" for name, split in (job["splits"] or {}).items()
    )
    return [
        ("data", f"{data_of(job)}{f', {trained}' if trained else ''}"),
        ("base model", job["base_model"]),
        ("hyperparameters", settings_of(job)),
        ("trains", f"{tokens:,} tokens (estimated), {job['steps']:,} steps" if tokens is not None else ""),
        ("cost", amounts.cost_of(job.get("cost"), tokens=tokens is not None)),
        ("tuned further", f"the model of job {job['from_job']}" if job.get("from_job") else ""),
        ("tags", ", ".join(f"{name}={value}" for name, value in (job.get("tags") or {}).items())),
        ("owner", job["owner"]),
        ("in Bedrock", job["name"]),
        ("custom model", job["model_arn"] or ""),
        ("deployment", wish_text.deployed(wish) if wish else ""),
        ("gate", f"evaluation {job['evaluation_id']} decides whether it goes live" if job.get("evaluation_id") else ""),
        ("passed over", _skipped(job)),
        ("final losses", ", ".join(f"{name} {loss:.4g}" for name, loss in _losses(job))),
        ("why", job["failure"] or ""),
        ("waits", waiting(job, reason=True)),
        ("log lines", job.get("logs_query") or ""),
    ]


def diagnosis(screen: Console, job: Job) -> None:
    """Print what the losses of an ended job say, and what to do about it."""
    for each in job.get("diagnosis") or ():
        style = {"error": "bold red", "warning": "yellow"}.get(each["severity"], "cyan")
        text_report.line(
            screen, "  ", (f"{each['severity']:<8}", style), f" {each['code']}: {each['words']} {each['hint'] or ''}"
        )


def _skipped(found: Mapping[str, Any]) -> str:
    """The newer versions that were passed over, and why."""
    return "; ".join(f"version {each['version']} is {each['status']}" for each in found.get("skipped_versions") or ())


def waiting(job: Job, *, reason: bool = False) -> str:
    """The place in line of a job that wants to start, since when, until when and, if asked for, why; else nothing."""
    found = job.get("waiting")
    if not found:
        return ""
    place = f"number {found['place']} of {found['in_line']} in line"
    since, until = local_times.shown(found["since"]), local_times.shown(found["deadline"])
    why = f": {found['reason']}" if reason and found["reason"] else ""
    return f"{place} since {since}, given up at {until}{why}"


def phase_now(job: Job) -> str:
    """The phase that Bedrock is in, in words; nothing before it has the job."""
    running = _running(job)
    return str(running["name"]).replace("_", " ") if running else ""


def phase_since(job: Job) -> str | None:
    """When the phase that Bedrock is in began, as ControlApi says it."""
    running = _running(job)
    return running["started_at"] if running else None


def _running(job: Job) -> Mapping[str, Any] | None:
    phases = [each for each in job.get("phases") or () if each["status"] in {"InProgress", "Stopping"}]
    return phases[-1] if phases else None


def _in_bedrock(screen: Console, job: Job) -> None:
    """Print the phases and the calls of a job that Bedrock was asked for."""
    phases = [
        (each["name"].replace("_", " "), each["status"], _span(each["started_at"], each["changed_at"]))
        for each in job.get("phases") or ()
    ]
    if phases:
        text_report.line(screen)
        tables.show(screen, ("phase", "status", "for"), phases)
    calls = [
        (local_times.shown(each["time"]), each["operation"], each["outcome"], each["request_id"])
        for each in job.get("calls") or ()
    ]
    if calls:
        text_report.line(screen)
        tables.show(screen, ("time", "call to Bedrock", "answer", "request id"), calls)


def _span(start: str | None, end: str | None) -> str:
    if start is None or end is None:
        return ""
    return local_times.lasted(local_times.parsed(end) - local_times.parsed(start))


def timeline(screen: Console, job: Job) -> None:
    """Print each status with its local time, how long it lasted, and how it became known."""
    entries = job["timeline"]
    rows = []
    for entry, after in zip(entries, [*entries[1:], None], strict=True):
        span = local_times.parsed(after["time"]) - local_times.parsed(entry["time"]) if after else None
        rows.append(
            (
                local_times.shown(entry["time"]),
                entry["status"],
                local_times.lasted(span) if span is not None else "",
                f"known by {entry['source']}",
                entry["note"],
            )
        )
    tables.show(screen, ("time", "status", "for", "", ""), rows)


def curves(training: Points, validation: Points) -> list[str]:
    """Both losses over the steps as lines of text.

    Validation is measured a few times only and numbered by its own count in some models' files: its points are spread
    over the steps of training.
    """
    learned = [(float(point["step"]), point["loss"]) for point in training if point["loss"] is not None]
    held_out = [point["loss"] for point in validation if point["loss"] is not None]
    last = learned[-1][0] if learned else float(len(held_out))
    spread = [((number + 1) * last / len(held_out), loss) for number, loss in enumerate(held_out)]
    return terminal_curves.draw([Curve("training loss", "·", learned), Curve("validation loss", "●", spread)])


def plan(screen: Console, found: Mapping[str, Any], confirm: str) -> None:
    """Print what a request would do and cost, and the command that does exactly that."""
    tables.facts(screen, [("data", data_of(found)), ("base model", found["base_model"]), *_planned(found)])
    for each in found.get("warnings") or ():
        text_report.line(
            screen, ("  warning", "yellow"), f"  {each['code']} ({counted(each['count'], 'time')}): {each['words']}"
        )
    gate_text.warnings(screen, found.get("evaluation"))
    for words in found.get("advice") or ():
        text_report.line(screen, f"  know     {words}")
    text_report.line(screen)
    exactly = "To start exactly this:" if found["plan_id"] else "To start it, whatever its data turns out to cost:"
    text_report.line(screen, f"Nothing was started and nothing was spent. {exactly}")
    text_report.next_step(screen, confirm)


def _planned(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    if found["trained_tokens"] is None:
        return [
            ("passed over", _skipped(found)),
            ("hyperparameters", settings_of(found)),
            ("trains", "not known yet: this version is prepared for the base model first, which costs nothing"),
            ("cost", "not known yet"),
            *wish_text.goes_live(found),
        ]
    steps, epochs = counted(found["steps"], "step"), counted(found["epochs"], "epoch")
    tokens = f"{found['trained_tokens']:,} tokens (estimated) in {steps}, {epochs}"
    ways = (wish_text.way(way) for way in found.get("serving") or ())
    records = found.get("records") or {}
    difference = found.get("smallest_difference")
    lasts = found.get("duration")
    return [
        (
            "skipped",
            "; ".join(f"version {each['version']} is {each['status']}" for each in found.get("skipped_versions") or ()),
        ),
        ("records", ", ".join(f"{count:,} of {split}" for split, count in records.items())),
        ("hyperparameters", settings_of(found)),
        ("trains", tokens),
        ("cost", amounts.cost_of(found["cost"])),
        ("tuned further", f"the model of job {found['from_job']}" if found.get("from_job") else ""),
        *deployment_text.budget(found),
        ("takes", _duration(lasts) if lasts else "unknown: no earlier job of this base model has completed"),
        *wish_text.goes_live(found),
        ("can be served", ", ".join(ways)),
        ("lifecycle", (found.get("lifecycle") or {}).get("status", "")),
        ("a test can show", difference["words"] if difference else ""),
    ]


def _duration(lasts: Mapping[str, Any]) -> str:
    shortest, longest = (timedelta(seconds=lasts[name]) for name in ("shortest_seconds", "longest_seconds"))
    return duration(Estimate(shortest, longest, lasts["jobs"]))


def duration(found: Estimate) -> str:
    """How long training takes, and where that is known from."""
    if found.jobs == 1:
        return f"about {local_times.lasted(found.shortest)}, going by one earlier job of this base model"
    shortest, longest = local_times.lasted(found.shortest), local_times.lasted(found.longest)
    spread = f"about {shortest}" if shortest == longest else f"{shortest} to {longest}"
    return f"{spread}, going by {found.jobs} earlier jobs of this base model"


def next_command(job: Job) -> str:
    """What to type next about a job."""
    if job["status"] not in ENDED:
        return next_commands.show_job(job["id"], watch=True)
    if job.get("failure_code") == "dataset_rejected":
        return next_commands.show_dataset(job["dataset"], job["version"])
    wish = job.get("deployment")
    if job["status"] == "Completed" and wish:
        judged = {each["evaluation_id"] for each in job.get("evaluations") or ()}
        if (gate := job.get("evaluation_id")) and gate not in judged:
            return next_commands.show_evaluation(gate, watch=True)
        return next_commands.show_deployment(wish["name"])
    if job["status"] == "Completed":
        return next_commands.plan_serving(job["dataset"], job["id"])
    return next_commands.list_jobs(job["dataset"])


def data_of(job: Job) -> str:
    """The dataset's version, such as `support-bot@3`."""
    return f"{job['dataset']}@{job['version']}"


def settings_of(job: Job) -> str:
    """The hyperparameters in one line."""
    return " ".join(f"{name}={value}" for name, value in sorted(job["hyperparameters"].items()))


def final_loss(job: Job) -> float | None:
    """The validation loss at the end, or the training loss where nothing was held out."""
    losses = job["final_losses"]
    validation: float | None = losses.get("validation")
    training: float | None = losses.get("training")
    return training if validation is None else validation


def _losses(job: Job) -> list[tuple[str, float]]:
    return [(name, loss) for name, loss in job["final_losses"].items() if loss is not None]
