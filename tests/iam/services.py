"""What AWS's services do with our roles and resources, by hand: none of it passes through our SDK.

Each group names its source.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.iam.evaluation import Request
from tests.iam.policies import Needed
from tests.template.stack import ACCOUNT, NAME, PSEUDO, REGION, Stack

HERE = f"{REGION}:{ACCOUNT}"
CONSUMING = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
RULES = {  # a rule and where it sends its events by their own policies
    "UploadRule": "UploadQueue",
    "JobStateChangeRule": "JobEventQueue",
    "NotificationRule": "NotificationTopic PeopleTopic",
    "ReconcileFunctionEveryFiveMinutes": "",
}


def needed(stack: Stack) -> list[Needed]:
    """Everything that AWS's services must be allowed in this stack."""
    return [
        *_lambda(stack),
        *_bedrock(stack),
        *_s3(),
        *_events(),
        *_scheduler(),
        *_webhook(stack),
        *_alarms(),
        *_logs(),
        *_api_gateway(stack),
    ]


def _lambda(stack: Stack) -> Iterator[Needed]:
    """Lambda takes the role, logs and traces with it, and reads the queue.

    AWS Lambda Developer Guide, "Defining Lambda function permissions with an execution role" and "Using Lambda with
    Amazon SQS": what AWSLambdaBasicExecutionRole, AWSXRayDaemonWriteAccess and AWSLambdaSQSQueueExecutionRole hold, as
    far as a function whose log group is there needs it, with a sampling rule that nobody asks for.
    """
    for function in stack.of("AWS::Lambda::Function"):
        role = stack.referred(function["Role"])
        yield "", Request("sts:AssumeRole", role.arn, principal="lambda.amazonaws.com")
        for action in ("CreateLogStream", "PutLogEvents"):
            yield role.id, Request(f"logs:{action}", stack.referred(function["LoggingConfig"]["LogGroup"]).arn)
        for action in ("PutTelemetryRecords", "PutTraceSegments"):
            yield role.id, Request(f"xray:{action}", "*")
    for mapping in stack.of("AWS::Lambda::EventSourceMapping"):
        role = stack.referred(stack.referred(mapping["FunctionName"])["Role"])
        for action in CONSUMING:
            yield role.id, Request(f"sqs:{action}", mapping["EventSourceArn"])


def _bedrock(stack: Stack) -> Iterator[Needed]:
    """Bedrock takes its role for a job, reads the data and writes metrics: docs/facts.md#iam.

    Amazon Bedrock User Guide, "Create an IAM service role for model customization": its example reads the bucket of
    the output as well. With a key of its own, who asks a model needs that, too: docs/facts.md#kms.
    """
    job = f"arn:aws:bedrock:{HERE}:model-customization-job/x"
    source = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": job}
    yield "", Request("sts:AssumeRole", "<BedrockRole.Arn>", source, "bedrock.amazonaws.com")
    secure = {"aws:SecureTransport": "true"}
    for action, place in {
        "ListBucket": "",
        "GetObject": "/prepared/x",
        "PutObject": "/outputs/x",
    }.items():
        yield "BedrockRole", Request(f"s3:{action}", f"<DataBucket.Arn>{place}", secure)
    yield "BedrockRole", Request("s3:GetObject", "<DataBucket.Arn>/outputs/x", secure)
    for action in ("Decrypt", "GenerateDataKey"):
        yield "BedrockRole", _key(action, {"kms:ViaService": f"s3.{REGION}.amazonaws.com"})
    if stack.parameters["EncryptCustomModels"] == "true":
        for role in ("MessagesApiRole", "EvaluationRequestedRole"):
            yield role, _key("Decrypt", {"kms:ViaService": f"bedrock.{REGION}.amazonaws.com"})


def _s3() -> Iterator[Needed]:
    """Who may not list a bucket hears 403 of a key that is absent: docs/facts.md#s3-objects."""
    secure = {"aws:SecureTransport": "true"}
    yield "DatasetUploadedRole", Request("s3:ListBucket", "<DataBucket.Arn>", secure)


def _scheduler() -> Iterator[Needed]:
    """A schedule takes its role on to end a throughput: docs/facts.md#scheduler."""
    source = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": f"arn:aws:scheduler:{HERE}:schedule-group/default"}
    yield "", Request("sts:AssumeRole", "<BrakeRole.Arn>", source, "scheduler.amazonaws.com")
    own = {"aws:ResourceTag/tunedrop:stack": PSEUDO["AWS::StackId"]}
    throughput = f"arn:aws:bedrock:{HERE}:provisioned-model/x"
    yield "BrakeRole", Request("bedrock:DeleteProvisionedModelThroughput", throughput, own)


def _events() -> Iterator[Needed]:
    """EventBridge brings events to queues and topics, and what it can't to the rules' dead letters.

    Amazon EventBridge User Guide, "Using resource-based policies for Amazon EventBridge" and "Using dead-letter queues
    to process undelivered events"; the key of an encrypted topic: docs/facts.md#kms.
    """
    service = "events.amazonaws.com"
    for rule, targets in RULES.items():
        source = {"aws:SourceArn": f"<{rule}.Arn>", "aws:SourceAccount": ACCOUNT}
        yield "", Request("sqs:SendMessage", "<RuleDeadLetterQueue.Arn>", source, service)
        for target in targets.split():
            if target.endswith("Queue"):
                yield "", Request("sqs:SendMessage", f"<{target}.Arn>", source, service)
            else:
                yield "", Request("sns:Publish", f"<{target}>", source, service)
    for action in ("Decrypt", "GenerateDataKey"):
        yield "", _key(action, {}, service)


def _webhook(stack: Stack) -> Iterator[Needed]:
    """EventBridge takes the target's role for the rule, and posts with it.

    Amazon EventBridge User Guide, "IAM roles for sending events to targets" and "Cross-service confused deputy
    prevention": the source is the rule.
    """
    if "WebhookRole" not in stack.resources:
        return
    rule = f"arn:aws:events:{HERE}:rule/{NAME}-NotificationRule-4F2A"
    source = {"aws:SourceArn": rule, "aws:SourceAccount": ACCOUNT}
    yield "", Request("sts:AssumeRole", "<WebhookRole.Arn>", source, "events.amazonaws.com")
    yield "WebhookRole", Request("events:InvokeApiDestination", "<WebhookDestination.Arn>")


def _alarms() -> Iterator[Needed]:
    """CloudWatch publishes alarms to encrypted topics: docs/facts.md#kms."""
    service, source = "cloudwatch.amazonaws.com", {"aws:SourceAccount": ACCOUNT}
    for topic in ("AlarmTopic", "RoutineAlarmTopic"):
        yield "", Request("sns:Publish", f"<{topic}>", source, service)
    for action in ("Decrypt", "GenerateDataKey"):
        yield "", _key(action, source, service)


def _logs() -> Iterator[Needed]:
    """CloudWatch Logs encrypts with the key: docs/facts.md#kms."""
    group = {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{HERE}:log-group:/x"}
    for action in ("Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "DescribeKey"):
        yield "", _key(action, group, f"logs.{REGION}.amazonaws.com")


def _api_gateway(stack: Stack) -> Iterator[Needed]:
    """API Gateway writes access logs of all the account's APIs: docs/facts.md#api-gateway."""
    if "ApiGatewayLoggingRole" not in stack.resources:
        return
    yield "", Request("sts:AssumeRole", "<ApiGatewayLoggingRole.Arn>", principal="apigateway.amazonaws.com")
    yield "ApiGatewayLoggingRole", Request("logs:DescribeLogGroups", "*")
    for action in (
        "CreateLogGroup",
        "CreateLogStream",
        "DescribeLogStreams",
        "FilterLogEvents",
        "GetLogEvents",
        "PutLogEvents",
    ):
        yield "ApiGatewayLoggingRole", Request(f"logs:{action}", f"arn:aws:logs:{HERE}:log-group:/x")


def _key(action: str, context: dict[str, str], principal: str = "") -> Request:
    return Request(f"kms:{action}", "<Key.Arn>", dict(context), principal)
