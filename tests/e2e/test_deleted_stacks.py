"""A stack with a live throughput is not deleted, says why and works on; `tunedrop cleanup` ends all of it, data too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tunedrop_local.__main__ import exports

from tests.e2e.traveller import Traveller
from tests.waiting import PATIENCE, eventually

ROOT = Path(__file__).parents[2]
STACK, DATASET = "leaving", "farewell"


@pytest.fixture(scope="module")
def leaving(world) -> Traveller:
    """A stack of this module's own, with a throughput that answers."""
    traveller = Traveller.of(world.deploy(STACK, region="us-west-2", parameters={"MaxModelUnits": "1"}))
    traveller.settle(DATASET, 'base_models = ["llama-3-1-8b"]')
    traveller.put(f"{DATASET}/train.jsonl", (ROOT / "demo" / "data" / "train.jsonl").read_text())
    traveller.version(DATASET, "train", "dataset.toml")
    traveller.job(dataset=DATASET, base_model="llama-3-1-8b", deployment={"name": DATASET, "hours": 168})
    traveller.deployment(DATASET, "Ready")
    return traveller


def cloudformation(traveller: Traveller) -> Any:
    return traveller.stack.client("cloudformation")


def settled(traveller: Traveller, stack_id: str) -> str:
    """The stack's status once nothing is on its way."""

    def look() -> Any:
        status = cloudformation(traveller).describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
        return None if status.endswith("IN_PROGRESS") else status

    return str(eventually(look))


def clean_up(traveller: Traveller, identity: Any, *options: str) -> tuple[int, str]:
    """The command, as somebody with nothing but their credentials."""
    command = [sys.executable, "-m", "tunedrop_cli", "cleanup", "--stack-name", STACK, *options]
    variables = exports(traveller.stack, identity)
    ran = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=PATIENCE, check=False)
    return ran.returncode, f"{ran.stdout}{ran.stderr}"


def test_a_deletion_is_refused_cleaned_up_for_and_carried_out_and_data_goes_last(leaving):
    stack_id = cloudformation(leaving).describe_stacks(StackName=STACK)["Stacks"][0]["StackId"]
    resources = cloudformation(leaving).describe_stack_resources(StackName=STACK)["StackResources"]
    leaving.stack.delete()
    assert settled(leaving, stack_id) == "DELETE_FAILED"
    still = {each["LogicalResourceId"]: each for each in _resources(leaving)}
    kept = {"Key", "DataBucket", "StateTable", "AccessTable", "BrakeRole"}  # retained, whatever comes of the deletion
    assert still.keys() | kept == {each["LogicalResourceId"] for each in resources}
    reason = still["DeletionGuard"]["ResourceStatusReason"]
    assert f"of {DATASET}" in reason
    assert f"tunedrop cleanup --stack-name {STACK}" in reason
    assert leaving.api.get(f"/deployments/{DATASET}")["state"] == "Ready"

    administrator = leaving.stack.cloud.administrator
    code, said = clean_up(leaving, leaving.person, "--data", "--yes")
    assert (code, "still stands" in said) == (2, True)
    code, said = clean_up(leaving, leaving.person, "--yes")
    assert code == 0, said
    assert "Bedrock's own lists show nothing of leaving in us-west-2 that bills." in said
    ours = [line for line in leaving.stack.cloud.ledger() if DATASET in line["name"]]
    assert {line["kind"] for line in ours} >= {"provisioned_throughput", "custom_model"}
    assert [line for line in ours if line["ended_at"] is None] == []

    leaving.stack.delete()
    assert settled(leaving, stack_id) == "DELETE_COMPLETE"
    code, said = clean_up(leaving, administrator, "--data", "--yes")
    assert code == 0, said
    s3, tables = leaving.stack.client("s3"), leaving.stack.client("dynamodb").list_tables()["TableNames"]
    with pytest.raises(ClientError):
        s3.head_bucket(Bucket=leaving.bucket)
    assert not {leaving.stack.outputs["StateTableName"], leaving.stack.outputs["AccessTableName"]} & set(tables)
    key = leaving.stack.client("kms").describe_key(KeyId=leaving.stack.outputs["KeyArn"])["KeyMetadata"]
    assert key["KeyState"] == "PendingDeletion"


def _resources(traveller: Traveller) -> list[dict[str, Any]]:
    return list(cloudformation(traveller).describe_stack_resources(StackName=STACK)["StackResources"])
