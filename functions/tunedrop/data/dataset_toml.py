"""`dataset.toml`: what a dataset's owner wants done with it. Every key that cannot be followed is a defect."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunedrop.data import keys
from tunedrop.data.defects import Defect, kind, shown

MAX_BYTES = 64 * 1024
MAX_SYSTEM_FILE_BYTES = 256 * 1024

KEYS = ("base_models", "system", "owner")
LATER_KEYS = ("mapping", "validation_share", "checks", "job", "deployment")
"""Part of the design, not of this release: refused by name rather than passed over."""

_LINE = re.compile(r"\(at line (\d+), column \d+\)")
_TAG_VALUE = re.compile(r"[a-zA-Z0-9\s._:/=+@-]{1,256}")  # bedrock-facts 4.2: the owner becomes a tag


@dataclass(frozen=True, slots=True)
class DatasetSettings:
    """What `dataset.toml` says; a system text given as a file is that file's name until it was read."""

    base_models: tuple[str, ...] = ()
    system: str | None = None
    system_file: str | None = None
    owner: str | None = None
    defects: tuple[Defect, ...] = ()


def parse(raw: bytes, known_models: Sequence[str]) -> DatasetSettings:
    """The settings as far as they can be understood; the rest is in their defects."""
    if len(raw) > MAX_BYTES:
        return _unreadable(f"{keys.SETTINGS_FILE} has more than {MAX_BYTES:,} bytes.")
    try:
        text = raw.decode("utf-8-sig")
        table = tomllib.loads(text)
    except UnicodeDecodeError as error:
        return _unreadable(f"Byte {error.start + 1} of the file is not UTF-8.")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return _unreadable(f"Not valid TOML: {_reason(error)}.", _line(text, error))
    return _Parser(table, known_models).settings()


def _unreadable(message: str, line: int | None = None) -> DatasetSettings:
    return DatasetSettings(defects=(Defect("invalid_settings", message, line=line),))


def _line(text: str, error: Exception) -> int | None:
    if "at end of document" in str(error):
        return text.count("\n") + 1
    place = _LINE.search(str(error))
    return int(place[1]) if place else None


def _reason(error: Exception) -> str:
    reason = str(error).splitlines()[0] if str(error) else "nested too deep"
    return reason[:1].lower() + reason[1:]


class _Parser:
    def __init__(self, table: Mapping[str, Any], known_models: Sequence[str]) -> None:
        self._table = table
        self._known = known_models
        self._defects: list[Defect] = []

    def settings(self) -> DatasetSettings:
        for name in self._table:
            self._refuse_unknown(name)
        base_models = self._base_models()
        system, system_file = self._system()
        owner = self._owner()
        return DatasetSettings(base_models, system, system_file, owner, tuple(self._defects))

    def _refuse_unknown(self, name: str) -> None:
        if name in LATER_KEYS:
            message = f"The setting {name} is not supported yet by this release."
            self._defects.append(Defect("setting_not_supported_yet", message, f"$.{name}"))
        elif name not in KEYS:
            message = f"Unknown setting {shown(name)}; allowed: {', '.join(KEYS)}."
            self._defects.append(Defect("unknown_setting", message))

    def _wrong(self, name: str, expected: str, value: Any) -> None:
        message = f"The setting {name} must be {expected}; found {_toml_kind(value)}."
        self._defects.append(Defect("wrong_setting", message, f"$.{name}"))

    def _base_models(self) -> tuple[str, ...]:
        if "base_models" not in self._table:
            return ()
        wanted = self._table["base_models"]
        if not isinstance(wanted, list) or not wanted or not all(isinstance(name, str) for name in wanted):
            self._wrong("base_models", 'a list of names, such as ["claude-3-haiku"]', wanted)
            return ()
        self._defects += unknown_base_models(wanted, self._known, "$.base_models")
        return tuple(dict.fromkeys(name for name in wanted if name in self._known))

    def _system(self) -> tuple[str | None, str | None]:
        match self._table.get("system"):
            case None:
                return None, None
            case str(text) if text.strip():
                return text, None
            case {"file": str(file), **rest} if not rest and keys.is_companion(file):
                return None, file
            case other:
                expected = 'text, or { file = "system.txt" } naming a .txt or .md file beside dataset.toml'
                self._wrong("system", expected, other)
                return None, None

    def _owner(self) -> str | None:
        owner = self._table.get("owner")
        if owner is None or (isinstance(owner, str) and _TAG_VALUE.fullmatch(owner)):
            return owner
        self._wrong("owner", "1 to 256 characters out of letters, digits, spaces and . _ : / = + @ -", owner)
        return None


def unknown_base_models(wanted: Sequence[str], known: Sequence[str], path: str) -> list[Defect]:
    """One defect for each name that is no base model, with the allowed ones."""
    return [
        Defect("unknown_base_model", f"{shown(name)} is not a base model; allowed: {', '.join(known)}.", path)
        for name in wanted
        if name not in known
    ]


def _toml_kind(value: Any) -> str:
    if isinstance(value, str):
        return "an empty string" if not value.strip() else "another string"
    if isinstance(value, list):
        return "an empty list" if not value else "another list"
    return "a table" if isinstance(value, dict) else kind(value)
