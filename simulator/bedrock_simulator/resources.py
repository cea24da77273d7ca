"""Find resources of the caller's account and Region by ARN, name or id."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from bedrock_simulator.entities import CustomModel
from bedrock_simulator.world import Call


class Named(Protocol):
    """A resource with an ARN and a name, in one account and Region."""

    @property
    def arn(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def account(self) -> str: ...  # noqa: D102
    @property
    def region(self) -> str: ...  # noqa: D102


T = TypeVar("T", bound=Named)


def find(call: Call, things: Iterable[T], wanted: str) -> T | None:
    """The caller's resource with that ARN, name, or last segment of an ARN; None if there is none."""
    for thing in things:
        is_own = (thing.account, thing.region) == (call.account, call.region)
        if is_own and wanted in {thing.arn, thing.name, thing.arn.rpartition("/")[2]}:
            return thing
    return None


def find_model(call: Call, wanted: str) -> CustomModel | None:
    """The caller's custom model with that ARN, name or id; None if there is none."""
    return find(call, call.world.models.values(), wanted)


def name_is_taken(call: Call, things: Iterable[Named], name: str) -> bool:
    """Whether one of the caller's resources already has the name, where names are unique."""
    if not call.world.configuration.unique_names:
        return False
    return any(thing.name == name and (thing.account, thing.region) == (call.account, call.region) for thing in things)
