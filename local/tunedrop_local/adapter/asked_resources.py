"""Seam: the resource for which AWS asks a caller's policies, where MiniStack asks for another."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_actions

from tunedrop_local.adapter import seams

_ALARMS = "DescribeAlarms"
_MOVES = "AmazonSQS.StartMessageMoveTask"
_LOG_GROUP = re.compile(r"arn:aws:logs:[^:]+:[^:]+:log-group:[^:]+")
_ABOUT_TAGS = ("TagResource", "UntagResource", "ListTagsForResource")


def install() -> None:
    """Names the queue of StartMessageMoveTask, all alarms where none is named, and log groups by what is in them."""
    arguments = ("service", "method", "path", "headers", "body", "query_params", "region", "account_id")
    extract = seams.original(iam_actions, "extract_resource_arn", *arguments)

    def asked(service: str, method: str, path: str, headers: Mapping[str, str], body: bytes, *rest: Any) -> Any:
        target = headers.get("x-amz-target", "")
        if target == _MOVES:
            return json.loads(body).get("SourceArn", "*")
        resource = extract(service, method, path, headers, body, *rest)
        if service == "monitoring" and resource == "*" and _ALARMS in (*target.split("."), *path.split("/")):
            _, region, account = rest
            return f"arn:aws:cloudwatch:{region}:{account}:alarm:*"
        if service == "logs" and _LOG_GROUP.fullmatch(resource) and not target.endswith(_ABOUT_TAGS):
            return f"{resource}:log-stream:"
        return resource

    seams.replace(iam_actions, "extract_resource_arn", asked)
