"""Everything that a stack's policies must allow: recorded calls, what AWS's services do, what people are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tunedrop.domain.serving.terms import HOURLY

from tests.iam import people, services
from tests.iam.evaluation import Request
from tests.iam.policies import Needed
from tests.iam.recording import Recording
from tests.template.stack import REGION, Stack

ONLY_WITH: Mapping[str, Callable[[Request], bool]] = {  # parameter: what is asked only where it is "true"
    "AllowCommitments": lambda request: request.context.get("aws:RequestTag/tunedrop:term", HOURLY) != HOURLY,
    "EncryptCustomModels": lambda request: request.context.get("kms:ViaService") == f"bedrock.{REGION}.amazonaws.com",
}


def needed(recording: Recording, stack: Stack) -> list[Needed]:
    """Who asks for what, with the choices of this stack."""
    called = (each for each in recording.needed(stack.parameters) if not spared(each, stack))
    return [*called, *services.needed(stack), *people.needed()]


def spared(need: Needed, stack: Stack) -> bool:
    """Whether it is asked only by another choice than this stack's."""
    return any(stack.parameters[name] != "true" and asks(need[1]) for name, asks in ONLY_WITH.items())
