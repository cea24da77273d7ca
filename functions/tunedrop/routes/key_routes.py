"""API keys: `POST` and `GET /keys`, `DELETE /keys/{id}`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body as FromBody
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import BeforeValidator, Field

from tunedrop.actions.messages import manage_keys
from tunedrop.domain.messages import api_key
from tunedrop.domain.messages.api_key import KeyLimits
from tunedrop.routes.idempotency import Answer
from tunedrop.routes.route_basics import (
    WRITTEN,
    AnswerModel,
    Body,
    Cursor,
    IdempotencyKey,
    Limit,
    Request,
    Whole,
    added,
    data,
    once,
)

router = APIGatewayRouter()

Amount = Annotated[float, Field(strict=True, gt=0)]
"""Of money, in a body."""


def _scope_in_words(deployments: Iterable[str] | None) -> str | list[str]:
    """`"*"` also for None, which 0.1.0 answered: a stored answer of its is given again."""
    every = manage_keys.EVERY_DEPLOYMENT
    return every if deployments is None or deployments == every else sorted(deployments)


class CreateKey(Body):
    """A new API key."""

    name: str = Field(description="For people: who or what will use it. 1 to 64 characters.")
    deployments: Literal["*"] | list[str] | None = Field(
        None, description='Names of the deployments it may call, or "*" for all of them, later ones too. Required.'
    )
    expires_at: Annotated[datetime | None, WRITTEN] = Field(
        None,
        description=f"When it stops working, at most {api_key.LONGEST_LIFE.days:,} days ahead. "
        f"Default: in {api_key.DEFAULT_LIFE.days} days.",
    )
    requests_per_minute: Whole = added(
        api_key.DEFAULT_REQUESTS_PER_MINUTE, description="Calls that it may make in one minute of the clock, in UTC."
    )
    max_tokens: Whole = added(api_key.DEFAULT_MAX_TOKENS, description="The most `max_tokens` of one call.")
    max_input_tokens: Whole | None = added(None, description="The most tokens that one call may send, estimated.")
    tokens_per_minute: Whole = added(
        api_key.DEFAULT_TOKENS_PER_MINUTE, description="Tokens, in and out, of its calls in one minute of the clock."
    )
    tokens_per_day: Whole = added(api_key.DEFAULT_TOKENS_PER_DAY, description="The same, in one day of UTC.")
    tokens_per_month: Whole | None = added(None, description="The same, in one month of UTC.")
    cost_per_minute: Amount | None = added(
        None, description="What its calls may cost in one minute, in the stack's currency, where they have a price."
    )
    cost_per_day: Amount | None = added(None, description="The same, in one day of UTC.")
    cost_per_month: Amount | None = added(None, description="The same, in one month of UTC.")

    def limits(self) -> KeyLimits:
        """What the key may ask for."""
        return KeyLimits(
            requests_per_minute=self.requests_per_minute,
            max_tokens=self.max_tokens,
            max_input_tokens=self.max_input_tokens,
            tokens_per_minute=self.tokens_per_minute,
            tokens_per_day=self.tokens_per_day,
            tokens_per_month=self.tokens_per_month,
            cost_per_minute=self.cost_per_minute,
            cost_per_day=self.cost_per_day,
            cost_per_month=self.cost_per_month,
        )


class KeyAnswer(AnswerModel):
    """An API key, without its secret."""

    id: str
    name: str
    deployments: Annotated[Literal["*"] | list[str], BeforeValidator(_scope_in_words)]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    requests_per_minute: int = api_key.DEFAULT_REQUESTS_PER_MINUTE
    max_tokens: int = api_key.DEFAULT_MAX_TOKENS
    max_input_tokens: int | None = None
    tokens_per_minute: int = api_key.DEFAULT_TOKENS_PER_MINUTE
    tokens_per_day: int = api_key.DEFAULT_TOKENS_PER_DAY
    tokens_per_month: int | None = None
    cost_per_minute: float | None = None
    cost_per_day: float | None = None
    cost_per_month: float | None = None


class NewKeyAnswer(KeyAnswer):
    """An API key with its secret, which is returned only once."""

    secret: str | None = Field(description="Shown once. null when the request was repeated under its Idempotency-Key.")


class KeysAnswer(AnswerModel):
    """A page of API keys, newest first."""

    keys: list[KeyAnswer]
    cursor: str | None


@router.post("/keys", summary="Create an API key", responses={201: {"description": "The key and its secret"}})
def create_key(
    body: Annotated[CreateKey, FromBody()], idempotency_key: IdempotencyKey = None
) -> Response[NewKeyAnswer]:
    """Create an API key for the Messages API. The secret is in this answer and nowhere else."""
    request = Request.of(router)

    def run(key_id: str) -> Answer:
        key, secret = manage_keys.create(
            request.cloud,
            key_id=key_id,
            name=body.name,
            deployments=body.deployments,
            created_by=request.caller,
            expires_at=body.expires_at,
            limits=body.limits(),
        )
        answer = data(KeyAnswer.of(key)) | {"secret": secret}
        return Answer(HTTPStatus.CREATED, answer, secrets=frozenset({"secret"}))

    return once(request, "POST /keys", idempotency_key, body=body, run=run, model=NewKeyAnswer)


@router.get("/keys", summary="List API keys")
def list_keys(limit: Limit = 20, cursor: Cursor = None) -> KeysAnswer:
    """API keys, including revoked and expired ones, newest first."""
    page = manage_keys.list_keys(limit, cursor, Request.of(router).cloud)
    return KeysAnswer.of(page)


@router.delete("/keys/<key_id>", summary="Revoke an API key")
def revoke_key(key_id: str) -> KeyAnswer:
    """Revoke an API key, from its next call on. Repeating the request changes nothing."""
    return KeyAnswer.of(manage_keys.revoke(key_id, Request.of(router).cloud))
