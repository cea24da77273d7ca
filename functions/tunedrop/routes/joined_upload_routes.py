"""Joined uploads: `POST /datasets/{name}/versions`, and `GET /datasets/{name}/uploads/{id}` for the outcome."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body as FromBody
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from tunedrop.actions.datasets import join_parts
from tunedrop.actions.datasets.join_parts import NamedPart
from tunedrop.domain.base_models.catalogue import SPLITS
from tunedrop.routes.idempotency import Answer
from tunedrop.routes.route_basics import AnswerModel, Body, IdempotencyKey, Request, data, once, told_as

router = APIGatewayRouter()

EXAMPLE: JsonDict = {"splits": {"train": ["incoming/support-bot/train/a.jsonl", "incoming/support-bot/train/b.jsonl"]}}


class PartBody(Body):
    """One uploaded object, in one of its S3 versions."""

    key: str
    version_id: str | None = Field(None, min_length=1, description="S3's version id. Default: the current version")

    def asked(self) -> NamedPart:
        """The same as an action's argument."""
        return NamedPart(self.key, self.version_id)


class MakeVersionBody(Body):
    """Objects under `incoming/<dataset>/` that become the splits of a new version."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    splits: dict[str, list[str | PartBody]] = Field(
        json_schema_extra={"propertyNames": {"enum": list(SPLITS)}},  # told; the action refuses others in its own words
        description="By split, the keys of its files, at most 1,000. Files are joined in the order of their keys",
    )

    def asked(self) -> dict[str, list[NamedPart]]:
        """The same as an action's argument."""
        return {
            split: [NamedPart(part) if isinstance(part, str) else part.asked() for part in parts]
            for split, parts in self.splits.items()
        }


class UploadAnswer(AnswerModel):
    """The outcome of a request to make a version."""

    dataset: str
    upload_id: str = told_as("upload_id", called="version_id")
    status: str = Field(
        description="processing, done (its version has a verdict or is incomplete), unchanged (the dataset already has "
        "the same bytes), superseded (by newer uploads), gone (an object was deleted before it was read)"
    )
    version: int | None = Field(description="The version it made, or that already has the same bytes; null until known")
    parts: dict[str, int] = told_as("parts", called="splits", description="The number of files of each split")
    received_at: datetime


@router.post(
    "/datasets/<name>/versions",
    summary="Make a version from uploaded files",
    responses={202: {"description": "Accepted; `GET /datasets/{name}/uploads/{upload_id}` shows the outcome"}},
)
def make_version(
    name: str, body: Annotated[MakeVersionBody, FromBody()], idempotency_key: IdempotencyKey = None
) -> Response[UploadAnswer]:
    """Join uploaded files into splits of one new version, without a `_commit`.

    The version has these files, and all other splits, as they are at the time of the request.
    """
    request = Request.of(router)

    def run(upload_id: str) -> Answer:
        upload = join_parts.request(name, body.asked(), upload_id, request.cloud)
        return Answer(HTTPStatus.ACCEPTED, data(UploadAnswer.of(upload)))

    route = f"POST /datasets/{name}/versions"
    return once(request, route, idempotency_key, body=body, run=run, model=UploadAnswer)


@router.get("/datasets/<name>/uploads/<upload_id>", summary="Read the outcome of a joined upload")
def get_upload(name: str, upload_id: str) -> UploadAnswer:
    """A request to make a version: whether it is done, and which version it made."""
    return UploadAnswer.of(join_parts.get(name, upload_id, Request.of(router).cloud))
