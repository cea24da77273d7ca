"""What the template says must be something that a check looks at: a property that nobody knows is a finding."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.template.stack import NAME, Resource, Stack
from tests.template.wiring.finding import Code, Finding, under

OPAQUE = frozenset({
    "AssumeRolePolicyDocument", "Code", "Content", "DashboardBody", "EventPattern", "InputPathsMap", "KeyPolicy",
    "Parameters",
    "PolicyDocument", "Tags", "Variables", "components", "info", "paths",
})  # fmt: skip
"""What lies in these has checks of its own, or is SAM's."""
METHOD = frozenset({"responses", "security", "x-amazon-apigateway-integration"})
"""Of a method in an API's definition: `x-amazon-apigateway-auth`, say, would open it."""
KNOWN: dict[str, str] = {
    "AWS::ApiGateway::Account": "CloudWatchRoleArn",
    "AWS::ApiGateway::Deployment": "Description RestApiId",
    "AWS::ApiGateway::RestApi": "Body Description EndpointConfiguration Name Parameters Types components info openapi "
    "paths x-amazon-apigateway-gateway-responses DEFAULT_4XX DEFAULT_5XX THROTTLED application/json "
    "ACCESS_DENIED WAF_FILTERED REQUEST_TOO_LARGE MISSING_AUTHENTICATION_TOKEN "
    "gatewayresponse.header.retry-after responseParameters responseTemplates statusCode",
    "AWS::ApiGateway::Stage": "AccessLogSetting DataTraceEnabled DeploymentId DestinationArn Format HttpMethod "
    "MethodSettings MetricsEnabled ResourcePath RestApiId StageName ThrottlingBurstLimit ThrottlingRateLimit "
    "TracingEnabled Variables",
    "AWS::CloudWatch::Alarm": "AlarmActions AlarmDescription ComparisonOperator Dimensions EvaluationPeriods "
    "Expression Id InsufficientDataActions Metric MetricName MetricStat Metrics Name Namespace OKActions Period "
    "ReturnData Stat Statistic Threshold TreatMissingData Value",
    "AWS::CloudWatch::Dashboard": "DashboardBody DashboardName",
    "AWS::DynamoDB::Table": "AttributeDefinitions AttributeName AttributeType BillingMode Enabled "
    "GlobalSecondaryIndexes IndexName KMSMasterKeyId KeySchema KeyType PointInTimeRecoveryEnabled "
    "PointInTimeRecoverySpecification Projection ProjectionType SSEEnabled SSESpecification SSEType "
    "TimeToLiveSpecification",
    "AWS::Events::ApiDestination": "ConnectionArn Description HttpMethod InvocationEndpoint "
    "InvocationRateLimitPerSecond Name",
    "AWS::Events::Connection": "ApiKeyAuthParameters ApiKeyName ApiKeyValue AuthParameters AuthorizationType "
    "Description Name",
    "AWS::Events::Rule": "Arn DeadLetterConfig Description EventPattern Id InputPathsMap InputTemplate "
    "InputTransformer MaximumEventAgeInSeconds MaximumRetryAttempts RetryPolicy RoleArn ScheduleExpression Targets",
    "AWS::IAM::ManagedPolicy": "Description PolicyDocument",
    "AWS::IAM::Role": "AssumeRolePolicyDocument PermissionsBoundary Policies PolicyDocument PolicyName",
    "AWS::KMS::Key": "Description EnableKeyRotation KeyPolicy",
    "AWS::Lambda::EventInvokeConfig": "DestinationConfig FunctionName MaximumEventAgeInSeconds MaximumRetryAttempts "
    "Qualifier",
    "AWS::Lambda::EventSourceMapping": "BatchSize EventSourceArn FunctionName FunctionResponseTypes MaximumConcurrency "
    "ScalingConfig",
    "AWS::Lambda::Function": "Architectures Code Description Environment Handler Layers LogFormat LogGroup "
    "LoggingConfig MemorySize Mode ReservedConcurrentExecutions Role Runtime Tags Timeout TracingConfig Variables",
    "AWS::Lambda::LayerVersion": "CompatibleArchitectures CompatibleRuntimes Content Description LayerName",
    "AWS::Lambda::Permission": "Action FunctionName Principal SourceArn",
    "AWS::Logs::LogGroup": "KmsKeyId RetentionInDays",
    "AWS::S3::Bucket": "AbortIncompleteMultipartUpload BlockPublicAcls BlockPublicPolicy BucketEncryption "
    "BucketKeyEnabled DaysAfterInitiation EventBridgeConfiguration EventBridgeEnabled Id IgnorePublicAcls "
    "KMSMasterKeyID LifecycleConfiguration NoncurrentDays NoncurrentVersionExpiration NotificationConfiguration "
    "ObjectOwnership OwnershipControls PublicAccessBlockConfiguration RestrictPublicBuckets Rules SSEAlgorithm "
    "ServerSideEncryptionByDefault ServerSideEncryptionConfiguration Status VersioningConfiguration",
    "AWS::S3::BucketPolicy": "Bucket PolicyDocument",
    "AWS::SNS::Subscription": "Endpoint Protocol TopicArn",
    "AWS::SNS::Topic": "DisplayName KmsMasterKeyId",
    "AWS::SNS::TopicPolicy": "PolicyDocument Topics",
    "AWS::SQS::Queue": "MessageRetentionPeriod RedrivePolicy SqsManagedSseEnabled VisibilityTimeout "
    "deadLetterTargetArn maxReceiveCount",
    "AWS::SQS::QueuePolicy": "PolicyDocument Queues",
    "Custom::DeletionGuard": "ServiceTimeout ServiceToken Subscription",
}
"""By type, the names of properties and of their members that a check or a test has an opinion on."""
LANGUAGE = "2012-10-17"


def check_known(stack: Stack, code: Code) -> Iterator[Finding]:
    """No resource is of a kind, and none says a thing, that no check looks at."""
    for resource in stack.resources.values():
        if resource.type not in KNOWN:
            yield Finding(resource.id, f"is of a type that no check knows: {resource.type}")
            continue
        for name in sorted(set(_names(resource.properties)) - set(KNOWN[resource.type].split())):
            yield Finding(resource.id, f"says what no check looks at: {name}")


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield name
            if name not in OPAQUE:
                yield from _names(each)
    elif isinstance(value, list):
        for each in value:
            yield from _names(each)


def check_methods(stack: Stack, code: Code) -> Iterator[Finding]:
    """A method of an API says who may call it and where it leads, and nothing else."""
    for api in stack.of("AWS::ApiGateway::RestApi"):
        for path, verbs in under(api.properties, "Body", "paths", default={}).items():
            for verb, method in verbs.items():
                if unknown := sorted(set(method) - METHOD):
                    yield Finding(api.id, f"{verb.upper()} {path} says what no check looks at: {', '.join(unknown)}")


def check_language(stack: Stack, code: Code) -> Iterator[Finding]:
    """Every policy is written in the language that has variables: in the older one they are literal."""
    for resource in stack.resources.values():
        for document in _documents(resource):
            if document.get("Version") != LANGUAGE:
                yield Finding(resource.id, f"has a policy that is not of version {LANGUAGE}")


def _documents(resource: Resource) -> Iterator[dict[str, Any]]:
    own = resource.properties
    yield from (own[name] for name in ("AssumeRolePolicyDocument", "PolicyDocument", "KeyPolicy") if name in own)
    yield from (policy["PolicyDocument"] for policy in own.get("Policies", ()))


def check_settings_given(stack: Stack, code: Code) -> Iterator[Finding]:
    """A function's variable is the parameter or the resource that its name says, and no others are set."""
    for function in stack.of("AWS::Lambda::Function"):
        variables = dict(under(function.properties, "Environment", "Variables", default={}))
        wanted = {"POWERTOOLS_SERVICE_NAME": NAME, "POWERTOOLS_METRICS_NAMESPACE": "Tunedrop"}
        for name, value in wanted.items():
            if variables.pop(name, None) != value:
                yield Finding(function.id, f"writes metrics that no alarm watches ({name})")
        variables.pop("AWS_LAMBDA_EXEC_WRAPPER", None)  # apis.check_modes
        for name, value in variables.items():
            meant = _meant(stack, name)
            if meant is None or (meant and str(value) != meant):
                yield Finding(function.id, f"is given {value} as {name}")


DERIVED = {"TUNEDROP_MODEL_KEY_ARN", "TUNEDROP_DEFAULT_BASE_MODEL", "TUNEDROP_RESPONSE_STREAMING", "TUNEDROP_STACK_ID"}
"""What a condition makes of parameters: test_functions.py reads them as the settings do."""


def _meant(stack: Stack, variable: str) -> str | None:
    """The value that a variable should have; "" where its name doesn't say, None where nothing has that name."""
    if variable in DERIVED:
        return ""
    words = re.sub("_(URL|ARN)$", "", variable.removeprefix("TUNEDROP_"))
    name = words.title().replace("_", "")
    if name in stack.parameters:
        return stack.parameters[name]
    if name not in stack.resources:
        return None
    return f"<{name}.Arn>" if variable.endswith("_ARN") else f"<{name}>"


def check_named_alike(stack: Stack, code: Code) -> Iterator[Finding]:
    """A function has the handler, the role and the group of its own name, and a queue the dead letters."""
    for function in stack.of("AWS::Lambda::Function"):
        name = function.id.removesuffix("Function")
        handler = f"{re.sub('(?<!^)(?=[A-Z])', '_', name).lower()}.handler"
        own = function.properties
        group = under(own, "LoggingConfig", "LogGroup")
        for said, meant in (
            (own.get("Handler"), handler), (own.get("Role"), f"<{name}Role.Arn>"), (group, f"<{name}LogGroup>"),
        ):  # fmt: skip
            if said != meant:
                yield Finding(function.id, f"has {said}, which is another function's than {meant}")
    for queue in stack.of("AWS::SQS::Queue"):
        letters = under(queue.properties, "RedrivePolicy", "deadLetterTargetArn")
        if letters and letters != f"<{queue.id.removesuffix('Queue')}DeadLetterQueue.Arn>":
            yield Finding(queue.id, f"leaves its dead letters in {letters}, which is another queue's")


CHECKS = (check_known, check_methods, check_language, check_settings_given, check_named_alike)
