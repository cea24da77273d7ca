"""What IAM is asked about an operation, held against the simulator's own reading of AWS's pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from bedrock_simulator import IamContext, MemoryObjects, Request, Response, Simulator
from bedrock_simulator.in_process import mount
from botocore import xform_name

from tests.iam import operations
from tests.iam.evaluation import Request as Asked
from tests.template.stack import ACCOUNT, REGION

HERE = f"arn:aws:bedrock:{REGION}:{ACCOUNT}"
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
JOB, MODEL = f"{HERE}:model-customization-job/{HAIKU}/a1b2c3d4e5f6", f"{HERE}:custom-model/{HAIKU}/a1b2c3d4e5f6"
THROUGHPUT, DEPLOYMENT = f"{HERE}:provisioned-model/a1b2c3d4e5f6", f"{HERE}:custom-model-deployment/a1b2c3d4e5f6"
TAGS = [{"key": "tunedrop:stack", "value": "s"}, {"key": "tunedrop:intent", "value": "i"}]
START = {
    "jobName": "job",
    "customModelName": "model",
    "roleArn": f"arn:aws:iam::{ACCOUNT}:role/bedrock",
    "baseModelIdentifier": HAIKU,
    "trainingDataConfig": {"s3Uri": "s3://data/prepared/train.jsonl"},
    "outputDataConfig": {"s3Uri": "s3://data/outputs/"},
    "jobTags": TAGS,
    "customModelTags": TAGS,
}
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("bedrock.CreateModelCustomizationJob", START),
    (
        "bedrock.CreateProvisionedModelThroughput",
        {"modelId": MODEL, "provisionedModelName": "p", "modelUnits": 1, "tags": TAGS},
    ),
    ("bedrock.CreateCustomModelDeployment", {"modelArn": MODEL, "modelDeploymentName": "d", "tags": TAGS}),
    ("bedrock.GetModelCustomizationJob", {"jobIdentifier": JOB}),
    ("bedrock.StopModelCustomizationJob", {"jobIdentifier": JOB}),
    ("bedrock.GetProvisionedModelThroughput", {"provisionedModelId": THROUGHPUT}),
    ("bedrock.DeleteProvisionedModelThroughput", {"provisionedModelId": THROUGHPUT}),
    ("bedrock.GetCustomModel", {"modelIdentifier": MODEL}),
    ("bedrock.GetCustomModelDeployment", {"customModelDeploymentIdentifier": DEPLOYMENT}),
    ("bedrock.DeleteCustomModel", {"modelIdentifier": MODEL}),
    ("bedrock.DeleteCustomModelDeployment", {"customModelDeploymentIdentifier": DEPLOYMENT}),
    ("bedrock.UpdateProvisionedModelThroughput", {"provisionedModelId": THROUGHPUT, "desiredModelId": MODEL}),
    ("bedrock.UpdateCustomModelDeployment", {"customModelDeploymentIdentifier": DEPLOYMENT, "modelArn": MODEL}),
    ("bedrock.GetFoundationModel", {"modelIdentifier": HAIKU}),
    ("bedrock.ListTagsForResource", {"resourceARN": THROUGHPUT}),
    ("bedrock.ListCustomModelDeployments", {}),
    ("bedrock.ListCustomModels", {}),
    ("bedrock.ListFoundationModels", {"byCustomizationType": "FINE_TUNING"}),
    ("bedrock.ListModelCustomizationJobs", {}),
    ("bedrock.ListProvisionedModelThroughputs", {}),
    ("bedrock-runtime.InvokeModelWithResponseStream", {"modelId": THROUGHPUT, "body": b"{}"}),
    ("bedrock-runtime.Converse", {"modelId": DEPLOYMENT, "messages": []}),
    ("bedrock-runtime.Converse", {"modelId": "amazon.nova-lite-v1:0", "messages": []}),
    ("bedrock-runtime.ConverseStream", {"modelId": DEPLOYMENT, "messages": []}),
    ("service-quotas.ListServiceQuotas", {"ServiceCode": "bedrock"}),
]


@dataclass(slots=True)
class Door:
    """Asks the simulator what IAM would be asked, and refuses everything."""

    simulator: Simulator
    asked: list[IamContext] = field(default_factory=list)

    def handle(self, request: Request) -> Response:
        self.asked += self.simulator.iam_context(request)
        return Response(403, {"x-amzn-errortype": "AccessDeniedException"}, b"{}")


@pytest.fixture
def door() -> Door:
    return Door(Simulator(objects=MemoryObjects(), publish=lambda _: None))


def plain(action: str, resource: str, context: Any) -> tuple[str, str, frozenset[tuple[str, Any]]]:
    """A question without what differs by run; which role is passed the two name differently."""
    asked = operations.alike(Asked(action, resource, context))
    return action, "role" if action == "iam:PassRole" else asked.resource, frozenset(asked.context.items())


@pytest.mark.parametrize(("operation", "parameters"), CALLS, ids=[name for name, _ in CALLS])
def test_the_table_and_the_simulator_ask_the_same(door, operation, parameters):
    service, name = operation.split(".")
    client = boto3.client(service, region_name=REGION)  # noqa: TID251 - the test's own
    mount(client, door)
    with pytest.raises(client.exceptions.ClientError):
        getattr(client, xform_name(name))(**parameters)
    ours = operations.questions(operation, parameters, {})
    assert {plain(each.action, each.resource, each.context) for each in ours} == {
        plain(each.action, each.resource_arn, each.keys) for each in door.asked
    }


def test_every_operation_of_bedrock_in_the_table_is_held_against_the_simulator():
    of_the_simulator = ("bedrock", "bedrock-runtime", "service-quotas")
    assert {name for name in operations.ASKED if name.split(".")[0] in of_the_simulator} == {name for name, _ in CALLS}
