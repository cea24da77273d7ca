"""`POST /datasets/{name}/uploads`: a link to upload one file of a dataset without AWS credentials."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body as FromBody
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import ConfigDict, Field

from tunedrop.actions.datasets import sign_upload
from tunedrop.actions.datasets.sign_upload import WantedUpload
from tunedrop.routes.idempotency import Answer
from tunedrop.routes.route_basics import WHOLE, AnswerModel, Body, IdempotencyKey, Request, added, data, once

router = APIGatewayRouter()

SECRETS = frozenset({"url", "next_command"})
"""A presigned link is a credential, so it is never stored with the answer."""


class UploadBody(Body):
    """The file to upload: `split` and `extension`, or `split` and `part`, or `file`, or `answers`."""

    model_config = ConfigDict(
        json_schema_extra={  # told; the action refuses what lacks `bytes`, in its own words
            "required": ["bytes"],
            "examples": [
                {"split": "train", "extension": "jsonl", "bytes": 48_211},
                {"split": "train", "part": "part-07.csv", "bytes": 48_211},
                {"file": "dataset.toml", "bytes": 120},
                {"answers": "old-model.jsonl", "bytes": 9_120},
            ],
        }
    )

    split: str | None = Field(None, description="train, validation or test")
    extension: str | None = Field(None, description="For a split in one file: jsonl, csv, parquet …")
    part: str | None = Field(None, description="For a split in several files: this file's name, or _commit")
    file: str | None = Field(None, description="dataset.toml, or a text file beside it")
    answers: str | None = added(None, description="A file of answers made elsewhere, for evaluations: old-model.jsonl")
    bytes: Annotated[int, Field(strict=True, ge=0), WHOLE] | None = Field(
        None, description="Its size, required: S3 accepts no other"
    )
    sha256: str | None = Field(None, description="Hexadecimal. If given, S3 accepts no other content")

    def wanted(self) -> WantedUpload:
        """The same as an action's argument."""
        return WantedUpload(self.split, self.extension, self.part, self.file, self.bytes, self.sha256, self.answers)


class UploadLinkAnswer(AnswerModel):
    """A link for one file."""

    method: str = Field(description="PUT")
    url: str | None = Field(description="Whoever has it may upload the file. null when the request is repeated")
    headers: dict[str, str] = Field(description="Send these with the file, unchanged")
    key: str = Field(description="The file's key in the data bucket")
    max_bytes: int = Field(description="The most bytes allowed; a larger file is refused, by S3 or in the report")
    expires_at: datetime = Field(description="The upload must begin before this time")
    next_command: str | None = Field(
        description="The command to type; it contains the link. null when the request is repeated"
    )


@router.post(
    "/datasets/<name>/uploads",
    summary="Get a link for an upload",
    responses={201: {"description": "The link, returned only once"}},
)
def create_upload_link(
    name: str, body: Annotated[UploadBody, FromBody()], idempotency_key: IdempotencyKey = None
) -> Response[UploadLinkAnswer]:
    """Get a link to upload one file of a dataset with plain HTTP, once. The dataset need not exist yet."""
    request = Request.of(router)

    def run(_: str) -> Answer:
        offered = sign_upload.offer(name, body.wanted(), request.cloud)
        return Answer(HTTPStatus.CREATED, data(UploadLinkAnswer.of(offered)), SECRETS)

    route = f"POST /datasets/{name}/uploads"
    return once(request, route, idempotency_key, body=body, run=run, model=UploadLinkAnswer)
