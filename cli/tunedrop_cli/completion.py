"""`tunedrop --print-completion SHELL`: print a script with which the shell completes words without running Tunedrop."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import shtab
from tunedrop.domain.base_models import catalogue

KINDS = {
    "FILE": shtab.FILE,
    "IN": shtab.FILE,
    "OUT": shtab.FILE,
    "OUT.json": shtab.FILE,
    "OUT.html": shtab.FILE,
    "TOML": shtab.FILE,
    "FOLDER": shtab.DIRECTORY,
}
"""How shtab completes arguments that are paths, by their metavar."""


def script(command_line: argparse.ArgumentParser, shell: str) -> str:
    """Return the completion script of a complete command line."""
    for action in _actions(command_line):
        word = str(action.metavar)
        if word in KINDS:
            vars(action)["complete"] = KINDS[word]  # an attribute that shtab reads and argparse lacks
        elif word == "BASE_MODEL":
            action.choices = tuple(catalogue.catalogue())
    return shtab.complete(command_line, shell)


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:  # noqa: SLF001 - argparse has no public list of them
        yield action
        for command in action.choices.values() if isinstance(action.choices, dict) else ():
            if isinstance(command, argparse.ArgumentParser):
                yield from _actions(command)
