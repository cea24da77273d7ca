"""One-time schedules of EventBridge Scheduler."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tunedrop.domain.serving.brake import Schedule
from tunedrop.domain.training.bedrock_refusal import Refusal
from tunedrop.edges.bedrock.call_outcomes import Ambiguous, CallOutcome, sent

if TYPE_CHECKING:
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_scheduler.type_defs import CreateScheduleInputTypeDef

_MAY_BE_GRANTED_YET = frozenset({"AccessDeniedException"})
"""The policies of a new stack arrive late, and somebody may mend one."""
_TAKEN = "ConflictException"


def put(scheduler: EventBridgeSchedulerClient, schedule: Schedule) -> CallOutcome:
    """Make the schedule, or move the one that has its name. Safe to repeat; only `Done` says that it stands."""
    request = _request(schedule)
    made = sent(lambda: scheduler.create_schedule(**request), not_now=_MAY_BE_GRANTED_YET).outcome
    match made:
        case Ambiguous(reason) if reason == _TAKEN:
            pass
        case Refusal(code=code) if code == _TAKEN:
            pass
        case _:
            return made
    return sent(lambda: scheduler.update_schedule(**request), not_now=_MAY_BE_GRANTED_YET).outcome


def _request(schedule: Schedule) -> CreateScheduleInputTypeDef:
    """Of CreateSchedule, and of UpdateSchedule, which forgets whatever it is not told again."""
    return {
        "Name": schedule.name,
        "Description": schedule.description,
        "ScheduleExpression": f"at({schedule.fires_at:%Y-%m-%dT%H:%M:%S})",
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": schedule.target_arn,
            "RoleArn": schedule.role_arn,
            "Input": json.dumps(dict(schedule.parameters)),
        },
    }
