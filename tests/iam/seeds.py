"""Slips in policies as people make them, seeded into the translated template to see whether the prover finds them."""

from __future__ import annotations

from typing import Any

from tests.template.wiring.faults import Fault, both, drop, put, say, unsay

P = "Properties"
SPENDING, UPLOADED = "SpendingRequestedRole", "DatasetUploadedRole"
STACK: Any = {"Ref": "AWS::StackId"}
MARKED = {"aws:RequestTag/tunedrop:stack": STACK}
OF_AN_INTENT = {"aws:RequestTag/tunedrop:intent": "?*"}


def _arn(service: str, resource: str) -> Any:
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}"}


def _of(name: str, path: str = "") -> Any:
    return {"Fn::Sub": f"${{{name}.Arn}}{path}"}


def _route(path: str) -> Any:
    """A route of ControlApi."""
    return _arn("execute-api", f"${{ControlApi}}/v1/{path}")


LOST = (  # what is needed is no longer granted
    Fault("a function may not publish its events", say("JobStateChangedRole", "OwnEvents", Action="events:PutRule")),
    Fault(
        "jobs are started without the job's own resource",
        say(SPENDING, "StartJobs", Resource=[_arn("bedrock", "custom-model/*")]),
    ),
    Fault("nothing is tagged when it is created", say(SPENDING, "TagWhatIsCreated", Action="bedrock:UntagResource")),
    Fault("a stopped job goes on", say(SPENDING, "OwnJobs", Action=["bedrock:GetModelCustomizationJob"])),
    Fault("capacity may be bought and not deleted", say(
        SPENDING, "OwnThroughputs", Action="bedrock:GetProvisionedModelThroughput"
    )),
    Fault("rows are read and their key is not", say("MessagesApiRole", "KeyForRows", Condition={
        "StringEquals": {"kms:ViaService": {"Fn::Sub": "s3.${AWS::Region}.amazonaws.com"}},
    })),
    Fault("a condition names another stack's tag", say("MessagesApiRole", "OwnModelsOnly", Condition={
        "StringEquals": {"aws:ResourceTag/stack": STACK},
    })),
    Fault("parts are written and never given up", say(UPLOADED, "GivePartsUp", Action="s3:PutObject")),
    Fault("reports can't be read", say("ControlApiRole", "ReportsAndMetricFiles", Resource=_of(
        "DataBucket", "/outputs/*"
    ))),
    Fault("a transaction's condition may not be checked", say(UPLOADED, "Rows", Action=[
        "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem",
    ])),
    Fault("the slots of running jobs lie outside", say(SPENDING, "Rows", Condition={
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["JOB#*", "OPEN", "DEPLOYMENT#*"]},
    })),
    Fault("the key asks no IAM policy", say("Key", "AccountDecidesByIam", Action="kms:DescribeKey")),
    Fault("Bedrock may not write metrics", say("BedrockRole", "WriteMetrics", Resource=_of(
        "DataBucket", "/prepared/*"
    ))),
    Fault("an uploader can't see what is there", say("UploaderPolicy", "SeeUploads", Action="s3:GetBucketLocation")),
    Fault("a reader can't decrypt", say("ReaderPolicy", "Key", Action="kms:GenerateDataKey")),
    Fault("an operator can't stop", say("OperatorPolicy", "Operate", Resource=[_route("GET/*"), _route("POST/jobs")])),
    Fault("a responder can't put back", say("ResponderPolicy", "PutBack", Action="sqs:GetQueueAttributes")),
    Fault("a data keeper finds no stack", say("DataKeeperPolicy", "FindTheStack", Action="cloudformation:ListStacks")),
    Fault("a queue lets another rule in", put(_of("NotificationRule"), "UploadQueuePolicy", P, "PolicyDocument",
        "Statement", 0, "Condition", "ArnEquals", "aws:SourceArn")),
)  # fmt: skip

WIDENED = (  # what nobody needs is granted
    Fault("an action too many", say("ReconcileRole", "ReadRows", Action=[
        "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query",
    ])),
    Fault("rows of any kind", unsay("ReconcileRole", "ReadRows", "Condition")),
    Fault("rows of one kind too many", say("ReconcileRole", "ReadRows", Condition={
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["JOB#*", "OPEN", "DEPLOYMENT#*", "KEY#*"]},
    })),
    Fault("the whole bucket is read", say("JobStateChangedRole", "ReadMetrics", Resource=_of("DataBucket", "/*"))),
    Fault("uploads may lie anywhere", say("ControlApiRole", "SignUploads", Resource=_of("DataBucket", "/*"))),
    Fault("any role is passed", say(SPENDING, "BedrockReadsAndWritesOurBucket", Resource="*")),
    Fault("a role is passed to any service", unsay(SPENDING, "BedrockReadsAndWritesOurBucket", "Condition")),
    Fault("a role is passed to another service too", say(SPENDING, "BedrockReadsAndWritesOurBucket", Condition={
        "StringEquals": {"iam:PassedToService": ["bedrock.amazonaws.com", "sagemaker.amazonaws.com"]},
    })),
    Fault("foreign capacity is given back", unsay(SPENDING, "OwnThroughputs", "Condition")),
    Fault("foreign models are served", say(SPENDING, "ServeOwnModels", Condition={
        "StringEquals": MARKED, "StringLike": OF_AN_INTENT,
    })),
    Fault("any term is bought", say(SPENDING, "BuyOnOwnModels", Condition={
        "StringEquals": {**MARKED, "aws:ResourceTag/tunedrop:stack": STACK}, "StringLike": OF_AN_INTENT,
    })),
    Fault("what another stack owns is tagged as ours", say(SPENDING, "TagWhatIsCreated", Condition={
        "StringEquals": MARKED, "StringLike": OF_AN_INTENT,
    })),
    Fault("what is bought belongs to no intent", say(SPENDING, "BuyOnTheBaseModelToo", Condition={
        "StringEquals": MARKED,
    })),
    Fault("what is tagged belongs to no stack", say(SPENDING, "TagWhatIsCreated", Condition={
        "StringLike": OF_AN_INTENT, "StringEqualsIfExists": {"aws:ResourceTag/tunedrop:stack": STACK},
    })),
    Fault("every model of the account is asked", unsay("MessagesApiRole", "OwnModelsOnly", "Condition")),
    Fault("base models are asked as well", say("MessagesApiRole", "OwnModelsOnly", Resource=[
        _arn("bedrock", "provisioned-model/*"), _arn("bedrock", "custom-model-deployment/*"),
        {"Fn::Sub": "arn:${AWS::Partition}:bedrock:${AWS::Region}::foundation-model/*"},
    ])),
    Fault("the key is used by way of any service", unsay("MessagesApiRole", "KeyForRows", "Condition")),
    Fault("events are published in anybody's name", unsay(UPLOADED, "OwnEvents", "Condition")),
    Fault("a condition is looser than it looks", say("MessagesApiRole", "OwnModelsOnly", Condition={
        "StringEqualsIfExists": {"aws:ResourceTag/tunedrop:stack": STACK},
    })),
    Fault("two roles are swapped", both(
        say("ReconcileRole", "Logs", Resource=_of("MessagesApiLogGroup")),
        say("MessagesApiRole", "Logs", Resource=_of("ReconcileLogGroup")),
    )),
    Fault("an action is a wildcard", say("BedrockRole", "ReadPreparedData", Action="s3:Get*")),
    Fault("any job of any account takes Bedrock's role", drop("BedrockRole", P, "AssumeRolePolicyDocument",
        "Statement", 0, "Condition")),
    Fault("a service too many takes a role", put(["lambda.amazonaws.com", "ec2.amazonaws.com"], "ReconcileRole", P,
        "AssumeRolePolicyDocument", "Statement", 0, "Principal", "Service")),
    Fault("a reader reads what was uploaded", say("ReaderPolicy", "Reports", Resource=[
        _of("DataBucket", f"/{folder}/*") for folder in ("reports", "prepared", "outputs", "incoming")
    ])),
    Fault("a reader reads the whole bucket", say("ReaderPolicy", "Reports", Resource=_of("DataBucket", "/*"))),
    Fault("a reader deletes", say("ReaderPolicy", "Reports", Action=["s3:GetObject", "s3:DeleteObject"])),
    Fault("a reader uses the key by way of any service", unsay("ReaderPolicy", "Key", "Condition")),
    Fault("a reader encrypts", say("ReaderPolicy", "Key", Action=["kms:Decrypt", "kms:GenerateDataKey"])),
    Fault("a reader sees every stack", say("ReaderPolicy", "FindTheStack", Resource=_arn("cloudformation", "stack/*"))),
    Fault("a reader starts jobs", say("ReaderPolicy", "Ask", Resource=[_route("GET/*"), _route("POST/jobs")])),
    Fault("an operator asks for anything", say("OperatorPolicy", "Operate", Resource=_route("*"))),
    Fault("an operator makes versions", say("OperatorPolicy", "Operate", Resource=[
        *(_route(each) for each in ("GET/*", "POST/*", "DELETE/deployments/*", "DELETE/keys/*")),
    ])),
    Fault("a responder empties queues", say("ResponderPolicy", "DeadLetters", Action=[
        "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:PurgeQueue", "sqs:ReceiveMessage",
    ])),
    Fault("a responder takes messages that wait", say("ResponderPolicy", "PutBack", Action=[
        "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage",
    ])),
    Fault("a responder sends to any queue", say("ResponderPolicy", "PutBack", Resource=_arn("sqs", "*"))),
    Fault("a responder reads any log", say("ResponderPolicy", "Logs", Resource=_arn("logs", "log-group:*"))),
    Fault("a responder deletes logs", say("ResponderPolicy", "Logs", Action=["logs:DeleteLogGroup",
          "logs:FilterLogEvents"])),
    Fault("a responder silences alarms", say("ResponderPolicy", "Alarms", Action=["cloudwatch:DescribeAlarms",
          "cloudwatch:DisableAlarmActions"])),
    Fault("a responder ends foreign capacity", unsay("ResponderPolicy", "EndOwnThroughputs", "Condition")),
    Fault("a responder deletes jobs' outcomes of all kinds", say("ResponderPolicy", "EndOwnModels", Action=[
        "bedrock:DeleteCustomModel", "bedrock:DeleteImportedModel",
    ])),
    Fault("a responder makes keys", say("ResponderPolicy", "ReadStopReleaseRevoke", Resource=[
        _route(each) for each in ("GET/*", "POST/jobs/*/stop", "POST/keys", "DELETE/deployments/*", "DELETE/keys/*")
    ])),
    Fault("a data keeper deletes behind Tunedrop's back", say("DataKeeperPolicy", "Upload", Action=[
        "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject",
    ])),
    Fault("a data keeper writes what was prepared", say("DataKeeperPolicy", "Upload", Resource=_of(
        "DataBucket", "/*"
    ))),
    Fault("a data keeper lists everything", unsay("DataKeeperPolicy", "SeeUploads", "Condition")),
    Fault("a data keeper gives capacity back", say("DataKeeperPolicy", "KeepData", Resource=[
        _route(each) for each in ("GET/datasets", "GET/datasets/*", "POST/datasets/*/uploads",
                                  "POST/datasets/*/versions", "DELETE/*")
    ])),
    Fault("a prefix needs no hyphen", unsay("UploaderPolicy", "UploadByPrefix", "Condition")),
    Fault("an uploader reads back", say("UploaderPolicy", "Upload", Action=[
        "s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject",
    ])),
    Fault("an uploader lists everything", unsay("UploaderPolicy", "SeeUploads", "Condition")),
    Fault("an uploader erases", say("UploaderPolicy", "AskForLinksAndVersions", Resource=[
        _route(f"{verb}/datasets/${{!aws:PrincipalTag/tunedrop:dataset}}{rest}")
        for verb, rest in (("POST", "/uploads"), ("POST", "/versions"), ("GET", "/uploads/*"), ("GET", ""),
                           ("GET", "/versions/*"), ("DELETE", ""))
    ])),
    Fault("the topic lets any rule in", drop("NotificationTopicPolicy", P, "PolicyDocument", "Statement", 0,
        "Condition")),
)  # fmt: skip

UNDENIED = (  # Z3 is asked for what is allowed
    Fault("the bucket answers without TLS", say("DataBucketPolicy", "TlsOnly", Action="s3:GetBucketAcl")),
    Fault("the denial is turned round", say("DataBucketPolicy", "TlsOnly", Condition={
        "Bool": {"aws:SecureTransport": "true"},
    })),
)  # fmt: skip

FAULTS = (*LOST, *WIDENED, *UNDENIED)
