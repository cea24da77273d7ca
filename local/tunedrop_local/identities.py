"""IAM users for people and programs of the embedded cloud, so that nobody needs the root user."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Identity:
    """Credentials that sign requests. `token` is set for sessions only."""

    name: str
    access_key_id: str
    secret_access_key: str
    token: str | None = None


def ensure_user(iam: Any, name: str, policies: Sequence[str], tags: Mapping[str, str], kept: Path) -> Identity:
    """Creates or updates a user with exactly these managed policies, and these tags beside those it has.

    Its access key is created once, kept in `kept`.
    """
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_user(UserName=name)
    attached = iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]
    has = {each["PolicyArn"] for each in attached}
    for arn in has - set(policies):
        iam.detach_user_policy(UserName=name, PolicyArn=arn)
    for arn in set(policies) - has:
        iam.attach_user_policy(UserName=name, PolicyArn=arn)
    if tags:
        iam.tag_user(UserName=name, Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    return _access_key(iam, name, kept)


def _access_key(iam: Any, name: str, kept: Path) -> Identity:
    known: dict[str, dict[str, str]] = json.loads(kept.read_text()) if kept.exists() else {}
    valid = {key["AccessKeyId"] for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]}
    if name in known and known[name]["access_key_id"] in valid:
        return Identity(**known[name])
    made = iam.create_access_key(UserName=name)["AccessKey"]
    identity = Identity(name, made["AccessKeyId"], made["SecretAccessKey"])
    _write_privately(kept, json.dumps({**known, name: asdict(identity)}))
    return identity


def _write_privately(path: Path, text: str) -> None:
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    partial.replace(path)
