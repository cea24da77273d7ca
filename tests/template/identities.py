"""The kinds of people that docs/operations.md speaks of, and what their policies say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.iam.evaluation import Request, decide
from tests.template.stack import ACCOUNT, NAME, REGION, Resource, Stack, Statement, granted, statements

DEPLOYER_POLICY = Path(__file__).parents[2] / "docs" / "deployer-policy.json"
ARTIFACTS = "artifacts"
DATASET = "support-bot"
"""The dataset that an uploader of these tests is tagged with, and that routes name."""
TAG = "aws:PrincipalTag/tunedrop:dataset"
POLICIES = {
    "uploader": "UploaderPolicy",
    "reader": "ReaderPolicy",
    "operator": "OperatorPolicy",
    "data keeper": "DataKeeperPolicy",
    "approver": "ApproverPolicy",
    "responder": "ResponderPolicy",
}
OURS = (*POLICIES, "deployer")
ADMINISTRATOR = "administrator"
"""Whoever manages the account's IAM: with no policy of ours."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody with one policy of ours; `context` is what the principal brings to every request, tags above all."""

    name: str
    statements: Sequence[Statement]
    context: Mapping[str, str] = field(default_factory=dict)

    def may(self, *requests: Request) -> bool:
        """Whether all of these are allowed."""
        return all(
            decide(self.statements, Request(each.action, each.resource, {**self.context, **each.context})).allowed
            for each in requests
        )


def identity(stack: Stack, name: str, dataset: str | None = DATASET) -> Identity:
    """The person of this name; an uploader is tagged with `dataset`, if any."""
    if name == "deployer":
        return Identity(name, deployer_statements())
    context = {TAG: dataset} if name == "uploader" and dataset is not None else {}
    return Identity(name, granted(stack[POLICIES[name]]), context)


def deployer_statements() -> list[Statement]:
    """docs/deployer-policy.json for the account, Region and stack of these tests."""
    text = DEPLOYER_POLICY.read_text("utf-8")
    for name, value in {"ACCOUNT": ACCOUNT, "REGION": REGION, "STACK": NAME, "ARTIFACTS": ARTIFACTS}.items():
        text = text.replace(name, value)
    document: Mapping[str, Any] = json.loads(text)
    return statements(Resource("docs/deployer-policy.json", "", {}, {}), document)
