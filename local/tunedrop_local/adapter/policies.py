"""Seams: evaluates policies on Bedrock's true resources and can record every decision."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from ministack.core import iam_actions, iam_evaluator, router
from ministack.core.responses import get_account_id
from ministack.services import iam

from tunedrop_local.adapter import seams
from tunedrop_local.properties import event_context, row_context

Failure = tuple[int, dict[str, str], bytes]


#: Whether a bucket or queue policy is being evaluated, which uses the same evaluator but is not the caller's.
_resource_policy: ContextVar[bool] = ContextVar("resource_policy", default=False)


@dataclass(frozen=True, slots=True)
class Check:
    """A question for the caller's policies: whether they allow this action on this resource in this context."""

    action: str
    resource: str
    context: Mapping[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Decision:
    """The policies' decision: Allow, Deny or ImplicitDeny."""

    principal: str
    action: str
    resource: str
    decision: str


class Recorder:
    """Records each distinct decision about callers' own policies while `on`; tests of least privilege read it."""

    def __init__(self) -> None:
        self.on = False
        self._decisions: set[Decision] = set()
        self._lock = threading.Lock()

    def decisions(self) -> list[Decision]:
        """The recorded decisions, sorted."""
        with self._lock:
            return sorted(self._decisions)

    def clear(self) -> None:
        """Forgets the recorded decisions."""
        with self._lock:
            self._decisions.clear()

    def install(self) -> None:
        """Wraps the evaluator."""
        evaluate = seams.original(iam_evaluator, "evaluate", "ctx")
        of_resource = seams.original(iam_evaluator, "evaluate_resource_policy", "doc", "ctx")

        def recording(ctx: Any, *policies: Any, **options: Any) -> Any:
            result = evaluate(ctx, *policies, **options)
            if self.on and not _resource_policy.get():
                seen = Decision(ctx.principal_arn, ctx.action, ctx.resource_arn, result.decision)
                with self._lock:
                    self._decisions.add(seen)
            return result

        def not_recording(*arguments: Any, **options: Any) -> Any:
            token = _resource_policy.set(True)
            try:
                return of_resource(*arguments, **options)
            finally:
                _resource_policy.reset(token)

        seams.replace(iam_evaluator, "evaluate", recording)
        seams.replace(iam_evaluator, "evaluate_resource_policy", not_recording)


def install(services: Iterable[str]) -> None:
    """Makes `refusal` responsible for the policies of these services. MiniStack still authenticates callers."""
    ours = frozenset(services)
    arguments = ("service", "method", "path", "headers", "body", "query_params")
    extract = seams.original(iam_actions, "extract_iam_action", *arguments)
    seams.original(iam_evaluator, "enforce", "access_key_id", "iam_action", "service", "region")
    seams.original(iam_actions, "access_denied_response", "service", "action", "principal_arn")

    targets = seams.original(iam_actions, "_s3_batch_delete_targets", "bucket", "body")

    def extract_action(service: str, *rest: Any) -> Any:
        if service in ours:
            return None
        action = extract(service, *rest)
        return _deleting_versions(targets, *rest) or action if service == "s3" else action

    seams.replace(iam_actions, "extract_iam_action", extract_action)
    _know_condition_keys()
    _know_one_root_key_only()


def _deleting_versions(targets: Any, method: str, path: str, _: Any, body: bytes, query: Mapping[str, Any]) -> str:
    """The action of a DeleteObjects request that names versions; MiniStack misses it for the first of them."""
    if method != "POST" or "delete" not in query:
        return ""
    named = targets(path.strip("/").partition("/")[0], body)
    return "s3:DeleteObjectVersion" if named and named[0][1] else ""


def _know_condition_keys() -> None:
    """Adds the condition keys of PutEvents and of rows (dynamodb:LeadingKeys), which MiniStack lacks."""
    arguments = ("service", "iam_action", "body", "params")
    tags = seams.original(iam_actions, "request_tag_context", *arguments)

    def context(service: str, iam_action: str, body: bytes, params: Mapping[str, Any]) -> dict[str, Any]:
        known = tags(service, iam_action, body, params)
        if iam_action == "events:PutEvents":
            return {**known, **event_context(body)}
        return {**known, **row_context(body)} if service == "dynamodb" else known

    seams.replace(iam_actions, "request_tag_context", context)


def _know_one_root_key_only() -> None:
    """MiniStack accepts `test` and any twelve digits as the root user; here, only the configured key is."""
    is_root = seams.original(iam_evaluator, "is_root_access_key", "access_key_id")

    def is_configured_root(access_key_id: str) -> bool:
        guessable = access_key_id == "test" or (access_key_id.isdigit() and len(access_key_id) == 12)
        return not guessable and bool(is_root(access_key_id))

    seams.replace(iam_evaluator, "is_root_access_key", is_configured_root)


def refusal(service: str, checks: Iterable[Check], headers: Mapping[str, str], request_id: str) -> Failure | None:
    """The service's answer to the first check that the caller's policies do not allow; None if all are allowed."""
    key = router.extract_access_key_id(headers, {})
    region = router.extract_region(headers)
    for check in checks:
        denied = iam_evaluator.enforce(
            key, check.action, service, check.context.get("aws:RequestedRegion", region),
            resource_arn=check.resource, service_context=dict(check.context),
        )  # fmt: skip
        if denied:
            return _access_denied(service, check, denied, headers, request_id)
    return None


def _access_denied(service: str, check: Check, denied: Any, headers: Mapping[str, str], request_id: str) -> Failure:
    principal = getattr(denied, "principal_arn", "")
    explicit = getattr(denied, "decision", "") == "Deny"
    reason = (
        "with an explicit deny" if explicit else f"because no identity-based policy allows the {check.action} action"
    )
    words = f"User: {principal} is not authorized to perform: {check.action} on resource: {check.resource} {reason}"
    status, answer, body = iam_actions.access_denied_response(
        service, check.action, principal, request_id,
        error_code="AccessDeniedException", message=words, headers=dict(headers), resource_arn=check.resource,
    )  # fmt: skip
    return status, answer, body


def trusts(role_arn: str, service: str, context: Mapping[str, str]) -> bool:
    """Whether the role exists and its trust policy, with its conditions, lets this service assume it."""
    role = iam._roles.get(role_arn.rsplit("/", 1)[-1])
    if role is None or role.get("Arn") != role_arn:
        return False
    asked = iam_evaluator.EvalContext(
        principal_arn=service,
        principal_type="Service",
        principal_account=get_account_id(),
        action="sts:AssumeRole",
        resource_arn=role_arn,
        region="",
        service_context={key.lower(): value for key, value in context.items()},
    )
    document = iam_evaluator.json.loads(role["AssumeRolePolicyDocument"])
    return any(_allows(statement, service, asked) for statement in document["Statement"])


def _allows(statement: Mapping[str, Any], service: str, asked: Any) -> bool:
    return (
        statement.get("Effect") == "Allow"
        and iam_evaluator._service_principal_matches(statement.get("Principal"), service)
        and iam_evaluator._conditions_met(statement.get("Condition", {}), asked)
    )
