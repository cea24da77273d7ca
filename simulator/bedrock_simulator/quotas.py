"""Service Quotas for Bedrock: the quotas that matter to customization (docs/facts.md#quotas)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bedrock_simulator.configuration import Quotas
from bedrock_simulator.errors import ServiceError
from bedrock_simulator.exchange import Request

TARGET_PREFIX: Final = "ServiceQuotasV20190624."
RECORDS_PER_CLAUDE_JOB: Final = 10_000
DEFAULT_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class _Row:
    code: str
    name: str
    value: float
    adjustable: bool


def _rows(quotas: Quotas) -> tuple[_Row, ...]:
    records = quotas.records_per_job or RECORDS_PER_CLAUDE_JOB
    return (
        _Row(
            "L-679179D2",
            "(Model customization) Sum of training and validation records for a Claude 3 Haiku v1 Fine-tuning job",
            records,
            adjustable=True,
        ),
        _Row("L-CB5B847D", "Custom models per account", quotas.custom_models, adjustable=True),
        _Row(
            "L-430C95DD",
            "In-progress custom model deployments",
            quotas.deployments_in_progress,
            adjustable=True,
        ),
        _Row("L-0406044C", "Scheduled customization jobs", quotas.scheduled_jobs, adjustable=False),
        _Row(
            "L-BE77399C",
            "Model units no-commitment Provisioned Throughputs across custom models",
            quotas.model_units,
            adjustable=True,
        ),
    )


def operation(request: Request) -> str | None:
    """The request's operation, GetServiceQuota or ListServiceQuotas; None for others, which are not simulated."""
    name = request.headers.get("x-amz-target", "").removeprefix(TARGET_PREFIX)
    return name if name in {"GetServiceQuota", "ListServiceQuotas"} else None


def answer(request: Request, quotas: Quotas) -> dict[str, Any]:
    """Answer a Service Quotas request. Raises ServiceError for an unknown quota or operation."""
    name = operation(request)
    if name is None:
        raise ServiceError("UnknownOperationException", "This operation is not simulated.")
    asked = json.loads(request.body or b"{}")
    if asked.get("ServiceCode") != "bedrock":
        raise _no_such("The request failed because the specified service does not exist.")
    rows = [_shown(request, row) for row in _rows(quotas)]
    return _one(rows, asked) if name == "GetServiceQuota" else _page(rows, asked)


def _no_such(message: str) -> ServiceError:
    return ServiceError("NoSuchResourceException", message)


def _one(rows: list[dict[str, Any]], asked: Mapping[str, Any]) -> dict[str, Any]:
    for row in rows:
        if row["QuotaCode"] == asked.get("QuotaCode"):
            return {"Quota": row}
    raise _no_such("The request failed because the specified quota does not exist.")


def _page(rows: list[dict[str, Any]], asked: Mapping[str, Any]) -> dict[str, Any]:
    start = int(asked.get("NextToken") or 0)
    end = start + int(asked.get("MaxResults") or DEFAULT_PAGE)
    more = {"NextToken": str(end)} if end < len(rows) else {}
    return {"Quotas": rows[start:end]} | more


def _shown(request: Request, row: _Row) -> dict[str, Any]:
    place = f"arn:aws:servicequotas:{request.region}:{request.account}"
    return {
        "ServiceCode": "bedrock",
        "ServiceName": "Amazon Bedrock",
        "QuotaArn": f"{place}:bedrock/{row.code}",
        "QuotaCode": row.code,
        "QuotaName": row.name,
        "Value": float(row.value),
        "Unit": "None",
        "Adjustable": row.adjustable,
        "GlobalQuota": False,
    }
