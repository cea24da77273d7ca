"""Each handler's real wiring: which clients it makes of itself, and no others."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from tunedrop.domain.messages import api_key
from tunedrop.edges import clients

from tests import builders
from tests.integration import bedrock_world, stacks_of_an_account
from tests.integration.troubled_server import troubled_server

ROOT = Path(__file__).parents[2]
MAKERS = sorted(name for name, value in vars(clients).items() if hasattr(value, "cache_info"))
TABLES = {"dynamodb"}


def made() -> set[str]:
    return {name for name in MAKERS if getattr(clients, name).cache_info().currsize}


def handle(handler: str, event: Any) -> Any:
    return importlib.import_module(handler).handler(event, builders.LambdaContext())


def work(kind: str) -> Any:
    return builders.sqs_event({"schema": 1, "kind": kind, "job_id": "none", "deployment": "none", "generation": 1})


def test_there_are_as_many_handlers_as_are_wired_here():
    wired = {"control_api", "dataset_uploaded", "job_state_changed", "messages_api", "reconcile", "spending_requested"}
    wired |= {"deletion_guard", "evaluation_requested"}
    assert {path.stem for path in (ROOT / "functions").glob("*.py")} == wired


@pytest.mark.parametrize("kind", ["advance_job", "advance_purchase"])
def test_spending_requested_is_handed_the_only_spender(stack, kind):
    assert handle("spending_requested", work(kind)) == {"batchItemFailures": []}
    assert made() == TABLES | {"sqs", "spender"}


def test_a_message_of_an_unknown_kind_is_kept_for_a_person_to_see(stack):
    event = work("buy_everything")
    assert handle("spending_requested", event) == {
        "batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]
    }


def test_metrics_go_where_the_alarms_look(stack, environment, capsys):
    bedrock_world.make(stack, environment, data=False)
    environment.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    handle("reconcile", {})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    told = [each for line in lines for each in line["_aws"]["CloudWatchMetrics"]]
    assert told
    for each in told:
        assert each["Namespace"] == "Tunedrop"
        assert each["Dimensions"] in ([["service"]], [[]]), "service is there once POWERTOOLS_SERVICE_NAME is"


def test_dataset_uploaded_reaches_data_and_tells_of_it(stack):
    key, body = "incoming/support-bot/train.jsonl", b"{}\n"
    stored = stack.s3.put_object(Bucket=stack.bucket, Key=key, Body=body)
    event = builders.object_created(key, version_id=stored["VersionId"], size=len(body))
    assert handle("dataset_uploaded", builders.sqs_event(event)) == {"batchItemFailures": []}
    assert made() == TABLES | {"s3", "sqs", "events"}


def test_job_state_changed_reads_rows(stack):
    assert handle("job_state_changed", work("check_job")) == {"batchItemFailures": []}
    assert made() == TABLES | {"sqs"}


def test_reconcile_reads_bedrock_and_no_more(stack, environment):
    bedrock_world.make(stack, environment, data=False)
    for name in set(MAKERS) - {"bedrock"}:  # the simulated Bedrock is mounted on that client
        getattr(clients, name).cache_clear()
    assert handle("reconcile", builders.event("reconcile_schedule"))["open_jobs"] == 0
    assert made() == TABLES | {"bedrock", "events"}


def test_deletion_guard_reads_rows_bedrock_and_its_stacks_status_and_no_more(stack, environment):
    bedrock_world.make(stack, environment, data=False)
    for name in set(MAKERS) - {"bedrock"}:
        getattr(clients, name).cache_clear()
    stacks = stacks_of_an_account.mount()
    stacks.statuses[stacks.add(stack.settings.stack_id)] = "DELETE_IN_PROGRESS"
    with troubled_server((200, {})) as server:
        handle("deletion_guard", builders.event("stack_deletion") | {"ResponseURL": server.url})
    assert json.loads(server.bodies[0])["Status"] == "SUCCESS"
    assert made() == TABLES | {"bedrock", "cloudformation"}


def test_control_api_makes_what_the_route_needs(stack):
    request = builders.event("control_api_request") | {"httpMethod": "GET", "path": "/jobs", "body": None}
    assert handle("control_api", request)["statusCode"] == 200
    assert made() == TABLES


def test_messages_api_asks_the_table_of_keys_before_it_makes_bedrocks_client(stack):
    request = builders.event("messages_api_request")
    request["headers"]["x-api-key"] = api_key.mint("01jd3k5m7n9p1q3r5s7t9v1w3x", b"x" * 24)
    assert b"".join(handle("messages_api", request).body)
    assert made() == TABLES
