"""`DELETE /datasets/{name}` and `/datasets/{name}/versions/{version}`, and `GET /datasets/{name}/tombstones`."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import Field

from tunedrop.actions.datasets import ask_deletion, read_datasets
from tunedrop.actions.datasets.ask_deletion import Told
from tunedrop.routes.route_basics import DIGITS, AnswerModel, Cursor, Limit, PlanOnly, Request, told_as

router = APIGatewayRouter()

MOST_LISTED = 100
KEPT = (
    "outputs/ (what Bedrock wrote about its jobs) and captures/ stay, and so do custom models, deployments and the "
    "rows of jobs, which name the digests of their data. What is deployed is served until its end, but a model that "
    "learned from this data can never be deployed again, nor swapped in."
)

ANSWERS: dict[int, OpenAPIResponse] = {
    200: {"description": "It is erased, or only planned"},
    202: {"description": "It is being erased"},
    409: {"description": "It is in use"},
}


class ErasedAnswer(AnswerModel):
    """How many object versions, bytes and delete markers."""

    objects: int
    bytes: int
    delete_markers: int


class RemainingAnswer(ErasedAnswer):
    """What the bucket still holds of the deleted data."""

    complete: bool = Field(description="false if there is more than was counted")


class DeploymentLeftAnswer(AnswerModel):
    """A deployment that has not ended."""

    name: str
    state: str = Field(validation_alias="shown")
    serving: str
    expires_at: datetime | None


class TrainedModelAnswer(AnswerModel):
    """A custom model that was trained on the data. Deleting the data does not change it."""

    job_id: str
    version: int
    base_model: str
    name: str
    model_arn: str
    deployments: list[DeploymentLeftAnswer]


class StillBillingAnswer(AnswerModel):
    """Something that costs money until somebody ends it; deleting data does not."""

    what: str = Field(description="provisioned_throughput, on_demand_deployment or custom_model")
    name: str
    arn: str | None
    until: datetime | None
    how_to_end: str


class DeletionAnswer(AnswerModel):
    """A deletion: planned, in progress or done."""

    id: str | None = Field(description="null for a plan")
    dataset: str
    version: int | None = Field(description="null: the whole dataset")
    state: str = Field(description="planned, erasing or erased")
    asked_by: str
    asked_at: datetime
    erased_at: datetime | None
    erased: ErasedAnswer = Field(description="So far")
    remaining: RemainingAnswer
    versions: list[int] = Field(description="The newest 100 of those that still exist and will be deleted")
    version_count: int
    models: list[TrainedModelAnswer] = Field(description="The newest 100 of those trained on the data")
    model_count: int
    still_bills: list[StillBillingAnswer]
    kept: str


class RememberedFileAnswer(AnswerModel):
    """A deleted file, by its digest."""

    slot: str
    key: str
    version_id: str
    bytes: int
    sha256: str
    joined: int = Field(description="The number of parts it had; 0: it was one object")


class RememberedOutputAnswer(AnswerModel):
    """Deleted prepared data, by its digest."""

    split: str
    base_model: str
    key: str
    version_id: str
    bytes: int
    sha256: str
    records: int


class TombstoneAnswer(AnswerModel):
    """What remains of a deleted version: digests, never content."""

    version: int = told_as("version", called="number")
    deletion_id: str = told_as("deletion_id", called="deletion")
    deleted_by: str
    deleted_at: datetime
    created_at: datetime
    status: str = Field(description="The verdict it had")
    files: list[RememberedFileAnswer]
    outputs: list[RememberedOutputAnswer]
    records: dict[str, int] = Field(description="Records read, by split")


class TombstonesAnswer(AnswerModel):
    """A page of tombstones, newest version first."""

    tombstones: list[TombstoneAnswer]
    cursor: str | None


@router.delete("/datasets/<name>", summary="Delete a dataset", responses=ANSWERS)
def delete_dataset(name: str, plan: PlanOnly = False) -> Response[DeletionAnswer]:
    """Erase a whole dataset: every S3 version of its uploads, prepared data and reports. Digests remain.

    Refused while a running job reads it. Repeating the request shows the progress.
    """
    return _delete(name, None, plan=plan)


@router.delete("/datasets/<name>/versions/<number>", summary="Delete a version", responses=ANSWERS)
def delete_version(name: str, number: Annotated[int, DIGITS], plan: PlanOnly = False) -> Response[DeletionAnswer]:
    """Erase a version: its prepared data, its reports, and the uploads that no other version holds."""
    return _delete(name, number, plan=plan)


@router.get("/datasets/<name>/tombstones", summary="List what remains of deleted versions")
def list_tombstones(name: str, limit: Limit = 20, cursor: Cursor = None) -> TombstonesAnswer:
    """Digests of deleted versions, and who deleted them. Works for deleted datasets as well."""
    return TombstonesAnswer.of(read_datasets.list_tombstones(name, limit, cursor, Request.of(router).cloud))


def _delete(name: str, number: int | None, *, plan: bool) -> Response[DeletionAnswer]:
    request = Request.of(router)
    told = ask_deletion.delete(name, number, request.cloud, caller=request.caller, plan=plan)
    status = HTTPStatus.ACCEPTED if told.deletion.state == "erasing" else HTTPStatus.OK
    return Response(status.value, "application/json", _answer(told))


def _answer(told: Told) -> DeletionAnswer:
    asked = told.deletion
    return DeletionAnswer(
        id=None if asked.state == "planned" else asked.id,
        dataset=asked.dataset,
        version=asked.version,
        state=asked.state,
        asked_by=asked.asked_by,
        asked_at=asked.asked_at,
        erased_at=asked.erased_at,
        erased=ErasedAnswer.of(asked.erased),
        remaining=RemainingAnswer.of(told.remaining),
        versions=list(told.versions[-MOST_LISTED:]),
        version_count=len(told.versions),
        models=[TrainedModelAnswer.of(model) for model in told.models[:MOST_LISTED]],
        model_count=len(told.models),
        still_bills=[StillBillingAnswer.of(each) for each in told.still_bills[:MOST_LISTED]],
        kept=KEPT,
    )
