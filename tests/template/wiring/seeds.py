"""The seeded faults. `make prove` says of each whether a check finds it."""

from __future__ import annotations

from tests.template.wiring.faults import Fault, add, both, drop, put, say, unsay, write
from tests.template.wiring.overlooked import OVERLOOKED

P = "Properties"
WEBHOOK = ("NotificationRule", P, "Targets", 2, "Fn::If", 1)
UPLOADS, SPENDING, JOB_EVENTS = (
    "DatasetUploadedFunctionUploads",
    "SpendingRequestedFunctionSpending",
    "JobStateChangedFunctionJobEvents",
)
ANYWHERE = {"Fn::Sub": "${DataBucket.Arn}/*"}
CREATE_JOBS = ("SpendingRequestedRole", "StartJobs")

NO_LINTER_SEES = (  # missed by each of twelve linter configurations that were compared in November 2026
    Fault("a message is given up after one try", put(1, "UploadQueue", P, "RedrivePolicy", "maxReceiveCount")),
    Fault("a batch's failures aren't taken one by one", drop(JOB_EVENTS, P, "FunctionResponseTypes")),
    Fault(
        "the queue starts more than is reserved", put(1, "SpendingRequestedFunction", P, "ReservedConcurrentExecutions")
    ),
    Fault(
        "Bedrock takes its role on behalf of any account",
        drop("BedrockRole", P, "AssumeRolePolicyDocument", "Statement", 0, "Condition"),
    ),
    Fault(
        "anybody takes a role",
        put("*", "ReconcileRole", P, "AssumeRolePolicyDocument", "Statement", 0, "Principal"),
    ),
    Fault("a route takes unsigned requests", drop("ControlApi", P, "Body", "paths", "/jobs", "post", "security")),
    Fault("request bodies go into logs", put(True, "MessagesApiliveStage", P, "MethodSettings", 0, "DataTraceEnabled")),
    Fault(
        "an event's kind is misspelt",
        put(["Model Customisation Job State Change"], "JobStateChangeRule", P, "EventPattern", "detail-type"),
    ),
    Fault(
        "a pattern asks for a field that no event has", put(["us-west-2"], "UploadRule", P, "EventPattern", "awsRegion")
    ),
    Fault("a queue lets its rule in nowhere", drop("UploadQueuePolicy")),
    Fault(
        "a reader may not delete what it has read",
        say("JobStateChangedRole", "JobEvents", Action=["sqs:ReceiveMessage", "sqs:GetQueueAttributes"]),
    ),
    Fault("a function works for 120 s behind a gateway of 29 s", put(120, "ControlApiFunction", P, "Timeout")),
    Fault("rows never expire", put(False, "AccessTable", P, "TimeToLiveSpecification", "Enabled")),
)

QUEUES = (
    Fault("a queue has no dead letters", drop("SpendQueue", P, "RedrivePolicy")),
    Fault(
        "a queue is its own dead letters",
        put({"Fn::GetAtt": ["SpendQueue", "Arn"]}, "SpendQueue", P, "RedrivePolicy", "deadLetterTargetArn"),
    ),
    Fault(
        "two queues share dead letters",
        put(
            {"Fn::GetAtt": ["SpendDeadLetterQueue", "Arn"]}, "JobEventQueue", P, "RedrivePolicy", "deadLetterTargetArn"
        ),
    ),
    Fault("dead letters are gone after four days", drop("SpendDeadLetterQueue", P, "MessageRetentionPeriod")),
    Fault("a message comes back while it is worked on", put(900, "UploadQueue", P, "VisibilityTimeout")),
    Fault("a purchase's message is hidden for one run only", put(90, "SpendQueue", P, "VisibilityTimeout")),
    Fault("a queue is not encrypted", put(False, "JobEventQueue", P, "SqsManagedSseEnabled")),
    Fault("a burst takes all of the account", drop(UPLOADS, P, "ScalingConfig")),
    Fault("a reader is switched off", put(False, SPENDING, P, "Enabled")),
    Fault("nobody reads a queue", drop(JOB_EVENTS)),
    Fault("a reader reads another's queue", put({"Fn::GetAtt": ["UploadQueue", "Arn"]}, SPENDING, P, "EventSourceArn")),
    Fault("a handler returns no failures", write("job_state_changed.py", "    return queues.", "    queues.")),
    Fault("a handler is gone", write("spending_requested.py", "def handler(", "def handle(")),
)

RULES = (
    Fault(
        "the dead letters let one rule less in",
        drop(
            "RuleDeadLetterQueuePolicy",
            P,
            "PolicyDocument",
            "Statement",
            0,
            "Condition",
            "ArnEquals",
            "aws:SourceArn",
            2,
        ),
    ),
    Fault("a target has no dead letters", drop("UploadRule", P, "Targets", 0, "DeadLetterConfig")),
    Fault("a target has no retries", drop("JobStateChangeRule", P, "Targets", 0, "RetryPolicy")),
    Fault(
        "every object starts the upload rule, also what it writes itself",
        drop("UploadRule", P, "EventPattern", "detail", "object"),
    ),
    Fault(
        "the prefix lacks its letter",
        put([{"prefix": "/incoming/"}], "UploadRule", P, "EventPattern", "detail", "object", "key"),
    ),
    Fault("every bucket starts the upload rule", drop("UploadRule", P, "EventPattern", "detail", "bucket")),
    Fault("any stack's events ring here", drop("NotificationRule", P, "EventPattern", "detail")),
    Fault("the bucket tells EventBridge nothing", drop("DataBucket", P, "NotificationConfiguration")),
    Fault("a rule is switched off", put("DISABLED", "NotificationRule", P, "State")),
    Fault("the topic lets its rule in nowhere", drop("NotificationTopicPolicy")),
    Fault("the people's topic lets its rule in nowhere", drop("PeopleTopicPolicy")),
    Fault("the webhook is asked without a role", drop(*WEBHOOK, "RoleArn")),
    Fault("the webhook's role may post nowhere", say("WebhookRole", "Post", Action="events:PutEvents")),
    Fault(
        "the webhook's role is for other rules",
        put(
            "arn:aws:events:us-west-2:123456789012:rule/other",
            "WebhookRole",
            P,
            "AssumeRolePolicyDocument",
            "Statement",
            0,
            "Condition",
            "ArnLike",
            "aws:SourceArn",
        ),
    ),
    Fault("what the webhook refuses is lost", drop(*WEBHOOK, "DeadLetterConfig")),
    Fault(
        "the function may write where it listens",
        say("DatasetUploadedRole", "PreparedDataAndReports", Resource=ANYWHERE),
    ),
    Fault("Bedrock may write where the function listens", say("BedrockRole", "WriteMetrics", Resource=ANYWHERE)),
    Fault(
        "reconcile comes once a day", put("rate(1 day)", "ReconcileFunctionEveryFiveMinutes", P, "ScheduleExpression")
    ),
    Fault("the schedule may not start its function", drop("ReconcileFunctionEveryFiveMinutesPermission")),
)

FUNCTIONS = (
    Fault("the longest function runs for sixteen minutes", put(960, "DatasetUploadedFunction", P, "Timeout")),
    Fault("a function logs where Lambda likes", drop("ReconcileFunction", P, "LoggingConfig")),
    Fault("logs are kept for ever", drop("SpendingRequestedLogGroup", P, "RetentionInDays")),
    Fault(
        "a role may log into another's group",
        say("ReconcileRole", "Logs", Resource={"Fn::GetAtt": ["ControlApiLogGroup", "Arn"]}),
    ),
    Fault(
        "two functions share a role",
        put({"Fn::GetAtt": ["SpendingRequestedRole", "Arn"]}, "ControlApiFunction", P, "Role"),
    ),
    Fault(
        "a function runs on another processor than its layers",
        put(["x86_64"], "MessagesApiFunction", P, "Architectures"),
    ),
    Fault(
        "a setting is not given", drop("ReconcileFunction", P, "Environment", "Variables", "TUNEDROP_SPEND_QUEUE_URL")
    ),
    Fault("a handler's name is misspelt", put("reconcile.handle", "ReconcileFunction", P, "Handler")),
    Fault(
        "a spending call may hang for longer than its function lives",
        write(
            "tunedrop/edges/clients.py", "_config(attempts=1, read_seconds=30)", "_config(attempts=1, read_seconds=60)"
        ),
    ),
    Fault(
        "a call of a model hangs for longer than its function lives",
        write("messages_api.py", "BUFFERED_READ_SECONDS = 25.0", "BUFFERED_READ_SECONDS = 60.0"),
    ),
    Fault(
        "a function reserves executions that a new account can't give",
        put(10, "ReconcileFunction", P, "ReservedConcurrentExecutions"),
    ),
    Fault("uploads take what a new account can run", put(8, UPLOADS, P, "ScalingConfig", "MaximumConcurrency")),
    Fault(
        "evaluations take more than a new account can run",
        put(3, "EvaluationRequestedFunctionEvaluations", P, "ScalingConfig", "MaximumConcurrency"),
    ),
    Fault(
        "a call to a candidate hangs for longer than its function lives",
        write("evaluation_requested.py", "READ_SECONDS = 60", "READ_SECONDS = 900"),
    ),
    Fault(
        "calls may take all that an account can run",
        put(200, "MessagesApiliveStage", P, "MethodSettings", 0, "ThrottlingRateLimit"),
    ),
    Fault(
        "what releases capacity has no room of its own where somebody asked for it",
        drop("ReconcileFunction", P, "ReservedConcurrentExecutions"),
    ),
    Fault("a function asks for the memory of an old account", put(4096, "DatasetUploadedFunction", P, "MemorySize")),
    Fault(
        "invocation logging is set for the whole account",
        add("ModelLogging", "AWS::Bedrock::ModelInvocationLoggingConfiguration", LoggingConfig={}),
    ),
)

APIS = (
    Fault("a stage is not throttled", drop("MessagesApiliveStage", P, "MethodSettings", 0, "ThrottlingRateLimit")),
    Fault(
        "keys go into the access log",
        put('{"key":"$context.identity.apiKey"}', "MessagesApiliveStage", P, "AccessLogSetting", "Format"),
    ),
    Fault("the gateway may not invoke the Messages function", drop("MessagesApiPermission")),
    Fault(
        "the gateway may invoke it for any method",
        put(
            {"Fn::Sub": "arn:aws:execute-api:us-west-2:123456789012:${MessagesApi}/*"},
            "MessagesApiPermission",
            P,
            "SourceArn",
        ),
    ),
    Fault(
        "the route streams and its call does not",
        put(
            "BUFFERED",
            "MessagesApi",
            P,
            "Body",
            "paths",
            "/v1/{proxy+}",
            "post",
            "x-amazon-apigateway-integration",
            "responseTransferMode",
        ),
    ),
    Fault(
        "the gateway waits for a minute",
        put(
            60000,
            "MessagesApi",
            P,
            "Body",
            "paths",
            "/v1/{proxy+}",
            "post",
            "x-amazon-apigateway-integration",
            "timeoutInMillis",
        ),
    ),
    Fault(
        "a second Messages route is open, and may not call its function",
        put(
            {
                "get": {
                    "responses": {},
                    "x-amazon-apigateway-integration": {
                        "type": "aws_proxy",
                        "httpMethod": "POST",
                        "uri": {"Fn::Sub": "functions/${MessagesApiFunction.Arn}/invocations"},
                    },
                }
            },
            "MessagesApi",
            P,
            "Body",
            "paths",
            "/v2/{proxy+}",
        ),
    ),
    Fault(
        "the gateway's own errors are AWS's",
        drop("ControlApi", P, "Body", "x-amazon-apigateway-gateway-responses", "DEFAULT_4XX"),
    ),
)

ACCESS = (
    Fault("a role may do anything to rows", say("ReconcileRole", "ReadRows", Action="dynamodb:*")),
    Fault("a role may read any queue", say("SpendingRequestedRole", "Spending", Resource="*")),
    Fault(
        "the spending role passes any role",
        say(
            "SpendingRequestedRole",
            "BedrockReadsAndWritesOurBucket",
            Resource={"Fn::Sub": "arn:aws:iam::123456789012:role/*"},
        ),
    ),
    Fault(
        "a role is passed to any service", unsay("SpendingRequestedRole", "BedrockReadsAndWritesOurBucket", "Condition")
    ),
    Fault("a job is made without this stack's tag", unsay(*CREATE_JOBS, "Condition")),
    Fault(
        "any capacity of the account may be deleted",
        unsay("SpendingRequestedRole", "OwnThroughputs", "Condition"),
    ),
    Fault("any model of the account may be called", unsay("MessagesApiRole", "OwnModelsOnly", "Condition")),
    Fault(
        "the API may buy",
        say(
            "ControlApiRole",
            "Lifecycle",
            Action=["bedrock:GetFoundationModel", "bedrock:CreateProvisionedModelThroughput"],
        ),
    ),
    Fault(
        "a misspelt condition key",
        say(*CREATE_JOBS, Condition={"StringEquals": {"aws:RequestTags/tunedrop:stack": {"Ref": "AWS::StackId"}}}),
    ),
    Fault(
        "a managed policy",
        put(["arn:aws:iam::aws:policy/AmazonBedrockFullAccess"], "ReconcileRole", P, "ManagedPolicyArns"),
    ),
    Fault(
        "a queue takes messages from any rule of any account",
        drop("UploadQueuePolicy", P, "PolicyDocument", "Statement", 0, "Condition"),
    ),
    Fault(
        "the topic takes messages from anybody",
        put("*", "NotificationTopicPolicy", P, "PolicyDocument", "Statement", 0, "Principal"),
    ),
    Fault("the bucket takes requests without TLS", drop("DataBucketPolicy")),
    Fault(
        "a role may not use the key for its data", say("DatasetUploadedRole", "KeyForDataAndRows", Action="kms:Decrypt")
    ),
    Fault("a role may use the key by itself", unsay("MessagesApiRole", "KeyForRows", "Condition")),
    Fault("the key refuses log groups", say("Key", "LogGroups", Principal={"Service": "logs.amazonaws.com"})),
    Fault("the key refuses EventBridge's topic", say("Key", "EventsToTopics", Action="kms:Decrypt")),
    Fault("nobody may change the key's policy", say("Key", "AccountDecidesByIam", Action="kms:Describe*")),
    Fault(
        "a function may not publish its events", say("JobStateChangedRole", "OwnEvents", Action="events:DescribeRule")
    ),
)

KEEPING = (
    Fault("a table goes with the stack", drop("StateTable", "DeletionPolicy")),
    Fault("a replaced bucket is deleted", put("Delete", "DataBucket", "UpdateReplacePolicy")),
    Fault("what ends a throughput goes with the stack", drop("BrakeRole", "DeletionPolicy")),
    Fault("a new role is not the one of schedules that stand", put("Delete", "BrakeRole", "UpdateReplacePolicy")),
    Fault(
        "a schedule's role ends anybody's throughputs",
        drop("BrakeRole", P, "Policies", 0, "PolicyDocument", "Statement", 0, "Condition"),
    ),
    Fault(
        "schedules of any account take the role that ends throughputs",
        drop("BrakeRole", P, "AssumeRolePolicyDocument", "Statement", 0, "Condition"),
    ),
    Fault("a failed first deploy leaves a role behind", put("Retain", "ReconcileRole", "DeletionPolicy")),
    Fault(
        "rows expire by an attribute that nobody writes",
        put("expires_at", "AccessTable", P, "TimeToLiveSpecification", "AttributeName"),
    ),
    Fault(
        "the code writes another attribute than the one that expires",
        write("tunedrop/edges/rows/request_rows.py", "expires=", "expires_at="),
    ),
    Fault(
        "jobs expire", put({"AttributeName": "expires", "Enabled": True}, "StateTable", P, "TimeToLiveSpecification")
    ),
    Fault("a table can't be restored", drop("AccessTable", P, "PointInTimeRecoverySpecification")),
    Fault("a table is paid by the hour", drop("AccessTable", P, "BillingMode")),
    Fault(
        "the bucket may be made public",
        put(False, "DataBucket", P, "PublicAccessBlockConfiguration", "BlockPublicPolicy"),
    ),
    Fault("the bucket keeps no versions", drop("DataBucket", P, "VersioningConfiguration")),
    Fault("training data expires", put(30, "DataBucket", P, "LifecycleConfiguration", "Rules", 0, "ExpirationInDays")),
    Fault("a topic is not encrypted", drop("AlarmTopic", P, "KmsMasterKeyId")),
    Fault("the key is never rotated", drop("Key", P, "EnableKeyRotation")),
    Fault("a fixed name", put("tunedrop-data", "DataBucket", P, "BucketName")),
    Fault(
        "a reference that only one choice deploys",
        put({"Ref": "ApiGatewayAccount"}, "ControlApiv1Stage", P, "Variables", "logging"),
    ),
    Fault("a circle", both(put({"Fn::GetAtt": ["DatasetUploadedRole", "Arn"]}, "DataBucket", P, "Tags"))),
)

ALARMS = (
    Fault("dead letters that nobody watches", drop("DeadLettersAlarm", P, "Metrics", 2)),
    Fault("a function that nobody watches", drop("FunctionErrorsAlarm", P, "Metrics", 4)),
    Fault("an alarm that rings nowhere", drop("ExpiredCapacityAlarm", P, "AlarmActions")),
    Fault("an alarm that is switched off", put(False, "OrphansAlarm", P, "ActionsEnabled")),
    Fault(
        "an alarm on the topic that doesn't let it in",
        put([{"Ref": "NotificationTopic"}], "FailedJobsAlarm", P, "AlarmActions"),
    ),
    Fault("a metric that nobody writes", put("JobFailure", "FailedJobsAlarm", P, "MetricName")),
    Fault("the code writes another metric", write("tunedrop/edges/queues.py", "MessageFailed", "MessagesFailed")),
    Fault("an alarm without this stack's dimension", drop("OrphansAlarm", P, "Dimensions")),
    Fault("a heartbeat whose silence is fine", put("notBreaching", "ReconcileMissingAlarm", P, "TreatMissingData")),
    Fault("an alarm that points to no section", put("Look here.", "FaultsAlarm", P, "AlarmDescription")),
)

FAULTS: tuple[Fault, ...] = (
    *NO_LINTER_SEES,
    *QUEUES,
    *RULES,
    *FUNCTIONS,
    *APIS,
    *ACCESS,
    *KEEPING,
    *ALARMS,
    *OVERLOOKED,
)
