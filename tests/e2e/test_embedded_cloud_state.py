"""What the embedded cloud keeps: through a stop, through a crash, and for whom."""

from __future__ import annotations

import functools
import json
import stat
from pathlib import Path

import pytest
from tunedrop_local import client
from tunedrop_local.deploy import DeploymentFailed

from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
TEMPLATE = Path(__file__).parent / "embedded_cloud" / "template.yaml"
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def first_run(state):
    """A cloud with something of everything in it, which is stopped again."""
    with client.start(ROOT, state, time_scale=6000) as cloud:
        stack = cloud.deploy("kept", template=TEMPLATE)
        person = stack.person("caller", ["CallerPolicyArn"])
        stack.client("dynamodb").put_item(TableName=stack.outputs["Table"], Item={"pk": {"S": "kept"}})
        stack.client("bedrock").create_provisioned_model_throughput(
            modelUnits=1, provisionedModelName="kept", modelId=HAIKU
        )
        put(stack, "before")
    return cloud, person


def put(stack, name):
    """A new version of one object."""
    stack.client("s3").put_object(Bucket=stack.outputs["Bucket"], Key="kept.txt", Body=name.encode())


def await_autosave(stack, state):
    """Until the autosave has looked twice: the second look began after all that was done before."""
    for look in ("first-look", "second-look"):
        stack.client("dynamodb").put_item(TableName=stack.outputs["Table"], Item={"pk": {"S": look}})
        eventually(functools.partial(saved, state, look))


def saved(state, text):
    """Whether the saved tables hold it."""
    return text in (state / "services" / "dynamodb.json").read_text()


def assert_everything_is_there(stack, person, name):
    s3 = stack.client("s3", person)
    assert s3.get_object(Bucket=stack.outputs["Bucket"], Key="kept.txt")["Body"].read() == name.encode()
    item = stack.client("dynamodb").get_item(TableName=stack.outputs["Table"], Key={"pk": {"S": "kept"}})
    assert item["Item"] == {"pk": {"S": "kept"}}
    capacity = stack.client("bedrock").list_provisioned_model_throughputs()["provisionedModelSummaries"]
    assert [each["provisionedModelName"] for each in capacity] == ["kept"]
    assert function_process(stack) > 1


def function_process(stack):
    """The process id of a function that answered."""
    wish = json.dumps({"do": "look_around"})
    answer = stack.client("lambda").invoke(FunctionName=stack.resource("OddFunction"), Payload=wish)
    return json.loads(answer["Payload"].read())["pid"]


def gone(pid):
    """Whether no such process runs; one that nobody waited for counts as gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_stop_keeps_everything(state, first_run):
    before, person = first_run
    with client.start(ROOT, state, time_scale=6000) as cloud:
        assert cloud.endpoint == before.endpoint, "queue URLs name the port"
        assert_everything_is_there(cloud.stack("kept"), person, "before")


def test_a_crash_keeps_everything_but_the_last_moment(state, first_run):
    _, person = first_run
    with client.start(ROOT, state, time_scale=6000) as cloud:
        bucket = cloud.stack("kept").outputs["Bucket"]
        put(cloud.stack("kept"), "after")
        versions = cloud.client("s3").list_object_versions(Bucket=bucket, Prefix="kept")
        await_autosave(cloud.stack("kept"), state)
        cloud.kill()
    with client.start(ROOT, state, time_scale=6000) as again:
        assert_everything_is_there(again.stack("kept"), person, "after")
        found = again.client("s3").list_object_versions(Bucket=bucket, Prefix="kept")
        assert [each["VersionId"] for each in found["Versions"]] == [each["VersionId"] for each in versions["Versions"]]


def test_functions_do_not_outlive_a_server_that_crashed(state, first_run):
    with client.start(ROOT, state, time_scale=6000) as cloud:
        pid = function_process(cloud.stack("kept"))
        cloud.kill()
    assert eventually(lambda: gone(pid))


def test_starting_twice_joins_the_first(state, first_run):
    with client.start(ROOT, state) as cloud:
        joined = client.start(ROOT, state)
        assert joined.endpoint == cloud.endpoint
    assert client.join(ROOT, state) is None


def test_keys_are_readable_by_their_owner_only(state, first_run):
    for name in ("root.json", "identities.json"):
        assert stat.S_IMODE((state / name).stat().st_mode) == 0o600


def test_an_update_keeps_parameters_and_refuses_unknown_ones(tmp_path):
    with client.start(ROOT, tmp_path / "state") as cloud:
        cloud.deploy("kept", parameters={"MaxModelUnits": "3"})
        cloud.deploy("kept", parameters={"Currency": "EUR"})
        (found,) = cloud.client("cloudformation").describe_stacks(StackName="kept")["Stacks"]
        given = {each["ParameterKey"]: each["ParameterValue"] for each in found["Parameters"]}
        assert (given["MaxModelUnits"], given["Currency"]) == ("3", "EUR")
        with pytest.raises(DeploymentFailed, match="no parameter Nope"):
            cloud.deploy("kept", parameters={"Nope": "1"})
