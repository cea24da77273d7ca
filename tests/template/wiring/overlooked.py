"""Seeded faults that all checks overlooked until somebody attacked them; `seeds.py` has the earlier ones."""

from __future__ import annotations

from typing import Any

from tests.template.wiring.faults import Fault, Seeded, Slip, add, both, drop, put, say, write

P = "Properties"
UPLOADS, SPENDING, JOB_EVENTS = (
    "DatasetUploadedFunctionUploads",
    "SpendingRequestedFunctionSpending",
    "JobStateChangedFunctionJobEvents",
)
ALL_COME: Any = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}],
}
EVERY_FIVE_MINUTES = ("ReconcileFunctionEveryFiveMinutes", P, "Targets", 0, "RetryPolicy")
STAGE_SETTINGS = ("ControlApiv1Stage", P, "MethodSettings")


def _ref(name: str) -> Any:
    return {"Ref": name}


def _arn(name: str) -> Any:
    return {"Fn::GetAtt": [name, "Arn"]}


def _variable(name: str, value: Any) -> Slip:
    """Set a variable of every function."""

    def slip(seeded: Seeded) -> None:
        for resources in seeded.resources:
            for each in resources.values():
                if each["Type"] == "AWS::Lambda::Function":
                    each[P]["Environment"]["Variables"][name] = value

    return slip


def _each_metric(alarm: str, name: str, value: Any) -> Slip:
    """Set a part of each metric of an alarm of several."""

    def slip(seeded: Seeded) -> None:
        for resources in seeded.resources:
            for each in resources[alarm][P]["Metrics"]:
                if "MetricStat" in each:
                    each["MetricStat"][name] = value

    return slip


def _swapped(one: str, other: str, *path: str) -> Slip:
    """Exchange what stands at a path of two resources."""

    def slip(seeded: Seeded) -> None:
        for resources in seeded.resources:
            left, right = resources[one], resources[other]
            for key in path[:-1]:
                left, right = left[key], right[key]
            left[path[-1]], right[path[-1]] = right[path[-1]], left[path[-1]]

    return slip


UNHEARD = (
    Fault("a queue forgets what waits after a minute", put(60, "UploadQueue", P, "MessageRetentionPeriod")),
    Fault("each message waits for 15 minutes", put(900, "SpendQueue", P, "DelaySeconds")),
    Fault("ten purchases in one run", put(10, SPENDING, P, "BatchSize")),
    Fault("a bad message comes a thousand times", put(1000, "UploadQueue", P, "RedrivePolicy", "maxReceiveCount")),
    Fault("a filter throws purchases away", put({"Filters": [{"Pattern": "{}"}]}, SPENDING, P, "FilterCriteria")),
    Fault(
        "dead letters refuse their queue",
        put({"redrivePermission": "denyAll"}, "SpendDeadLetterQueue", P, "RedriveAllowPolicy"),
    ),
    Fault("dead letters are swapped", _swapped("UploadQueue", "SpendQueue", P, "RedrivePolicy", "deadLetterTargetArn")),
    Fault("a crash hides a release for twelve hours", put(43200, "SpendQueue", P, "VisibilityTimeout")),
    Fault("job events are collected for five minutes", put(300, JOB_EVENTS, P, "MaximumBatchingWindowInSeconds")),
    Fault(
        "a rule tries for a minute", put(60, "UploadRule", P, "Targets", 0, "RetryPolicy", "MaximumEventAgeInSeconds")
    ),
    Fault("a target gets a part of the event", put("$.detail", "UploadRule", P, "Targets", 0, "InputPath")),
    Fault("uploads in parts are not heard", put(["PutObject"], "UploadRule", P, "EventPattern", "detail", "reason")),
    Fault("a rule listens on another bus", put("own", "UploadRule", P, "EventBusName")),
    Fault(
        "nobody hears of jobs that wait",
        put([{"anything-but": ["ReconcileCompleted", "JobWaiting"]}], "NotificationRule", P, "EventPattern",
            "detail-type"),
    ),
)  # fmt: skip

MISLED = (
    Fault("two handlers are swapped", _swapped("ControlApiFunction", "ReconcileFunction", P, "Handler")),
    Fault(
        "two functions have swapped all that is theirs",
        both(
            _swapped("ControlApiFunction", "ReconcileFunction", P, "Role"),
            _swapped("ControlApiFunction", "ReconcileFunction", P, "LoggingConfig"),
        ),
    ),
    Fault("metrics name another service", _variable("POWERTOOLS_SERVICE_NAME", "Tunedrop")),
    Fault("requests are logged whole", _variable("POWERTOOLS_LOGGER_LOG_EVENT", "true")),
    Fault("metrics are off", _variable("POWERTOOLS_METRICS_DISABLED", "true")),
    Fault("errors are not logged", put("FATAL", "ReconcileFunction", P, "LoggingConfig", "ApplicationLogLevel")),
    Fault("a function is shut up in a network", put({"SubnetIds": ["subnet-1"]}, "ReconcileFunction", P, "VpcConfig")),
    Fault(
        "capacity is kept as long as a job may wait", _variable("TUNEDROP_DEPLOYMENT_HOURS", _ref("JobDeadlineHours"))
    ),
    Fault("a cap is a literal", _variable("TUNEDROP_MAX_CONCURRENT_JOBS", "10")),
    Fault("jobs start on accept whatever was chosen", _variable("TUNEDROP_ALLOW_JOBS_ON_ACCEPT", "true")),
    Fault("purchases go onto the upload queue", _variable("TUNEDROP_SPEND_QUEUE_URL", _ref("UploadQueue"))),
    Fault("a queue is named by its ARN", _variable("TUNEDROP_UPLOAD_QUEUE_URL", _arn("UploadQueue"))),
    Fault("Scheduler is passed Bedrock's role", _variable("TUNEDROP_BRAKE_ROLE_ARN", _arn("BedrockRole"))),
    Fault(
        "Bedrock is passed the spender's role", _variable("TUNEDROP_BEDROCK_ROLE_ARN", _arn("SpendingRequestedRole"))
    ),
)

OPENED = (
    Fault("an API's own policy lets every account in", put(ALL_COME, "ControlApi", P, "Policy")),
    Fault(
        "so does its definition", put(ALL_COME, "ControlApi", P, "Body", "x-amazon-apigateway-policy")
    ),
    Fault(
        "a method overrides who may call it",
        put({"type": "NONE"}, "ControlApi", P, "Body", "paths", "/jobs", "post", "x-amazon-apigateway-auth"),
    ),
    Fault("answers are kept for other callers", put(True, *STAGE_SETTINGS, 0, "CachingEnabled")),
    Fault("a stage writes logs that a new account refuses", put("INFO", *STAGE_SETTINGS, 0, "LoggingLevel")),
    Fault("bodies come in base64", put(["*/*"], "ControlApi", P, "Body", "x-amazon-apigateway-binary-media-types")),
    Fault("an API has no address", put(True, "ControlApi", P, "DisableExecuteApiEndpoint")),
    Fault(
        "a function has an address of its own",
        add("Address", "AWS::Lambda::Url", AuthType="NONE", TargetFunctionArn=_arn("ControlApiFunction")),
    ),
    Fault(
        "another account may start the spender",
        add("Guest", "AWS::Lambda::Permission", Action="lambda:InvokeFunction", Principal="999999999999",
            FunctionName=_ref("SpendingRequestedFunction"), SourceAccount="999999999999"),
    ),
    Fault(
        "a role has one more policy",
        add("More", "AWS::IAM::RolePolicy", RoleName=_ref("ReconcileRole"), PolicyName="more", PolicyDocument=ALL_COME),
    ),
    Fault("a person's policy goes to a role", put([_ref("ReconcileRole")], "OperatorPolicy", P, "Roles")),
    Fault("a policy's variables are literal", put("2008-10-17", "UploaderPolicy", P, "PolicyDocument", "Version")),
    Fault("a table lets everybody in", put({"PolicyDocument": ALL_COME}, "AccessTable", P, "ResourcePolicy")),
    Fault("one role has no boundary", drop("SpendingRequestedRole", P, "PermissionsBoundary")),
)  # fmt: skip

RULES_OF_BUCKET = ("DataBucket", P, "LifecycleConfiguration", "Rules", 1)
LOST = (
    Fault("training data can't be read after a month",
          put([{"StorageClass": "GLACIER", "TransitionInDays": 30}], *RULES_OF_BUCKET, "Transitions")),
    Fault("earlier versions go after a day",
          put({"NoncurrentDays": 1}, *RULES_OF_BUCKET, "NoncurrentVersionExpiration")),
    Fault("nothing can be erased", put({"ObjectLockEnabled": "Enabled"}, "DataBucket", P, "ObjectLockConfiguration")),
    Fault("the bucket is copied elsewhere", put({"Rules": []}, "DataBucket", P, "ReplicationConfiguration")),
    Fault("the key is named and not used", put("AES256", "DataBucket", P, "BucketEncryption",
          "ServerSideEncryptionConfiguration", 0, "ServerSideEncryptionByDefault", "SSEAlgorithm")),
    Fault("uploaders keep what they upload",
          put([{"ObjectOwnership": "ObjectWriter"}], "DataBucket", P, "OwnershipControls", "Rules")),
    Fault("a table answers one read a second", put({"MaxReadRequestUnits": 1}, "StateTable", P, "OnDemandThroughput")),
    Fault("the key is disabled", put(False, "Key", P, "Enabled")),
    Fault("a log group makes no metrics of what it gets", put("INFREQUENT_ACCESS", "ReconcileLogGroup", P,
          "LogGroupClass")),
)  # fmt: skip

DEAF = (
    Fault("an alarm counts samples", put("SampleCount", "ExpiredCapacityAlarm", P, "Statistic")),
    Fault("an alarm rings after a day", put(288, "ExpiredCapacityAlarm", P, "EvaluationPeriods")),
    Fault("an alarm looks once a day", _each_metric("DeadLettersAlarm", "Period", 86400)),
    Fault("an alarm of all functions counts samples", _each_metric("FunctionErrorsAlarm", "Stat", "SampleCount")),
    Fault("an alarm of all queues looks at one", put("uploads", "DeadLettersAlarm", P, "Metrics", 0, "Expression")),
    Fault("an alarm of all functions waits for all", put("MIN(METRICS())", "FunctionErrorsAlarm", P, "Metrics", 0,
          "Expression")),
    Fault("messages that fail ring no more", drop("FaultsAlarm", P, "Metrics", 3)),
    Fault("a namespace in small letters", put("tunedrop", "OrphansAlarm", P, "Namespace")),
    Fault("a unit that nobody writes", put("Seconds", "FailedJobsAlarm", P, "Unit")),
    Fault("the alarm of failures counts successes", put("JobCompleted", "FailedJobsAlarm", P, "MetricName")),
    Fault("an alarm is gone", drop("ExpiredCapacityAlarm")),
)  # fmt: skip

REPEATED = (
    Fault("a spending call is sent three times",
          write("tunedrop/edges/clients.py", "attempts=1, read_seconds=30", "attempts=3, read_seconds=9")),
    Fault("the API takes the client that spends",
          write("control_api.py", "return answer(", "clients.spender()\n    return answer(")),
    Fault("capacity is bought without a token",
          write("tunedrop/domain/serving/purchase_request.py", "clientRequestToken", "clientToken")),
    Fault("calls of models are logged whole", write("messages_api.py", "log_event=False", "log_event=True")),
    Fault("reconcile publishes no metrics", write("reconcile.py", "@metrics.log_metrics\n", "")),
)  # fmt: skip

OF_ONE_STACK = (
    Fault("metrics are of the stack that has our name", _variable("POWERTOOLS_SERVICE_NAME", "tunedrop")),
    Fault("an alarm looks at the stack that has our name",
          put([{"Name": "service", "Value": "tunedrop"}], "OrphansAlarm", P, "Dimensions")),
    Fault("the webhook's role is for rules of the stack that has our name",
          put({"Fn::Sub": "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/tunedrop-*"},
              "WebhookRole", P, "AssumeRolePolicyDocument", "Statement", 0, "Condition", "ArnLike", "aws:SourceArn")),
    Fault("a role logs into groups of the stack that has our name", say("ReconcileRole", "Logs", Resource={
        "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:tunedrop-ReconcileLogGroup*",
    })),
    Fault("a person sees the stack that has our name", say("ReaderPolicy", "FindTheStack", Resource={
        "Fn::Sub": "arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:stack/tunedrop/*",
    })),
    Fault("a connection has our name", put("tunedrop-webhook", "WebhookConnection", P, "Name")),
    Fault("an API has a name of its own", put("control", "ControlApi", P, "Name")),
    Fault("a log group has our name", put("/aws/lambda/tunedrop-reconcile", "ReconcileLogGroup", P, "LogGroupName")),
    Fault("models are those of one stack", say("MessagesApiRole", "OwnModelsOnly", Condition={"StringEquals": {
        "aws:ResourceTag/tunedrop:stack": "arn:aws:cloudformation:us-west-2:123456789012:stack/acme-tuning/*",
    }})),
    Fault("events are of one Region", say("ReconcileRole", "OwnEvents", Resource={
        "Fn::Sub": "arn:${AWS::Partition}:events:us-west-2:${AWS::AccountId}:event-bus/default",
    })),
    Fault("a role is of one account", say("SpendingRequestedRole", "BedrockReadsAndWritesOurBucket",
          Resource="arn:aws:iam::123456789012:role/acme-tuning-BedrockRole")),
    Fault("a base model is of one partition", say("SpendingRequestedRole", "StartJobs", Resource=[
        {"Fn::Sub": "arn:aws:bedrock:${AWS::Region}::foundation-model/*"},
    ])),
    Fault("the code takes our name for the stack's",
          write("tunedrop/edges/settings.py", 'stack_id.split("/")[-2]', '"tunedrop"')),
    Fault("the code makes a name of ours",
          write("tunedrop/edges/settings.py", 'stack_id.split("/")[-2]', '"tunedrop-" + stack_id[-4:]')),
    Fault("the code asks in one Region",
          write("tunedrop/edges/clients.py", '"dynamodb", config', '"dynamodb", region_name="us-west-2", config')),
)  # fmt: skip

TOO_LITTLE = (
    *(
        Fault(f"{name} has the least memory", put(128, name, P, "MemorySize"))
        for name in ("DatasetUploadedFunction", "ControlApiFunction", "JobStateChangedFunction",
                     "SpendingRequestedFunction", "ReconcileFunction", "MessagesApiFunction", "DeletionGuardFunction")
    ),
    Fault("data is checked by half a processor", put(1024, "DatasetUploadedFunction", P, "MemorySize")),
    *(
        Fault(f"{name} has {seconds} s", put(seconds, name, P, "Timeout"))
        for name, seconds in {"ControlApiFunction": 21, "DatasetUploadedFunction": 860, "ReconcileFunction": 30,
                              "SpendingRequestedFunction": 31, "JobStateChangedFunction": 60,
                              "MessagesApiFunction": 27, "DeletionGuardFunction": 90}.items()
    ),
    Fault("ControlApi takes one call a second", put(1, *STAGE_SETTINGS, 0, "ThrottlingRateLimit")),
    Fault("ControlApi takes no burst", put(1, *STAGE_SETTINGS, 0, "ThrottlingBurstLimit")),
    Fault("MessagesApi takes one call a second",
          put(1, "MessagesApiliveStage", P, "MethodSettings", 0, "ThrottlingRateLimit")),
    Fault("two files are checked at once", put(2, UPLOADS, P, "ScalingConfig", "MaximumConcurrency")),
    Fault("a look that fails is not tried again", put(0, "ReconcileFunctionEventInvokeConfig", P,
          "MaximumRetryAttempts")),
    Fault("a look is given up after a minute", put(60, "ReconcileFunctionEventInvokeConfig", P,
          "MaximumEventAgeInSeconds")),
    Fault("a schedule is handed over once", put(0, *EVERY_FIVE_MINUTES, "MaximumRetryAttempts")),
    Fault("a schedule is given up after a minute", put(60, *EVERY_FIVE_MINUTES, "MaximumEventAgeInSeconds")),
    Fault("an upload's event is given up after an hour",
          put(3600, "UploadRule", P, "Targets", 0, "RetryPolicy", "MaximumEventAgeInSeconds")),
    Fault("an upload's event is tried ten times",
          put(10, "UploadRule", P, "Targets", 0, "RetryPolicy", "MaximumRetryAttempts")),
    Fault("dead letters are gone after a minute", put(60, "RuleDeadLetterQueue", P, "MessageRetentionPeriod")),
    Fault("the webhook hears one event a second", put(1, "WebhookDestination", P, "InvocationRateLimitPerSecond")),
    Fault("a message comes four times", put(4, "SpendQueue", P, "RedrivePolicy", "maxReceiveCount")),
    Fault("a job's message is hidden for two minutes", put(121, "JobEventQueue", P, "VisibilityTimeout")),
)  # fmt: skip

OVERLOOKED: tuple[Fault, ...] = (
    *UNHEARD, *MISLED, *OPENED, *LOST, *DEAF, *REPEATED, *OF_ONE_STACK, *TOO_LITTLE,
)  # fmt: skip
