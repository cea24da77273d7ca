"""Where AWS's console opens a report's page to whoever may read it: a signed link lasts for hours at most. Pure."""

from __future__ import annotations

from urllib.parse import urlencode

from tunedrop.domain.versions import object_keys

_CONSOLE = "https://s3.console.aws.amazon.com/s3/object"  # docs/facts.md#s3-objects


def words(report_key: str | None, stack: str, bucket: str) -> str:
    """The link as a sentence for the end of a summary; empty where there is no report. `report_key`: of its JSON."""
    if not report_key:
        return ""
    return f" Its report: {page(report_key, stack, bucket)}"


def page(report_key: str, stack: str, bucket: str) -> str:
    """The link. `report_key`: of the JSON beside the page."""
    query = urlencode({"region": stack.split(":")[3], "prefix": object_keys.page(report_key)}, safe="/")
    return f"{_CONSOLE}/{bucket}?{query}"
