"""A dataset's folder on this machine: its settings and each split's files, in the order they are joined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tunedrop.domain.base_models import catalogue
from tunedrop.domain.base_models.catalogue import SPLITS, Split
from tunedrop.domain.records import media_names
from tunedrop.domain.versions import dataset_toml, object_keys

from tunedrop_cli import local_files
from tunedrop_cli.errors import Unreadable, WrongUsage


@dataclass(frozen=True, slots=True)
class Folder:
    """The contents of a dataset's folder."""

    name: str
    """The dataset's name."""
    settings: Sequence[Path]
    """`schema.json`, the system text file that `dataset.toml` names, then `dataset.toml`: the order of their upload."""
    splits: Mapping[Split, Sequence[Path]]
    joined: frozenset[Split]
    """Splits that are folders of files."""
    ignored: Sequence[Path]
    media: Sequence[tuple[Path, str]] = ()
    """The files that records refer to, and their keys."""

    @property
    def schema(self) -> Path | None:
        """The path of `schema.json`, if there is one."""
        return next((path for path in self.settings if path.name == object_keys.SCHEMA_FILE), None)

    @property
    def toml(self) -> Path | None:
        """The path of `dataset.toml`, if there is one."""
        return next((path for path in self.settings if path.name == object_keys.SETTINGS_FILE), None)


def read(path: str, name: str | None = None) -> Folder:
    """Read a folder. Raises Unreadable if it cannot be listed, WrongUsage if it is not a dataset's."""
    root = Path(path)
    try:
        found = sorted(root.iterdir())
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None
    name = name or root.resolve().name
    if not object_keys.is_name(name):
        raise WrongUsage(
            f"{name!r} can't be a dataset's name (lower-case letters, digits and single hyphens, at most "
            f"{object_keys.MAX_NAME}): give one with --name"
        )
    splits = {split: paths for split in SPLITS if (paths := _split(found, split))}
    if not splits:
        raise WrongUsage(
            f"{path} holds no train, validation or test, neither as a file such as train.jsonl nor a folder"
        )
    schema = root / object_keys.SCHEMA_FILE
    settings = [*([schema] if schema.is_file() else []), *_settings(root)]
    media = [
        (each, f"{object_keys.incoming(name, object_keys.MEDIA)}{path}")
        for each, path in _media(root / object_keys.MEDIA)
    ]
    used = {
        *settings,
        root / object_keys.MEDIA,
        *(each for paths in splits.values() for each in paths),
        *(root / split for split in splits),
    }
    ignored = [each for each in found if each not in used and not each.name.startswith(".")]
    joined = frozenset(split for split in splits if (root / split).is_dir())
    return Folder(name, settings, splits, joined, ignored, media)


def _split(found: Sequence[Path], split: Split) -> Sequence[Path]:
    files = [path for path in found if path.is_file() and _is_split_file(path, split)]
    folders = [path for path in found if path.is_dir() and path.name == split]
    if len(files) + len(folders) > 1:
        named = ", ".join(path.name for path in [*files, *folders])
        raise WrongUsage(f"{split} is there more than once: {named}")
    return [part for folder in folders for part in _parts(folder)] or files


def _is_split_file(path: Path, split: Split) -> bool:
    stem, _, extension = path.name.partition(".")
    return stem == split and extension in object_keys.EXTENSIONS


def _parts(folder: Path) -> Iterator[Path]:
    """The files of a split's folder in key order, in which they are joined."""
    for path in sorted(folder.iterdir(), key=lambda each: each.name):
        if path.name.startswith(".") or path.name == object_keys.COMMIT_FILE:
            continue
        if not path.is_file() or not path.name.endswith(tuple(f".{each}" for each in object_keys.EXTENSIONS)):
            raise WrongUsage(f"{path} is not a file that can be joined; allowed: {', '.join(object_keys.EXTENSIONS)}")
        yield path


def _media(folder: Path) -> Iterator[tuple[Path, str]]:
    """All files under `media/`, and their paths there. Raises WrongUsage for one that no record can refer to."""
    for path in sorted(folder.rglob("*")):
        if path.is_dir() or path.name.startswith("."):
            continue
        name = path.relative_to(folder).as_posix()
        if not media_names.is_path(name):
            raise WrongUsage(f"{path} can't be uploaded. {media_names.RULE}")
        yield path, name


def _settings(root: Path) -> Sequence[Path]:
    toml = root / object_keys.SETTINGS_FILE
    if not toml.is_file():
        return ()
    try:
        parsed = dataset_toml.parse(toml.read_bytes(), tuple(catalogue.catalogue()))
    except OSError as error:
        raise Unreadable(f"{toml}: {error.strerror}") from None
    system = root / parsed.system_file if parsed.system_file else None
    return (system, toml) if system and system.is_file() else (toml,)


def key_of(folder: Folder, split: Split, path: Path, *, as_part: bool) -> str:
    """The S3 key of a split's file. Parts wait for a request or a `_commit`; a split's only file commits at once."""
    if as_part and split in folder.joined:
        return object_keys.incoming(folder.name, f"{split}/{path.name}")
    file = f"{split}.{local_files.extension_of(path.name)}"
    return object_keys.incoming(folder.name, f"{split}/{file}" if as_part else file)
