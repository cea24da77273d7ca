"""What stays: data outlives the stack, old things go by themselves, and nothing has a name that could be taken."""

from __future__ import annotations

import pytest

from tests.template.stack import NAME

KEPT = ("Key", "DataBucket", "StateTable", "AccessTable")
NAMES = {  # a fixed name would stop a second stack, or one made anew beside what was retained
    "AWS::S3::Bucket": "BucketName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::Events::Rule": "Name",
    "AWS::CloudWatch::Alarm": "AlarmName",
}


@pytest.mark.parametrize("name", KEPT)
def test_data_and_key_outlive_the_stack_but_not_a_creation_that_fails(template, name):
    resource = template["Resources"][name]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_everything_that_holds_data_is_kept(stack):
    holding = stack.of("AWS::KMS::Key", "AWS::S3::Bucket", "AWS::DynamoDB::Table")
    assert {resource.id for resource in holding} == set(KEPT)


def test_nothing_has_a_fixed_name(stack):
    for kind, name in NAMES.items():
        assert [resource.id for resource in stack.of(kind) if name in resource.properties] == []


def test_names_that_must_be_given_carry_the_stacks_own(stack):
    assert NAME in stack["Dashboard"]["DashboardName"]
    for api in stack.of("AWS::ApiGateway::RestApi"):
        assert str(api["Name"]).startswith(f"{NAME}-")


def test_the_bucket_is_versioned_private_and_speaks_to_eventbridge(stack):
    bucket = stack["DataBucket"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert bucket["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}


def test_abandoned_uploads_and_replaced_versions_go_by_themselves(stack):
    rules = {rule["Id"]: rule for rule in stack["DataBucket"]["LifecycleConfiguration"]["Rules"]}
    assert {rule["Status"] for rule in rules.values()} == {"Enabled"}
    assert rules["AbandonedUploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    days = rules["EarlierVersions"]["NoncurrentVersionExpiration"]["NoncurrentDays"]
    assert str(days) == stack.parameters["NoncurrentVersionDays"]


def test_no_current_version_of_an_object_ever_expires(stack):
    rules = stack["DataBucket"]["LifecycleConfiguration"]["Rules"]
    assert [rule["Id"] for rule in rules if "ExpirationInDays" in rule or "Expiration" in rule] == []


def test_both_tables_can_be_restored_and_are_paid_by_use(stack):
    for table in stack.of("AWS::DynamoDB::Table"):
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]] == [
            ("pk", "HASH"),
            ("sk", "RANGE"),
        ]


def test_state_is_listed_by_one_index(stack):
    (index,) = stack["StateTable"]["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "by_kind"
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["kind", "listed_at"]


def test_no_row_of_the_state_table_ever_expires(stack):
    assert "TimeToLiveSpecification" not in stack["StateTable"].properties


def test_every_log_group_forgets_after_the_days_of_the_parameter(stack):
    for group in stack.of("AWS::Logs::LogGroup"):
        assert str(group["RetentionInDays"]) == stack.parameters["LogRetentionDays"]


def test_every_function_has_a_log_group_of_its_own(stack):
    groups = [function["LoggingConfig"]["LogGroup"] for function in stack.of("AWS::Lambda::Function")]
    assert len(set(groups)) == len(groups)
    assert {stack.referred(group).type for group in groups} == {"AWS::Logs::LogGroup"}


def test_old_layers_do_not_pile_up(stack):
    layers = stack.of("AWS::Lambda::LayerVersion")
    assert {layer.body["DeletionPolicy"] for layer in layers} == {"Delete"}
