"""Images and documents that records refer to: what a record may say of them, and whether what lies there is that.

What a record says is checked record by record. The files themselves are looked at once a split was read, each once, and
only where they can be: in the bucket. What is found there is copied, and the copies are what trains.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from tunedrop.domain.base_models.catalogue import BaseModel, MediaKind, MediaLimits
from tunedrop.domain.checks.findings import Place
from tunedrop.domain.checks.registry import Example, Spot, declare
from tunedrop.domain.formats import foreign_blocks, media_blocks
from tunedrop.domain.formats.media_blocks import Media
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Block, Record
from tunedrop.domain.versions import object_keys


def _example(address: str) -> Example:
    content = f'[{{"type": "image_url", "image_url": {{"url": "{address}"}}}}]'
    answer = '{"role": "assistant", "content": "A cat."}'
    line = f'{{"messages": [{{"role": "user", "content": {content}}}, {answer}]}}'
    return Example(line, base_model="nova-lite", among="messages")


declare(
    code="inline_media",
    stage="record",
    words="An image or a document is in the record itself, or is named by a web address or an id.",
    hint="Save it as a file in a folder `media/` beside the data, upload that, and refer to the file.",
    example=_example("data:image/png;base64,iVBORw0KGgo="),
)
declare(
    code="invalid_media",
    stage="record",
    words="What a record says of an image or a document is not what its base model trains on.",
    hint="Write the reference as `docs/data-format.md` shows it.",
    example=_example("s3://elsewhere/cat.png"),
)
declare(
    code="missing_media",
    stage="record",
    words="A record refers to a file that is not there.",
    hint="Upload the file, then the split file again: it makes a new version.",
    example=None,
)
declare(
    code="unfit_media",
    stage="record",
    words="A file that a record refers to is too large, or of another type than the record says.",
    hint="Replace the file, then upload the split file again: it makes a new version.",
    example=None,
)
declare(
    code="uncounted_tokens",
    stage="split",
    severity="warning",
    words="Documents have tokens that nobody can estimate: a record with one counts as the most that one may have.",
    hint="Train on a few records first: the job's report has the tokens that were billed.",
    example=None,
)
declare(
    code="unchecked_media",
    stage="split",
    severity="info",
    words="Records refer to files; whether these are there, of the right type and size, is checked at upload.",
    hint="Upload the folder `media/` with the data: `tunedrop push` does.",
    example=_example("media/cat.png"),
)

MENDED_BY_UPLOAD = frozenset({"missing_media", "unfit_media"})
"""Codes that say nothing of the split file: the same bytes may be right once other files were uploaded."""
HEAD_BYTES = 16
"""The first bytes of a file, which tell its type."""
_SIGNATURES: Mapping[str, Callable[[bytes], bool]] = {
    "png": lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"),
    "jpeg": lambda head: head.startswith(b"\xff\xd8\xff"),
    "gif": lambda head: head.startswith((b"GIF87a", b"GIF89a")),
    "webp": lambda head: head.startswith(b"RIFF") and head[8:12] == b"WEBP",
    "pdf": lambda head: head.startswith(b"%PDF-"),
}


@dataclass(frozen=True, slots=True)
class FoundFile:
    """What lies at a path under `media/`."""

    size: int
    """In bytes."""
    head: bytes
    """Its first HEAD_BYTES bytes."""


@dataclass(frozen=True, slots=True)
class MediaFolder:
    """Where the files of a version are uploaded and copied to."""

    bucket: str
    dataset: str
    version: int
    account: str
    """Whose bucket it is."""
    look: Callable[[Collection[str]], Mapping[str, FoundFile]]
    """What lies at these paths under `media/`; those where nothing does are left out."""

    @property
    def upload(self) -> str:
        """The command that uploads the folder."""
        return f"aws s3 cp media s3://{self.bucket}/{object_keys.incoming(self.dataset, object_keys.MEDIA)} --recursive"

    def location(self, media: Media) -> Mapping[str, str]:
        """The `s3Location` of the copy, which nobody but this application writes."""
        copy = f"{object_keys.prepared_media(self.dataset, self.version)}{media.path}"
        return {"uri": f"s3://{self.bucket}/{copy}", "bucketOwner": self.account}


def spots(record: Record, base_model: BaseModel, folder: MediaFolder | None) -> Iterator[tuple[str, Spot]]:
    """Yield (code, spot) for what a record says of the images and documents that its base model trains on."""
    counts: Counter[MediaKind] = Counter()
    for where, block in record.others:
        found = media_blocks.of(block)
        limits = base_model.media.get(found.kind) if found else None
        if found is None or limits is None:
            continue
        counts[found.kind] += 1
        if not found.in_s3:
            what = foreign_blocks.named(block).what
            yield "inline_media", Spot(block.path, f"{what} ({where}).", _how(block, found, limits, folder))
        elif problem := _problem(found, where, limits, folder):
            yield "invalid_media", Spot(block.path, problem, _how(block, found, limits, folder))
    yield from (("invalid_media", Spot("$", problem)) for problem in _too_many(counts, base_model))


def _problem(found: Media, where: str, limits: MediaLimits, folder: MediaFolder | None) -> str:
    """What is wrong with a reference; an empty string if nothing is."""
    if where != "user":
        return f"Only turns of the user may have {_named(found.kind)}; this is {where}'s."
    if found.unknown:
        return f"Unknown field {found.unknown[0]!r}; allowed: format, source, with s3Location, with uri."
    if not found.is_reference:
        return (
            "The file does not lie under media/ of a dataset's folder, or its name has characters other than letters, "
            "digits, `_`, `-` and `.`."
        )
    if folder and found.place and found.place != (folder.bucket, folder.dataset):
        return f"The file lies in {'/'.join(found.place)}; this is {folder.bucket}/{folder.dataset}."
    if found.format not in limits.formats:
        return f"The format is {found.format!r}; allowed: {', '.join(limits.formats)}."
    return ""


def _how(block: Block, found: Media, limits: MediaLimits, folder: MediaFolder | None) -> str:
    """What to write instead, and the command that uploads the file."""
    ending = next((each for each in limits.formats if each == media_blocks.usual(found.format)), limits.formats[0])
    file = f"media/NAME.{ending}"
    written = json.dumps(media_blocks.example(block, found.kind, file, ending))
    command = folder.upload if folder else "tunedrop push ."
    return f"Save it as {file} in the folder of the data, and write {written} Then upload, in that folder: {command}"


def _too_many(counts: Counter[MediaKind], base_model: BaseModel) -> Iterator[str]:
    for kind, count in counts.items():
        most = base_model.media[kind].most
        if count > most:
            yield f"{count} {kind}s; {base_model.name} takes {most} in a record."
    if len(counts) > 1:
        yield f"{base_model.name} takes no record with images and documents."


def _named(kind: MediaKind) -> str:
    return "an image" if kind == "image" else "a document"


@dataclass(frozen=True, slots=True)
class _Use:
    """The first record that refers to a file."""

    media: Media
    path: str
    place: Place

    def defect(self, code: str, message: str, hint: str = "") -> tuple[Defect, str]:
        """A defect of this record, and the file that holds it."""
        return Defect(code, message, self.path, hint, self.place.line, self.place.record), self.place.source


class MediaUse:
    """The files that one split's records refer to."""

    __slots__ = ("_found", "_records", "_uses")

    def __init__(self) -> None:
        self._uses: dict[tuple[str, str], _Use] = {}
        """By the file's path and the format that is said of it."""
        self._records: Counter[MediaKind] = Counter()
        self._found: Mapping[str, FoundFile] = {}

    def look(self, record: Record, place: Place) -> None:
        """Take one record's references."""
        kinds: set[MediaKind] = set()
        for _, block in record.others:
            found = media_blocks.of(block)
            if found and (path := found.path):
                kinds.add(found.kind)
                self._uses.setdefault((path, found.format), _Use(found, block.path, place))
        self._records.update(kinds)

    def paths(self, base_model: BaseModel) -> tuple[str, ...]:
        """The paths under `media/` of the files that the base model trains on, in the order they were first seen."""
        return tuple(dict.fromkeys(path for (path, _), use in self._uses.items() if use.media.kind in base_model.media))

    def total_bytes(self, base_model: BaseModel) -> int:
        """The bytes of those that were found."""
        return sum(self._found[path].size for path in self.paths(base_model) if path in self._found)

    def find(self, folder: MediaFolder | None, base_models: Collection[BaseModel]) -> None:
        """Look at the files that one of these base models trains on, each once."""
        wanted = dict.fromkeys(path for base_model in base_models for path in self.paths(base_model))
        if folder and wanted:
            self._found = folder.look(list(wanted))

    def defects(self, base_model: BaseModel, folder: MediaFolder | None) -> Iterator[tuple[Defect, str]]:
        """What is wrong with the files, each told at the first record that refers to it, with what holds the record."""
        uses = [use for use in self._uses.values() if use.media.kind in base_model.media]
        if folder is None:
            if uses:
                yield uses[0].defect("unchecked_media", f"Files: {len(uses):,}.")
            return
        for use in uses:
            if told := self._unfit(use, base_model.media[use.media.kind], folder):
                yield use.defect(*told)
        yield from self._of_all(uses, base_model)

    def _unfit(self, use: _Use, limits: MediaLimits, folder: MediaFolder) -> tuple[str, str, str] | None:
        file = self._found.get(use.media.path or "")
        if file is None:
            return "missing_media", f"There is no media/{use.media.path}.", f"Upload it: {folder.upload}"
        if not 0 < file.size <= limits.bytes:
            return "unfit_media", f"media/{use.media.path} has {file.size:,} bytes; allowed: {limits.bytes:,}.", ""
        is_it = _SIGNATURES.get(use.media.format)
        if is_it and not is_it(file.head):
            real = next((name for name, is_that in _SIGNATURES.items() if is_that(file.head)), "of no known type")
            return "unfit_media", f"media/{use.media.path} is {real}; the record says {use.media.format}.", ""
        return None

    def _of_all(self, uses: Collection[_Use], base_model: BaseModel) -> Iterator[tuple[Defect, str]]:
        firsts: dict[MediaKind, _Use] = {}
        for use in uses:
            firsts.setdefault(use.media.kind, use)
        if len(firsts) > 1:
            message = f"{base_model.name} takes no data with images and documents; records before have the other kind."
            yield list(firsts.values())[-1].defect("invalid_media", message, "Make a dataset of each.")
        for kind, use in firsts.items():
            if not base_model.media[kind].tokens:
                records, most = self._records[kind], self._records[kind] * base_model.limits.record_tokens
                yield use.defect("uncounted_tokens", f"Records: {records:,}; {most:,} tokens at most.")
