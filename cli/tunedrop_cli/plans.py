"""Turn command-line options and `dataset.toml` into the assignment of an examination."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tunedrop.domain.base_models import catalogue
from tunedrop.domain.base_models.catalogue import BaseModel, Split
from tunedrop.domain.checks import policy_in_force as policies
from tunedrop.domain.checks.assignment import Assignment
from tunedrop.domain.checks.split_examination import Level
from tunedrop.domain.formats import field_mapping
from tunedrop.domain.formats.field_mapping import FieldMapping
from tunedrop.domain.records.check_policy import Policy
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Block
from tunedrop.domain.versions import dataset_toml, effective_settings, object_keys
from tunedrop.domain.versions.dataset_toml import DatasetSettings

from tunedrop_cli.errors import Unreadable, WrongUsage
from tunedrop_cli.local_files import STANDARD_INPUT


@dataclass(frozen=True, slots=True)
class Settings:
    """`dataset.toml` and the system text file it names, as far as they are valid."""

    parsed: DatasetSettings = field(default_factory=DatasetSettings)
    system: str | None = None
    given: tuple[tuple[Defect, str], ...] = ()
    """(defect, source) of what is not valid."""


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the options shared by all commands that examine files."""
    command.add_argument("--system", metavar="TEXT", help="system text for records without one; overrides dataset.toml")
    command.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="FIELD=NAME",
        help=f"key or column that holds FIELD ({', '.join(field_mapping.FIELDS)}), as in --map prompt=question; "
        "may be repeated",
    )
    command.add_argument(
        "--ignore-field",
        action="append",
        default=[],
        metavar="NAME",
        help="leave out a field or column, of records and of their messages; may be repeated",
    )
    command.add_argument(
        "--settings",
        metavar="TOML",
        help="dataset.toml to use (default: the one beside the file, if there is one)",
    )
    command.add_argument(
        "--ignore", action="append", default=[], metavar="CODE", help="ignore a warning; may be repeated"
    )
    command.add_argument(
        "--error", action="append", default=[], metavar="CODE", help="make a warning an error; may be repeated"
    )
    command.add_argument(
        "--input-format",
        choices=object_keys.EXTENSIONS,
        metavar="EXT",
        help=f"input format, instead of the one of the file's name: {', '.join(object_keys.EXTENSIONS)}",
    )


def plan(
    chosen: argparse.Namespace,
    base_models: Sequence[BaseModel],
    splits: Sequence[Split],
    settings: Settings,
    *,
    level: Level = "all",
) -> Assignment:
    """Combine the options with `dataset.toml`, which they override. Raises WrongUsage."""
    systems, dropped = _systems(chosen.system, [model.name for model in base_models], splits, settings)
    return Assignment(
        base_models=tuple(base_models),
        splits=tuple(splits),
        systems=systems,
        dropped_systems=dropped,
        policy=_policy(chosen, settings.parsed.policy),
        mapping=_mapping(chosen.map) or settings.parsed.mapping,
        keep=settings.parsed.keep,
        ignore=settings.parsed.ignore | frozenset(chosen.ignore_field),
        rendering=settings.parsed.rendering,
        validation_share=_share(chosen, settings.parsed.validation_share or 0),
        level=level,
    )


def models(names: Sequence[str] | None) -> tuple[BaseModel, ...]:
    """The base models of these names, or all of them. Raises WrongUsage."""
    known = catalogue.catalogue()
    for name in names or ():
        if name not in known:
            raise WrongUsage(f"{name!r} is not a base model; allowed: {', '.join(known)}")
    return tuple(known[name] for name in dict.fromkeys(names or known))


def read_settings(path: str | None, files: Sequence[str]) -> Settings:
    """Read the named `dataset.toml`, or the one beside the first file. Raises Unreadable if it cannot be read."""
    if path is None:
        beside = [Path(file).parent / object_keys.SETTINGS_FILE for file in files if file != STANDARD_INPUT]
        path = next((str(each) for each in beside[:1] if each.is_file()), None)
    if path is None:
        return Settings()
    parsed = dataset_toml.parse(read_bytes(Path(path), dataset_toml.MAX_BYTES), tuple(catalogue.catalogue()))
    defects = list(parsed.defects)
    system = parsed.system
    if parsed.system_file is not None:
        read = _system_file(Path(path).parent / parsed.system_file)
        if isinstance(read, Defect):
            defects.append(replace(read, line=parsed.lines.get("$.system")))
        else:
            system = read
    defects += [replace(each, line=parsed.lines.get(each.path)) for each in policies.defects(parsed.policy)]
    return Settings(parsed, system, tuple((defect, path) for defect in defects))


def read_bytes(path: Path, most: int) -> bytes:
    """Read at most one byte more than allowed, which is enough to see that a file is too large. Raises Unreadable."""
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None


def _system_file(path: Path) -> str | Defect:
    try:
        return effective_settings.system_text(read_bytes(path, dataset_toml.MAX_SYSTEM_FILE_BYTES))
    except Unreadable:
        return Defect("system_file_missing", f"{path.name} is not beside {object_keys.SETTINGS_FILE}.", "$.system.file")


def _systems(
    system: str | None, names: Sequence[str], splits: Sequence[Split], settings: Settings
) -> tuple[Mapping[tuple[str, Split], Block], frozenset[tuple[str, Split]]]:
    """System texts, and those dropped, by base model and split. `--system ""` drops a configured one."""
    configured = settings.system is not None or any(settings.parsed.model_systems.values())
    if system is not None and system != system.encode("utf-8", "replace").decode():
        raise WrongUsage("--system is not UTF-8")
    if system is not None and not system.strip():
        every = frozenset((name, split) for name in names for split in splits)
        return {}, every if configured else frozenset()
    given = dict.fromkeys(splits, Block("--system", system) if system is not None else None)
    return effective_settings.system_texts(given, settings.parsed, settings.system, names)


def _policy(chosen: argparse.Namespace, configured: Policy) -> Policy:
    asked = Policy(frozenset(chosen.ignore), frozenset(chosen.error))
    for defect in policies.defects(asked):
        raise WrongUsage(f"{defect.message} docs/data-format.md lists the codes and which of them can be ignored.")
    return Policy(
        ignore=(configured.ignore - asked.error) | asked.ignore, error=(configured.error - asked.ignore) | asked.error
    )


def _mapping(given: Sequence[str]) -> FieldMapping | None:
    if not given:
        return None
    found: dict[str, str] = {}
    for each in given:
        field_name, equals, name = each.partition("=")
        if not equals or not name or field_name not in field_mapping.FIELDS or field_name in found:
            raise WrongUsage(f"--map {each!r}: write FIELD=NAME once for each of {', '.join(field_mapping.FIELDS)}")
        found[field_name] = name
    mapping = field_mapping.build(found)
    if mapping is None:
        raise WrongUsage(f"--map needs different {field_mapping.RULE}")
    return mapping


def _share(chosen: argparse.Namespace, default: float) -> float:
    share: float | None = getattr(chosen, "validation_share", None)
    if share is None:
        return default
    if not 0 <= share <= dataset_toml.MAX_VALIDATION_SHARE:
        raise WrongUsage(f"--validation-share must be from 0 to {dataset_toml.MAX_VALIDATION_SHARE}")
    return share
