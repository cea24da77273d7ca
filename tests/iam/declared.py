"""What each role needs, and who may come to each resource, as a person would say it: the other side of the proof.

Written from docs/architecture.md and the functions' own words, not from the template. Z3 shows that the template grants
this and nothing else; the recorded calls show that it suffices.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.iam import people
from tests.iam.may import (
    DATA,
    DEPLOYMENTS,
    HERE,
    IS_OURS,
    JOBS,
    KEY,
    MODELS,
    OURS,
    THROUGHPUTS,
    Conditions,
    May,
    by_way_of,
    objects,
)
from tests.iam.policies import Policies
from tests.template.stack import ACCOUNT, NAME, PSEUDO, REGION, Resource, Stack, Statement, statements

STATE, ACCESS = "<StateTable.Arn>", "<AccessTable.Arn>"
EC2 = f"arn:aws:ec2:{HERE}"
INTERFACES, OF_JOB, IN_VPC = f"{EC2}:network-interface/*", "BedrockModelCustomizationJobArn", "JobSubnetIds"
DESCRIBE = "DescribeDhcpOptions DescribeNetworkInterfaces DescribeSecurityGroups DescribeSubnets DescribeVpcs"
SUBNETS, GROUPS = ["subnet-0a1b2c", "subnet-0d4e5f"], ["sg-0a1b2c"]
CREATE, ENCRYPT = "ec2:CreateNetworkInterface", "CreateGrant Decrypt DescribeKey GenerateDataKey"
OWN_KEYS = f"arn:aws:kms:{HERE}:key/0a1b2c3d-0000-4000-8000-000000000000"
MARK = PSEUDO["AWS::StackId"].rpartition("/")[2].partition("-")[0]
BASE_MODELS = f"arn:aws:bedrock:{REGION}::foundation-model/*"


def under(*keys: str) -> Conditions:
    """Only rows whose partition key is like these."""
    return {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(keys)}}


FOR_JOBS: Conditions = {
    "StringEquals": {"aws:RequestTag/BedrockManaged": "true"},
    "ArnLike": {f"aws:RequestTag/{OF_JOB}": JOBS},
}
MARKED = {"aws:RequestTag/tunedrop:stack": PSEUDO["AWS::StackId"]}
OF_AN_INTENT = {"aws:RequestTag/tunedrop:intent": "?*"}
IS_MARKED: Conditions = {"StringEquals": MARKED, "StringLike": OF_AN_INTENT}
WHERE_DATASETS_LIE: Conditions = {
    "StringLike": {"s3:prefix": ["incoming/*", "prepared/*", "reports/*", "evaluations/*"]}
}
ONE_ROW = "dynamodb:DeleteItem GetItem PutItem UpdateItem"
ROWS = f"{ONE_ROW} Query ConditionCheckItem"
OF_JOBS = ("JOB#*", "OPEN", "SLOTS", "DEPLOYMENT#*")
KINDS = f"{STATE}/index/by_kind"
SUM_OF_THE_MONTH = May("dynamodb:Query", KINDS, under("job", "deployment", "evaluation"))
OPEN_EVALUATIONS = May("dynamodb:GetItem Query", STATE, under("EVALUATING", "EVALUATION#*"))


def _buys(*terms: str, choice: str = "") -> tuple[May, May]:
    """Throughput for these terms, as its tag says; Bedrock asks for the base model as well."""
    marked: dict[str, str | list[str]] = {**MARKED, "aws:RequestTag/tunedrop:term": list(terms)}
    buy = "bedrock:CreateProvisionedModelThroughput"
    return (
        May(buy, MODELS, {"StringEquals": {**OURS, **marked}, "StringLike": OF_AN_INTENT}, choice),
        May(buy, BASE_MODELS, {"StringEquals": marked, "StringLike": OF_AN_INTENT}, choice),
    )


TRACES = May("xray:PutTelemetryRecords PutTraceSegments", "*")
OWN_EVENTS = May(
    "events:PutEvents", f"arn:aws:events:{HERE}:event-bus/default", {"StringEquals": {"events:source": "tunedrop"}}
)
QUOTAS = May("servicequotas:ListServiceQuotas", "*")
TUNABLE = (May("bedrock:GetFoundationModel", BASE_MODELS), May("bedrock:ListFoundationModels", "*"), QUOTAS)
FIND_CAPACITY = (
    May("bedrock:ListCustomModelDeployments ListProvisionedModelThroughputs", "*"),
    May("bedrock:ListTagsForResource", (THROUGHPUTS, DEPLOYMENTS)),
)

MADE_ELSEWHERE = f"{DATA}/incoming/*/answers/*"
# sees which custom models Bedrock still has
LISTED_MODELS = May("bedrock:ListCustomModels", "*")
OWN_MODELS = May("bedrock:GetCustomModel ListTagsForResource", MODELS, IS_OURS)


def logs(function: str) -> May:
    """The function's own log group."""
    return May("logs:CreateLogStream PutLogEvents", f"<{function}LogGroup.Arn>")


def consumes(queue: str) -> May:
    """The messages of the function's own queue."""
    return May("sqs:ChangeMessageVisibility DeleteMessage GetQueueAttributes ReceiveMessage", f"<{queue}.Arn>")


def sends(*queues: str) -> May:
    """Messages to these queues."""
    return May("sqs:SendMessage", tuple(f"<{queue}.Arn>" for queue in queues))


ON_ACCEPT = "AllowJobsOnAccept"
NEEDED: Mapping[str, tuple[May, ...]] = {
    "DatasetUploadedRole": (
        TRACES,
        logs("DatasetUploaded"),
        OWN_EVENTS,
        consumes("UploadQueue"),
        sends("SpendQueue"),
        # reads split files and its own results, writes results, erases datasets
        May("s3:GetObjectVersion", objects("incoming", "prepared")),
        May("s3:GetObject", objects("incoming", "reports")),
        May("s3:PutObject", objects("prepared", "reports")),
        May("s3:AbortMultipartUpload", objects("prepared", "reports")),
        May("s3:DeleteObjectVersion", objects("incoming", "prepared", "reports", "evaluations")),
        May("s3:ListBucket", DATA),
        May("s3:ListBucketVersions", DATA, WHERE_DATASETS_LIE),
        May("kms:Decrypt GenerateDataKey", KEY, by_way_of("s3", "dynamodb")),
        May(ROWS, STATE, under("DATASET#*")),
        # asks for a job where the stack allows that
        May(ROWS, STATE, under("DATASET#*", *OF_JOBS, "NAME#*", "EVALUATION#*", "EVALUATING"), ON_ACCEPT),
        May("sqs:SendMessage", "<UploadQueue.Arn>", choice=ON_ACCEPT),
        *(
            May(each.actions, each.resources, each.when, ON_ACCEPT)
            for each in (SUM_OF_THE_MONTH, OPEN_EVALUATIONS, *TUNABLE)
        ),
    ),
    "ControlApiRole": (
        TRACES,
        logs("ControlApi"),
        sends("SpendQueue", "UploadQueue", "EvaluationQueue"),
        May(ROWS, STATE),
        May(f"{ONE_ROW} Query", ACCESS),
        May("dynamodb:Query", KINDS),
        # signs links: to reports and metrics, and for uploads
        May("s3:GetObject", objects("incoming", "reports", "outputs")),
        May("s3:PutObject", objects("incoming")),
        # reads what an evaluation would ask, and answers made elsewhere
        May("s3:GetObjectVersion", (*objects("prepared"), MADE_ELSEWHERE)),
        May("s3:ListBucketVersions", DATA, WHERE_DATASETS_LIE),
        May("kms:Decrypt GenerateDataKey", KEY, by_way_of("s3", "dynamodb")),
        *TUNABLE,
        # looks whether a model that a deployment shall serve is ours, and still there
        OWN_MODELS,
        LISTED_MODELS,
        # says what Bedrock has that no deployment owns, and whose it is
        *FIND_CAPACITY,
    ),
    "JobStateChangedRole": (
        TRACES,
        logs("JobStateChanged"),
        OWN_EVENTS,
        consumes("JobEventQueue"),
        sends("SpendQueue"),
        May(f"{ONE_ROW} BatchWriteItem", STATE, under(*OF_JOBS, "NAME#*")),
        May("dynamodb:Query", STATE, under("OPEN")),
        May("kms:Decrypt GenerateDataKey", KEY, by_way_of("dynamodb", "s3")),
        # reads the metrics files of jobs that are ours, and writes reports of jobs: again once their model was judged
        May("s3:GetObject PutObject", f"{DATA}/reports/*/jobs/*"),
        May("s3:ListBucket", DATA, {"StringLike": {"s3:prefix": "outputs/*"}}),
        May("dynamodb:Query", STATE, under("EVALUATION#*")),
        May("s3:GetObject", objects("outputs")),
        May("bedrock:GetModelCustomizationJob", JOBS, IS_OURS),
    ),
    "SpendingRequestedRole": (
        TRACES,
        logs("SpendingRequested"),
        OWN_EVENTS,
        consumes("SpendQueue"),
        sends("UploadQueue", "EvaluationQueue"),
        May(ONE_ROW, STATE, under(*OF_JOBS, "ORPHAN#*")),
        # looks at what decides whether a deployment goes live
        May("dynamodb:GetItem", STATE, under("EVALUATION#*")),
        May("dynamodb:Query", STATE, under("OPEN")),
        May("dynamodb:GetItem", STATE, under("DATASET#*")),
        May("dynamodb:GetItem UpdateItem", ACCESS, under("CALLED")),
        # adds up what takes of the month's budget before it spends
        SUM_OF_THE_MONTH,
        OPEN_EVALUATIONS,
        May("dynamodb:Query", STATE, under("DEPLOYMENT#*")),
        May("kms:Decrypt GenerateDataKey", KEY, by_way_of("dynamodb")),
        QUOTAS,
        May("bedrock:ListModelCustomizationJobs", "*"),
        # tells of base models that retire
        May("bedrock:ListFoundationModels", "*"),
        May("bedrock:GetCustomModel DeleteCustomModel", MODELS, IS_OURS),
        *FIND_CAPACITY,
        OWN_MODELS,
        LISTED_MODELS,
        # creates what carries the stack's tag and an intent's
        May("bedrock:CreateModelCustomizationJob", (BASE_MODELS, MODELS, JOBS), IS_MARKED),
        May("iam:PassRole", "<BedrockRole.Arn>", {"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}}),
        # what it buys has an end that needs nothing of ours
        May(
            "scheduler:CreateSchedule GetSchedule UpdateSchedule",
            f"arn:aws:scheduler:{HERE}:schedule/default/*-{MARK}-*",
        ),
        May("iam:PassRole", "<BrakeRole.Arn>", {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}),
        May(
            "bedrock:CreateCustomModelDeployment",
            MODELS,
            {"StringEquals": {**OURS, **MARKED}, "StringLike": OF_AN_INTENT},
        ),
        *_buys("hourly"),
        # for a whole term only where the stack allows that
        *_buys("one_month", "six_months", choice="AllowCommitments"),
        May(
            "bedrock:TagResource",
            (JOBS, MODELS, THROUGHPUTS, DEPLOYMENTS),
            {**IS_MARKED, "StringEqualsIfExists": OURS},
        ),
        # follows and ends what is ours
        May("bedrock:GetModelCustomizationJob StopModelCustomizationJob", JOBS, IS_OURS),
        May(
            "bedrock:GetProvisionedModelThroughput DeleteProvisionedModelThroughput UpdateProvisionedModelThroughput",
            THROUGHPUTS,
            IS_OURS,
        ),
        May(
            "bedrock:GetCustomModelDeployment DeleteCustomModelDeployment UpdateCustomModelDeployment",
            DEPLOYMENTS,
            IS_OURS,
        ),
        May("bedrock:UpdateCustomModelDeployment UpdateProvisionedModelThroughput", MODELS, IS_OURS),
        May("kms:CreateGrant Decrypt DescribeKey GenerateDataKey", KEY, by_way_of("bedrock"), "EncryptCustomModels"),
        May(
            "kms:CreateGrant Decrypt DescribeKey GenerateDataKey", OWN_KEYS, by_way_of("bedrock"), "CustomModelKeyArns"
        ),
    ),
    "ReconcileRole": (
        TRACES,
        logs("Reconcile"),
        OWN_EVENTS,
        sends("SpendQueue", "JobEventQueue", "UploadQueue", "EvaluationQueue"),
        May(
            "dynamodb:GetItem Query",
            STATE,
            under("JOB#*", "OPEN", "EVALUATING", "DEPLOYMENT#*", "EVALUATION#*"),
        ),
        May("dynamodb:Query", KINDS, under("deletion")),
        SUM_OF_THE_MONTH,
        May("dynamodb:GetItem", STATE, under("SLOTS")),
        May("dynamodb:Query", ACCESS, under("CALLED")),
        May("bedrock:ListFoundationModels", "*"),
        May("kms:Decrypt", KEY, by_way_of("dynamodb")),
        May("cloudformation:DescribeStacks", f"arn:aws:cloudformation:{HERE}:stack/*/*"),
        *FIND_CAPACITY,
        LISTED_MODELS,
    ),
    "DeletionGuardRole": (
        TRACES,
        logs("DeletionGuard"),
        # looks at all that the stack would leave, and whether it is the stack that goes
        May("dynamodb:GetItem Query", STATE, under("JOB#*", "OPEN", "EVALUATING", "DEPLOYMENT#*", "EVALUATION#*")),
        May("kms:Decrypt", KEY, by_way_of("dynamodb")),
        *FIND_CAPACITY,
        May("bedrock:ListCustomModels ListModelCustomizationJobs", "*"),
        May("cloudformation:DescribeStacks", PSEUDO["AWS::StackId"]),
    ),
    "EvaluationRequestedRole": (
        TRACES,
        logs("EvaluationRequested"),
        OWN_EVENTS,
        consumes("EvaluationQueue"),
        sends("EvaluationQueue", "SpendQueue", "JobEventQueue"),
        May(ONE_ROW, STATE, under("EVALUATION#*", "EVALUATING")),
        # looks whether the capacity is there that it judges
        May("dynamodb:GetItem", STATE, under("DEPLOYMENT#*")),
        # reads the test split, answers made elsewhere and what train asks, stores what was said, writes reports
        May("s3:GetObjectVersion", (*objects("prepared"), MADE_ELSEWHERE)),
        May("s3:GetObject", f"{DATA}/reports/*/train.fingerprints"),
        May("s3:ListBucket", DATA, {"StringLike": {"s3:prefix": "evaluations/*"}}),
        May("s3:GetObject PutObject", objects("evaluations")),
        May("s3:PutObject", f"{DATA}/reports/*/evaluations/*"),
        May("kms:Decrypt GenerateDataKey", KEY, by_way_of("s3", "dynamodb")),
        # asks what is ours, and base models
        May("bedrock:InvokeModel", (THROUGHPUTS, DEPLOYMENTS), IS_OURS),
        May("bedrock:InvokeModel", BASE_MODELS),
        May("kms:Decrypt", KEY, by_way_of("bedrock"), "EncryptCustomModels"),
    ),
    "MessagesApiRole": (
        TRACES,
        logs("MessagesApi"),
        May("dynamodb:UpdateItem", ACCESS, under("KEY#*")),
        May("dynamodb:UpdateItem", ACCESS, under("CALLED")),
        May("dynamodb:GetItem", STATE, under("DEPLOYMENT#*")),
        May("dynamodb:Query", KINDS, under("deployment")),
        May("kms:Decrypt GenerateDataKey", KEY, by_way_of("dynamodb")),
        May("bedrock:InvokeModelWithResponseStream", (THROUGHPUTS, DEPLOYMENTS), IS_OURS),
        May("kms:Decrypt", KEY, by_way_of("bedrock"), "EncryptCustomModels"),
    ),
    "BrakeRole": (May("bedrock:DeleteProvisionedModelThroughput", THROUGHPUTS, IS_OURS),),
    "BedrockRole": (
        May("s3:ListBucket", DATA),
        May("s3:GetObject", objects("prepared", "outputs")),
        May("s3:PutObject", objects("outputs")),
        May("kms:Decrypt GenerateDataKey", KEY, by_way_of("s3")),
        # reads data through a network that the stack allows
        May(f"ec2:{DESCRIBE}", "*", choice=IN_VPC),
        May(
            CREATE,
            INTERFACES,
            {**FOR_JOBS, "ArnLike": {f"aws:RequestTag/{OF_JOB}": JOBS}},
            IN_VPC,
        ),
        May(CREATE, f"{EC2}:subnet/*", {"StringEquals": {"ec2:SubnetID": SUBNETS}}, IN_VPC),
        May(
            CREATE,
            f"{EC2}:security-group/*",
            {"StringEquals": {"ec2:SecurityGroupID": GROUPS}},
            IN_VPC,
        ),
        May(
            "ec2:CreateNetworkInterfacePermission DeleteNetworkInterface DeleteNetworkInterfacePermission",
            INTERFACES,
            {"ArnLike": {f"ec2:ResourceTag/{OF_JOB}": JOBS}},
            IN_VPC,
        ),
        May(
            "ec2:CreateTags",
            INTERFACES,
            {
                "StringEquals": {"ec2:CreateAction": "CreateNetworkInterface"},
                "ForAllValues:StringEquals": {"aws:TagKeys": ["BedrockManaged", OF_JOB]},
            },
            IN_VPC,
        ),
    ),
    "WebhookRole": (May("events:InvokeApiDestination", "<WebhookDestination.Arn>"),),
    "ApiGatewayLoggingRole": (
        May(
            "logs:CreateLogGroup CreateLogStream DescribeLogStreams FilterLogEvents GetLogEvents PutLogEvents",
            f"arn:aws:logs:{HERE}:log-group:*",
        ),
        May("logs:DescribeLogGroups", "*"),
    ),
}


EVENTS, CLOUDWATCH = "events.amazonaws.com", "cloudwatch.amazonaws.com"
OF_THIS_ACCOUNT: Conditions = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def from_rules(*rules: str) -> Conditions:
    """Only on behalf of these rules."""
    return {"ArnEquals": {"aws:SourceArn": [f"<{rule}.Arn>" for rule in rules]}}


ALL_RULES = ("UploadRule", "JobStateChangeRule", "NotificationRule", "ReconcileFunctionEveryFiveMinutes")
LET_IN: Mapping[str, tuple[May, ...]] = {
    "UploadQueuePolicy": (May("sqs:SendMessage", "<UploadQueue.Arn>", from_rules("UploadRule"), whom=EVENTS),),
    "JobEventQueuePolicy": (
        May("sqs:SendMessage", "<JobEventQueue.Arn>", from_rules("JobStateChangeRule"), whom=EVENTS),
    ),
    "RuleDeadLetterQueuePolicy": (
        May("sqs:SendMessage", "<RuleDeadLetterQueue.Arn>", from_rules(*ALL_RULES), whom=EVENTS),
    ),
    "NotificationTopicPolicy": (
        May("sns:Publish", "<NotificationTopic>", from_rules("NotificationRule"), whom=EVENTS),
    ),
    "PeopleTopicPolicy": (May("sns:Publish", "<PeopleTopic>", from_rules("NotificationRule"), whom=EVENTS),),
    "AlarmTopicPolicy": (May("sns:Publish", "<AlarmTopic>", OF_THIS_ACCOUNT, whom=CLOUDWATCH),),
    "RoutineAlarmTopicPolicy": (May("sns:Publish", "<RoutineAlarmTopic>", OF_THIS_ACCOUNT, whom=CLOUDWATCH),),
    "Key": (
        May("kms:Decrypt GenerateDataKey", "*", whom=EVENTS),
        May("kms:Decrypt GenerateDataKey", "*", OF_THIS_ACCOUNT, whom=CLOUDWATCH),
        May(
            "kms:Decrypt DescribeKey Encrypt GenerateDataKey* ReEncrypt*",
            "*",
            {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{HERE}:log-group:*"}},
            whom=f"logs.{REGION}.amazonaws.com",
        ),
        May("kms:*", "*", whom=f"arn:aws:iam::{ACCOUNT}:root"),
    ),
}
TRUSTED: Mapping[str, May] = {
    "ApiGatewayLoggingRole": May("sts:AssumeRole", "", whom="apigateway.amazonaws.com"),
    "BedrockRole": May(
        "sts:AssumeRole",
        "",
        {**OF_THIS_ACCOUNT, "ArnEquals": {"aws:SourceArn": JOBS}},
        whom="bedrock.amazonaws.com",
    ),
    "BrakeRole": May(
        "sts:AssumeRole",
        "",
        {**OF_THIS_ACCOUNT, "ArnEquals": {"aws:SourceArn": f"arn:aws:scheduler:{HERE}:schedule-group/default"}},
        whom="scheduler.amazonaws.com",
    ),
    "WebhookRole": May(
        "sts:AssumeRole",
        "",
        {**OF_THIS_ACCOUNT, "ArnLike": {"aws:SourceArn": f"arn:aws:events:{HERE}:rule/{NAME}-*"}},
        whom=EVENTS,
    ),
}
BY_LAMBDA = May("sts:AssumeRole", "", whom="lambda.amazonaws.com")


def of(stack: Stack) -> Policies:
    """The tables as policies, for the choices of a stack."""
    chosen = {name for name, value in stack.parameters.items() if value not in {"", "false"}}
    kept = {
        role: [each for each in may if not each.choice or each.choice in chosen]
        for role, may in NEEDED.items()
        if role in stack.resources
    }
    return Policies(
        {owner: _statements(owner, *may) for owner, may in {**kept, **people.declared()}.items()},
        tuple(statement for owner, may in LET_IN.items() for statement in _statements(owner, *may)),
        {role: _statements(role, TRUSTED.get(role, BY_LAMBDA)) for role in kept},
    )


def _statements(owner: str, *may: May) -> tuple[Statement, ...]:
    return tuple(statements(Resource(owner, "declared", {}, {}), {"Statement": [each.document() for each in may]}))
