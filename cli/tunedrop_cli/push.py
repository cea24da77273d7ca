"""`tunedrop push`: upload a dataset's folder to the stack's bucket, as one version."""

from __future__ import annotations

import argparse
import functools
import hashlib
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from tunedrop.domain.base_models.catalogue import SPLITS, Split
from tunedrop.domain.reports import next_commands
from tunedrop.domain.versions import object_keys

from tunedrop_cli import errors, examining, folders, local_files, plans, progress, stack, text_report, version_text
from tunedrop_cli.errors import Refused, WrongUsage
from tunedrop_cli.folders import Folder
from tunedrop_cli.paths import place
from tunedrop_cli.schema_files import SchemaFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from tunedrop_cli.control import ControlApi

DESCRIPTION = """Upload a dataset's folder: train, validation and test, each a file (train.jsonl) or a folder of files
to join, dataset.toml with the system text it names, and media/, the images and documents that records refer to.
The folder's name is the dataset's name.

The files are checked here first. If ControlApi is reachable, all splits become one version; through S3 alone, each
split commits by itself, train last, so that a new dataset gets only one prepared version."""

EPILOG = """examples:
  tunedrop push support-bot --wait
  tunedrop push data/2026-11 --name support-bot --stack-name tunedrop-test

exit code: 0 uploaded (with --wait: accepted), 1 rejected or refused, 2 no byte could be read or wrong usage
"""

SETTLED_SECONDS = 60
"""How long to wait until an uploaded dataset.toml takes effect before the splits are uploaded anyway."""
_POLL_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _Push:
    folder: Folder
    bucket: str
    s3: S3Client
    api: ControlApi | None
    screen: Console
    again: Callable[[str], str]
    """A command of ours, for the same stack."""
    poll_seconds: float = _POLL_SECONDS


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the options of `tunedrop push`."""
    command.description, command.epilog = DESCRIPTION, EPILOG
    command.add_argument("folder", metavar="FOLDER", help="the dataset's folder")
    command.add_argument("--name", help="name of the dataset (default: the folder's)")
    command.add_argument("--wait", action="store_true", help="wait for the verdict, which becomes the exit code")
    command.add_argument(
        "--timeout", type=float, default=1800, metavar="SECONDS", help="longest time to wait (default: 1800)"
    )
    command.add_argument("--no-check", action="store_true", help="upload without checking here first")
    command.add_argument("--by-events", action="store_true", help="use only S3, not ControlApi")
    command.add_argument(
        "--bucket", help=f"the data bucket; default: ${stack.BUCKET_VARIABLE}, else the stack's output"
    )
    stack.add_to(command)
    command.set_defaults(
        run=run,
        system=None,
        map=[],
        settings=None,
        ignore=[],
        error=[],
        input_format=None,
        validation_share=None,
        ignore_field=[],
    )


def run(chosen: argparse.Namespace) -> int:
    """Check, upload, and wait if asked to; return the exit code.

    Raises WrongUsage, Unreadable, Refused, and the errors of AWS's SDK.
    """
    if chosen.wait and chosen.by_events:
        raise WrongUsage("--wait needs ControlApi, which --by-events does not use")
    reached = stack.Stack(chosen)
    folder = folders.read(chosen.folder, chosen.name)
    screen = text_report.console(stderr=True)
    for path in folder.ignored:
        text_report.line(screen, f"not uploaded, because it is neither a split nor a settings file: {path.name}")
    if not chosen.no_check and not _holds(chosen, folder, screen):
        return 1
    api = None if chosen.by_events else _api(reached, folder.name, screen, needed=chosen.wait)
    push = _Push(folder, reached.bucket(), reached.s3(), api, screen, functools.partial(stack.again, chosen))
    _send(push, folder.media)  # first: a split that refers to what is not there is rejected
    if push.api is None:
        _upload_by_events(push)
        text_report.line(screen, "uploaded; what becomes of it:")
        text_report.next_step(screen, stack.again(chosen, next_commands.show_dataset(folder.name)))
        return 0
    upload = _upload_as_one(push, push.api)
    if not chosen.wait:
        text_report.line(screen, "uploaded; what becomes of it:")
        text_report.next_step(screen, stack.again(chosen, next_commands.show_dataset(folder.name)))
        return 0
    return _await(push, push.api, upload, time.monotonic() + chosen.timeout)


def _holds(chosen: argparse.Namespace, folder: Folder, screen: Console) -> bool:
    """Whether an upload would be accepted, as far as this machine can tell; prints why not."""
    settings = _settings(folder)
    models = plans.models(settings.parsed.base_models or None)
    plan = plans.plan(chosen, models, tuple(folder.splits), settings)
    with ExitStack() as held:
        files = {
            split: local_files.open_all([str(path) for path in paths], held) for split, paths in folder.splits.items()
        }
        schema = SchemaFile.read(folder.schema, held)
        given = (*settings.given, *schema.given)
        found = examining.verdicts(files, plan, given, folder.name, outputs=schema.outputs)
        warning = schema.warning()
    if warning:
        text_report.line(screen, warning)
    rejected = [verdict for verdict in found if not verdict.accepted]
    if settings.parsed.base_models and rejected:
        text_report.whole(screen, rejected[0])
        if len(rejected) > 1:
            text_report.line(screen)
            text_report.rows(screen, rejected[1:])
        return False
    if len(rejected) == len(found):
        text_report.overview(screen, found)
        return False
    return True


def _settings(folder: Folder) -> plans.Settings:
    return plans.read_settings(str(folder.toml) if folder.toml else None, ())


def _api(reached: stack.Stack, dataset: str, screen: Console, *, needed: bool) -> ControlApi | None:
    """A client of ControlApi, or None if this person may not use it and does not need it."""
    try:
        api = reached.api()
        _latest(api, dataset)
    except errors.refusals() as refused:
        if needed:
            raise
        text_report.line(screen, f"without ControlApi, each split commits by itself ({refused})")
        return None
    return api


def _latest(api: ControlApi, dataset: str) -> Mapping[str, Any] | None:
    """The newest version; empty before the first one, None if the dataset is unknown."""
    try:
        found = api.get(place("datasets", dataset))
    except Refused as refused:
        if refused.code == "unknown_dataset":
            return None
        raise
    number = found["latest_version"]
    return dict(api.get(place("datasets", dataset, "versions", number))) if number else {}


def _send(push: _Push, files: Sequence[tuple[Path, str]]) -> None:
    if not files:
        return
    with progress.bar("uploading", sum(path.stat().st_size for path, _ in files)) as watch:
        for path, key in files:
            push.s3.upload_file(str(path), push.bucket, key, Callback=watch)
            text_report.line(push.screen, f"{path} → s3://{push.bucket}/{key}")


def _upload_by_events(push: _Push) -> None:
    """Upload settings first and train last, so that a new dataset gets one version; a `_commit` after its files."""
    folder = push.folder
    _send(push, [(path, object_keys.incoming(folder.name, path.name)) for path in folder.settings])
    for split in reversed(SPLITS):
        paths = folder.splits.get(split, ())
        _refuse_strangers(push, split, paths)
        _send(push, [(path, folders.key_of(folder, split, path, as_part=split in folder.joined)) for path in paths])
        if split in folder.joined:
            push.s3.put_object(Bucket=push.bucket, Key=object_keys.incoming(folder.name, f"{split}/_commit"), Body=b"")


def _refuse_strangers(push: _Push, split: Split, paths: Sequence[Path]) -> None:
    """Raise WrongUsage if a split's prefix has files that are not ours: a `_commit` joins everything beside it."""
    if split not in push.folder.joined:
        return
    prefix = object_keys.incoming(push.folder.name, f"{split}/")
    pages = push.s3.get_paginator("list_objects_v2").paginate(Bucket=push.bucket, Prefix=prefix)
    there = {item["Key"].removeprefix(prefix) for page in pages for item in page.get("Contents", [])}
    strangers = sorted(there - {path.name for path in paths} - {"_commit", ""})
    if strangers:
        raise WrongUsage(f"{prefix} already holds {strangers[0]}, which would be joined, too: delete it first")


def _upload_as_one(push: _Push, api: ControlApi) -> str:
    """Upload everything, then send one request that names it all; return the id of the upload it makes."""
    folder = push.folder
    _settle(push, api)
    named = {
        split: [(path, folders.key_of(folder, split, path, as_part=True)) for path in paths]
        for split, paths in folder.splits.items()
    }
    _send(push, [file for files in named.values() for file in files])
    body = {"splits": {split: [key for _, key in files] for split, files in named.items()}}
    made = api.post(place("datasets", folder.name, "versions"), body, idempotency_key=secrets.token_hex(16))
    return str(made["upload_id"])


def _settle(push: _Push, api: ControlApi) -> None:
    """Upload settings not yet in force and wait until they are, so that the splits' version includes them."""
    name = push.folder.name
    latest = _latest(api, name)
    if not push.folder.settings or _in_force(latest, push.folder.settings):
        return
    _send(push, [(path, object_keys.incoming(name, path.name)) for path in push.folder.settings])
    until = time.monotonic() + SETTLED_SECONDS
    while time.monotonic() < until:
        latest = _latest(api, name)
        if latest is not None and (not latest or _in_force(latest, push.folder.settings)):
            return
        time.sleep(push.poll_seconds)


def _in_force(latest: Mapping[str, Any] | None, settings: Sequence[Path]) -> bool:
    files = (latest or {}).get("files", {})
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in settings}
    return all(files.get(name, {}).get("sha256") == digest for name, digest in digests.items())


def _await(push: _Push, api: ControlApi, upload: str, until: float) -> int:
    """Poll until the upload is processed, then print its version; return the exit code."""
    name = push.folder.name
    while (found := api.get(place("datasets", name, "uploads", upload)))["status"] == "processing":
        if time.monotonic() > until:
            text_report.line(push.screen, "still processing; what becomes of it:")
            text_report.next_step(push.screen, push.again(next_commands.show_dataset(name)))
            return 1
        time.sleep(push.poll_seconds)
    if found["version"] is None:
        text_report.line(push.screen, f"the upload made no version: {found['status']}")
        return 1
    version = api.get(place("datasets", name, "versions", found["version"]))
    job = _settings(push.folder).parsed.job
    version_text.show(
        text_report.console(),
        version,
        unchanged=found["status"] == "unchanged",
        on_accept=job is not None and job.start == "on_accept",
        again=push.again,
    )
    return 0 if version["status"] == "accepted" else 1
