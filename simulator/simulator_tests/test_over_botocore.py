"""The simulator as real clients see it: boto3 in process, and boto3 over plain HTTP."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
from dataclasses import replace

import boto3
import botocore.session
import pytest
from bedrock_simulator import (
    Configuration,
    Durations,
    Fault,
    FaultWishes,
    FaultyDoor,
    FaultyEvents,
    MemoryObjects,
    Simulator,
    SteppedClock,
)
from bedrock_simulator.constraints import violations
from bedrock_simulator.in_process import ClientObjects, mount
from bedrock_simulator.server import controls, serve
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from moto import mock_aws
from simulator_tests.waiting import eventually

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
JOB = {
    "jobName": "job-1",
    "customModelName": "model-1",
    "roleArn": "arn:aws:iam::123456789012:role/training",
    "baseModelIdentifier": HAIKU,
    "trainingDataConfig": {"s3Uri": "s3://data/train.jsonl"},
    "validationDataConfig": {"validators": [{"s3Uri": "s3://data/validation.jsonl"}]},
    "outputDataConfig": {"s3Uri": "s3://data/out/"},
    "hyperParameters": {"epochCount": "2"},
    "jobTags": [{"key": "tunedrop:stack", "value": "s1"}],
}
ONCE = Config(retries={"total_max_attempts": 1})
CAPACITY = {"provisionedModelName": "capacity-1", "modelId": "model-1", "modelUnits": 1}
QUESTION = [{"role": "user", "content": [{"text": "How do I reset device 7?"}]}]
REPLY = "Hold the button of device 7."
BODY = json.dumps(
    {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "How do I reset device 7?"}],
    }
)


def lines(count):
    def line(index):
        turns = (("user", f"How do I reset device {index}?"), ("assistant", f"Hold the button of device {index}."))
        return json.dumps({"messages": [{"role": role, "content": text} for role, text in turns]})

    return "\n".join(line(index) for index in range(count)).encode()


class Cloud:
    """A simulator on a stepped clock and boto3 clients that it answers."""

    def __init__(self, config=None):
        self.clock = SteppedClock()
        self.objects = MemoryObjects({"s3://data/train.jsonl": lines(40), "s3://data/validation.jsonl": lines(32)})
        self.events = []
        self.simulator = Simulator(objects=self.objects, publish=self.events.append, clock=self.clock)
        self.door = FaultyDoor(self.simulator)
        session = boto3.Session(region_name="us-west-2")
        mount(session, self.door, sleep=lambda _: None)
        self.bedrock = session.client("bedrock", config=config)
        self.runtime = session.client("bedrock-runtime", config=config)
        self.quotas = session.client("service-quotas", config=config)

    def train(self):
        arn = self.bedrock.create_model_customization_job(**JOB)["jobArn"]
        self.clock.advance(20_000)
        return self.bedrock.get_model_customization_job(jobIdentifier=arn)["outputModelArn"]

    def buy(self, **changes):
        arn = self.bedrock.create_provisioned_model_throughput(**CAPACITY | changes)["provisionedModelArn"]
        self.clock.advance(1_500)
        return arn


@pytest.fixture
def cloud():
    return Cloud()


def broken(client, operation, answer):
    """The constraints of the output shape that an answer breaks, patterns included."""
    shape = client.meta.service_model.operation_model(operation).output_shape
    found = {key: value for key, value in answer.items() if key != "ResponseMetadata"}
    # The service answers INFERENCE_PROFILE, which its own model of InferenceType lacks (docs/facts.md#base-models).
    return [each for each in violations(shape, found) if "INFERENCE_PROFILE" not in each]


def test_every_answer_has_the_shape_that_the_service_model_demands(cloud):
    bedrock = cloud.bedrock
    job = bedrock.create_model_customization_job(**JOB)
    running = bedrock.get_model_customization_job(jobIdentifier="job-1")
    cloud.clock.advance(20_000)
    done = bedrock.get_model_customization_job(jobIdentifier=job["jobArn"])
    bought = bedrock.create_provisioned_model_throughput(**CAPACITY, commitmentDuration="SixMonths")
    answers = (
        ("CreateModelCustomizationJob", job),
        ("GetModelCustomizationJob", running),
        ("GetModelCustomizationJob", done),
        ("ListModelCustomizationJobs", bedrock.list_model_customization_jobs()),
        ("GetCustomModel", bedrock.get_custom_model(modelIdentifier="model-1")),
        ("ListCustomModels", bedrock.list_custom_models()),
        ("CreateProvisionedModelThroughput", bought),
        ("GetProvisionedModelThroughput", bedrock.get_provisioned_model_throughput(provisionedModelId="capacity-1")),
        ("ListProvisionedModelThroughputs", bedrock.list_provisioned_model_throughputs()),
        ("ListFoundationModels", bedrock.list_foundation_models()),
        ("GetFoundationModel", bedrock.get_foundation_model(modelIdentifier=HAIKU)),
        ("ListTagsForResource", bedrock.list_tags_for_resource(resourceARN=job["jobArn"])),
    )
    assert [(name, found) for name, answer in answers if (found := broken(bedrock, name, answer))] == []


def test_a_deployment_has_the_shape_that_the_service_model_demands(cloud):
    session = boto3.Session(region_name="us-east-1")
    mount(session, cloud.simulator)
    bedrock = session.client("bedrock")
    record = {"messages": [{"role": r, "content": [{"text": "t"}]} for r in ("user", "assistant")]}
    cloud.objects.stored["s3://data/nova.jsonl"] = b"\n".join([json.dumps(record).encode()] * 8)
    job = {key: value for key, value in JOB.items() if key not in {"validationDataConfig", "hyperParameters"}}
    bedrock.create_model_customization_job(
        **job
        | {"baseModelIdentifier": "amazon.nova-lite-v1:0:300k", "trainingDataConfig": {"s3Uri": "s3://data/nova.jsonl"}}
    )
    cloud.clock.advance(20_000)
    model = bedrock.get_custom_model(modelIdentifier="model-1")["modelArn"]
    made = bedrock.create_custom_model_deployment(modelDeploymentName="d", modelArn=model, description="x")
    cloud.clock.advance(600)
    updated = bedrock.update_custom_model_deployment(customModelDeploymentIdentifier="d", modelArn=model)
    answers = (
        ("CreateCustomModelDeployment", made),
        ("UpdateCustomModelDeployment", updated),
        ("GetCustomModelDeployment", bedrock.get_custom_model_deployment(customModelDeploymentIdentifier="d")),
        ("ListCustomModelDeployments", bedrock.list_custom_model_deployments()),
    )
    assert [(name, found) for name, answer in answers if (found := broken(bedrock, name, answer))] == []
    bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier="d")


def test_paginators_find_everything(cloud):
    for index in range(7):
        cloud.bedrock.create_model_customization_job(**JOB | {"jobName": f"j{index}", "customModelName": f"m{index}"})
        cloud.clock.advance(1)
    pages = list(
        cloud.bedrock.get_paginator("list_model_customization_jobs").paginate(PaginationConfig={"PageSize": 3})
    )
    names = [summary["jobName"] for page in pages for summary in page["modelCustomizationJobSummaries"]]
    assert (len(pages), names) == (3, [f"j{index}" for index in reversed(range(7))])


def test_errors_are_the_clients_modelled_exceptions(cloud):
    cloud.train()
    with pytest.raises(cloud.bedrock.exceptions.ResourceNotFoundException):
        cloud.bedrock.get_custom_model(modelIdentifier="nobody")
    with pytest.raises(cloud.bedrock.exceptions.ServiceQuotaExceededException, match="no commitment model units"):
        cloud.buy(modelUnits=3)
    with pytest.raises(cloud.bedrock.exceptions.ValidationException, match="currently in use"):
        cloud.bedrock.create_model_customization_job(**JOB)
    with pytest.raises(cloud.bedrock.exceptions.TooManyTagsException) as caught:
        cloud.bedrock.tag_resource(
            resourceARN=cloud.bedrock.get_custom_model(modelIdentifier="model-1")["jobArn"],
            tags=[{"key": f"k{i}", "value": "v"} for i in range(51)],
        )
    assert "resourceName" in caught.value.response
    with pytest.raises(ClientError) as caught:
        cloud.bedrock.list_guardrails()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_model_not_ready_is_retried_by_the_client():
    cloud = Cloud(Config(retries={"total_max_attempts": 2, "mode": "standard"}))
    cloud.train()
    arn = cloud.bedrock.create_provisioned_model_throughput(**CAPACITY)["provisionedModelArn"]
    with pytest.raises(cloud.runtime.exceptions.ModelNotReadyException):
        cloud.runtime.converse(modelId=arn, messages=QUESTION)
    assert cloud.door.calls("Converse") == 2


def test_a_tuned_model_answers_in_every_way(cloud):
    cloud.train()
    arn, runtime = cloud.buy(), cloud.runtime
    whole = json.loads(runtime.invoke_model(modelId=arn, body=BODY)["body"].read())
    pieces = [
        json.loads(e["chunk"]["bytes"])
        for e in runtime.invoke_model_with_response_stream(modelId=arn, body=BODY)["body"]
    ]
    said = runtime.converse(modelId=arn, messages=QUESTION)
    told = list(runtime.converse_stream(modelId=arn, messages=QUESTION)["stream"])
    assert whole["content"][0]["text"] == REPLY
    assert "".join(p["delta"]["text"] for p in pieces if p["type"] == "content_block_delta") == REPLY
    assert said["output"]["message"]["content"] == [{"text": REPLY}]
    assert "".join(e["contentBlockDelta"]["delta"]["text"] for e in told if "contentBlockDelta" in e) == REPLY
    assert told[-1]["metadata"]["usage"] == said["usage"]
    assert broken(runtime, "Converse", said) == []
    assert said["ResponseMetadata"]["HTTPHeaders"]["x-bedrock-simulator"] == "true"


def test_tokens_are_counted(cloud):
    model = HAIKU.removesuffix(":200k")
    counted = cloud.runtime.count_tokens(modelId=model, input={"converse": {"messages": QUESTION}})
    by_body = cloud.runtime.count_tokens(modelId=model, input={"invokeModel": {"body": BODY}})
    assert counted["inputTokens"] == by_body["inputTokens"] > 0


def test_quotas_are_answered(cloud):
    quota = cloud.quotas.get_service_quota(ServiceCode="bedrock", QuotaCode="L-BE77399C")["Quota"]
    pages = cloud.quotas.get_paginator("list_service_quotas").paginate(ServiceCode="bedrock")
    assert quota["Value"] == 2
    assert quota in [row for page in pages for row in page["Quotas"]]
    with pytest.raises(cloud.quotas.exceptions.NoSuchResourceException):
        cloud.quotas.get_service_quota(ServiceCode="bedrock", QuotaCode="L-0")


def test_a_lost_answer_is_a_read_timeout_after_the_effect():
    cloud = Cloud(ONCE)
    cloud.train()
    cloud.door.add(Fault("CreateProvisionedModelThroughput"))
    with pytest.raises(ReadTimeoutError):
        cloud.buy(clientRequestToken="t1")
    (live,) = [entry for entry in cloud.simulator.ledger() if entry.kind == "provisioned_throughput"]
    assert cloud.buy(clientRequestToken="t1") == live.resource_arn


def test_the_clients_own_retry_of_a_lost_answer_buys_once(cloud):
    cloud.train()
    cloud.door.add(Fault("CreateProvisionedModelThroughput"))
    cloud.buy()
    assert cloud.door.calls("CreateProvisionedModelThroughput") == 2
    assert [e.kind for e in cloud.simulator.ledger()].count("provisioned_throughput") == 1


def test_the_client_repeats_a_throttled_call_by_itself_and_raises_what_does_not_pass(cloud):
    cloud.door.add(Fault("ListCustomModels", kind="ThrottlingException"))
    assert cloud.bedrock.list_custom_models()["modelSummaries"] == []
    assert cloud.door.calls("ListCustomModels") == 2
    cloud.door.add(Fault("ListCustomModels", share=1, kind="AccessDeniedException"))
    with pytest.raises(cloud.bedrock.exceptions.AccessDeniedException):
        cloud.bedrock.list_custom_models()
    assert cloud.door.calls("ListCustomModels") == 3


def test_quotas_can_be_throttled_too(cloud):
    cloud.door.add(Fault("GetServiceQuota", share=1, kind="TooManyRequestsException"))
    with pytest.raises(cloud.quotas.exceptions.TooManyRequestsException):
        cloud.quotas.get_service_quota(ServiceCode="bedrock", QuotaCode="L-0406044C")


def test_a_slow_answer_takes_its_time():
    slept, session = [], boto3.Session(region_name="us-west-2")
    fault = Fault("ListCustomModels", kind="slow", seconds=7)
    door = FaultyDoor(Simulator(objects=MemoryObjects(), publish=lambda _: None), [fault])
    mount(session, door, sleep=slept.append)
    assert session.client("bedrock").list_custom_models()["modelSummaries"] == []
    assert slept == [7]


def test_a_single_client_can_be_mounted_and_another_account_given():
    simulator = Simulator(objects=MemoryObjects(), publish=lambda _: None)
    client = botocore.session.get_session().create_client("bedrock", region_name="us-west-2")
    mount(client, simulator, account="210987654321")
    job = JOB | {"roleArn": "arn:aws:iam::210987654321:role/training"}
    assert ":210987654321:" in client.create_model_customization_job(**job)["jobArn"]


@mock_aws
def test_a_job_reads_and_writes_a_real_bucket():
    session, clock = boto3.Session(region_name="us-west-2"), SteppedClock()
    s3, client = session.client("s3"), session.client("bedrock")
    s3.create_bucket(Bucket="data", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.put_object(Bucket="data", Key="train.jsonl", Body=lines(40))
    simulator = Simulator(objects=ClientObjects(s3), publish=lambda _: None, clock=clock)
    mount(client, simulator)
    job = {key: value for key, value in JOB.items() if key != "validationDataConfig"}
    client.create_model_customization_job(**job)
    client.create_model_customization_job(
        **job | {"jobName": "j2", "customModelName": "m2", "trainingDataConfig": {"s3Uri": "s3://nowhere/x"}}
    )
    clock.advance(20_000)
    failure = client.get_model_customization_job(jobIdentifier="j2")["failureMessage"]
    keys = [row["Key"] for row in s3.list_objects_v2(Bucket="data", Prefix="out/")["Contents"]]
    assert "NoSuchBucket" in failure
    assert [key.rpartition("/")[2] for key in keys] == ["step_wise_training_metrics.csv"]


@pytest.fixture
def server():
    """A simulator behind a port of this machine, at a time scale that makes hours of milliseconds."""
    cloud = Cloud()
    events = FaultyEvents(cloud.events.append)
    scaled = Simulator(
        objects=cloud.objects,
        publish=events,
        configuration=Configuration(time_scale=1_000_000, durations=replace(Durations(), training=60)),
    )
    cloud.simulator, cloud.door = scaled, FaultyDoor(scaled)
    server = serve(cloud.door, 0, controls=controls(scaled, FaultWishes(scaled, cloud.door, events)))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    session = boto3.Session(region_name="us-west-2")
    options = {"endpoint_url": f"http://127.0.0.1:{server.server_port}", "config": ONCE}
    cloud.bedrock, cloud.runtime, cloud.quotas = (
        session.client(name, **options) for name in ("bedrock", "bedrock-runtime", "service-quotas")
    )
    yield cloud, server.server_port
    server.shutdown()
    server.server_close()


def test_the_same_works_over_plain_http(server):
    cloud, _ = server
    cloud.bedrock.create_model_customization_job(**JOB)

    def status_of_the_job():
        status = cloud.bedrock.get_model_customization_job(jobIdentifier="job-1")["status"]
        return status if status != "InProgress" else None

    assert eventually(status_of_the_job) == "Completed"
    arn = cloud.bedrock.create_provisioned_model_throughput(**CAPACITY)["provisionedModelArn"]
    eventually(lambda: cloud.bedrock.get_provisioned_model_throughput(provisionedModelId=arn)["status"] != "Creating")
    stream = cloud.runtime.converse_stream(modelId=arn, messages=QUESTION)["stream"]
    assert "".join(e["contentBlockDelta"]["delta"]["text"] for e in stream if "contentBlockDelta" in e) == REPLY
    assert cloud.quotas.get_service_quota(ServiceCode="bedrock", QuotaCode="L-0406044C")["Quota"]["Value"] == 10
    assert eventually(lambda: {e.detail["jobStatus"] for e in cloud.events} == {"InProgress", "Completed"})


def test_over_http_a_lost_answer_is_a_closed_connection(server):
    cloud, _ = server
    cloud.door.add(Fault("CreateModelCustomizationJob"))
    with pytest.raises(ConnectionClosedError):
        cloud.bedrock.create_model_customization_job(**JOB)
    assert [entry.name for entry in cloud.simulator.ledger() if entry.kind == "customization_job"] == ["job-1"]


def ask_for_fault(port, method, wish=None):
    return control(port, f"{method} /_simulator/faults", wish)


def control(port, name, wish):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request(*name.split(), json.dumps(wish) if wish else None)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


def test_over_http_any_program_asks_for_faults_and_withdraws_them(server):
    cloud, port = server
    throttled = {"operation": "ListCustomModels", "kind": "ThrottlingException", "share": 1}
    assert ask_for_fault(port, "POST", throttled) == (204, "")
    with pytest.raises(cloud.bedrock.exceptions.ThrottlingException):
        cloud.bedrock.list_custom_models()
    assert ask_for_fault(port, "DELETE") == (204, "")
    assert cloud.bedrock.list_custom_models()["modelSummaries"] == []
    assert ask_for_fault(port, "POST", {"event": "explode"}) == (400, "no event fault is called explode\n")
    assert ask_for_fault(port, "GET")[0] == 405


def test_over_http_any_program_says_what_the_models_know(server):
    cloud, port = server
    base = "anthropic.claude-3-haiku-20240307-v1:0"
    pairs = [{"question": "Why?", "answer": "Therefore."}, {"question": "How?", "answer": "So."}]
    wish = {"pairs": pairs, "skills": {base: {"share": 1}}}
    assert control(port, "PUT /_simulator/knowledge", wish) == (204, "")
    asked = {"modelId": base, "messages": [{"role": "user", "content": [{"text": "Why?"}]}]}
    assert cloud.runtime.converse(**asked)["output"]["message"]["content"] == [{"text": "Therefore."}]
    assert control(port, "PUT /_simulator/knowledge", {"pairs": 1}) == (400, "pairs are a list\n")
    assert control(port, "GET /_simulator/knowledge", None)[0] == 405
    assert control(port, "GET /_simulator/nothing", None)[0] == 404


def test_over_http_a_slow_answer_outlasts_a_short_patience(server):
    cloud, port = server
    impatient = boto3.Session(region_name="us-west-2").client(
        "bedrock",
        endpoint_url=f"http://127.0.0.1:{port}",
        config=Config(read_timeout=0.2, retries={"total_max_attempts": 1}),
    )
    cloud.door.add(Fault("ListCustomModels", kind="slow", seconds=1))
    with pytest.raises(ReadTimeoutError):
        impatient.list_custom_models()


def test_over_http_an_unsigned_request_is_answered_for_the_default_region(server):
    _, port = server
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/foundation-models?byCustomizationType=FINE_TUNING")
    found = json.loads(connection.getresponse().read())["modelSummaries"]
    connection.close()
    assert HAIKU in {model["modelId"] for model in found}


def test_the_command_serves_with_a_folder_as_its_s3(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.jsonl").write_bytes(lines(40))
    command = [
        sys.executable,
        "-m",
        "bedrock_simulator",
        "--port",
        "0",
        "--time-scale",
        "1e6",
        "--objects",
        str(tmp_path),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        endpoint = process.stderr.readline().split()[-1]
        bedrock = boto3.Session(region_name="us-west-2").client("bedrock", endpoint_url=endpoint)
        job = {key: value for key, value in JOB.items() if key != "validationDataConfig"}
        bedrock.create_model_customization_job(**job)
        told = [json.loads(process.stdout.readline())["detail"]["jobStatus"] for _ in range(2)]
        process.terminate()
    assert told == ["InProgress", "Completed"]
    assert list(tmp_path.glob("data/out/*/training_artifacts/*.csv"))
