"""The account's quotas, read from Service Quotas each time because they differ by account (docs/facts.md#quotas)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_service_quotas import ServiceQuotasClient

MODEL_UNITS = "L-BE77399C"  # docs/facts.md#quotas: no-commitment model units across custom models
DEPLOYMENTS_IN_PROGRESS = "L-430C95DD"  # docs/facts.md#quotas


def value(quotas: ServiceQuotasClient, code: str) -> float | None:
    """The quota's value, or None if Service Quotas does not list it in this Region. Raises botocore's errors."""
    try:
        answer = quotas.get_service_quota(ServiceCode="bedrock", QuotaCode=code)
    except quotas.exceptions.NoSuchResourceException:
        return None
    return answer["Quota"].get("Value")
