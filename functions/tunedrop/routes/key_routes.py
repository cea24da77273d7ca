"""API keys: `POST` and `GET /keys`, `DELETE /keys/{id}`."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body as FromBody
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import AfterValidator, Field

from tunedrop.actions.messages import manage_keys
from tunedrop.routes.idempotency import Answer
from tunedrop.routes.route_basics import AnswerModel, Body, Cursor, IdempotencyKey, Limit, Request, data, once

router = APIGatewayRouter()


class CreateKey(Body):
    """A new API key."""

    name: str = Field(description="For people: who or what will use it. 1 to 64 characters.")
    deployments: list[str] | None = Field(None, description="Names of deployments it may call. Default: all of them.")
    expires_at: datetime | None = Field(None, description="When it stops working. Default: only when revoked.")


class KeyAnswer(AnswerModel):
    """An API key, without its secret."""

    id: str
    name: str
    deployments: Annotated[list[str], AfterValidator(sorted)] | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


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
