"""Seam: a schedule's universal target, a call of some service's API in the schedule's own role.

As on AWS, a schedule that could never be carried out is refused when it is put: an API that does not exist, a
parameter that is missing (named as AWS's SDK for Java names it), a role that Scheduler may not take on.
"""

from __future__ import annotations

import functools
import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore import xform_name
from botocore.config import Config
from botocore.model import OperationModel
from botocore.session import Session
from ministack.core.responses import get_account_id, get_region
from ministack.services import eventbridge, scheduler

from tunedrop_local.adapter import policies, role_sessions, seams

_UNIVERSAL = re.compile(r"arn:[a-z-]+:scheduler:::aws-sdk:(?P<service>[a-z0-9]+):(?P<action>[a-zA-Z0-9]+)")
_ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=60)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refused(Exception):
    """AWS would not take such a schedule."""

    words: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an API, with the parameters as botocore names them."""

    service: str
    operation: str
    parameters: Mapping[str, Any]


def install(endpoint: str) -> None:
    """Wraps what puts schedules and what carries a target out."""
    for name in ("_create_schedule", "_update_schedule"):
        put = seams.original(scheduler, name, "name", "body")
        seams.replace(scheduler, name, functools.partial(_checked, put))
    invoke = seams.original(eventbridge, "_invoke_target", "target", "event", "rule")

    def invoke_target(target: Mapping[str, Any], event: Mapping[str, Any], rule: Any, view: Any = None) -> Any:
        if _UNIVERSAL.fullmatch(target.get("Arn", "")):
            return _carry_out(target, event["Resources"][0], endpoint)
        return invoke(target, event, rule, view)

    seams.replace(eventbridge, "_invoke_target", invoke_target)


def _checked(put: Callable[..., Any], name: str, body: Mapping[str, Any]) -> Any:
    target = body.get("Target") or {}
    if _UNIVERSAL.fullmatch(target.get("Arn", "")):
        try:
            _call(target)
            _check_trust(target.get("RoleArn", ""), body.get("GroupName", "default"))
        except Refused as refused:
            return scheduler._error(400, "ValidationException", refused.words)
    return put(name, body)


def _call(target: Mapping[str, Any]) -> Call:
    """The call that a target describes. Raises Refused."""
    found = _UNIVERSAL.fullmatch(target["Arn"])
    assert found
    service, model = _operation(found["service"], found["action"])
    members = {_pascal(name): name for name in (model.input_shape.members if model.input_shape else {})}
    given = json.loads(target.get("Input") or "{}")
    wanted = model.input_shape.required_members if model.input_shape else ()
    missing = [name for name in map(_pascal, wanted) if name not in given]
    if missing:
        fields = ", ".join(missing)
        raise Refused(
            f"Invalid RequestJson provided. Reason Request payload is missing the following field(s): {fields}."
        )
    return Call(service, model.name, {members[name]: value for name, value in given.items() if name in members})


def _operation(service: str, action: str) -> tuple[str, OperationModel]:
    session = Session()
    for known in session.get_available_services():
        if known.replace("-", "") == service:
            model = session.get_service_model(known)
            if (operation := _pascal(action)) in model.operation_names:
                return known, model.operation_model(operation)
    raise Refused(f"{action} is not a valid API of the service {service}.")


def _pascal(name: str) -> str:
    return name[:1].upper() + name[1:]


def _check_trust(role_arn: str, group: str) -> None:
    source = f"arn:aws:scheduler:{get_region()}:{get_account_id()}:schedule-group/{group}"
    context = {"aws:SourceAccount": get_account_id(), "aws:SourceArn": source}
    if not policies.trusts(role_arn, "scheduler.amazonaws.com", context):
        raise Refused("The execution role you provide must allow AWS EventBridge Scheduler to assume the role.")


def _carry_out(target: Mapping[str, Any], schedule_arn: str, endpoint: str) -> None:
    """Makes the call in a session of the schedule's role. Raises botocore's errors; MiniStack logs them."""
    call = _call(target)
    keys = role_sessions.credentials(target["RoleArn"], "scheduler", schedule_arn)
    client = Session().create_client(call.service, get_region(), endpoint_url=endpoint, config=_ONCE, **keys)
    getattr(client, xform_name(call.operation))(**call.parameters)
    _log.info("the schedule %s has called %s", schedule_arn, call.operation)
