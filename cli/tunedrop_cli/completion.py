"""`tunedrop --print-completion SHELL`: a script that lets the shell complete words without starting Tunedrop."""

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
"""What stands for a place on disk, by the word that help shows for it."""


def script(command_line: argparse.ArgumentParser, shell: str) -> str:
    """The script of a command line with all its options."""
    for action in _actions(command_line):
        word = str(action.metavar)
        if word in KINDS:
            vars(action)["complete"] = KINDS[word]  # where shtab looks; argparse itself has no such thing
        elif word == "BASE_MODEL":
            action.choices = tuple(catalogue.catalogue())
    return shtab.complete(command_line, shell)


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:  # noqa: SLF001 - argparse lists them nowhere else
        yield action
        for command in action.choices.values() if isinstance(action.choices, dict) else ():
            if isinstance(command, argparse.ArgumentParser):
                yield from _actions(command)
