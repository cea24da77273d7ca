"""Commands of the AWS CLI, as far as our pages use it, called by botocore."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from botocore import xform_name

RENAMED = {"notification-endpoint": "endpoint"}
"""Options that the AWS CLI calls otherwise than the service."""


def operation(client: Any, verb: str) -> str:
    """The service's own name for `delete-table`. Raises KeyError for what it does not have."""
    names = {xform_name(name, "-"): name for name in client.meta.service_model.operation_names}
    return str(names[verb])


def call(client: Any, verb: str, words: list[str]) -> Any:
    """Call the operation with the options that stand behind it."""
    shape = client.meta.service_model.operation_model(operation(client, verb)).input_shape
    return getattr(client, verb.replace("-", "_"))(**_parameters(shape, words))


def _parameters(shape: Any, words: list[str]) -> dict[str, Any]:
    """`--queue-url URL --is-owned` as the members of an operation's input."""
    members = {xform_name(name, "-"): name for name in shape.members}
    members |= {theirs: members[ours] for theirs, ours in RENAMED.items() if ours in members}
    options: dict[str, list[str]] = {}
    for word in words:
        if word.startswith("--"):
            options[word[2:]] = []
        else:
            options[list(options)[-1]].append(word)
    return {members[name]: _typed(shape.members[members[name]], values) for name, values in options.items()}


def _typed(shape: Any, values: list[str]) -> Any:
    if shape.type_name == "list" and shape.member.type_name == "structure":
        return [_structure(shape.member, value) for value in values]
    if shape.type_name == "list":
        return values
    if shape.type_name == "structure":
        return _structure(shape, values[0])
    if shape.type_name == "boolean":
        return not values or values[0] == "true"
    if shape.type_name == "timestamp":
        return datetime.fromisoformat(values[0])
    return int(values[0]) if shape.type_name == "integer" else values[0]


def _structure(shape: Any, value: str) -> dict[str, Any]:
    """`Enabled=true,AttributeName=expires`."""
    pairs = dict(pair.split("=", 1) for pair in value.split(","))
    return {name: _typed(shape.members[name], [text]) for name, text in pairs.items()}
