"""`POST /datasets/{name}/uploads`: a link to put one file of a dataset, for those who have no AWS credentials."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body as FromBody
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import Field, StrictInt

from tunedrop.actions.datasets import sign_upload
from tunedrop.actions.datasets.sign_upload import WantedUpload
from tunedrop.routes.idempotency import Answer
from tunedrop.routes.requests import AnswerModel, Body, IdempotencyKey, Request, data, once

router = APIGatewayRouter()

SECRETS = frozenset({"url", "next_command"})


class UploadBody(Body):
    """The file to put: `split` and `extension`, or `split` and `part`, or `file`."""

    split: str | None = Field(None, description="train, validation or test")
    extension: str | None = Field(None, description="Of a split in one file: jsonl, csv, parquet …")
    part: str | None = Field(None, description="Of a split in several files: this one's name, or _commit")
    file: str | None = Field(None, description="dataset.toml, or a text file beside it")
    bytes: StrictInt | None = Field(None, ge=0, description="Its size: S3 then takes exactly that many")
    sha256: str | None = Field(None, description="Hexadecimal: S3 then takes exactly this content")

    def wanted(self) -> WantedUpload:
        """As the use case takes it."""
        return WantedUpload(self.split, self.extension, self.part, self.file, self.bytes, self.sha256)


class UploadLinkAnswer(AnswerModel):
    """A link for one file."""

    method: str = Field(description="PUT")
    url: str | None = Field(description="Whoever has it may put the file. null when told again")
    headers: dict[str, str] = Field(description="To be sent with it, exactly so")
    key: str = Field(description="Where the file will stand in the data bucket")
    max_bytes: int = Field(description="What may be sent at most; more is refused, by S3 or in the report")
    expires_at: datetime = Field(description="The upload must have begun by then")
    next_command: str | None = Field(description="What a person would type; holds the link. null when told again")


@router.post(
    "/datasets/<name>/uploads",
    summary="Get a link for an upload",
    responses={201: {"description": "The link, told this once"}},
)
def create_upload_link(
    name: str, body: Annotated[UploadBody, FromBody()], idempotency_key: IdempotencyKey = None
) -> Response[UploadLinkAnswer]:
    """A link to put one file of a dataset with plain HTTP. The dataset need not exist yet."""
    request = Request.of(router)

    def run(_: str) -> Answer:
        offered = sign_upload.offer(name, body.wanted(), request.cloud)
        return Answer(HTTPStatus.CREATED, data(UploadLinkAnswer.of(offered)), SECRETS)

    route = f"POST /datasets/{name}/uploads"
    return once(request, route, idempotency_key, body=body, run=run, model=UploadLinkAnswer)
