"""Service Quotas for Bedrock: the quotas that matter to customization (docs/facts.md#quotas)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from bedrock_simulator.configuration import Quotas
from bedrock_simulator.errors import ServiceError
from bedrock_simulator.exchange import Request

TARGET_PREFIX: Final = "ServiceQuotasV20190624."
RECORDS_PER_CLAUDE_JOB: Final = 10_000
DEFAULT_PAGE: Final = 100
UNITS_OF: Final = {  # in the ways in which AWS writes such names; None is no base model that is trained
    "Anthropic Claude 3 Haiku 200K": "anthropic.claude-3-haiku-20240307-v1:0:200k",
    "Anthropic Claude 3 Haiku 48K": None,
    "the 128k context length variant for Amazon Nova Micro": "amazon.nova-micro-v1:0:128k",
    "Amazon Nova Lite V1.0 300K": "amazon.nova-lite-v1:0:300k",
    "Amazon Nova Pro V1.0 300K": "amazon.nova-pro-v1:0:300k",
    "Amazon Nova 2 Lite V1.0 256K": "amazon.nova-2-lite-v1:0:256k",
    "Meta Llama 3.1 8B Instruct": "meta.llama3-1-8b-instruct-v1:0:128k",
    "Meta Llama 3.1 70B Instruct": "meta.llama3-1-70b-instruct-v1:0:128k",
}
CODES: Final = {"Meta Llama 3.1 8B Instruct": "L-3632DE15"}


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
        _Row(_made_up("Total"), "Total custom model deployments", quotas.deployments, adjustable=True),
        _Row("L-0406044C", "Scheduled customization jobs", quotas.scheduled_jobs, adjustable=False),
        _Row(
            "L-BE77399C",
            "Model units no-commitment Provisioned Throughputs across custom models",
            quotas.model_units,
            adjustable=True,
        ),
        *map(partial(_units_of, quotas), UNITS_OF),
    )


def _units_of(quotas: Quotas, name: str) -> _Row:
    model = UNITS_OF[name]
    value = quotas.model_units_by_model.get(model, quotas.model_units) if model else 0
    code = CODES.get(name) or _made_up(name)
    return _Row(code, f"Model units per provisioned model for {name}", value, adjustable=True)


def _made_up(name: str) -> str:
    """A code in the place of one that AWS does not publish."""
    return f"L-{hashlib.sha256(name.encode()).hexdigest()[:8].upper()}"


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
