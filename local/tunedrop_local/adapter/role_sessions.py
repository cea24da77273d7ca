"""Seam: sessions of roles that a service takes on by itself, as Bedrock does for a job and Scheduler for a schedule."""

from __future__ import annotations

import hashlib
from typing import Any

from ministack.services import sts

from tunedrop_local.adapter import seams


def credentials(role_arn: str, service: str, source_arn: str) -> dict[str, Any]:
    """Credentials, as botocore takes them, of a session for one source; the same source always gets the same ones."""
    seams.original(sts, "register_session", "access_key", "session")
    digest = hashlib.sha256(f"{role_arn} {source_arn}".encode()).hexdigest()
    access_key, secret, token = f"ASIA{digest[:16].upper()}", digest, digest[::-1]
    account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    session = {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{service}",
        "UserId": f"{name}:{service}",
        "SecretAccessKey": secret,
        "SessionToken": token,
    }
    sts.register_session(access_key, session)
    return {
        "aws_access_key_id": access_key,
        "aws_secret_access_key": secret,
        "aws_session_token": token,
    }
