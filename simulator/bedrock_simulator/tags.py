"""Tags on jobs, custom models, throughputs and deployments."""

from collections.abc import Sequence
from typing import Any

from bedrock_simulator.errors import ServiceError, not_found
from bedrock_simulator.world import Call

MAX_TAGS = 50  # as the error's text says, although the list may have 200 (docs/facts.md#tags)


def tag_map(tags: Sequence[dict[str, str]] | None) -> dict[str, str]:
    """Convert a request's tag list to a mapping. Raises TooManyTagsException beyond the limit."""
    found = {tag["key"]: tag["value"] for tag in tags or ()}
    _check_count(found, "")
    return found


def _check_count(tags: dict[str, str], arn: str) -> None:
    if len(tags) > MAX_TAGS:
        text = f"The request contains more tags than can be associated with a resource ({MAX_TAGS})."
        raise ServiceError("TooManyTagsException", text, resourceName=arn)


def _tags_of(call: Call) -> dict[str, str]:
    arn = call["resourceARN"]
    is_own = arn.split(":")[3:5] == [call.region, call.account]
    if not is_own or arn not in call.world.tags:
        raise not_found(f"The resource does not exist: {arn}")
    return call.world.tags[arn]


def tag(call: Call) -> dict[str, Any]:
    """TagResource: adds tags, replacing those with the same keys."""
    merged = _tags_of(call) | {tag["key"]: tag["value"] for tag in call["tags"]}
    _check_count(merged, call["resourceARN"])
    call.world.tags[call["resourceARN"]] = merged
    return {}


def untag(call: Call) -> dict[str, Any]:
    """UntagResource: unknown keys are ignored."""
    kept = {key: value for key, value in _tags_of(call).items() if key not in call["tagKeys"]}
    call.world.tags[call["resourceARN"]] = kept
    return {}


def list_tags(call: Call) -> dict[str, Any]:
    """ListTagsForResource."""
    return {"tags": [{"key": key, "value": value} for key, value in _tags_of(call).items()]}
