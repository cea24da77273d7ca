"""Permissions: one role each, no managed policy, no wildcard action, and one role only that can spend."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from tests.template.stack import ACCOUNT, PSEUDO, granted, statements

ROOT = Path(__file__).parents[2]
SERVICES = ("bedrock", "bedrock-runtime")
ASKED_AS = {"Converse": "InvokeModel", "ConverseStream": "InvokeModelWithResponseStream"}  # docs/facts.md#converse

ROLE, POLICY, FUNCTION = "AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::Lambda::Function"

EVERY_RESOURCE = {  # why an action may be on "*": the service knows no narrower resource for it
    "xray:PutTelemetryRecords": "X-Ray takes no resource",
    "xray:PutTraceSegments": "X-Ray takes no resource",
    "bedrock:ListCustomModelDeployments": "a list takes no resource",
    "bedrock:ListCustomModels": "a list takes no resource",
    "bedrock:ListFoundationModels": "a list takes no resource",
    "bedrock:ListModelCustomizationJobs": "a list takes no resource",
    "bedrock:ListProvisionedModelThroughputs": "a list takes no resource",
    "servicequotas:ListServiceQuotas": "a list takes no resource",
    "ec2:DescribeDhcpOptions": "EC2's descriptions take no resource",
    "ec2:DescribeNetworkInterfaces": "EC2's descriptions take no resource",
    "ec2:DescribeSecurityGroups": "EC2's descriptions take no resource",
    "ec2:DescribeSubnets": "EC2's descriptions take no resource",
    "ec2:DescribeVpcs": "EC2's descriptions take no resource",
}
SPENDING = ("bedrock:Create", "bedrock:Delete", "bedrock:Update", "bedrock:Tag", "bedrock:Stop", "iam:PassRole")
BY_TAG = {  # what may be done to a custom resource of Bedrock only where this stack's tag is on it
    "bedrock:GetModelCustomizationJob",
    "bedrock:StopModelCustomizationJob",
    "bedrock:GetProvisionedModelThroughput",
    "bedrock:DeleteCustomModel",
    "bedrock:DeleteProvisionedModelThroughput",
    "bedrock:GetCustomModelDeployment",
    "bedrock:DeleteCustomModelDeployment",
    "bedrock:InvokeModelWithResponseStream",
}
BY_REQUEST_TAG = {
    "bedrock:CreateModelCustomizationJob",
    "bedrock:CreateProvisionedModelThroughput",
    "bedrock:CreateCustomModelDeployment",
    "bedrock:TagResource",
}


@cache
def model_of(service):
    return botocore.session.get_session().get_service_model(service)


def all_granted(stack, *types):
    return [statement for owner in stack.of(*(types or (ROLE, POLICY))) for statement in granted(owner)]


def test_no_role_takes_a_managed_policy(stack):
    assert [role.id for role in stack.of(ROLE) if role.properties.get("ManagedPolicyArns")] == []


def test_no_policy_has_a_wildcard_action(stack):
    assert [action for statement in all_granted(stack) for action in statement.actions if "*" in action] == []


def test_only_actions_that_take_no_resource_are_on_every_resource(stack):
    wide = {action for statement in all_granted(stack) if "*" in statement.resources for action in statement.actions}
    logging = {"logs:DescribeLogGroups"} if stack.parameters["ManageApiGatewayLogging"] == "true" else set()
    network = (
        set() if stack.parameters["JobSubnetIds"] else {each for each in EVERY_RESOURCE if each.startswith("ec2:")}
    )
    assert wide == set(EVERY_RESOURCE) - network | logging


def test_the_role_for_api_gateways_logs_has_the_actions_of_awss_own_policy(stack):
    managed = stack.parameters["ManageApiGatewayLogging"] == "true"
    actions = {
        action for each in all_granted(stack) if each.owner.id == "ApiGatewayLoggingRole" for action in each.actions
    }
    expected = {  # docs/facts.md#api-gateway
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:DescribeLogGroups",
        "logs:DescribeLogStreams",
        "logs:FilterLogEvents",
        "logs:GetLogEvents",
        "logs:PutLogEvents",
    }
    assert actions == (expected if managed else set())


def test_what_is_not_on_every_resource_names_account_or_stack(stack):
    shared = {f"arn:aws:bedrock:{PSEUDO['AWS::Region']}::foundation-model/*"}
    for statement in all_granted(stack):
        for resource in set(statement.resources) - {"*"} - shared:
            assert "<" in resource or ACCOUNT in resource, (statement.owner.id, resource)


def test_no_policy_relies_on_deny_or_not(stack):
    for owner in stack.of(ROLE, POLICY):
        assert {statement.effect for statement in granted(owner)} == {"Allow"}
        assert "NotAction" not in str(owner.properties)
        assert "NotResource" not in str(owner.properties)


def test_only_one_role_can_spend(stack):
    able = {
        statement.owner.id
        for statement in all_granted(stack, ROLE)
        for action in statement.actions
        if action.startswith(SPENDING)
    }
    assert able == {"BrakeRole", "SpendingRequestedRole"}
    assert [(each.actions, each.sid) for each in granted(stack["BrakeRole"])] == [
        (("bedrock:DeleteProvisionedModelThroughput",), "EndOwnThroughputs")
    ]
    users = [each.id for each in stack.of(FUNCTION) if each["Role"] == "<SpendingRequestedRole.Arn>"]
    assert users == ["SpendingRequestedFunction"]


def test_people_can_end_what_costs_and_never_begin_it(stack):
    able = {
        (statement.owner.id, action)
        for statement in all_granted(stack, POLICY)
        for action in statement.actions
        if action.startswith(SPENDING)
    }
    assert able == {
        ("ResponderPolicy", f"bedrock:Delete{kind}")
        for kind in ("CustomModel", "CustomModelDeployment", "ProvisionedModelThroughput")
    } | {("ResponderPolicy", "bedrock:StopModelCustomizationJob")}


def test_the_role_that_can_spend_passes_one_role_to_bedrock_and_one_to_scheduler(stack):
    passing = [each for each in all_granted(stack) if "iam:PassRole" in each.actions]
    assert {each.owner.id for each in passing} == {"SpendingRequestedRole"}
    assert [(each.resources, each.conditions) for each in passing] == [
        (("<BedrockRole.Arn>",), {"StringEquals": {"iam:PassedToService": ("bedrock.amazonaws.com",)}}),
        (("<BrakeRole.Arn>",), {"StringEquals": {"iam:PassedToService": ("scheduler.amazonaws.com",)}}),
    ]


def test_bedrocks_custom_resources_are_touched_only_where_they_carry_this_stacks_tag(stack):
    seen = set()
    for statement in all_granted(stack):
        touched = BY_TAG & set(statement.actions)
        if touched:
            assert statement.conditions == {
                "StringEquals": {"aws:ResourceTag/tunedrop:stack": (PSEUDO["AWS::StackId"],)}
            }
            seen |= touched
    assert seen == BY_TAG


def test_whatever_is_created_must_carry_this_stacks_tag_and_an_intents(stack):
    seen = set()
    for statement in all_granted(stack):
        touched = BY_REQUEST_TAG & set(statement.actions)
        if touched:
            equal = statement.conditions["StringEquals"]
            assert equal["aws:RequestTag/tunedrop:stack"] == (PSEUDO["AWS::StackId"],)
            assert statement.conditions["StringLike"] == {"aws:RequestTag/tunedrop:intent": ("?*",)}
            seen |= touched
    assert seen == BY_REQUEST_TAG


def test_only_models_of_this_stack_are_served(stack):
    serving = [
        statement
        for statement in all_granted(stack)
        if {"bedrock:CreateCustomModelDeployment", "bedrock:CreateProvisionedModelThroughput"} & set(statement.actions)
        and any(":custom-model/" in resource for resource in statement.resources)
    ]
    assert len(serving) == 2
    for statement in serving:
        assert statement.conditions["StringEquals"]["aws:ResourceTag/tunedrop:stack"] == (PSEUDO["AWS::StackId"],)


def test_only_what_says_its_term_is_bought_and_a_commitment_only_where_the_stack_allows_it(stack):
    allowed = ("hourly", "one_month", "six_months") if stack.parameters["AllowCommitments"] == "true" else ("hourly",)
    buying = [each for each in all_granted(stack) if "bedrock:CreateProvisionedModelThroughput" in each.actions]
    assert [each.conditions["StringEquals"]["aws:RequestTag/tunedrop:term"] for each in buying] == [allowed, allowed]


def test_what_another_stack_owns_is_not_tagged_anew(stack):
    (statement,) = [each for each in all_granted(stack) if "bedrock:TagResource" in each.actions]
    assert statement.conditions["StringEqualsIfExists"] == {"aws:ResourceTag/tunedrop:stack": (PSEUDO["AWS::StackId"],)}


def test_jobs_are_started_on_all_three_resources_that_bedrock_asks_for(stack):
    (statement,) = [each for each in all_granted(stack) if "bedrock:CreateModelCustomizationJob" in each.actions]
    here = f"arn:aws:bedrock:{PSEUDO['AWS::Region']}"
    assert set(statement.resources) == {  # docs/facts.md#iam: the reference of actions names two, AWS's policies three
        f"{here}::foundation-model/*",
        f"{here}:{ACCOUNT}:custom-model/*",
        f"{here}:{ACCOUNT}:model-customization-job/*",
    }


def test_capacity_is_bought_on_both_resources_that_bedrock_asks_for(stack):
    buying = [each for each in all_granted(stack) if "bedrock:CreateProvisionedModelThroughput" in each.actions]
    here = f"arn:aws:bedrock:{PSEUDO['AWS::Region']}"
    bought_for = {resource for statement in buying for resource in statement.resources}
    assert bought_for == {f"{here}::foundation-model/*", f"{here}:{ACCOUNT}:custom-model/*"}


def called_of_bedrock():
    """Names of methods that the code calls, as the actions of Bedrock that they would need."""
    trees = [ast.parse(path.read_text("utf-8")) for path in (ROOT / "functions").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    names |= {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    operations = {xform_name(name): name for each in SERVICES for name in model_of(each).operation_names}
    called = {operations[name] for name in names & operations.keys()}
    return {f"bedrock:{ASKED_AS.get(name, name)}" for name in called}


def test_every_action_of_bedrock_that_a_role_is_granted_is_one_that_the_code_calls(stack):
    actions = {action for each in all_granted(stack, ROLE) for action in each.actions if action.startswith("bedrock:")}
    assert actions - called_of_bedrock() == {"bedrock:TagResource"}  # asked for when something is created with tags


def test_the_messages_function_writes_no_job_and_no_deployment(stack):
    rows = [
        statement
        for statement in granted(stack["MessagesApiRole"])
        if any(action.startswith("dynamodb:") for action in statement.actions)
    ]
    assert {(action, *each.resources) for each in rows for action in each.actions} == {
        ("dynamodb:UpdateItem", "<AccessTable.Arn>"),
        ("dynamodb:GetItem", "<StateTable.Arn>"),
        ("dynamodb:Query", "<StateTable.Arn>/index/by_kind"),
    }


def test_an_upload_can_never_start_a_job_and_only_where_it_is_allowed_ask_for_one(stack):
    granted_here = granted(stack["DatasetUploadedRole"])
    bedrock = {action for each in granted_here for action in each.actions if action.split(":")[0] in {"bedrock", "iam"}}
    keys = {key for each in granted_here for key in each.condition("dynamodb:LeadingKeys")}
    if stack.parameters["AllowJobsOnAccept"] == "true":
        assert bedrock == {"bedrock:GetFoundationModel", "bedrock:ListFoundationModels"}
        of_a_job = {"JOB#*", "NAME#*", "OPEN", "SLOTS", "DEPLOYMENT#*", "EVALUATION#*", "EVALUATING"}
        assert keys == {"DATASET#*", *of_a_job, "job", "deployment", "evaluation"}
    else:
        assert bedrock == set()
        assert keys == {"DATASET#*"}


def test_preparing_hands_a_job_on_to_spending_and_spending_asks_for_preparing(stack):
    sent = {
        role: {
            resource
            for each in granted(stack[role])
            if "sqs:SendMessage" in each.actions
            for resource in each.resources
        }
        for role in ("ControlApiRole", "DatasetUploadedRole", "SpendingRequestedRole")
    }
    asks = {"<UploadQueue.Arn>"} if stack.parameters["AllowJobsOnAccept"] == "true" else set()
    assert sent == {
        "ControlApiRole": {"<SpendQueue.Arn>", "<UploadQueue.Arn>", "<EvaluationQueue.Arn>"},
        "DatasetUploadedRole": {"<SpendQueue.Arn>"} | asks,
        "SpendingRequestedRole": {"<UploadQueue.Arn>", "<EvaluationQueue.Arn>"},
    }


def test_what_judges_and_what_buys_look_at_each_others_rows_and_write_none(stack):
    looks = {
        ("SpendingRequestedRole", "EVALUATION#*"): ("dynamodb:GetItem", "dynamodb:Query"),  # open ones, by a listing
        ("EvaluationRequestedRole", "DEPLOYMENT#*"): ("dynamodb:GetItem",),
    }
    for (role, theirs), actions in looks.items():
        touching = [each for each in granted(stack[role]) if theirs in each.condition("dynamodb:LeadingKeys")]
        assert [each.actions for each in touching] == [actions]


def test_the_spending_function_reads_versions_and_never_writes_one(stack):
    touching = [
        each
        for each in granted(stack["SpendingRequestedRole"])
        if "DATASET#*" in each.condition("dynamodb:LeadingKeys")
    ]
    assert [each.actions for each in touching] == [("dynamodb:GetItem",)]


def test_reconcile_only_reads_and_enqueues(stack):
    actions = {action for statement in granted(stack["ReconcileRole"]) for action in statement.actions}
    assert {action for action in actions if action.split(":")[0] in {"bedrock", "dynamodb", "sqs", "s3"}} == {
        "bedrock:ListCustomModelDeployments",
        "bedrock:ListCustomModels",
        "bedrock:ListFoundationModels",
        "bedrock:ListProvisionedModelThroughputs",
        "bedrock:ListTagsForResource",
        "dynamodb:GetItem",
        "dynamodb:Query",
        "sqs:SendMessage",
    }


def test_only_the_function_that_reads_data_erases_it_and_nothing_that_bedrock_wrote(stack):
    erasing = {
        (statement.owner.id, action, resource)
        for statement in all_granted(stack)
        for action in statement.actions
        if action.startswith("s3:Delete")
        for resource in statement.resources
    }
    assert erasing == {
        ("DatasetUploadedRole", "s3:DeleteObjectVersion", f"<DataBucket.Arn>/{prefix}/*")
        for prefix in ("incoming", "prepared", "reports", "evaluations")
    }


def test_the_links_of_the_control_api_can_put_uploads_and_nothing_else(stack):
    writing = {
        (action, resource)
        for statement in granted(stack["ControlApiRole"])
        for action in statement.actions
        if action.startswith("s3:") and not action.startswith(("s3:Get", "s3:List"))
        for resource in statement.resources
    }
    assert writing == {("s3:PutObject", "<DataBucket.Arn>/incoming/*")}


def test_versions_of_objects_are_listed_only_where_datasets_lie(stack):
    for statement in all_granted(stack):
        if "s3:ListBucketVersions" in statement.actions:
            listed = set(statement.conditions["StringLike"]["s3:prefix"])
            assert listed <= {"incoming/*", "prepared/*", "reports/*", "evaluations/*"}


def test_every_function_logs_to_its_own_group_and_no_other(stack):
    for function in stack.of(FUNCTION):
        group = stack.referred(function["LoggingConfig"]["LogGroup"])
        allowed = {
            resource
            for statement in granted(stack.referred(function["Role"]))
            if "logs:PutLogEvents" in statement.actions
            for resource in statement.resources
        }
        assert allowed == {group.arn}


def test_every_function_reads_its_own_queue_and_no_other(stack):
    for mapping in stack.of("AWS::Lambda::EventSourceMapping"):
        role = stack.referred(stack.referred(mapping["FunctionName"])["Role"])
        reading = [each for each in granted(role) if "sqs:ReceiveMessage" in each.actions]
        assert {resource for each in reading for resource in each.resources} == {mapping["EventSourceArn"]}
        needed = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"}
        assert {action for each in reading for action in each.actions} == needed


def test_events_are_published_in_the_applications_own_name_only(stack):
    publishing = [each for each in all_granted(stack) if "events:PutEvents" in each.actions]
    assert publishing
    for statement in publishing:
        assert statement.conditions == {"StringEquals": {"events:source": ("tunedrop",)}}


@pytest.mark.parametrize("role", ["DatasetUploadedRole", "JobStateChangedRole", "SpendingRequestedRole"])
def test_a_function_touches_only_its_own_kinds_of_rows(stack, role):
    for statement in granted(stack[role]):
        if any(action.startswith("dynamodb:") for action in statement.actions):
            assert statement.conditions["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]


# --- who may take a role


def trust(role):
    (statement,) = statements(role, role["AssumeRolePolicyDocument"])
    return statement


def test_a_functions_role_is_taken_by_lambda_only(stack):
    for function in stack.of(FUNCTION):
        statement = trust(stack.referred(function["Role"]))
        assert statement.principals == {"Service": ("lambda.amazonaws.com",)}
        assert statement.actions == ("sts:AssumeRole",)


def test_bedrock_takes_its_role_for_jobs_of_this_account_and_region_only(stack):
    statement = trust(stack["BedrockRole"])
    jobs = f"arn:aws:bedrock:{PSEUDO['AWS::Region']}:{ACCOUNT}:model-customization-job/*"
    assert statement.principals == {"Service": ("bedrock.amazonaws.com",)}
    assert statement.conditions == {
        "StringEquals": {"aws:SourceAccount": (ACCOUNT,)},
        "ArnEquals": {"aws:SourceArn": (jobs,)},
    }


def test_bedrock_reads_prepared_data_and_writes_outputs_only(stack):
    may = {
        (action, resource)
        for each in granted(stack["BedrockRole"])
        for action in each.actions
        for resource in each.resources
    }
    assert {pair for pair in may if pair[0] == "s3:PutObject"} == {("s3:PutObject", "<DataBucket.Arn>/outputs/*")}
    assert ("s3:GetObject", "<DataBucket.Arn>/prepared/*") in may
    assert not {pair for pair in may if "incoming" in pair[1] or pair[0].startswith("s3:Delete")}
    assert {pair[0].split(":")[0] for pair in may if "Delete" in pair[0]} <= {"ec2"}, "its own interfaces"


def test_every_role_takes_the_boundary_where_one_is_given(stack):
    boundary = stack.parameters["PermissionsBoundaryArn"] or None
    assert {role.properties.get("PermissionsBoundary") for role in stack.of(ROLE)} == {boundary}


# --- people: tests/template/test_people.py


def test_a_reader_can_only_get(stack):
    (asking,) = [each for each in granted(stack["ReaderPolicy"]) if "execute-api:Invoke" in each.actions]
    assert all("/v1/GET/" in resource for resource in asking.resources)
    assert not {action for each in granted(stack["ReaderPolicy"]) for action in each.actions if "Put" in action}


# --- the bucket's own policy


def test_the_bucket_refuses_whoever_comes_without_tls(stack):
    (statement,) = statements(stack["DataBucketPolicy"], stack["DataBucketPolicy"]["PolicyDocument"])
    assert (statement.effect, statement.actions, statement.principals) == ("Deny", ("s3:*",), {"AWS": ("*",)})
    assert statement.conditions == {"Bool": {"aws:SecureTransport": ("False",)}}
    assert set(statement.resources) == {"<DataBucket.Arn>", "<DataBucket.Arn>/*"}
