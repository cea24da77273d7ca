"""All policies of a stack that decide on what its roles, people and AWS's services do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Self

from tests.iam.evaluation import Decision, Request, decide
from tests.template.stack import ACCOUNT, Stack, Statement, granted, statements

ROLE, PERSON, ROOT = "AWS::IAM::Role", "AWS::IAM::ManagedPolicy", f"arn:aws:iam::{ACCOUNT}:root"
DOCUMENTS = {  # by type, the property that holds the policy of a resource
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::S3::BucketPolicy": "PolicyDocument",
    "AWS::SNS::TopicPolicy": "PolicyDocument",
    "AWS::SQS::QueuePolicy": "PolicyDocument",
}
Needed = tuple[str, Request]
"""Who asks, the logical id of a role or of a person's policy, or "" for a service in its own name, and what."""


@dataclass(frozen=True, slots=True)
class Policies:
    """What each role, or a person with one policy, may, what each resource lets in, and who may take which role."""

    of_owners: Mapping[str, tuple[Statement, ...]]
    of_resources: tuple[Statement, ...]
    of_trust: Mapping[str, tuple[Statement, ...]]

    @classmethod
    def read(cls, stack: Stack) -> Self:
        """The policies of the worked-out template."""
        roles = stack.of(ROLE)
        return cls(
            of_owners={owner.id: tuple(granted(owner)) for owner in (*roles, *stack.of(PERSON))},
            of_resources=tuple(
                statement for each in stack.of(*DOCUMENTS) for statement in statements(each, each[DOCUMENTS[each.type]])
            ),
            of_trust={role.id: tuple(statements(role, role["AssumeRolePolicyDocument"])) for role in roles},
        )

    def decide(self, needed: Needed) -> Decision:
        """What IAM says to a role, a person (their own policy and those of resources) or a service for itself."""
        who, request = needed
        if request.action == "sts:AssumeRole":
            return decide(self.of_trust.get(request.resource.strip("<>").removesuffix(".Arn"), ()), request)
        if request.action.startswith("kms:") and who and not self._key_leaves_it_to_iam(request):
            return Decision("implicitly denied")
        return decide((*self.of_owners.get(who, ()), *self.of_resources), request)

    def _key_leaves_it_to_iam(self, request: Request) -> bool:
        """A key asks IAM only where its own policy names the account's root."""
        return decide(self.of_resources, replace(request, principal=ROOT)).allowed

    def denied(self, needs: Iterable[Needed]) -> Iterator[Needed]:
        """Which of these are not allowed."""
        return (each for each in needs if not self.decide(each).allowed)

    def all(self) -> Iterator[tuple[str, Statement]]:
        """Every statement, by where it stands."""
        for name, said in self.of_owners.items():
            yield from ((name, each) for each in said)
        for name, said in self.of_trust.items():
            yield from ((f"{name} (trust)", each) for each in said)
        yield from ((each.owner.id, each) for each in self.of_resources)

    def otherwise(self, other: Policies) -> set[str]:
        """Where the two differ in what they say."""
        one, two = self._said(), other._said()
        return {owner for owner in {*one, *two} if one.get(owner) != two.get(owner)}

    def _said(self) -> dict[str, list[tuple[object, ...]]]:
        found: dict[str, list[tuple[object, ...]]] = {}
        for owner, each in self.all():
            words = (each.sid, each.effect, each.actions, each.resources, each.conditions, each.principals)
            found.setdefault(owner, []).append(words)
        return found

    def instead(self, old: Statement, new: Iterable[Statement]) -> Policies:
        """The same policies with other statements in the place of one."""
        made = tuple(new)

        def changed(said: tuple[Statement, ...]) -> tuple[Statement, ...]:
            return tuple(part for each in said for part in (made if each is old else (each,)))

        return Policies(
            {name: changed(said) for name, said in self.of_owners.items()},
            changed(self.of_resources),
            {name: changed(said) for name, said in self.of_trust.items()},
        )
