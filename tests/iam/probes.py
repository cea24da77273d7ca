"""Requests that nobody needs, each a slip away from one that somebody does: no policy may allow them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from tests.iam.evaluation import Request
from tests.iam.policies import Needed, Policies
from tests.template.stack import NAME

FOREIGN = ("<Foreign.Arn>", "<Foreign.Arn>/x", "arn:aws:iam::123456789012:role/other", "*")
OF_ANOTHER_STACK = {"aws:ResourceTag/tunedrop:stack": "foreign"}
SERVICES = ("bedrock", "events", "cloudwatch", "lambda", "sns", "apigateway", "sagemaker")


def near(needs: Iterable[Needed]) -> list[Needed]:
    """Every role with every other's needs; every need with another resource, without a condition key, or another value.

    What a service asks in its own name is asked by other services and by a stranger, too.
    """
    asked = list(needs)
    roles = dict.fromkeys(who for who, _ in asked if who)
    resources: dict[str, dict[str, None]] = defaultdict(dict)
    for _, request in asked:
        resources[_service(request)][request.resource] = None
    slips = [(who, request) for _, request in asked if not request.principal for who in roles]
    slips += [(who, other) for who, request in asked for other in _slips(request, resources[_service(request)])]
    return list({_identity(each): each for each in slips}.values())


def _slips(request: Request, resources: Iterable[str]) -> Iterator[Request]:
    for resource in (*resources, *FOREIGN):
        yield replace(request, resource=resource)
    if NAME in request.resource:
        yield replace(request, resource=request.resource.replace(NAME, "another"))
    for key, value in request.context.items():
        yield replace(request, context={name: each for name, each in request.context.items() if name != key})
        foreign = ("foreign",) if isinstance(value, tuple) else "foreign"
        yield replace(request, context={**request.context, key: foreign})
    if _service(request) == "bedrock":
        yield replace(request, context={**request.context, **OF_ANOTHER_STACK})
    if request.principal:
        for principal in (*(f"{each}.amazonaws.com" for each in SERVICES), "arn:aws:iam::999999999999:root"):
            yield replace(request, principal=principal)


def _service(request: Request) -> str:
    return request.action.partition(":")[0]


def _identity(need: Needed) -> tuple[object, ...]:
    who, request = need
    return who, request.action, request.resource, tuple(sorted(request.context.items())), request.principal


def undeclared(policies: Policies, declared: Policies, probes: Iterable[Needed]) -> Iterator[Needed]:
    """What is allowed and was declared by nobody."""
    return (each for each in probes if policies.decide(each).allowed and not declared.decide(each).allowed)


def toothless(policies: Policies, needs: Iterable[Needed]) -> Iterator[str]:
    """What is not denied without TLS, and the denials that deny nothing."""
    insecure = [
        (who, replace(request, context={**request.context, "aws:SecureTransport": "false"}))
        for who, request in needs
        if "aws:SecureTransport" in request.context
    ]
    bitten = [policies.decide(each) for each in insecure]
    if not all(decision.verdict == "explicitly denied" for decision in bitten):
        yield "the bucket answers without TLS"
    for owner, statement in policies.all():
        if statement.effect == "Deny" and not any(decision.statement is statement for decision in bitten):
            yield f"{owner} {statement.sid} denies nothing that anybody is allowed"
