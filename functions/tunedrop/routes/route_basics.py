"""What every route needs from its request: the cloud, the caller, the Idempotency-Key and paging."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Self, TypeVar

from annotated_types import Interval
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import AfterValidator, AliasChoices, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from tunedrop.domain.serving.acts import Author
from tunedrop.edges.cloud import Cloud
from tunedrop.errors import InvalidInput
from tunedrop.routes import idempotency
from tunedrop.routes.idempotency import Answer

Model = TypeVar("Model", bound=BaseModel)

_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]")
_DIGITS = re.compile("-?(0|[1-9][0-9]*)")


def _in_digits(text: object) -> object:
    if isinstance(text, str) and not _DIGITS.fullmatch(text):
        raise ValueError("write a whole number in digits, such as 12")
    return text


DIGITS = BeforeValidator(_in_digits)
"""For a whole number of a path or query: Python's own reading would take 1_0 for 10 and 1.0 for 1."""
Limit = Annotated[int, Interval(ge=1, le=100), DIGITS, Query(description="The most entries to return. Default: 20.")]
Cursor = Annotated[str | None, Query(description="The `cursor` of the previous page.")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="1 to 255 visible ASCII characters. Repeating key and body returns the first answer.",
        json_schema_extra={"pattern": "^[!-~]{1,255}$"},  # told, and looked at where the key is used
    ),
]


def _whole(number: object) -> object:
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _written(moment: object) -> object:
    if isinstance(moment, str) and _DATE.match(moment):
        return moment
    if moment is None or isinstance(moment, datetime):
        return moment
    raise ValueError("write a time as in 2026-11-30T12:00:00Z")


def _in_utc(moment: datetime) -> datetime:
    """The moment in UTC; one that lies beyond what UTC can tell here is the first or the last that it can."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
        return first if moment.year == first.year else last


WRITTEN = BeforeValidator(_written)
"""For a time of a query or body: pydantic would take 0.5 for half a second after 1970 began."""
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc), WRITTEN]
"""A time with its zone, in UTC."""
WHOLE = BeforeValidator(_whole)
Whole = Annotated[int, Field(strict=True), WHOLE]
"""A whole number of a body: 1 and 1.0, which JSON holds for the same, but neither true nor "1"."""
Flag = Annotated[bool, Field(strict=True)]
"""True or false in a body, and not what else may be read so, such as "yes" or 1."""


PlanOnly = Annotated[bool, Query(description="Only say what would happen and what it would cost; do nothing.")]


class Body(BaseModel):
    """A request's body. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class AnswerModel(BaseModel):
    """An answer: the public subset of a domain value's attributes."""

    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def of(cls, value: object) -> Self:
        """The answer for a domain value, whose attributes are named like the fields."""
        return cls.model_validate(value)


def told_as(name: str, **about: Any) -> Any:
    """A field that the domain value names differently: `name` in the answer, `called` there."""
    return Field(validation_alias=AliasChoices(name, about.pop("called")), **about)


def added(default: Any, **about: Any) -> Any:
    """A field of a body that 0.1.0 did not have: at its default it is no part of the body's digest.

    So a request that 0.1.0 answered still gets that answer when it is repeated under its Idempotency-Key.
    """
    return Field(default, exclude_if=lambda value: value == default, **about)


@dataclass(frozen=True, slots=True)
class Request:
    """The current request: who sent it, and the cloud to answer it with."""

    cloud: Cloud
    caller: str
    """The ARN of the IAM identity that signed the request."""
    id: str

    @property
    def principal(self) -> str:
        """The caller's ARN without its session name, which changes whenever an SDK assumes the role again."""
        head, role, session = self.caller.partition(":assumed-role/")
        return f"{head}{role}{session.split('/')[0]}"

    @property
    def author(self) -> Author:
        """Who has done what this request does."""
        return Author(self.caller, self.id)

    @classmethod
    def of(cls, router: APIGatewayRestResolver | APIGatewayRouter) -> Request:
        """The request that the router is serving."""
        context = router.current_event.request_context
        return cls(router.context["cloud"], context.identity.user_arn or "", context.request_id)


def once(
    request: Request,
    route: str,
    key: str | None,
    *,
    body: Body | Mapping[str, Any],
    run: Callable[[str], Answer],
    model: type[Model],
) -> Response[Model]:
    """Run a POST or PUT under its Idempotency-Key, if it has one, and return the answer as `model`."""
    content = body.model_dump(mode="json") if isinstance(body, Body) else dict(body)
    if key is None:
        answer = run(request.cloud.new_id())
    else:
        identity = idempotency.identity(caller=request.principal, route=route, key=key)
        answer = idempotency.once(identity, content, run, request.cloud)
    return Response(answer.status, "application/json", model.model_validate(answer.body))


def required(key: str | None) -> str:
    """The Idempotency-Key, for a request that spends money. Raises InvalidInput `idempotency_key_required`."""
    if key is None:
        raise InvalidInput(
            "idempotency_key_required",
            "This request spends money: send an Idempotency-Key header, so that repeating it can't spend twice.",
            field="Idempotency-Key",
        )
    return key


def data(model: BaseModel) -> dict[str, Any]:
    """An answer model as plain JSON values."""
    return model.model_dump(mode="json")
