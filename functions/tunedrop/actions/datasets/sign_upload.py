"""Sign a link for one upload: the file's key, its largest size, and a URL for exactly that."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tunedrop.domain.base_models import catalogue
from tunedrop.domain.evaluation import answer_files, answer_schema
from tunedrop.domain.versions import dataset_toml, object_keys
from tunedrop.domain.versions.object_keys import (
    AnswersUpload,
    CommitUpload,
    MediaUpload,
    PartUpload,
    SchemaUpload,
    SettingsUpload,
    SplitUpload,
    Unrecognised,
)
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.s3 import presigned_links, version_listing
from tunedrop.errors import InvalidInput

MOST_IN_ONE_PUT = 5 * 2**30
"""The most that S3 accepts in one PUT (docs/facts.md#s3-objects); larger files need a multipart upload."""

_MOST: Mapping[type, int] = {
    SettingsUpload: dataset_toml.MAX_BYTES,
    SchemaUpload: answer_schema.MAX_BYTES,
    CommitUpload: 0,
    AnswersUpload: answer_files.MAX_BYTES,
}
"""The most bytes of files that base models do not limit; any other is a system text."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class WantedUpload:
    """The file that a caller wants to upload, as requested: a split, a part of one, a file beside them, or answers."""

    split: str | None
    extension: str | None
    part: str | None
    file: str | None
    size: int | None
    sha256: str | None
    answers: str | None = None


@dataclass(frozen=True, slots=True)
class Offered:
    """A link, and the command that uses it."""

    method: str
    url: str
    headers: Mapping[str, str]
    key: str
    max_bytes: int
    expires_at: datetime
    next_command: str


def offer(dataset: str, wanted: WantedUpload, cloud: Cloud) -> Offered:
    """Sign a link for one PUT under `incoming/<dataset>/`. The dataset need not exist.

    Raises InvalidInput `invalid_dataset_name`, `invalid_upload`, `bytes_required`, `file_too_large`.
    """
    if not object_keys.is_name(dataset):
        raise InvalidInput(
            "invalid_dataset_name",
            f"{dataset[:80]!r} can't name a dataset. {object_keys.NAMES_ALLOWED}",
            field="dataset",
            pattern=object_keys.NAME_PATTERN,
        )
    key = object_keys.incoming(dataset, _file(wanted))
    found = object_keys.parse(key)
    if isinstance(found, Unrecognised):
        raise InvalidInput("invalid_upload", f"{found.message} {found.hint}")
    most = min(_largest(found), MOST_IN_ONE_PUT)
    size = _checked_size(wanted, most)
    standing = version_listing.current_etag(cloud.bucket, key)
    link = presigned_links.upload(cloud.bucket, key, size=size, sha256=wanted.sha256, replaces=standing)
    return Offered(
        method="PUT",
        url=link.url,
        headers=link.headers,
        key=key,
        max_bytes=most,
        expires_at=cloud.now() + timedelta(seconds=presigned_links.LINK_SECONDS),
        next_command=_curl(link, key),
    )


def _file(wanted: WantedUpload) -> str:
    """The key below the dataset's folder. Raises InvalidInput unless exactly one of the four forms is used."""
    match wanted:
        case WantedUpload(split=None, extension=None, part=None, file=None, answers=str(answers)):
            return f"{object_keys.ANSWERS}/{_plain(answers)}"
        case WantedUpload(answers=str()):
            pass
        case WantedUpload(split=str(split), extension=str(extension), part=None, file=None):
            return _plain(f"{split}.{extension}")
        case WantedUpload(split=str(split), extension=None, part=str(part), file=None):
            return f"{_plain(split)}/{_plain(part)}"
        case WantedUpload(split=None, extension=None, part=None, file=str(file)):
            return _plain(file)
    raise InvalidInput(
        "invalid_upload",
        "Say what the file is: split and extension, or split and part (of an upload in several files), or file, "
        "or answers.",
    )


def _plain(name: str) -> str:
    """The name, if it adds no folder to the key. Raises InvalidInput."""
    if "/" in name:
        raise InvalidInput("invalid_upload", f"{name[:80]!r} has a slash; a file's name has none.")
    return name


def _largest(upload: object_keys.RecognisedKey) -> int:
    """The most bytes that any base model accepts for such a file."""
    match upload:
        case SplitUpload(split=split) | PartUpload(split=split):
            return catalogue.most_bytes(split)
        case MediaUpload():
            return catalogue.most_media_bytes()
    return _MOST.get(type(upload), dataset_toml.MAX_SYSTEM_FILE_BYTES)


def _checked_size(wanted: WantedUpload, most: int) -> int:
    """The size in bytes. Without one, whoever has the link could upload 5 GiB. Raises InvalidInput."""
    if wanted.size is None:
        raise InvalidInput("bytes_required", f"Say the file's size in bytes, at most {most:,}.", field="bytes")
    if wanted.size > most:
        raise InvalidInput(
            "file_too_large",
            f"{wanted.size:,} bytes; one PUT of such a file may have {most:,}. Use several parts, or the AWS CLI.",
            field="bytes",
            maximum=most,
        )
    if wanted.sha256 is not None and _SHA256.fullmatch(wanted.sha256) is None:
        raise InvalidInput("invalid_upload", "sha256 takes 64 hexadecimal digits in lower case.", field="sha256")
    return wanted.size


def _curl(link: presigned_links.UploadLink, key: str) -> str:
    """The curl command for the link. curl sends Content-Length itself, but not a checksum, nor an empty body."""
    named = [f"-H {shlex.quote(f'{name}: {text}')} " for name, text in link.headers.items() if name != "Content-Length"]
    file = key.rsplit("/", 1)[-1]
    body = "-X PUT --data-binary ''" if file == object_keys.COMMIT_FILE else f"--upload-file {shlex.quote(file)}"
    return f"curl --fail {body} {''.join(named)}{shlex.quote(link.url)}"
