"""Datasets: `GET /datasets`, `GET /datasets/{name}`, their versions, and each version's reports."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import Field

from tunedrop.actions.datasets import read_datasets
from tunedrop.routes.route_basics import DIGITS, AnswerModel, Cursor, Limit, Request, told_as

router = APIGatewayRouter()


class PartAnswer(AnswerModel):
    """One object of a joined upload."""

    key: str
    version_id: str
    bytes: int
    sha256: str


class FileAnswer(AnswerModel):
    """One immutable upload. A joined one has the key and id of what joined it, and a digest over its parts' digests."""

    key: str
    version_id: str
    bytes: int
    sha256: str
    joined: int = Field(description="The number of joined parts; 0: it is one object")
    parts: list[PartAnswer] = Field(description="In order; listings of versions leave them out")


class OutputAnswer(AnswerModel):
    """The prepared data that a job trains on."""

    key: str
    version_id: str
    bytes: int
    sha256: str
    records: int


class PreparationAnswer(AnswerModel):
    """The result of preparing one split for one base model."""

    base_model: str
    split: str
    verdict: str
    report_key: str = Field(description="The key of the JSON report in the data bucket")
    report_url: str | None = Field(None, description="Shows the report to whoever has the link; null in listings")
    page_url: str | None = Field(None, description="The same for the report's HTML page")
    records: int
    tokens: int = Field(description="Estimated, over all records")
    errors: int
    warnings: int
    output: OutputAnswer | None


class FindingAnswer(AnswerModel):
    """One of the most important findings; the reports have every occurrence."""

    code: str
    severity: str
    count: int
    split: str
    base_model: str
    line: int | None = Field(description="The line of the first occurrence")
    words: str
    hint: str


class VersionAnswer(AnswerModel):
    """An immutable numbered snapshot of a dataset."""

    dataset: str
    version: int = told_as("version", called="number")
    status: str = Field(description="incomplete, processing, accepted or rejected")
    files: dict[str, FileAnswer] = Field(description="By split, and dataset.toml if there is one")
    base_models: list[str]
    owner: str | None
    preparations: list[PreparationAnswer]
    top_findings: list[FindingAnswer] = Field(description="The most severe and frequent codes over all reports")
    created_at: datetime
    finished_at: datetime | None


class VersionsAnswer(AnswerModel):
    """A page of versions, newest first."""

    versions: list[VersionAnswer]
    cursor: str | None


class DatasetAnswer(AnswerModel):
    """A dataset and its newest version."""

    name: str = told_as("name", called="dataset")
    latest_version: int = told_as("latest_version", called="latest", description="0 before the first one")
    status: str | None = Field(description="The status of the newest version")
    created_at: datetime
    updated_at: datetime


class DatasetsAnswer(AnswerModel):
    """A page of datasets, the most recently changed first."""

    datasets: list[DatasetAnswer] = told_as("datasets", called="heads")
    cursor: str | None


@router.get("/datasets", summary="List datasets")
def list_datasets(limit: Limit = 20, cursor: Cursor = None) -> DatasetsAnswer:
    """Datasets, the most recently changed first."""
    page = read_datasets.list_datasets(limit, cursor, Request.of(router).cloud)
    return DatasetsAnswer.of(page)


@router.get("/datasets/<name>", summary="Read a dataset")
def get_dataset(name: str) -> DatasetAnswer:
    """A dataset and its newest version's number and status."""
    return DatasetAnswer.of(read_datasets.get_dataset(name, Request.of(router).cloud))


@router.get("/datasets/<name>/versions", summary="List a dataset's versions")
def list_versions(name: str, limit: Limit = 20, cursor: Cursor = None) -> VersionsAnswer:
    """Versions of a dataset, newest first."""
    page = read_datasets.list_versions(name, limit, cursor, Request.of(router).cloud)
    return VersionsAnswer.of(page)


@router.get("/datasets/<name>/versions/<number>", summary="Read a version")
def get_version(name: str, number: Annotated[int, DIGITS]) -> VersionAnswer:
    """A version: its files, its verdict per base model, and links to its reports that work for 15 minutes."""
    cloud = Request.of(router).cloud
    version = read_datasets.get_version(name, number, cloud)
    answer = VersionAnswer.of(version)
    for item in answer.preparations:
        links = read_datasets.report_links(item.report_key, cloud)
        item.report_url, item.page_url = links.report, links.page
    return answer
