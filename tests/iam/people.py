"""What the policies for people are for: each use with what it may and what it asks, as docs/operations.md has them.

Written from the pages, not from the template. The prover shows for them what it shows for roles: what a use asks is
allowed, each atom of what is granted is asked by some use, and nothing is granted that stands not here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.iam.evaluation import Request
from tests.iam.may import (
    DATA,
    DEPLOYMENTS,
    HERE,
    IS_OURS,
    JOBS,
    KEY,
    MODELS,
    THROUGHPUTS,
    Conditions,
    May,
    by_way_of,
    objects,
)
from tests.iam.policies import Needed
from tests.template.identities import DATASET, TAG
from tests.template.runbook import COMMANDS, route_request
from tests.template.stack import NAME, REGION

BY_S3 = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
WRITES, READS = ("s3:PutObject", "s3:AbortMultipartUpload"), ("s3:GetObject",)
FAMILY = f"{DATASET.partition('-')[0]}-"
"""The value of the tag of somebody who uploads to a family of datasets."""


@dataclass(frozen=True, slots=True)
class Use:
    """What somebody does with a policy."""

    by: str
    """The command that docs/operations.md or docs/cli.md has, or a page's section."""
    may: tuple[May, ...]
    asks: tuple[Request, ...] = ()
    """Of a command of docs/operations.md, beside what `runbook.COMMANDS` says."""

    def requests(self) -> Iterator[Request]:
        """All that it asks IAM for."""
        yield from COMMANDS.get(self.by, ())
        yield from self.asks


def routes(*paths: str) -> May:
    """These routes of ControlApi, each a method and a path with IAM's wildcards."""
    return May(
        "execute-api:Invoke",
        tuple(f"arn:aws:execute-api:{HERE}:<ControlApi>/v1/{path}" for path in paths),
    )


def asked(*paths: str) -> tuple[Request, ...]:
    """The routes as they are asked for."""
    return tuple(route_request(path) for path in paths)


def on(resource: str, *actions: str, **context: str) -> tuple[Request, ...]:
    """Several actions on one resource."""
    keys = {name.replace("__", ":"): value for name, value in context.items()}
    return tuple(Request(action, resource, keys) for action in actions)


def _with(context: Mapping[str, str], requests: tuple[Request, ...]) -> tuple[Request, ...]:
    return tuple(Request(each.action, each.resource, {**each.context, **context}) for each in requests)


# --- what several may do

TAGGED = f"${{{TAG}}}"
BY_PREFIX = {TAG: "?*-"}
STACK = f"arn:aws:cloudformation:{HERE}:stack/{NAME}/*"
OUTPUTS = May("cloudformation:DescribeStacks", STACK)
READ_KEY = May("kms:Decrypt", KEY, by_way_of("s3"))
WRITE_KEY = May("kms:Decrypt GenerateDataKey", KEY, by_way_of("s3"))
USE_KEY = on(KEY, "kms:Decrypt", "kms:GenerateDataKey", kms__ViaService=BY_S3["kms:ViaService"])
FIND_STACK = COMMANDS["aws cloudformation describe-stacks"]
EVERY_ROUTE = (
    "GET /base-models", "GET /datasets", "GET /datasets/{name}", "GET /datasets/{name}/tombstones",
    "GET /datasets/{name}/versions", "GET /deployments", "GET /evaluations", "GET /evaluations/{evaluation_id}",
    "GET /jobs", "GET /jobs/{job_id}/metrics", "GET /keys",
)  # fmt: skip
READ_ALL = Use("tunedrop jobs list", (routes("GET/*"), OUTPUTS), (*asked(*EVERY_ROUTE), *FIND_STACK))


def listed(prefix: str) -> Conditions:
    """Only a listing of such keys."""
    return {"StringLike": {"s3:prefix": prefix}}


def _push(dataset: str) -> tuple[Request, ...]:
    """What `tunedrop push` asks: the stack, routes or, by events, S3 alone; it looks at what lies there already."""
    of = f"/datasets/{dataset}"
    return (
        *FIND_STACK,
        *asked(f"GET {of}", f"POST {of}/uploads", f"POST {of}/versions", f"GET {of}/uploads/01j"),
        *asked(f"GET {of}/versions/3"),
        *on(f"{DATA}/incoming/{dataset}/train/a.jsonl", *WRITES),
        *on(DATA, "s3:ListBucket", s3__prefix=f"incoming/{dataset}/train/"),
        *USE_KEY,
    )


# --- the policies

UPLOADER = (
    Use(
        "tunedrop push",
        (
            May("s3:AbortMultipartUpload PutObject", f"{DATA}/incoming/{TAGGED}/*"),
            May("s3:ListBucket", DATA, listed(f"incoming/{TAGGED}/*")),
            routes(
                *(f"POST/datasets/{TAGGED}/{each}" for each in ("uploads", "versions")),
                *(f"GET/datasets/{TAGGED}{each}" for each in ("", "/uploads/*", "/versions/*")),
            ),
            OUTPUTS,
            WRITE_KEY,
        ),
        _with({TAG: DATASET}, _push(DATASET)),
    ),
    Use(
        "docs/operations.md#who-may-do-what",  # reads why a key fits nowhere
        (May("s3:GetObject", f"{DATA}/reports/{TAGGED}/unrecognized/*"),),
        _with({TAG: DATASET}, on(f"{DATA}/reports/{DATASET}/unrecognized/x.json", *READS)),
    ),
    Use(
        "docs/operations.md#tag-an-uploader",
        tuple(
            May(each.actions, each.resources, {"StringLike": {**each.when.get("StringLike", {}), **BY_PREFIX}})
            for each in (
                May("s3:AbortMultipartUpload PutObject", f"{DATA}/incoming/{TAGGED}*/*"),
                May("s3:ListBucket", DATA, listed(f"incoming/{TAGGED}*")),
                May("s3:GetObject", f"{DATA}/reports/{TAGGED}*/unrecognized/*"),
                routes(
                    f"POST/datasets/{TAGGED}*/uploads", f"POST/datasets/{TAGGED}*/versions", f"GET/datasets/{TAGGED}*"
                ),
            )
        ),
        _with({TAG: FAMILY}, (*_push(f"{FAMILY}eu"), *on(f"{DATA}/reports/{FAMILY}eu/unrecognized/x.json", *READS))),
    ),
)
READER = (
    READ_ALL,
    Use(
        "docs/operations.md#who-may-do-what",  # reads verdicts, reports, prepared data, jobs and metrics
        (May("s3:GetObject", objects("reports", "prepared", "outputs")), May("s3:ListBucket", DATA), READ_KEY),
        (
            *(each for folder in ("reports", "prepared", "outputs") for each in on(f"{DATA}/{folder}/x", *READS)),
            *on(DATA, "s3:ListBucket"),
            *on(KEY, "kms:Decrypt", kms__ViaService=BY_S3["kms:ViaService"]),
        ),
    ),
)
STOP = Use("tunedrop jobs stop", (routes("POST/jobs/*/stop"), OUTPUTS))
STOP_EVALUATION = Use(
    "tunedrop evaluations stop",
    (routes("POST/evaluations/*/stop"), OUTPUTS),
    asked("POST /evaluations/{evaluation_id}/stop"),
)
RELEASE = Use("tunedrop deployments delete", (routes("DELETE/deployments/*"), OUTPUTS))
DELETE_MODEL = Use("tunedrop models delete", (routes("DELETE/models/*"), OUTPUTS), asked("DELETE /models/{name}"))
REVOKE = Use("tunedrop keys revoke", (routes("DELETE/keys/*"), OUTPUTS), asked("DELETE /keys/{key_id}"))
OPERATOR = (
    READ_ALL,
    STOP,
    STOP_EVALUATION,
    RELEASE,
    DELETE_MODEL,
    REVOKE,
    Use("tunedrop evaluations start", (routes("POST/evaluations"), OUTPUTS), asked("POST /evaluations")),
    Use("tunedrop jobs start", (routes("POST/jobs"), OUTPUTS)),
    Use("tunedrop deployments put", (routes("PUT/deployments/*"), OUTPUTS), asked("PUT /deployments/{name}")),
    Use("tunedrop keys create", (routes("POST/keys"), OUTPUTS), asked("POST /keys")),
)
DATA_KEEPER = (
    Use(
        "tunedrop push",
        (
            May("s3:AbortMultipartUpload PutObject", f"{DATA}/incoming/*"),
            May("s3:ListBucket", DATA, listed("incoming/*")),
            routes("GET/datasets/*", "POST/datasets/*/uploads", "POST/datasets/*/versions"),
            OUTPUTS,
            WRITE_KEY,
        ),
        _push(DATASET),
    ),
    Use("tunedrop datasets list", (routes("GET/datasets"), OUTPUTS), asked("GET /datasets")),
    Use(
        "tunedrop datasets delete",
        (routes("DELETE/datasets/*"), OUTPUTS),
        asked("DELETE /datasets/{name}/versions/{number}"),
    ),
)
APPROVER = (
    READ_ALL,
    Use(
        "tunedrop deployments approve",
        (routes("POST/deployments/*/approve"), OUTPUTS),
        asked("POST /deployments/{name}/approve"),
    ),
    Use(
        "tunedrop evaluations approve",
        (routes("POST/evaluations/*/approve"), OUTPUTS),
        asked("POST /evaluations/{evaluation_id}/approve"),
    ),
)
NAMES = ("Upload", "Spend", "JobEvent", "Evaluation")
DEAD, QUEUES = tuple(f"{each}DeadLetterQueue" for each in NAMES), tuple(f"{each}Queue" for each in NAMES)
FUNCTIONS = (
    "DatasetUploaded", "ControlApi", "JobStateChanged", "SpendingRequested", "EvaluationRequested", "Reconcile",
    "MessagesApi", "DeletionGuard",
)  # fmt: skip


def _arns(*names: str) -> tuple[str, ...]:
    return tuple(f"<{name}.Arn>" for name in names)


ALL_DEAD, SOURCES = _arns(*DEAD, "RuleDeadLetterQueue"), _arns(*QUEUES)
RESPONDER = (
    READ_ALL,
    STOP,
    STOP_EVALUATION,
    RELEASE,
    DELETE_MODEL,
    REVOKE,
    Use("aws cloudformation describe-stacks", (OUTPUTS,)),
    Use("aws cloudformation describe-stack-resources", (May("cloudformation:DescribeStackResources", STACK),)),
    Use("aws cloudwatch describe-alarms", (May("cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:{HERE}:alarm:*"),)),
    Use("aws logs tail", (May("logs:FilterLogEvents", _arns(*(f"{each}LogGroup" for each in FUNCTIONS))),)),
    Use("aws sqs get-queue-attributes", (May("sqs:GetQueueAttributes", (*ALL_DEAD, *SOURCES)),)),
    Use("aws sqs receive-message", (May("sqs:ReceiveMessage", ALL_DEAD),)),
    Use("aws sqs delete-message", (May("sqs:DeleteMessage", ALL_DEAD),)),
    Use("aws sqs send-message", (May("sqs:SendMessage", SOURCES),)),
    Use(
        "aws sqs start-message-move-task",
        (
            May("sqs:DeleteMessage GetQueueAttributes ReceiveMessage StartMessageMoveTask", _arns(*DEAD)),
            May("sqs:SendMessage", SOURCES),
        ),
    ),
    Use(
        "tunedrop cleanup",
        (
            May("bedrock:ListModelCustomizationJobs", "*"),
            May("bedrock:ListTagsForResource", (DEPLOYMENTS, JOBS, MODELS, THROUGHPUTS)),
            May("bedrock:StopModelCustomizationJob", JOBS, IS_OURS),
        ),
    ),
    Use("aws bedrock list-custom-models", (May("bedrock:ListCustomModels", "*"),)),
    Use("aws bedrock list-custom-model-deployments", (May("bedrock:ListCustomModelDeployments", "*"),)),
    Use("aws bedrock list-provisioned-model-throughputs", (May("bedrock:ListProvisionedModelThroughputs", "*"),)),
    Use("aws bedrock get-custom-model-deployment", (May("bedrock:GetCustomModelDeployment", DEPLOYMENTS, IS_OURS),)),
    Use(
        "aws bedrock get-provisioned-model-throughput",
        (May("bedrock:GetProvisionedModelThroughput", THROUGHPUTS, IS_OURS),),
    ),
    Use("aws bedrock delete-custom-model", (May("bedrock:DeleteCustomModel", MODELS, IS_OURS),)),
    Use(
        "aws bedrock delete-custom-model-deployment",
        (May("bedrock:DeleteCustomModelDeployment", DEPLOYMENTS, IS_OURS),),
    ),
    Use(
        "aws bedrock delete-provisioned-model-throughput",
        (May("bedrock:DeleteProvisionedModelThroughput", THROUGHPUTS, IS_OURS),),
    ),
)
USES: Mapping[str, tuple[Use, ...]] = {
    "UploaderPolicy": UPLOADER,
    "ReaderPolicy": READER,
    "OperatorPolicy": OPERATOR,
    "DataKeeperPolicy": DATA_KEEPER,
    "ApproverPolicy": APPROVER,
    "ResponderPolicy": RESPONDER,
}


def declared() -> dict[str, tuple[May, ...]]:
    """What each policy may say."""
    return {policy: tuple(may for use in uses for may in use.may) for policy, uses in USES.items()}


def needed() -> list[Needed]:
    """What whoever has a policy asks for."""
    return [(policy, request) for policy, uses in USES.items() for use in uses for request in use.requests()]
