"""One-time schedules of EventBridge Scheduler."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tunedrop.domain.serving.brake import Schedule, StandingSchedule
from tunedrop.domain.training.bedrock_refusal import Refusal
from tunedrop.edges.bedrock.call_outcomes import Ambiguous, CallOutcome, sent

if TYPE_CHECKING:
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_scheduler.type_defs import CreateScheduleInputTypeDef

_AT = "at(%Y-%m-%dT%H:%M:%S)"
_TAKEN = "ConflictException"
_PASSING = frozenset({"AccessDeniedException", _TAKEN, "ResourceNotFoundException"})
"""The policies of a new stack arrive late, and somebody may mend one; two updates met; it fired between our calls."""
_ROLE_ARRIVES_LATE = "assume the role"
"""Words about a role that was made a moment ago (docs/facts.md#scheduler)."""


def put(scheduler: EventBridgeSchedulerClient, schedule: Schedule) -> CallOutcome:
    """Make the schedule, or move the one that has its name. Safe to repeat; only `Done` says that it stands."""
    request = _request(schedule)
    made = _answer(lambda: scheduler.create_schedule(**request))
    return _answer(lambda: scheduler.update_schedule(**request)) if _is_taken(made) else made


def standing(scheduler: EventBridgeSchedulerClient, name: str) -> StandingSchedule | None:
    """The schedule of that name; None if none stands that `put` could have made. Raises botocore's errors."""
    try:
        found = scheduler.get_schedule(Name=name)
        fires_at = datetime.strptime(found["ScheduleExpression"], _AT).replace(tzinfo=UTC)
        return StandingSchedule(fires_at, json.loads(found["Target"].get("Input", "{}")))
    except (scheduler.exceptions.ResourceNotFoundException, ValueError):
        return None


def _answer(call: Callable[[], Mapping[str, Any]]) -> CallOutcome:
    answer = sent(call, not_now=_PASSING).outcome
    if isinstance(answer, Refusal) and _ROLE_ARRIVES_LATE in answer.message:
        return replace(answer, kind="not_now")
    return answer


def _is_taken(answer: CallOutcome) -> bool:
    match answer:
        case Ambiguous(code) | Refusal(code=code):
            return code == _TAKEN
        case _:
            return False


def _request(schedule: Schedule) -> CreateScheduleInputTypeDef:
    """Of CreateSchedule, and of UpdateSchedule, which forgets whatever it is not told again."""
    return {
        "Name": schedule.name,
        "Description": schedule.description,
        "ScheduleExpression": f"{schedule.fires_at:{_AT}}",
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": schedule.target_arn,
            "RoleArn": schedule.role_arn,
            "Input": json.dumps(dict(schedule.parameters)),
        },
    }
