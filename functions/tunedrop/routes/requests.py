"""What every route needs of its request: the cloud, the caller, the Idempotency-Key, and pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self, TypeVar

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from tunedrop.edges.cloud import Cloud
from tunedrop.errors import InvalidInput
from tunedrop.routes import idempotency
from tunedrop.routes.idempotency import Answer

Model = TypeVar("Model", bound=BaseModel)

Limit = Annotated[int, Query(ge=1, le=100, description="How many at most; 20 unless told.")]
Cursor = Annotated[str | None, Query(description="Where the page before this one ended.")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="1 to 255 visible ASCII characters. The same key and body again: the first answer again.",
    ),
]


class Body(BaseModel):
    """A request's body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class AnswerModel(BaseModel):
    """An answer: takes from a domain value the attributes that are public, and no others."""

    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def of(cls, value: object) -> Self:
        """The public side of a domain value, whose attributes are named like the fields."""
        return cls.model_validate(value)


def told_as(name: str, **about: Any) -> Any:
    """A field that the domain value calls otherwise."""
    return Field(validation_alias=AliasChoices(name, about.pop("called")), **about)


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks, and with what to answer."""

    cloud: Cloud
    caller: str
    """The IAM identity that signed, as an ARN."""
    id: str

    @property
    def principal(self) -> str:
        """The caller without its session, which SDKs name anew each time they assume the role."""
        head, role, session = self.caller.partition(":assumed-role/")
        return f"{head}{role}{session.split('/')[0]}"

    @classmethod
    def of(cls, router: APIGatewayRestResolver | APIGatewayRouter) -> Request:
        """The request that the router serves now."""
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
    """Run a POST under its Idempotency-Key, where it came with one, and shape the answer as `model`."""
    content = body.model_dump(mode="json") if isinstance(body, Body) else dict(body)
    if key is None:
        answer = run(request.cloud.new_id())
    else:
        identity = idempotency.identity(caller=request.principal, route=route, key=key)
        answer = idempotency.once(identity, content, run, request.cloud)
    return Response(answer.status, "application/json", model.model_validate(answer.body))


def required(key: str | None) -> str:
    """The Idempotency-Key of a request that spends money. Raises InvalidInput `idempotency_key_required`."""
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
