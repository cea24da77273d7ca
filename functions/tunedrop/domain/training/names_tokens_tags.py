"""Names, tokens and tags for what we create in Bedrock: readable, and unique to the stack and the intent. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from tunedrop.domain.versions import object_keys

MAX_NAME = 63  # docs/facts.md#names
MAX_TAG_VALUE = 256  # docs/facts.md#tags
_NOT_IN_TAGS = re.compile(r"[^a-zA-Z0-9\s._:/=+@-]")  # docs/facts.md#tags


def lineage(dataset: str, version: int, stack_uid: str, intent_id: str) -> str:
    """`<dataset>-v<version>-<8 hex of the stack>-<8 hex of the intent>`, valid for jobs, models and capacity alike.

    Raises ValueError for more than `MAX_NAME` characters.
    """
    # Hashed, because a ULID begins with its time: intents made together share their first eight characters.
    name = f"{dataset}-v{version}-{stack_mark(stack_uid)}-{hashlib.sha256(intent_id.encode()).hexdigest()[:8]}"
    if len(name) > MAX_NAME:
        raise ValueError(f"{name!r} is longer than {MAX_NAME} characters")
    return name


def stack_mark(stack_uid: str) -> str:
    """The eight characters that every name made by this stack contains."""
    return stack_uid.replace("-", "").lower()[:8]


def is_marked(name: str, stack_uid: str) -> bool:
    """Whether `lineage` made this name in this stack. Recognizes new resources whose tags lag (docs/facts.md#iam)."""
    return re.fullmatch(rf".+-{stack_mark(stack_uid)}-[0-9a-f]{{8}}", name) is not None


def token(stack_uid: str, intent_id: str) -> str:
    """The intent's clientRequestToken: 64 hexadecimal digits, the same for every send (docs/facts.md#client-tokens)."""
    return hashlib.sha256(f"{stack_uid}/{intent_id}".encode()).hexdigest()


def tags(
    *,
    stack: str,
    dataset: str,
    version: int,
    job: str,
    owner: str,
    intent: str,
    release: str,
    deployment: str = "",
    term: str = "",
) -> Mapping[str, str]:
    """The tags for everything we create in Bedrock. Characters that tags do not allow become `-`.

    Capacity has its deployment's name, too: with the others, that is enough to rebuild its rows (`lost_purchases`).
    A throughput says for which term, too: the role that buys may buy no other than the stack allows.
    """
    values = {
        "stack": stack,
        "dataset": dataset,
        "version": str(version),
        "job": job,
        "owner": owner,
        "intent": intent,
        "release": release,
        **({"deployment": deployment} if deployment else {}),
        **({"term": term} if term else {}),
    }
    return {f"tunedrop:{name}": _NOT_IN_TAGS.sub("-", value)[:MAX_TAG_VALUE] for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class Lineage:
    """What something in Bedrock was made from, and by which intent."""

    dataset: str
    version: int
    intent_id: str


def proven_lineage(name: str, tags: Mapping[str, str], stack_uid: str) -> Lineage | None:
    """What the tags say of the origin, proven by the name: it is made of them. None if it is not."""
    dataset, version, intent_id = (tags.get(f"tunedrop:{each}", "") for each in ("dataset", "version", "intent"))
    if not (object_keys.is_name(dataset) and re.fullmatch("[1-9][0-9]{0,8}", version)):
        return None
    found = Lineage(dataset, int(version), intent_id)
    return found if name == lineage(dataset, found.version, stack_uid, intent_id) else None


def output_prefix(dataset: str, version: int, job_id: str) -> str:
    """Where Bedrock writes a job's output, in a folder named after its own job id (docs/facts.md#metrics-files)."""
    return f"outputs/{dataset}/{version}/{job_id}"
