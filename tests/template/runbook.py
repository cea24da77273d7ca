"""The commands of docs/operations.md: as whom each runs, and what it asks IAM for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.iam.evaluation import Request
from tests.template.identities import ARTIFACTS, DATASET
from tests.template.stack import ACCOUNT, NAME, PSEUDO, REGION

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
_READS = re.compile(r"aws \S+ (describe|get|list|receive|tail)|tunedrop \S+ (list|show)")
_OURS = "tunedrop (?:cleanup|datasets|deployments|evaluations|jobs|keys|notifications)"
_TOKEN = re.compile(rf"As the \*\*(?P<who>[a-z ]+)\*\*|`(?P<command>(?:aws|{_OURS}) [^`]+)`")
ROUTE = re.compile(r"`(?:GET|POST|PUT|DELETE) /(?!v1/)[^`]*`")
"""A route of ControlApi, for which there is a command."""


@dataclass(frozen=True, slots=True)
class Step:
    """One command of the page (`aws sqs …` or `tunedrop jobs …`), the section it stands in, and as whom it runs."""

    section: str
    who: str
    command: str

    @property
    def changes(self) -> bool:
        """Whether it changes something."""
        return not _READS.match(self.command) and "--plan" not in self.command

    @property
    def name(self) -> str:
        """The command without its arguments, as people speak of it."""
        copies_up = self.command.startswith("aws s3 cp") and self.command.split()[-1].startswith("s3://")
        words = self.command.split()[:3]
        return " ".join(word for word in words if not word.startswith("--")) + (" (up)" if copies_up else "")

    @property
    def requests(self) -> Sequence[Request]:
        """What it asks IAM for. Raises KeyError for a command that `COMMANDS` lacks."""
        return COMMANDS[self.name]


def steps(page: str | None = None) -> Iterator[Step]:
    """The commands of the page in its order; `who` is empty where the page names nobody.

    What a list's item says of itself holds for that item, all else until the section's end.
    """
    section = in_section = in_item = ""
    for line in (page or PAGE.read_text("utf-8")).splitlines():
        if line.startswith("#"):
            section, in_section, in_item = line.lstrip("# "), "", ""
        item = re.match(r"\d+\. ", line) is not None
        if item or not line.startswith("   "):
            in_item = ""
        for token in _TOKEN.finditer("" if line.startswith("|") else line):
            if token["who"] and (item or line.startswith("   ")):
                in_item = token["who"]
            elif token["who"]:
                in_section = token["who"]
            else:
                yield Step(section, in_item or in_section, token["command"])


def route_request(route: str) -> Request:
    """What API Gateway asks IAM for; parameters like `{name}` and `<name>` become a dataset's name."""
    method, _, path = route.partition(" /")
    filled = re.sub(r"\{\w+\}|<\w+>", DATASET, path)
    return Request("execute-api:Invoke", f"arn:aws:execute-api:{REGION}:{ACCOUNT}:<ControlApi>/v1/{method}/{filled}")


@dataclass(frozen=True, slots=True)
class _On:
    """The requests for actions on each of several resources, in one context."""

    resources: Sequence[str]
    context: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *actions: str) -> tuple[Request, ...]:
        return tuple(Request(action, each, self.context) for action in actions for each in self.resources)


def _arns(*names: str) -> tuple[str, ...]:
    return tuple(f"<{name}.Arn>" for name in names)


_QUEUES = ("Upload", "Spend", "JobEvent", "Evaluation")
_SOURCES = _arns(*(f"{each}Queue" for each in _QUEUES))
_MOVABLE = _arns(*(f"{each}DeadLetterQueue" for each in _QUEUES))
_DEAD = (*_MOVABLE, "<RuleDeadLetterQueue.Arn>")
_FUNCTIONS = (
    "DatasetUploaded", "ControlApi", "JobStateChanged", "SpendingRequested", "EvaluationRequested", "Reconcile",
    "MessagesApi", "DeletionGuard",
)  # fmt: skip
_OWN = {"aws:ResourceTag/tunedrop:stack": PSEUDO["AWS::StackId"]}
_BY_S3 = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}


def _routes(*routes: str) -> tuple[Request, ...]:
    """What a command of ours asks for: the stack's outputs, then these routes of ControlApi."""
    return (*_stack("cloudformation:DescribeStacks"), *map(route_request, routes))


def _bedrock(kind: str) -> _On:
    return _On([f"arn:aws:bedrock:{REGION}:{ACCOUNT}:{kind}/0123abcd"], _OWN)


_queues, _movable, _sources, _key = _On(_DEAD), _On(_MOVABLE), _On(_SOURCES), _On(_arns("Key"), _BY_S3)
_stack = _On([PSEUDO["AWS::StackId"]])
_anything = _On(["*"])
_topics = _On([f"arn:aws:sns:{REGION}:{ACCOUNT}:{NAME}-{each}-4F2A" for each in ("NotificationTopic", "PeopleTopic")])
_throughput, _deployment = _bedrock("provisioned-model"), _bedrock("custom-model-deployment")
_foreign_role = _On([f"arn:aws:iam::{ACCOUNT}:role/somebody"])

COMMANDS: Mapping[str, Sequence[Request]] = {  # docs/facts.md#iam
    "aws bedrock delete-custom-model": _bedrock("custom-model")("bedrock:DeleteCustomModel"),
    "aws bedrock delete-custom-model-deployment": _deployment("bedrock:DeleteCustomModelDeployment"),
    "aws bedrock delete-provisioned-model-throughput": _throughput("bedrock:DeleteProvisionedModelThroughput"),
    "aws bedrock get-custom-model-deployment": _deployment("bedrock:GetCustomModelDeployment"),
    "aws bedrock get-provisioned-model-throughput": _throughput("bedrock:GetProvisionedModelThroughput"),
    "aws bedrock list-custom-model-deployments": _anything("bedrock:ListCustomModelDeployments"),
    "aws bedrock list-custom-models": _anything("bedrock:ListCustomModels"),
    "aws bedrock list-provisioned-model-throughputs": _anything("bedrock:ListProvisionedModelThroughputs"),
    "aws cloudformation delete-stack": _stack("cloudformation:DeleteStack"),
    "aws cloudformation describe-stack-resources": _stack("cloudformation:DescribeStackResources"),
    "aws cloudformation describe-stacks": _stack("cloudformation:DescribeStacks"),
    "aws cloudwatch describe-alarms": _On([f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*"])(
        "cloudwatch:DescribeAlarms"
    ),
    "aws iam detach-role-policy": _foreign_role("iam:DetachRolePolicy"),
    "aws iam tag-role": _foreign_role("iam:TagRole"),
    "aws lambda get-account-settings": _anything("lambda:GetAccountSettings"),
    "aws logs tail": _On(_arns(*(f"{name}LogGroup" for name in _FUNCTIONS)))("logs:FilterLogEvents"),
    "aws s3 cp (up)": (
        *_On([f"<DataBucket.Arn>/incoming/{DATASET}/train.jsonl"])("s3:PutObject"),
        *_key("kms:Decrypt", "kms:GenerateDataKey"),
    ),
    "aws sns subscribe": _topics("sns:Subscribe"),
    "aws sqs delete-message": _queues("sqs:DeleteMessage"),
    "aws sqs get-queue-attributes": _On((*_DEAD, *_SOURCES))("sqs:GetQueueAttributes"),
    "aws sqs receive-message": _queues("sqs:ReceiveMessage"),
    "aws sqs send-message": _sources("sqs:SendMessage"),
    "aws sqs start-message-move-task": (
        *_movable("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:StartMessageMoveTask"),
        *_sources("sqs:SendMessage"),
    ),
    "tunedrop cleanup": (
        *_routes("GET /jobs", "POST /jobs/{job_id}/stop", "GET /deployments", "DELETE /deployments/{name}"),
        *_routes("GET /evaluations", "POST /evaluations/{evaluation_id}/stop"),
        *_anything("bedrock:ListCustomModels", "bedrock:ListModelCustomizationJobs"),
        *_anything("bedrock:ListCustomModelDeployments", "bedrock:ListProvisionedModelThroughputs"),
        *_throughput("bedrock:ListTagsForResource", "bedrock:DeleteProvisionedModelThroughput"),
        *_deployment("bedrock:ListTagsForResource", "bedrock:DeleteCustomModelDeployment"),
        *_bedrock("custom-model")("bedrock:ListTagsForResource", "bedrock:DeleteCustomModel"),
        *_bedrock("model-customization-job")("bedrock:ListTagsForResource", "bedrock:StopModelCustomizationJob"),
    ),
    "tunedrop datasets delete": _routes("DELETE /datasets/{name}"),
    "tunedrop datasets show": _routes("GET /datasets/{name}", "GET /datasets/{name}/versions/{number}"),
    "tunedrop deployments approve": _routes("GET /deployments/{name}", "POST /deployments/{name}/approve"),
    "tunedrop deployments list": _routes("GET /deployments"),
    "tunedrop deployments delete": _routes("DELETE /deployments/{name}"),
    "tunedrop deployments put": _routes("PUT /deployments/{name}"),
    "tunedrop deployments show": _routes("GET /deployments/{name}"),
    "tunedrop evaluations list": _routes("GET /evaluations"),
    "tunedrop evaluations show": _routes("GET /evaluations/{evaluation_id}"),
    "tunedrop evaluations start": _routes("POST /evaluations"),
    "tunedrop evaluations stop": _routes("POST /evaluations/{evaluation_id}/stop"),
    "tunedrop jobs show": _routes("GET /jobs/{job_id}", "GET /jobs/{job_id}/metrics"),
    "tunedrop jobs start": _routes("POST /jobs", "GET /jobs/{job_id}/metrics"),
    "tunedrop jobs stop": _routes("POST /jobs/{job_id}/stop"),
    "tunedrop keys list": _routes("GET /keys"),
    "tunedrop keys revoke": _routes("DELETE /keys/{key_id}"),
    "tunedrop notifications test": (
        *_stack("cloudformation:DescribeStacks"),
        *_topics("sns:ListSubscriptionsByTopic"),
        Request(
            "events:PutEvents",
            f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default",
            {"events:source": "tunedrop", "events:detail-type": "TestNotification"},
        ),
    ),
}
DEPLOYS: Sequence[Request] = (  # what `sam deploy` itself asks for, before CloudFormation makes a resource
    *_stack("cloudformation:CreateChangeSet", "cloudformation:DescribeChangeSet", "cloudformation:ExecuteChangeSet"),
    *_stack("cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents", "cloudformation:GetTemplateSummary"),
    *_On([f"arn:aws:cloudformation:{REGION}:aws:transform/Serverless-2016-10-31"])("cloudformation:CreateChangeSet"),
    *_On([f"arn:aws:s3:::{ARTIFACTS}/{NAME}/0f1e2d3c"])("s3:PutObject", "s3:GetObject"),
)
