"""Why a job waits: which quota it is, as far as Bedrock says, and what to do."""

from __future__ import annotations

import pytest
from tunedrop.domain.training import wait_reasons
from tunedrop.domain.training.account_quotas import Quota
from tunedrop.domain.training.bedrock_refusal import Refusal
from tunedrop.domain.training.job_states import Wait

MODELS = Quota("L-CB5B847D", "Custom models per account", 100, adjustable=True)
JOBS = Quota("L-0406044C", "Scheduled customization jobs", 10, adjustable=False)
OTHER = Quota(
    "L-BE77399C", "Model units no-commitment Provisioned Throughputs across custom models", 0, adjustable=True
)
LISTED = (MODELS, JOBS, OTHER)


@pytest.mark.parametrize(
    ("code", "message", "wait", "behind"),
    [
        ("ServiceQuotaExceededException", "Too many custom models.", "custom_models_quota", (MODELS,)),
        ("ServiceQuotaExceededException", "Too many customization jobs.", "scheduled_jobs_quota", (JOBS,)),
        ("ServiceQuotaExceededException", "Your quota is exceeded.", "account_quota", (MODELS, JOBS)),
        ("ThrottlingException", "Rate exceeded for custom models", "throttled", ()),
        ("SomethingElse", "later", "refused_for_now", ()),
    ],
)
def test_bedrocks_code_and_message_tell_which_quota_it_is(code, message, wait, behind):
    found = wait_reasons.of_refusal(Refusal("not_now", code, message))
    assert found == Wait(wait, f"{code}: {message}")
    assert wait_reasons.quotas(found, LISTED) == behind
    assert wait_reasons.is_for_quota(found) == bool(behind)


def test_a_remedy_names_each_quota_with_its_value_and_who_raises_it():
    words = wait_reasons.remedy(Wait("account_quota", "full"), (MODELS, JOBS))
    assert '"Custom models per account" (L-CB5B847D) is 100. Ask for more in Service Quotas' in words
    assert '"Scheduled customization jobs" (L-0406044C) is 10. AWS does not raise it.' in words


def test_a_wait_for_the_stacks_own_cap_names_its_parameter():
    wait = wait_reasons.of_cap(2)
    assert wait.reason == "2 jobs of this stack run already (MaxConcurrentJobs)"
    assert "MaxConcurrentJobs" in wait_reasons.remedy(wait, ())
