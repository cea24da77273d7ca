"""Template properties in the words of the APIs, requests in IAM's condition keys."""

from __future__ import annotations

import json

import pytest
from tunedrop_local import properties
from tunedrop_local.settings import Settings


@pytest.mark.parametrize(
    ("rule", "translated"),
    [
        (
            {"Id": "a", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": "1"}},
            {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
        ),
        (
            {"Id": "a", "Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": "90"}},
            {"NoncurrentVersionExpiration": {"NoncurrentDays": 90}},
        ),
        ({"Id": "a", "Status": "Enabled", "ExpirationInDays": "30"}, {"Expiration": {"Days": 30}}),
        (
            {"Id": "a", "Status": "Enabled", "ExpiredObjectDeleteMarker": "true"},
            {"Expiration": {"ExpiredObjectDeleteMarker": True}},
        ),
    ],
)
def test_lifecycle_rules_are_translated(rule, translated):
    assert properties.lifecycle_rule(rule) == {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}, **translated}


def test_a_lifecycle_rule_keeps_its_prefix():
    assert properties.lifecycle_rule({"Status": "Enabled", "Prefix": "old/"})["Filter"] == {"Prefix": "old/"}


def test_encryption_is_translated():
    rule = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": "true"}
    assert properties.encryption_rule(rule) == {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"},
        "BucketKeyEnabled": True,
    }
    assert properties.table_encryption({"SSEEnabled": "true", "SSEType": "KMS"}) == {"Enabled": True, "SSEType": "KMS"}


def test_an_alarm_on_metric_math_becomes_one_on_its_first_metric():
    dimensions = [{"Name": "QueueName", "Value": "q"}]
    metric = {"Namespace": "AWS/SQS", "MetricName": "Depth", "Dimensions": dimensions}
    math = {
        "Threshold": 0,
        "Metrics": [
            {"Id": "sum", "Expression": "a+b"},
            {"Id": "a", "MetricStat": {"Stat": "Sum", "Period": 60, "Metric": metric}},
        ],
    }
    assert properties.first_metric_only(math) == {"Threshold": 0, "Statistic": "Sum", "Period": 60, **metric}
    assert properties.first_metric_only({"MetricName": "Depth"}) == {"MetricName": "Depth"}


def entries(*sources):
    return json.dumps({"Entries": [{"Source": each, "DetailType": "Told"} for each in sources]}).encode()


def test_events_of_one_source_are_named_by_it():
    assert properties.event_context(entries("tunedrop", "tunedrop")) == {
        "events:source": "tunedrop",
        "events:detail-type": "Told",
    }


def test_mixed_sources_equal_no_single_one():
    assert properties.event_context(entries("tunedrop", "other"))["events:source"] == ["other", "tunedrop"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"Entries": [{}]}', b"\xff"])
def test_what_is_no_put_events_has_no_such_keys(body):
    assert properties.event_context(body) == {}


def request(**parts):
    return json.dumps({"TableName": "state", **parts}).encode()


def pk(text):
    return {"pk": {"S": text}, "sk": {"S": "x"}}


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        (request(Key=pk("JOB#1")), ["JOB#1"]),
        (request(Item=pk("JOB#1")), ["JOB#1"]),
        (
            request(
                KeyConditionExpression="#pk = :pk AND begins_with(#sk, :sk)",
                ExpressionAttributeValues={":pk": {"S": "DATASET#a"}, ":sk": {"S": "VERSION#"}},
            ),
            ["DATASET#a"],
        ),
        (request(TransactItems=[{"Put": {"Item": pk("B")}}, {"ConditionCheck": {"Key": pk("A")}}]), ["A", "B"]),
        (request(RequestItems={"state": [{"PutRequest": {"Item": pk("A")}}]}), ["A"]),
    ],
)
def test_a_request_for_rows_names_their_partition_keys(body, keys):
    assert properties.row_context(body) == {"dynamodb:LeadingKeys": keys}


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"Key": {}}', b'{"KeyConditionExpression": "#pk"}', b"\xff"])
def test_what_names_no_row_has_no_partition_keys(body):
    assert properties.row_context(body) == {}


@pytest.mark.parametrize(("scale", "waits"), [(1, 300), (10, 30), (600, 2.5), (100_000, 2.5)])
def test_schedules_follow_the_time_scale_but_become_no_storm(tmp_path, scale, waits):
    assert Settings(tmp_path, time_scale=scale).interval(300) == waits
