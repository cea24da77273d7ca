"""Why a job waits for capacity, which quota is behind it, and what a person can do. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from tunedrop.domain.training import account_quotas
from tunedrop.domain.training.account_quotas import Quota
from tunedrop.domain.training.bedrock_refusal import Refusal
from tunedrop.domain.training.job_states import Job, Wait

_QUOTAS = {
    "custom_models_quota": (account_quotas.CUSTOM_MODELS,),
    "scheduled_jobs_quota": (account_quotas.JOBS,),
    "account_quota": (account_quotas.CUSTOM_MODELS, account_quotas.JOBS),
}
_REMEDIES = {
    "max_concurrent_jobs": "It starts when one of them ends; a higher MaxConcurrentJobs lets more run at once.",
    "older_jobs": "It starts when its turn has come; what the first in line waits for is what it waits for too.",
    "custom_models_quota": "Delete custom models that nobody needs, or get a higher quota.",
    "scheduled_jobs_quota": "It starts when other jobs of the account end.",
    "account_quota": "Bedrock does not say which quota is used up. Delete custom models that nobody needs, let other "
    "jobs of the account end, or get a higher quota.",
}
_OURS = {"max_concurrent_jobs", "older_jobs"}
_NOTHING_TO_DO = "It is sent again by itself."


def of_cap(most: int) -> Wait:
    """The wait for one of the stack's own `most` running jobs to end."""
    return Wait("max_concurrent_jobs", f"{most} jobs of this stack run already (MaxConcurrentJobs)")


def of_older(first: Job, most: int) -> Wait:
    """The wait for an older job to start, which Bedrock, or the stack's own cap, has no room for yet."""
    if first.wait and is_bedrocks(first.wait):
        return Wait("older_jobs", f"job {first.id} is older and goes first; Bedrock has no room for it yet")
    return Wait("max_concurrent_jobs", f"older jobs go first, and {most} may run at once (MaxConcurrentJobs)")


def of_refusal(refusal: Refusal) -> Wait:
    """The wait that a refusal of kind `not_now` means. Its message alone tells which quota (docs/facts.md#errors)."""
    return Wait(_code(refusal), f"{refusal.code}: {refusal.message}")


def quotas(wait: Wait, listed: Iterable[Quota]) -> tuple[Quota, ...]:
    """Those of the account's listed quotas that may be behind the wait."""
    return account_quotas.named(listed, *_QUOTAS.get(wait.code, ()))


def is_bedrocks(wait: Wait) -> bool:
    """Whether it was Bedrock that had no room."""
    return wait.code not in _OURS


def is_for_quota(wait: Wait) -> bool:
    """Whether a quota of the account is behind the wait."""
    return wait.code in _QUOTAS


def remedy(wait: Wait, behind: Iterable[Quota]) -> str:
    """What a person can do, with the quotas behind the wait, their values and who raises them."""
    named = (f'"{quota.name}" ({quota.code}) is {quota.value:g}. {quota.remedy}' for quota in behind)
    return " ".join([_REMEDIES.get(wait.code, _NOTHING_TO_DO), *named])


def _code(refusal: Refusal) -> str:
    if refusal.code != "ServiceQuotaExceededException":
        return "throttled" if refusal.code in {"ThrottlingException", "TooManyRequestsException"} else "refused_for_now"
    message = refusal.message.lower()
    if "custom model" in message:
        return "custom_models_quota"
    return "scheduled_jobs_quota" if "customization job" in message else "account_quota"
