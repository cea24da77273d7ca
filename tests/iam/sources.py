"""The SDK operations that the application's sources call: what a recording must show."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import botocore.session
from botocore import xform_name

from tests.iam.recorder import FUNCTIONS, PACKAGE
from tests.iam.recording import Made

SERVICES = ("bedrock", "bedrock-runtime", "dynamodb", "events", "s3", "service-quotas", "sqs")
NAMED_IN_TEXT = {"get_paginator", "get_waiter", "generate_presigned_url"}
"""Methods of a client whose first argument names an operation."""
RECEIVERS = {  # how the code names a client whose methods another service has, too
    "bedrock": "bedrock",
    "spender": "bedrock",
    "runtime": "bedrock-runtime",
    "bus": "eventbridge",
}


def called(sources: Mapping[str, str] | None = None) -> set[Made]:
    """Module and operation of each call of a client, paginators and signed links included.

    Raises ValueError for a call whose service can't be told.
    """
    texts = written() if sources is None else sources
    return {(path, operation) for path, text in texts.items() for operation in _operations(ast.parse(text))}


def written() -> dict[str, str]:
    """The sources of the functions, by path under functions/; what only edges may do is looked for everywhere."""
    return {
        str(path.relative_to(FUNCTIONS)).removeprefix(PACKAGE): path.read_text("utf-8")
        for path in sorted(Path(FUNCTIONS).rglob("*.py"))
    }


def _operations(tree: ast.Module) -> Iterator[str]:
    """The SDK takes keyword arguments only: what is called with another is a method of ours with the same name."""
    ours = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args}
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=receiver, attr=method), args=[ast.Constant(value=str(name)), *_]
            ) if method in NAMED_IN_TEXT:
                yield _named(name, receiver)
            case ast.Attribute(attr=name) if name in _by_method() and id(node) not in ours:
                yield _named(name, node.value)


def _named(method: str, receiver: ast.expr) -> str:
    """The operation; where several services have one of that name, by what the code calls the client."""
    candidates = _by_method()[method]
    if len(candidates) == 1:
        (only,) = candidates.values()
        return only
    name = receiver.attr if isinstance(receiver, ast.Attribute) else getattr(receiver, "id", "")
    service = RECEIVERS.get(name, name)
    if service not in candidates:
        raise ValueError(f"whose {method} is called on {ast.unparse(receiver)}? {', '.join(candidates)}")
    return candidates[service]


@cache
def _by_method() -> dict[str, dict[str, str]]:
    """Operations by method, then by service as botocore's events name it."""
    session = botocore.session.get_session()
    found: dict[str, dict[str, str]] = {}
    for each in SERVICES:
        model = session.get_service_model(each)
        service = model.service_id.hyphenize()
        for operation in model.operation_names:
            found.setdefault(xform_name(operation), {})[service] = f"{service}.{operation}"
    return found
