"""`sam build && sam deploy` into the embedded cloud: as shipped, and built for this machine with an upload taken in."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from tunedrop_local import client

from tests import sam
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
TRAIN = "".join(
    json.dumps({"prompt": f"How much is {number} and {number}?", "completion": f"It is {2 * number}."}) + "\n"
    for number in range(40)
)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with client.start(ROOT, tmp_path_factory.mktemp("cloud")) as started:
        yield started


def deploy(cloud, template: Path, name: str, *parameters: str) -> None:
    """What a person types after `make up` and its exports, less the questions."""
    variables = {
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_ACCESS_KEY_ID": cloud.administrator.access_key_id,
        "AWS_SECRET_ACCESS_KEY": cloud.administrator.secret_access_key,
        "AWS_SESSION_TOKEN": "",
        "AWS_DEFAULT_REGION": "us-west-2",
    }
    arguments = [
        "deploy",
        "--config-file",
        str(ROOT / "samconfig.toml"),
        "--template-file",
        str(template),
    ]
    arguments += ["--stack-name", name, "--no-confirm-changeset", "--no-progressbar"]
    arguments += ["--parameter-overrides", *parameters] if parameters else []
    sam.run(*arguments, variables=variables)


def without_the_guard(template: Path) -> Path:
    """The template less the one resource whose making runs the stack's code: a shipped build's can't run here.

    That code runs on arm64 and Python 3.13. The build for this machine has the guard.
    """
    text, found = re.subn(r"(?m)^  DeletionGuard:\n(?:    .*\n)+", "", template.read_text("utf-8"))
    assert found == 1
    written = template.with_name("without-the-guard.yaml")
    written.write_text(text, "utf-8")
    return written


def test_the_shipped_build_deploys_to_the_end(cloud):
    deploy(cloud, without_the_guard(sam.build() / "template.yaml"), "shipped")
    cloudformation = cloud.client("cloudformation")
    (stack,) = cloudformation.describe_stacks(StackName="shipped")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    resources = cloudformation.describe_stack_resources(StackName="shipped")["StackResources"]
    assert {resource["ResourceStatus"] for resource in resources} == {"CREATE_COMPLETE"}
    functions = [each["PhysicalResourceId"] for each in resources if each["ResourceType"] == "AWS::Lambda::Function"]
    assert len(functions) == len(list((ROOT / "functions").glob("*.py")))
    for name in functions:
        configuration = cloud.client("lambda").get_function_configuration(FunctionName=name)
        assert (configuration["Runtime"], configuration["Architectures"]) == ("python3.13", ["arm64"])


def test_a_build_for_this_machine_takes_an_upload_in(cloud):
    deploy(cloud, sam.build(sam.HERE) / "template.yaml", "built-here", "DefaultBaseModel=claude-3-haiku")
    stack = cloud.stack("built-here")
    s3, bucket = stack.client("s3", stack.person()), stack.outputs["DataBucketName"]
    s3.put_object(Bucket=bucket, Key="incoming/sums/train.jsonl", Body=TRAIN.encode())
    report = json.loads(eventually(lambda: read(s3, bucket, "reports/sums/1/claude-3-haiku/train.json")))
    assert (report["verdict"], report["records"]) == ("accepted", 40)


def read(s3, bucket: str, key: str) -> bytes | None:
    """The object, if it is there."""
    try:
        return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError:
        return None
