"""Images and documents of a record: how each format refers to a file, and the block that Bedrock trains on.

A file lies in the data bucket, under `media/` of the dataset's folder. A record names it as `media/NAME`, or by its
whole `s3://` address, where its format has an address (docs/facts.md#media).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tunedrop.domain.base_models.catalogue import BaseModel, MediaKind, MediaLimits
from tunedrop.domain.formats import foreign_blocks
from tunedrop.domain.records import media_names
from tunedrop.domain.records.record import Block, Record

_KINDS: Mapping[str, MediaKind] = {
    "image": "image",
    "image_url": "image",
    "input_image": "image",
    "document": "document",
    "file": "document",
    "input_file": "document",
}
_REFERENCE = re.compile(r"(?:s3://(?P<bucket>[^/]+)/incoming/(?P<dataset>[^/]+)/)?media/(?P<path>.+)", re.DOTALL)
_FORMS: Mapping[str, Callable[[str], Any]] = {
    "image_url": lambda address: {"image_url": {"url": address}},
    "input_image": lambda address: {"image_url": address},
    "file": lambda address: {"file": {"file_data": address}},
    "input_file": lambda address: {"file_data": address},
}
"""How OpenAI's blocks hold an address, by their type; Anthropic's have a source."""
_USUAL = {"jpg": "jpeg"}


@dataclass(frozen=True, slots=True)
class Media:
    """What a block says of an image or a document. Nothing of it is checked."""

    kind: MediaKind
    address: str | None
    """Where the file lies, as written; None if the block has the file itself, or an id of it, or nothing."""
    format: str
    """As written in Converse, elsewhere by the name's ending; `jpeg` for `.jpg`."""
    unknown: tuple[str, ...] = ()
    """Fields of a Converse block that it must not have."""
    in_s3: bool = False
    """Whether the address is meant to be one in S3; else it is that of a web page, or the file itself."""

    @property
    def is_reference(self) -> bool:
        """Whether it refers to a file under `media/` of some dataset."""
        return self.path is not None

    @property
    def path(self) -> str | None:
        """The file's name under `media/`; None if it is no such reference."""
        found = self._match()
        return found["path"] if found else None

    @property
    def place(self) -> tuple[str, str] | None:
        """The bucket and the dataset that the address names; None if it names neither."""
        found = self._match()
        return (found["bucket"], found["dataset"]) if found and found["bucket"] else None

    def _match(self) -> re.Match[str] | None:
        found = None if self.address is None else _REFERENCE.fullmatch(self.address)
        return found if found and media_names.is_path(found["path"]) else None


def of(block: Block) -> Media | None:
    """What a block that is not text says of an image or a document; None if it is something else."""
    name = foreign_blocks.kind_of(block)
    kind = _KINDS.get(name)
    if kind is None or not isinstance(block.opaque, Mapping):
        return None
    match block.opaque:
        case (
            {"type": _, "source": {"url": str(address)}}
            | {"type": "image_url", "image_url": {"url": str(address)} | str(address)}
            | {"type": "input_image", "image_url": str(address)}
            | {"type": "file", "file": {"file_data": str(address)}}
            | {"type": "input_file", "file_data": str(address)}
        ):
            return Media(kind, address, usual(_ending(address)), in_s3=address.startswith(("s3:", "media/")))
        case {"type": _}:
            return Media(kind, None, "")
    return _converse(kind, block.opaque.get(name))


def example(block: Block, kind: MediaKind, address: str, ending: str) -> Mapping[str, Any]:
    """A block of the same form that refers to a file at this address."""
    match block.opaque:
        case {"type": str(name)} if name in _FORMS:
            return {"type": name, **_FORMS[name](address)}
        case {"type": str(name)}:
            return {"type": name, "source": {"type": "url", "url": address}}
    return {kind: {"format": ending, "source": {"s3Location": {"uri": address}}}}


def _converse(kind: MediaKind, held: Any) -> Media:
    """A block as Converse has it; whatever else it holds is unknown to training."""
    match held:
        case {"format": str(written), "source": {"s3Location": {"uri": str(address), **location}, **source}, **more}:
            named = {str(name) for name in (*more, *source, *location)} - {"bucketOwner"}
            return Media(kind, address, written, tuple(sorted(named)), in_s3=True)
    return Media(kind, None, "")


def _ending(address: str) -> str:
    """The ending of a file's name, or what an address with inline data says of it."""
    if address.startswith("data:"):
        return address.partition(";")[0].rpartition("/")[2]
    return address.rpartition(".")[2].lower()


def usual(ending: str) -> str:
    """The format's name in Converse."""
    return _USUAL.get(ending, ending)


def tokens(record: Record, base_model: BaseModel) -> int:
    """The estimated tokens of a record's files; 0 for those that nobody can estimate."""
    return sum(each.tokens for each in _limits(record, base_model))


def with_files(of_texts: int, record: Record, base_model: BaseModel) -> int:
    """The estimated tokens of a record whose texts have so many.

    With a file that nobody can estimate, the most that a record may have: no cap or price may take it for less.
    """
    limits = _limits(record, base_model)
    if any(not each.tokens for each in limits):
        return base_model.limits.record_tokens
    return of_texts + sum(each.tokens for each in limits)


def _limits(record: Record, base_model: BaseModel) -> list[MediaLimits]:
    """Of each of its files that the base model trains on."""
    if not record.others or not base_model.media:
        return []
    kinds = [found.kind for _, block in record.others if (found := of(block))]
    return [base_model.media[kind] for kind in kinds if kind in base_model.media]


def placed(record: Record, location: Callable[[Media], Mapping[str, Any]] | None) -> tuple[Record, int]:
    """The record with its references in Converse's form, and how many had another form.

    `location` gives a file's `s3Location`; None leaves addresses as they are.
    """
    changed = 0

    def written(block: Block) -> Block:
        nonlocal changed
        found = of(block) if block.text is None else None
        if found is None or not found.is_reference:
            return block
        changed += "type" in block.opaque
        where = location(found) if location else _as_it_is(found, block)
        return replace(block, opaque={found.kind: {"format": found.format, "source": {"s3Location": where}}})

    turns = tuple(replace(turn, blocks=tuple(map(written, turn.blocks))) for turn in record.turns)
    return replace(record, turns=turns), changed


def _as_it_is(found: Media, block: Block) -> Mapping[str, Any]:
    match block.opaque:
        case {found.kind: {"source": {"s3Location": location}}}:
            return dict(location)
    return {"uri": found.address}
