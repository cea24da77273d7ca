"""How the tables of what is needed say it: actions, resources, conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.template.stack import ACCOUNT, PSEUDO, REGION

HERE = f"{REGION}:{ACCOUNT}"
DATA, KEY = "<DataBucket.Arn>", "<Key.Arn>"
JOBS, MODELS, THROUGHPUTS, DEPLOYMENTS = (
    f"arn:aws:bedrock:{HERE}:{kind}/*"
    for kind in ("model-customization-job", "custom-model", "provisioned-model", "custom-model-deployment")
)

Conditions = Mapping[str, Mapping[str, str | list[str]]]


@dataclass(frozen=True, slots=True)
class May:
    """These actions on these resources, under these conditions."""

    actions: str
    """`service:One Two`: actions of one service."""
    resources: str | tuple[str, ...]
    when: Conditions = field(default_factory=dict)
    choice: str = ""
    """The parameter that must be "true", or not empty."""
    whom: str = ""
    """A service or an account's ARN, where a resource says who may come."""

    def document(self) -> dict[str, object]:
        """As a policy's statement."""
        service, _, names = self.actions.partition(":")
        resources = [self.resources] if isinstance(self.resources, str) else list(self.resources)
        actions = [f"{service}:{name}" for name in names.split()]
        named = {"Principal": {"AWS" if self.whom.startswith("arn:") else "Service": self.whom}} if self.whom else {}
        at = {"Resource": resources} if resources != [""] else {}
        return {"Effect": "Allow", "Action": actions, "Condition": self.when, **at, **named}


def by_way_of(*services: str) -> Conditions:
    """Only as these services ask on the role's behalf."""
    return {"StringEquals": {"kms:ViaService": [f"{each}.{REGION}.amazonaws.com" for each in services]}}


def objects(*folders: str) -> tuple[str, ...]:
    """All objects of these folders of the bucket."""
    return tuple(f"{DATA}/{folder}/*" for folder in folders)


OURS = {"aws:ResourceTag/tunedrop:stack": PSEUDO["AWS::StackId"]}
IS_OURS: Conditions = {"StringEquals": OURS}
