"""Every command of docs/operations.md runs as the identity that the page names, and as nobody who may only read."""

from __future__ import annotations

import functools
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tunedrop_local.__main__ import exports

from tests import aws_cli
from tests.e2e.traveller import Traveller
from tests.template.identities import ADMINISTRATOR, DATASET, DEPLOYER_POLICY, POLICIES, TAG
from tests.template.runbook import Step, steps
from tests.waiting import PATIENCE, eventually

ROOT = Path(__file__).parents[2]
STACK = "runbook"
LAST = (
    "datasets delete",
    "delete-provisioned",
    "delete-custom-model-deployment",
    "delete-custom-model",
    "cleanup",
    "delete-stack",
)
"""What ends what other steps need, in this order; all else runs as the page has it."""
DENIED = re.compile("AccessDenied|not authorized|tunedrop: 403 ")
NO_LONGER = re.compile("(job|deployment|evaluation)_ended|nothing_to_approve|price_unknown|Nobody has confirmed yet")
"""What is said where a step comes late, or too early: it was let in, and there was nothing to do."""
BUSY = re.compile("dataset_in_use|deployment_releasing")
"""Said while a job that another step started holds the dataset, and while what one has ended goes."""


def rank(step: Step) -> int:
    """The place of a step among those that end something; 0 for all others."""
    return next((place for place, verb in enumerate(LAST, 1) if verb in step.name), 0)


STEPS = sorted({(each.who, each.command): each for each in steps()}.values(), key=rank)


@dataclass
class World:
    """A stack with something to do for every step: a model, a deployment, orphans, dead letters."""

    traveller: Traveller
    people: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)

    def client(self, who: str, service: str) -> Any:
        return self.traveller.stack.client(service, self.people[who])

    def root(self, service: str) -> Any:
        return self.traveller.stack.client(service)


@pytest.fixture(scope="module")
def runbook(world):
    """The page's own stack, because the last step deletes it."""
    stack = world.deploy(STACK, region="us-west-2", parameters={"MaxModelUnits": "2", "AllowCommitments": "true"})
    made = World(Traveller.of(stack))
    _people(made)
    _model_and_deployment(made)
    _evaluation(made)
    _orphans(made)
    _dead_letters(made)
    return made


def _people(world: World) -> None:
    stack = world.traveller.stack
    for name, policy in POLICIES.items():
        tags = {TAG.partition("/")[2]: DATASET} if name == "uploader" else None
        world.people[name] = stack.person(name.replace(" ", "-"), [f"{policy}Arn"], tags)
    text, account = DEPLOYER_POLICY.read_text("utf-8"), stack.cloud.settings.account
    for name, value in {"ACCOUNT": account, "REGION": stack.region, "STACK": STACK, "ARTIFACTS": "artifacts"}.items():
        text = text.replace(name, value)
    deployer = world.people["deployer"] = stack.cloud.user("runbook-deployer")
    world.root("iam").put_user_policy(UserName=deployer.name, PolicyName="deploy", PolicyDocument=text)
    world.people[ADMINISTRATOR] = None
    iam, role = world.root("iam"), "runbook-somebody"
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}))
    iam.attach_role_policy(RoleName=role, PolicyArn=stack.outputs["ReaderPolicyArn"])


def _model_and_deployment(world: World) -> None:
    traveller = world.traveller
    traveller.settle(DATASET, 'base_models = ["llama-3-1-8b", "llama-3-3-70b"]')
    for split, file in (("train", "train"), ("test", "validation")):
        traveller.put(f"{DATASET}/{split}.jsonl", (ROOT / "demo" / "data" / f"{file}.jsonl").read_text())
    version = traveller.version(DATASET, "train", "test", "dataset.toml")["version"]
    wish = {"name": DATASET, "hours": 1}
    job = traveller.job(dataset=DATASET, base_model="llama-3-1-8b", deployment=wish)
    world.facts |= {"job": job["id"], "version": str(version), "throughput model": job["model_arn"]}
    for fact in ("deployed model", "wanted model"):
        world.facts[fact] = traveller.job(f"-{fact.split()[0]}", dataset=DATASET, base_model="llama-3-3-70b")[
            "model_arn"
        ]
    traveller.deployment(DATASET, "Ready")
    world.facts["key"] = traveller.api.post("/keys", {"name": "runbook", "deployments": [DATASET]})["id"]


def _evaluation(world: World) -> None:
    asked = {"dataset": DATASET, "candidate": DATASET}
    world.facts["evaluation"] = world.traveller.api.post("/evaluations", asked, idempotency_key="runbook")["id"]


def _orphans(world: World) -> None:
    """What somebody tagged by hand, as the page has it: in service, so that it may be deleted, or adopted."""
    bedrock = world.root("bedrock")
    stack_id = world.root("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]["StackId"]
    tags = [{"key": "tunedrop:stack", "value": stack_id}]
    throughput = bedrock.create_provisioned_model_throughput(
        modelUnits=1, provisionedModelName="orphan", modelId=world.facts["throughput model"], tags=tags
    )["provisionedModelArn"]
    deployment, wanted = (
        bedrock.create_custom_model_deployment(
            modelDeploymentName=name, modelArn=world.facts[f"{model} model"], tags=tags
        )["customModelDeploymentArn"]
        for name, model in (("orphan", "deployed"), ("wanted", "wanted"))
    )
    ready = Traveller.eventually
    ready(lambda: bedrock.get_provisioned_model_throughput(provisionedModelId=throughput)["status"] == "InService")
    for arn in (deployment, wanted):
        ready(functools.partial(_active, bedrock, arn))
    world.facts |= {"throughput": throughput, "deployment": deployment, "wanted": wanted}


def _active(bedrock: Any, arn: str) -> bool:
    return bool(bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=arn)["status"] == "Active")


def _dead_letters(world: World) -> None:
    sqs, (url, *_) = world.root("sqs"), world.traveller.stack.outputs["DeadLetterQueueUrls"].split()
    for _ in range(3):
        sqs.send_message(QueueUrl=url, MessageBody="{}")
    (message,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)["Messages"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    world.facts |= {"url": url, "queue": arn, "handle": message["ReceiptHandle"]}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.who}: {step.name}")
def test_a_step_runs_as_whom_the_page_names_and_as_nobody_who_may_only_read(runbook, step):
    if step.changes:
        assert not let_in(runbook, step, "reader")
        assert step.who == "uploader" or not let_in(runbook, step, "uploader")
    assert let_in(runbook, step, step.who)


def test_the_orphans_and_the_stack_are_gone(runbook):
    arns = {line["resource_arn"]: line["ended_at"] for line in runbook.traveller.stack.cloud.ledger()}
    assert arns[runbook.facts["throughput"]]
    assert arns[runbook.facts["deployment"]]
    cloudformation = runbook.root("cloudformation")

    def gone() -> bool:
        try:
            (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
        except ClientError:
            return True
        return stack["StackStatus"] == "DELETE_COMPLETE"

    assert Traveller.eventually(gone)


def let_in(world: World, step: Step, who: str) -> bool:
    """Runs a step; False if IAM refuses. Whatever else goes wrong is raised."""
    try:
        if step.command.startswith("aws "):
            _run(world, step, who)
        else:
            eventually(lambda: _ran(world, step, who))
    except (ClientError, Complaint) as error:
        if DENIED.search(str(error)):
            return False
        if not NO_LONGER.search(str(error)):
            raise
    return True


STOPPED = re.compile(r"\A +evaluation .*\n +state +Stopped\n")
"""An evaluation that another step has stopped: showing it ends in 1, as a gate does that has not passed."""


class Complaint(Exception):
    """A command of ours ended with another exit code than 0; the message is what it said."""


def _ran(world: World, step: Step, who: str) -> bool:
    """Runs a command of ours as somebody with nothing but his credentials; False while the dataset is in use."""
    stack, facts = world.traveller.stack, world.facts
    meant = {"DATASET": DATASET, "DEPLOYMENT": DATASET, "JOB": facts["job"], "BASE_MODEL": "llama-3-1-8b",
             "ARN": facts["wanted"], "KEY": facts["key"], "EVALUATION": facts["evaluation"]}  # fmt: skip
    names = {"--arn": "adopted", "--commitment": "committed"}
    meant["NAME"] = next((name for option, name in names.items() if option in step.command), DATASET)
    words = [meant.get(word, word) for word in shlex.split(step.command)[1:]]
    variables = exports(stack, world.people[who])
    command = [sys.executable, "-m", "tunedrop_cli", *words, "--stack-name", STACK]
    ran = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=PATIENCE, check=False)
    said = f"{ran.stdout}{ran.stderr}"
    if ran.returncode and not BUSY.search(said) and not STOPPED.search(said):
        raise Complaint(said)
    return not BUSY.search(said)


def _run(world: World, step: Step, who: str) -> Any:
    _, service, verb, *rest = shlex.split(step.command)
    if special := HIGH_LEVEL.get(f"{service} {verb}"):
        return special(world.client(who, service), world, rest)
    return aws_cli.call(world.client(who, service), verb, _filled(world, step, rest))


def _filled(world: World, step: Step, words: list[str]) -> list[str]:
    """The page's capitals as what they stand for here."""
    facts, outputs = world.facts, world.traveller.stack.outputs
    arns = {
        "aws bedrock delete-custom-model": facts["deployed model"],
        "aws iam detach-role-policy": outputs["ReaderPolicyArn"],
        "aws sns subscribe": outputs["NotificationTopicArn"],
        "aws sqs start-message-move-task": facts["queue"],
    }
    arn = arns.get(step.name, facts["throughput" if "provisioned" in step.name else "deployment"])
    url = world.traveller.stack.resource("JobEventQueue") if step.name == "aws sqs send-message" else facts["url"]
    meant = {"URL": url, "ARN": arn, "STACK": STACK, "STACK-": f"{STACK}-", "BODY": "{}", "HANDLE": facts["handle"],
             "ROLE": "runbook-somebody", "ADDRESS": "somebody@example.com"}  # fmt: skip
    return [meant.get(word, word) for word in words]


def _copy(s3: Any, world: World, words: list[str]) -> Any:
    key = words[-1].replace("s3://BUCKET/", "").replace("<name>", DATASET)
    return s3.put_object(Bucket=world.traveller.bucket, Key=key, Body=b"{}")


def _tail(logs: Any, world: World, words: list[str]) -> Any:
    return logs.filter_log_events(logGroupName=world.traveller.stack.resource("ReconcileLogGroup"))


HIGH_LEVEL: Mapping[str, Callable[[Any, World, list[str]], Any]] = {"s3 cp": _copy, "logs tail": _tail}
