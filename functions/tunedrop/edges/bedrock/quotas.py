"""The account's quotas, read from Service Quotas each time because they differ by account (docs/facts.md#quotas)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunedrop.domain.training.account_quotas import Quota

if TYPE_CHECKING:
    from mypy_boto3_service_quotas import ServiceQuotasClient

MOST_PER_PAGE = 100


def listed(quotas: ServiceQuotasClient) -> tuple[Quota, ...]:
    """Bedrock's quotas that have a value in this Region. Raises botocore's errors."""
    pages = quotas.get_paginator("list_service_quotas").paginate(
        ServiceCode="bedrock", PaginationConfig={"PageSize": MOST_PER_PAGE}
    )
    rows = (row for page in pages for row in page["Quotas"])
    return tuple(
        Quota(row["QuotaCode"], row["QuotaName"], row["Value"], row.get("Adjustable", False))
        for row in rows
        if "Value" in row
    )
