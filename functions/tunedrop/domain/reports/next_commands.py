"""Commands that a person may run next: of the `tunedrop` command, as they run when they are pasted into a shell."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a check of a file proposes commands too, and does without jobs
    from datetime import datetime

    from tunedrop.domain.evaluation.evaluation_request import EvaluationWish, StartEvaluation
    from tunedrop.domain.training.job_states import DeploymentWish, Job
    from tunedrop.domain.training.start_request import DeploymentRequest, StartJob


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, with the command that does it if there is one."""

    words: str
    command: str | None = None
    approves: bool = False
    """Whether it is about what waits for a person, who may have decided since it was written."""


DEFAULT_STACK = "tunedrop"
"""The stack that the command asks if it is told no other."""


def start_job(
    dataset: str,
    version: int | None,
    base_model: str,
    *,
    hyperparameters: Mapping[str, Any] | None = None,
    deployment: DeploymentRequest | DeploymentWish | None = None,
    plan_id: str | None = None,
    choices: StartJob | Job | None = None,
) -> str:
    """Start a job; `plan_id` confirms that exactly this one is wanted. `choices`: what is chosen beside, as there."""
    words = ["jobs", "start", f"{dataset}@{version}" if version else dataset, "--model", base_model]
    for name, value in (hyperparameters or {}).items():
        words += ["--set", f"{name}={value}"]
    if deployment:
        words += ["--deploy", deployment.name]
        words += ["--serving", deployment.serving] if deployment.serving else []
        words += ["--model-units", str(deployment.model_units)] if deployment.model_units else []
        words += ["--hours", str(deployment.hours)] if deployment.hours else []
        words += ["--idle-minutes", str(deployment.idle_minutes)] if deployment.idle_minutes else []
        words += ["--on-budget", "release"] if deployment.on_budget == "release" else []
    words += _chosen(choices) if choices else []
    return _command(*words, *(("--plan-id", plan_id) if plan_id else ()))


def _wished(wish: EvaluationWish | StartEvaluation) -> list[str]:
    """What an evaluation is to ask, and by what to decide."""
    words = []
    for name in wish.against or ():
        words += ["--against", name]
    for each in fields(wish):
        value, option = getattr(wish, each.name), f"--{each.name.replace('_', '-')}"
        if each.name not in {"dataset", "version", "candidate", "against"} and value != each.default:
            words += [option] if value is True else [option, str(value)]
    return words


def _chosen(choices: StartJob | Job) -> list[str]:
    words = ["--evaluate", *_wished(choices.evaluation)] if choices.evaluation else []
    words += ["--from-job", choices.from_job] if choices.from_job else []
    for name, value in choices.tags.items():
        words += ["--tag", f"{name}={value}"]
    words += ["--deadline", choices.deadline.isoformat(timespec="seconds")] if choices.deadline else []
    words += ["--kms-key", choices.kms_key_arn] if choices.kms_key_arn else []
    for option, ids in (("--subnet", "subnet_ids"), ("--security-group", "security_group_ids")):
        for each in getattr(choices.vpc, ids, ()):
            words += [option, each]
    return [*words, "--accept-unknown-price"] if choices.accept_unknown_price else words


def show_job(job_id: str, *, watch: bool = False) -> str:
    """Show a job, or follow it to its end."""
    return _command("jobs", "show", job_id, *(("--watch",) if watch else ()))


def list_jobs(dataset: str) -> str:
    """List a dataset's jobs."""
    return _command("jobs", "list", "--dataset", dataset)


def show_dataset(dataset: str, version: int | None = None) -> str:
    """Show a dataset's newest version, or this one."""
    return _command("datasets", "show", dataset, *(("--version", str(version)) if version else ()))


def base_models() -> str:
    """Say what can be tuned here today."""
    return _command("base-models")


def costs() -> str:
    """Say what this month has cost, by deployment."""
    return _command("costs", "--by", "deployment")


def list_deployments() -> str:
    """List deployments."""
    return _command("deployments", "list")


def show_deployment(name: str) -> str:
    """Show a deployment."""
    return _command("deployments", "show", name)


def plan_serving(dataset: str, job_id: str) -> str:
    """Say what it would do and cost to serve a job's model, by a name after its dataset."""
    return _command("deployments", "put", f"{dataset[:27].rstrip('-')}-prod", "--job", job_id, "--plan")


def renew_deployment(name: str, expires_at: datetime) -> str:
    """Let a deployment stand until then."""
    return _command("deployments", "put", name, "--expires-at", f"{expires_at:%Y-%m-%dT%H:%M:%SZ}")


def approve_deployment(name: str, term: str, plan_id: str) -> str:
    """Approve a commitment that another person asked for; the reason is theirs to say."""
    return _command("deployments", "approve", name, "--term", term, "--plan-id", plan_id, "--reason", "WHY")


def delete_deployment(name: str) -> str:
    """Give a deployment's capacity back."""
    return _command("deployments", "delete", name)


def adopt_capacity(deployment: str, arn: str) -> str:
    """Say what it would mean to make capacity that exists a deployment's."""
    return _command("deployments", "put", deployment, "--arn", arn, "--plan")


def end_capacity(arn: str) -> str:
    """Delete what no deployment owns: with the person's own credentials, because the stack never does."""
    if ":provisioned-model/" in arn:
        return shlex.join(["aws", "bedrock", "delete-provisioned-model-throughput", "--provisioned-model-id", arn])
    words = ["aws", "bedrock", "delete-custom-model-deployment", "--custom-model-deployment-identifier", arn]
    return shlex.join(words)


def plan_evaluation(asked: StartEvaluation) -> str:
    """Say what an evaluation would ask, show and cost."""
    data = f"{asked.dataset}@{asked.version}" if asked.version else asked.dataset
    return _command("evaluations", "start", data, "--candidate", asked.candidate, *_wished(asked), "--plan")


def sheet_of_evaluation(evaluation_id: str) -> str:
    """Write a sheet on which people choose between two answers, not knowing whose they are."""
    return _command("evaluations", "show", evaluation_id, "--sheet", f"blind-{evaluation_id}")


def show_evaluation(evaluation_id: str, *, watch: bool = False) -> str:
    """Show an evaluation, or follow it to its end."""
    return _command("evaluations", "show", evaluation_id, *(("--watch",) if watch else ()))


def approve_evaluation(evaluation_id: str) -> str:
    """Let live what the gate holds; the reason is theirs to say."""
    return _command("evaluations", "approve", evaluation_id, "--reason", "WHY")


def count_labels_of_evaluation(evaluation_id: str, sheet: str) -> str:
    """Say what people chose on a blind sheet."""
    return _command("evaluations", "show", evaluation_id, "--labels", sheet)


def keep_page_of_evaluation(evaluation_id: str) -> str:
    """Write an evaluation's page, with its examples, to a file."""
    return _command("evaluations", "show", evaluation_id, "--html", f"evaluation-{evaluation_id}.html")


def create_key(deployment: str) -> str:
    """Create an API key for one deployment."""
    return _command("keys", "create", "--name", deployment, "--deployment", deployment)


def test_notifications() -> str:
    """Send a notification that tells of nothing."""
    return _command("notifications", "test")


def doctor() -> str:
    """Look at a stack and its account."""
    return _command("doctor")


def clean_up() -> str:
    """End all that a stack has in Bedrock."""
    return _command("cleanup")


def delete_model(name: str) -> str:
    """Delete a custom model that nothing serves."""
    return _command("models", "delete", name)


def in_stack(command: str, stack_arn: str) -> str:
    """The command for the stack of this ARN, which it has to name unless that is the default."""
    name = stack_arn.rsplit(":", 1)[-1].split("/")[1] if stack_arn.count("/") >= 1 else DEFAULT_STACK
    ours = command.startswith("tunedrop ") and name != DEFAULT_STACK
    return f"{command} {shlex.join(['--stack-name', name])}" if ours else command


def _command(*words: str) -> str:
    return shlex.join(["tunedrop", *words])
