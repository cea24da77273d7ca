"""What a cleanup is about: one stack, or what deleted stacks have left; and what of all that there is belongs to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunedrop.domain.training import names_tokens_tags

from tunedrop_cli.cleaning import by_the_stack, in_bedrock, retained, whose
from tunedrop_cli.cleaning.things import Thing
from tunedrop_cli.cleaning.whose import Standing, Target
from tunedrop_cli.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is, in the order in which it is ended."""

    by_stack: tuple[Thing, ...]
    """What the stack itself ends: its open jobs, its deployments."""
    in_bedrock: tuple[Thing, ...]
    """What Bedrock lists with the tag of the stack."""
    data: tuple[Thing, ...]
    only_listed: tuple[Thing, ...]
    """What may be another's, and is never ended."""

    @property
    def to_end(self) -> list[Thing]:
        """All that will be ended, each thing once."""
        known = {arn for each in self.by_stack for arn in each.arns} | {each.name for each in self.by_stack}
        others = (each for each in self.in_bedrock if not known & {each.id, each.name})
        return [*self.by_stack, *others, *self.data]


@dataclass(frozen=True, slots=True)
class Scope:
    """One cleanup."""

    reached: Stack
    target: Target | None
    """The stack; None: whatever stacks that were deleted have left in Bedrock."""
    keep_models: bool
    with_data: bool

    @property
    def bedrock(self) -> BedrockClient:
        """Bedrock, with the person's own credentials."""
        return self.reached.session.client("bedrock")

    @property
    def stands(self) -> bool:
        """Whether there is a stack that ends its own."""
        return self.target is not None and self.target.stands

    def look(self) -> Seen:
        """All there is now. Raises Refused and ClientError where something can't be seen."""
        listed = in_bedrock.listed(self.bedrock)
        ids = self._ids(listed)
        return Seen(
            tuple(self.by_the_stack()) if self.stands else (),
            tuple(each for each in listed if self._is_ended(each, ids)),
            tuple(self.data()),
            tuple(each for each in listed if each.stack not in ids and self._is_told(each)),
        )

    def by_the_stack(self) -> list[Thing]:
        """What the stack itself ends now. Raises Refused."""
        return by_the_stack.open_things(self.reached.api(), keep_models=self.keep_models)

    def left_in_bedrock(self) -> list[Thing]:
        """What Bedrock lists of it now."""
        listed = in_bedrock.listed(self.bedrock)
        ids = self._ids(listed)
        return [each for each in listed if self._is_ended(each, ids)]

    def data(self) -> list[Thing]:
        """What the deleted stack has left on purpose, where that is asked for."""
        return retained.left(self.reached.session, self.target.ids) if self.target and self.with_data else []

    def _ids(self, listed: Sequence[Thing]) -> tuple[str, ...]:
        if self.target:
            return self.target.ids
        return tuple(stack_id for stack_id, what in self._standing(listed).items() if what == "deleted")

    def _standing(self, listed: Sequence[Thing]) -> Mapping[str, Standing]:
        session = self.reached.session
        account, region = session.client("sts").get_caller_identity()["Account"], session.region_name or ""
        tagged = {each.stack for each in listed if each.stack}
        return whose.standing(session.client("cloudformation"), tagged, region=region, account=account)

    def _is_ended(self, thing: Thing, ids: Sequence[str]) -> bool:
        return thing.stack in ids and not (self.keep_models and thing.kind == "custom model")

    def _is_told(self, thing: Thing) -> bool:
        """Whether a thing of another tag, or of none, may concern whoever cleans up."""
        if self.target is None:
            return bool(thing.stack)
        uids = [stack_id.rsplit("/", 1)[-1] for stack_id in self.target.ids]
        return any(names_tokens_tags.is_marked(thing.name, uid) for uid in uids)
