"""`tunedrop base-models`: what the stack's Region and account can train, and how each is served."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from tunedrop_cli import stack, tables, text_report

EPILOG = """examples:
  tunedrop base-models                     each base model: whether it can be trained here, and if not, why
  tunedrop base-models nova-lite           its limits and hyperparameters
"""


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the options of `tunedrop base-models`."""
    command.description, command.epilog = __doc__, EPILOG
    command.add_argument("model", nargs="?", metavar="BASE_MODEL", help="only this one, with all that is known of it")
    command.add_argument("--json", action="store_true", help="print ControlApi's answer as JSON")
    stack.add_to(command)
    command.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Print the base models; return 0, or 1 if the one that was asked for does not exist or can't be trained."""
    found = stack.Stack(chosen).api().get("/base-models")["base_models"]
    named = [model for model in found if chosen.model in {None, model["name"]}]
    screen = text_report.console()
    if chosen.json:
        text_report.as_json(named if chosen.model is None else next(iter(named), None))
    elif not named:
        text_report.line(screen, f"There is no base model {chosen.model}; these are known:")
        tables.show(screen, ("",), [(model["name"],) for model in found])
    elif chosen.model is None:
        tables.show(screen, ("base model", "trained here", "served by", "why not"), map(_row, found))
    else:
        _whole(named[0])
    return 0 if chosen.model is None or (named and named[0]["trainable"]) else 1


def _row(model: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        model["name"],
        "yes" if model["trainable"] else "no",
        ", ".join(way.replace("_", " ") for way in model["serving"]),
        " ".join(reason.removeprefix(f"{model['name']} is ") for reason in model["missing"]),
    )


def _whole(model: Mapping[str, Any]) -> None:
    screen, limits, lifecycle = text_report.console(), model["limits"], model["lifecycle"]
    tables.facts(
        screen,
        [
            ("base model", f"{model['name']} ({model['title']}, {model['provider']})"),
            ("trained here", "yes" if model["trainable"] else " ".join(["no:", *model["missing"]])),
            ("trained in", ", ".join(model["regions"])),
            ("lifecycle", lifecycle["status"] if lifecycle else "unknown"),
            ("served by", ", ".join(way.replace("_", " ") for way in model["serving"])),
            ("train", _between(limits["train_records"], "records")),
            ("validation", _between(limits["validation_records"], "records") if model["takes_validation"] else "none"),
            ("a record", f"at most {limits['record_tokens']:,} tokens"),
        ],
    )
    text_report.line(screen)
    rows = [
        (each["name"], each["default"], f"{each['minimum']} to {each['maximum']}", each["meaning"])
        for each in model["hyperparameters"]
    ]
    tables.show(screen, ("hyperparameter", "default", "range", "meaning"), rows)


def _between(bounds: Mapping[str, int], what: str) -> str:
    return f"{bounds['minimum']:,} to {bounds['maximum']:,} {what}"
