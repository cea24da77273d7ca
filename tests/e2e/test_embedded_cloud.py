"""Contract tests of the embedded cloud: each seam of its adapter, seen through the real APIs."""

from __future__ import annotations

import contextlib
import http.client
import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, ReadTimeoutError
from tunedrop_local import client
from tunedrop_local.deploy import DeploymentFailed

from benchmarks.embedded_cloud import idle_share
from tests.waiting import PATIENCE, eventually

ROOT = Path(__file__).parents[2]
TEMPLATE = Path(__file__).parent / "embedded_cloud" / "template.yaml"
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
RECORD = {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with client.start(ROOT, tmp_path_factory.mktemp("cloud"), time_scale=6000) as started:
        yield started


@pytest.fixture(scope="module")
def stack(cloud):
    return cloud.deploy("contract", template=TEMPLATE)


def call(url, *, method="GET", body=None, identity=None, region="us-west-2"):
    """Status, headers and body of an API call, signed when there is an identity."""
    request = AWSRequest(method, url, data=body)
    if identity:
        who = Credentials(identity.access_key_id, identity.secret_access_key)
        SigV4Auth(who, "execute-api", region).add_auth(request)
    sent = urllib.request.Request(url, body, dict(request.headers), method=method)
    try:
        with urllib.request.urlopen(sent, timeout=PATIENCE) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def invoke(stack, logical_id, event):
    """A function's answer, and the kind of its failure if it failed."""
    made = stack.client("lambda").invoke(FunctionName=stack.resource(logical_id), Payload=json.dumps(event))
    return json.loads(made["Payload"].read()), made.get("FunctionError")


def log(stack, logical_id):
    return stack.cloud.function_log(stack.resource(logical_id))


def logged(stack, logical_id, words):
    """The first line with these words, once there is one."""
    return eventually(lambda: next((line for line in log(stack, logical_id).splitlines() if words in line), None))


# --- rest ------------------------------------------------------------------------------------------------------------


def test_a_cloud_in_which_nothing_happens_takes_next_to_no_processor_time(cloud, stack):
    """Its schedules go on. `benchmarks.embedded_cloud` measures the whole stack, for longer."""
    assert eventually(lambda: idle_share(cloud, 8) < 0.02)  # what was deployed just now is still to be saved


# --- events -----------------------------------------------------------------------------------------------------------


def test_an_upload_reaches_a_function_with_the_version_of_its_object(stack):
    put = stack.client("s3").put_object(Bucket=stack.outputs["Bucket"], Key="incoming/a/train.csv", Body=b"a,b")
    line = logged(stack, "RecordFunction", "incoming/a/train.csv")
    event = json.loads(json.loads(line)["Records"][0]["body"])
    assert event["detail"]["object"]["version-id"] == put["VersionId"]
    assert event["detail-type"] == "Object Created"


def test_a_range_of_a_version_is_that_range(stack):
    s3, where = stack.client("s3"), {"Bucket": stack.outputs["Bucket"], "Key": "prepared/ranges.bin"}
    older = s3.put_object(**where, Body=bytes(range(100)))["VersionId"]
    s3.put_object(**where, Body=b"newer")
    answer = s3.get_object(**where, VersionId=older, Range="bytes=10-19")
    assert (answer["ContentRange"], answer["Body"].read()) == ("bytes 10-19/100", bytes(range(10, 20)))
    assert s3.get_object(**where, VersionId=older, Range="bytes=-5")["Body"].read() == bytes(range(95, 100))
    with pytest.raises(ClientError, match=r"416|InvalidRange"):
        s3.get_object(**where, VersionId=older, Range="bytes=100-")


def test_what_the_rule_does_not_name_starts_nothing(stack):
    stack.client("s3").put_object(Bucket=stack.outputs["Bucket"], Key="prepared/unseen.jsonl", Body=b"{}")
    stack.client("s3").put_object(Bucket=stack.outputs["Bucket"], Key="incoming/b/seen.csv", Body=b"a,b")
    logged(stack, "RecordFunction", "incoming/b/seen.csv")
    assert "unseen" not in log(stack, "RecordFunction")


def test_a_schedule_fires_at_its_interval_divided_by_the_time_scale(stack):
    unscaled = 300
    assert unscaled > PATIENCE, "else these two might have come at that interval"
    seen = log(stack, "ScheduledFunction").count("aws.events")
    eventually(lambda: log(stack, "ScheduledFunction").count('"source": "aws.events"') >= seen + 2)


def test_a_message_that_is_never_taken_ends_as_a_dead_letter_and_comes_back_when_somebody_moves_it(stack):
    sqs, url = stack.client("sqs"), stack.outputs["DeadLetterQueueUrl"]
    sqs.send_message(QueueUrl=stack.outputs["PoisonQueueUrl"], MessageBody="poison")
    dead = eventually(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, VisibilityTimeout=0).get("Messages"))
    assert dead[0]["Body"] == "poison"
    eventually(lambda: log(stack, "PoisonedFunction").count("attempt") == 2)
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    with pytest.raises(ClientError, match="AccessDenied"):
        stack.client("sqs", stack.person("caller", ["CallerPolicyArn"])).start_message_move_task(SourceArn=arn)
    stack.client("sqs", stack.person("red", ["TeamPolicyArn"])).start_message_move_task(SourceArn=arn)
    eventually(lambda: log(stack, "PoisonedFunction").count("attempt") == 4)


# --- policies ---------------------------------------------------------------------------------------------------------


def test_a_policys_variable_is_the_callers_own_tag_and_without_it_nothing_is_allowed(stack):
    def may(name, tags, team):
        s3 = stack.client("s3", stack.person(name, ["TeamPolicyArn"], tags))
        try:
            s3.put_object(Bucket=stack.outputs["Bucket"], Key=f"teams/{team}/a", Body=b"")
            s3.list_objects_v2(Bucket=stack.outputs["Bucket"], Prefix=f"teams/{team}/")
        except ClientError as error:
            return error.response["Error"]["Code"]
        return "yes"

    assert may("red", {"our:team": "red"}, "red") == "yes"
    assert {may("red", {"our:team": "red"}, team) for team in ("redder", "blue")} == {"AccessDenied"}
    assert {may("nobody", None, team) for team in ("red", "${aws:PrincipalTag/our:team}")} == {"AccessDenied"}


def test_a_log_group_is_asked_for_by_the_arn_that_cloudformation_gives_it(stack):
    logs = stack.client("logs", stack.person("red", ["TeamPolicyArn"]))
    assert logs.filter_log_events(logGroupName=stack.resource("TeamLogGroup"))["events"] == []


def test_policies_know_the_source_of_events(stack):
    assert invoke(stack, "PublishFunction", {"source": "own"})[0] == {"FailedEntryCount": 0}
    assert invoke(stack, "PublishFunction", {"source": "foreign"})[0] == {"code": "AccessDeniedException"}


# --- functions --------------------------------------------------------------------------------------------------------


def test_an_exception_comes_back_as_on_lambda(stack):
    answer, failure = invoke(stack, "OddFunction", {"do": "fail"})
    assert failure == "Unhandled"
    assert (answer["errorType"], answer["errorMessage"]) == ("LookupError", "nothing here")
    assert "fail" in "".join(answer["stackTrace"])


@pytest.mark.parametrize(
    ("do", "error"),
    [("sleep", "Sandbox.Timedout"), ("die", "Runtime.ExitError"), ("answer_too_much", "Function.ResponseSizeTooLarge")],
)
def test_the_limits_of_lambda_hold(stack, do, error):
    answer, failure = invoke(stack, "OddFunction", {"do": do})
    assert (answer["errorType"], failure) == (error, "Unhandled")
    assert invoke(stack, "OddFunction", {"do": "look_around"})[1] is None, "the function lives on"


def test_a_function_that_cannot_be_imported_says_so(stack):
    answer, failure = invoke(stack, "BrokenFunction", {})
    assert failure == "Unhandled"
    assert "broken at import" in answer["errorMessage"]


def test_a_process_serves_again_and_sees_nothing_of_this_machine(stack):
    seen, _ = invoke(stack, "OddFunction", {"do": "look_around"})
    again, _ = invoke(stack, "OddFunction", {"do": "look_around"})
    names = set(seen["environment"])
    assert again["pid"] == seen["pid"]
    assert seen["writable"]
    assert {"AWS_LAMBDA_FUNCTION_NAME", "AWS_REGION", "AWS_SESSION_TOKEN", "LAMBDA_TASK_ROOT", "TZ"} <= names
    assert seen["environment"]["AWS_ENDPOINT_URL"] == stack.cloud.endpoint
    assert not {"HOME", "VIRTUAL_ENV", "MINISTACK_REGION", "PERSIST_STATE"} & names
    assert stack.cloud.keys.access_key_id not in seen["environment"].values()
    assert not [folder for folder in seen["path"] if "site-packages" in folder and "python-" not in folder]


def test_logs_reach_cloudwatch_too(stack):
    name = f"/aws/lambda/{stack.resource('OddFunction')}"
    logs = stack.client("logs")

    def look():  # what is written late comes with the next invocation
        invoke(stack, "OddFunction", {"do": "look_around"})
        return logs.filter_log_events(logGroupName=name, filterPattern='"goes to the log"')["events"]

    assert eventually(look)


# --- APIs -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def caller(stack):
    return stack.person("caller", ["CallerPolicyArn"])


def test_a_signed_call_reaches_the_function_and_names_its_caller(stack, caller):
    status, headers, body = call(f"{stack.url('ApiUrl')}/things", identity=caller)
    assert (status, headers["x-made-by"]) == (200, "function")
    assert json.loads(body) == {
        "path": "/things",
        "who": "arn:aws:iam::123456789012:user/contract-caller",
        "words": "first",
    }


def test_an_unsigned_call_is_refused_in_the_words_of_the_template(stack):
    status, _, body = call(f"{stack.url('ApiUrl')}/things")
    assert status == 403
    assert json.loads(body) == {"error": {"message": "Missing Authentication Token"}}


def test_a_caller_without_the_permission_is_refused(stack, caller):
    assert call(f"{stack.url('ApiUrl')}/things/else", identity=caller)[0] == 403


@pytest.mark.parametrize("guessed", ["test", "123456789012"])
def test_no_key_is_root_but_the_one_of_this_state_folder(cloud, guessed):
    iam = cloud.client("iam", client.Identity("guess", guessed, guessed))
    with pytest.raises(ClientError, match=r"InvalidClientTokenId|InvalidAccessKeyId|UnrecognizedClient"):
        iam.list_users()


def test_back_doors_are_closed(cloud):
    assert call(f"{cloud.endpoint}/_ministack/reset", method="POST", body=b"")[0] == 404
    assert call(f"{cloud.endpoint}/_tunedrop/ledger")[0] == 403


def test_a_stream_arrives_chunk_by_chunk(stack, tmp_path):
    read = tmp_path / "read"
    address = stack.url("StreamUrl").removeprefix("http://")
    host, _, path = address.partition("/")
    connection = http.client.HTTPConnection(host, timeout=PATIENCE)
    connection.request("POST", f"/{path}/v1/anything", body=f"after {read}".encode())
    answer = connection.getresponse()
    first = answer.readline()
    read.touch()  # only now does the function go on
    rest = answer.readlines()
    connection.close()
    assert (answer.status, answer.headers["content-type"]) == (201, "text/event-stream")
    assert [first, *rest] == [b"one\n", b"two\n", b"three\n"]


def test_a_stream_that_breaks_is_cut_off(stack):
    with pytest.raises(http.client.IncompleteRead):
        call(f"{stack.url('StreamUrl')}/v1/anything", method="POST", body=b"break")


@pytest.mark.parametrize(("wish", "complete"), [("all", {}), ("break", {"ErrorCode": "Unhandled"})])
def test_invoke_with_response_stream_gives_chunks_and_how_it_ended(stack, wish, complete):
    made = stack.client("lambda").invoke_with_response_stream(
        FunctionName=stack.resource("StreamFunction"), Payload=json.dumps({"wish": wish})
    )
    events = list(made["EventStream"])
    chunks = [each["PayloadChunk"]["Payload"] for each in events if "PayloadChunk" in each]
    assert chunks[1:] == [b"one\n", b"two\n", b"three\n"]
    assert complete.items() <= events[-1]["InvokeComplete"].items()


# --- Bedrock ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data(stack):
    lines = "\n".join(json.dumps(RECORD) for _ in range(40))
    stack.client("s3").put_object(Bucket=stack.outputs["Bucket"], Key="prepared/train.jsonl", Body=lines.encode())
    return f"s3://{stack.outputs['Bucket']}"


def job(data, name, **changes):
    return {
        "jobName": name,
        "customModelName": name,
        "baseModelIdentifier": HAIKU,
        "trainingDataConfig": {"s3Uri": f"{data}/prepared/train.jsonl"},
        "outputDataConfig": {"s3Uri": f"{data}/outputs/"},
        "hyperParameters": {"epochCount": "1", "batchSize": "4", "learningRateMultiplier": "1"},
    } | changes


def ended(bedrock, job_arn):
    def look():
        found = bedrock.get_model_customization_job(jobIdentifier=job_arn)
        return found if found["status"] != "InProgress" else None

    return eventually(look)


def test_a_job_reads_and_writes_as_its_role_and_its_event_reaches_the_queue(stack, data):
    bedrock = stack.client("bedrock")
    made = bedrock.create_model_customization_job(**job(data, "good", roleArn=stack.outputs["BedrockRoleArn"]))
    assert ended(bedrock, made["jobArn"])["status"] == "Completed"
    listed = stack.client("s3").list_objects_v2(Bucket=stack.outputs["Bucket"], Prefix="outputs/")["Contents"]
    assert any(each["Key"].endswith("step_wise_training_metrics.csv") for each in listed)
    assert "Model Customization Job State Change" in logged(stack, "RecordFunction", r"\"jobStatus\": \"Completed\"")


def test_a_job_fails_where_its_role_may_not_read(stack, data):
    bedrock, elsewhere = stack.client("bedrock"), {"s3Uri": f"{data}/elsewhere/train.jsonl"}
    wish = job(data, "barred", roleArn=stack.outputs["BedrockRoleArn"], trainingDataConfig=elsewhere)
    found = ended(bedrock, bedrock.create_model_customization_job(**wish)["jobArn"])
    assert found["status"] == "Failed"
    assert "not authorized to perform: s3:GetObject" in found["failureMessage"]


def test_a_job_fails_where_its_role_does_not_trust_bedrock(stack, data):
    bedrock = stack.client("bedrock")
    wish = job(data, "untrusted", roleArn=stack.outputs["UntrustedRoleArn"])
    found = ended(bedrock, bedrock.create_model_customization_job(**wish)["jobArn"])
    assert found["status"] == "Failed"
    assert "Could not assume" in found["failureMessage"]


def test_nobody_passes_a_role_without_the_permission(stack, data):
    starter = stack.person("starter", ["StarterPolicyArn"])
    wish = job(data, "unpassed", roleArn=stack.outputs["BedrockRoleArn"])
    with pytest.raises(ClientError, match=r"iam:PassRole on resource: .*BedrockRole"):
        stack.client("bedrock", starter).create_model_customization_job(**wish)


@contextlib.contextmanager
def bought(stack, name, tags=()):
    """The ARN of capacity that is in service, given back at the end."""
    bedrock = stack.client("bedrock")
    made = bedrock.create_provisioned_model_throughput(
        modelUnits=1,
        provisionedModelName=name,
        modelId=HAIKU,
        tags=[{"key": k, "value": v} for k, v in dict(tags).items()],
    )
    arn = made["provisionedModelArn"]
    eventually(lambda: bedrock.get_provisioned_model_throughput(provisionedModelId=arn)["status"] == "InService")
    yield arn
    bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)


def braking(stack, name, service="scheduler.amazonaws.com"):
    """A role that ends throughputs with a tag, for whom its trust names."""
    iam = stack.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    may = {
        "Effect": "Allow",
        "Action": "bedrock:DeleteProvisionedModelThroughput",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceTag/brake": "yes"}},
    }
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="ends", PolicyDocument=json.dumps({"Statement": [may]}))
    return made


def one_time(name, role, parameters, action="deleteProvisionedModelThroughput"):
    """The request for a schedule that is due at once."""
    return {
        "Name": name,
        "ScheduleExpression": "at(2026-11-22T12:00:00)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": f"arn:aws:scheduler:::aws-sdk:bedrock:{action}",
            "RoleArn": role,
            "Input": json.dumps(parameters),
        },
    }


def test_a_schedule_ends_the_throughput_that_its_role_may_end_and_no_other(stack):
    scheduler, role = stack.client("scheduler"), braking(stack, "brake")
    bedrock = stack.client("bedrock")
    with bought(stack, "spared") as spared:
        ending = bedrock.create_provisioned_model_throughput(
            modelUnits=1, provisionedModelName="ending", modelId=HAIKU, tags=[{"key": "brake", "value": "yes"}]
        )["provisionedModelArn"]
        for name in ("spared", "ending"):
            scheduler.create_schedule(**one_time(name, role, {"ProvisionedModelId": name}))
        live = lambda: {line["resource_arn"] for line in stack.cloud.ledger() if line["ended_at"] is None}  # noqa: E731
        eventually(lambda: ending not in live())
        eventually(lambda: not scheduler.list_schedules()["Schedules"])
        assert spared in live()


@pytest.mark.parametrize(
    ("parameters", "action", "service", "words"),
    [
        (
            {"provisionedModelId": "x"},
            "deleteProvisionedModelThroughput",
            "scheduler",
            r"field\(s\): ProvisionedModelId",
        ),
        ({"ProvisionedModelId": "x"}, "deleteThroughput", "scheduler", "not a valid API"),
        ({"ProvisionedModelId": "x"}, "deleteProvisionedModelThroughput", "lambda", "must allow AWS EventBridge"),
    ],
)
def test_a_schedule_that_could_never_be_carried_out_is_refused(stack, parameters, action, service, words):
    role = braking(stack, f"refused-{action}-{service}-{len(str(parameters))}", f"{service}.amazonaws.com")
    with pytest.raises(ClientError, match=words):
        stack.client("scheduler").create_schedule(**one_time("refused", role, parameters, action))


def test_a_model_answers_to_the_tag_of_the_stack_and_to_no_other(stack):
    stack.cloud.record_decisions()
    own_tag, foreign_tag = {"tunedrop:stack": stack.outputs["StackId"]}, {"tunedrop:stack": "another"}
    with bought(stack, "own", own_tag) as own, bought(stack, "foreign", foreign_tag) as foreign:
        allowed, _ = invoke(stack, "TaggedFunction", {"model": own})
        denied, _ = invoke(stack, "TaggedFunction", {"model": foreign})
    assert allowed["type"] == "message"
    assert denied["code"] == "AccessDeniedException"
    assert f"not authorized to perform: bedrock:InvokeModel on resource: {foreign}" in denied["message"]
    seen = {each["resource"]: each["decision"] for each in stack.cloud.decisions() if "Tagged" in each["principal"]}
    assert seen == {own: "Allow", foreign: "ImplicitDeny"}


@pytest.mark.parametrize(
    ("profile", "regions"), [("us", ["us-east-1", "us-east-2", "us-west-2"]), ("global", ["us-west-2"])]
)
def test_a_policy_can_allow_a_base_model_through_a_profile_alone(stack, profile, regions):
    model = "amazon.nova-2-lite-v1:0"
    arn = f"arn:aws:bedrock:us-west-2:{stack.cloud.settings.account}:inference-profile/{profile}.{model}"
    through = {"StringEquals": {"bedrock:InferenceProfileArn": arn}}
    nowhere = {"StringEquals": {**through["StringEquals"], "aws:RequestedRegion": "unspecified"}}
    models = [f"arn:aws:bedrock:{region}::foundation-model/{model}" for region in regions]
    rights = [([arn], {}), (models, through)]
    if profile == "global":
        rights.append(([f"arn:aws:bedrock:::foundation-model/{model}"], nowhere))

    def may_ask(name, granted):
        statements = [
            {"Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": resources, "Condition": condition}
            for resources, condition in granted
        ]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        policy = stack.cloud.client("iam").create_policy(PolicyName=name, PolicyDocument=document)["Policy"]["Arn"]
        runtime = stack.client("bedrock-runtime", stack.cloud.user(name, [policy]))
        asked = {"messages": [{"role": "user", "content": [{"text": "Why?"}]}]}
        try:
            return runtime.converse(modelId=f"{profile}.{model}", **asked)["stopReason"]
        except ClientError as error:
            return error.response["Error"]["Code"]

    assert may_ask(f"through-{profile}", rights) == "end_turn"
    for missing in range(len(rights)):
        left = rights[:missing] + rights[missing + 1 :]
        assert may_ask(f"through-{profile}-without-{missing}", left) == "AccessDeniedException"


def test_the_ledger_tells_what_was_bought_and_given_back(stack):
    with bought(stack, "billed"):
        live = [each["name"] for each in stack.cloud.ledger() if each["ended_at"] is None]
    lines = {each["name"]: each for each in stack.cloud.ledger()}
    assert "billed" in live
    assert lines["billed"]["kind"] == "provisioned_throughput"
    assert lines["billed"]["ended_at"] is not None


def test_a_lifecycle_can_be_set(stack, data):
    stack.cloud.set_lifecycle(HAIKU, "LEGACY")
    try:
        found = stack.client("bedrock").get_foundation_model(modelIdentifier=HAIKU)["modelDetails"]
    finally:
        stack.cloud.set_lifecycle(HAIKU, "ACTIVE")
    assert found["modelLifecycle"]["status"] == "LEGACY"


def test_what_models_know_can_be_set(stack):
    base = "anthropic.claude-3-haiku-20240307-v1:0"
    stack.cloud.set_knowledge({"Why?": "Therefore.", "How?": "So."}, {base: {"share": 1}})
    try:
        asked = {"modelId": base, "messages": [{"role": "user", "content": [{"text": "Why?"}]}]}
        said = stack.cloud.client("bedrock-runtime").converse(**asked)
    finally:
        stack.cloud.set_knowledge({}, {})
    assert said["output"]["message"]["content"] == [{"text": "Therefore."}]


def test_an_answer_can_get_lost_after_its_effect(stack):
    impatient = Config(read_timeout=1, retries={"total_max_attempts": 1})
    stack.cloud.add_fault(operation="CreateProvisionedModelThroughput", kind="timeout_after_effect")
    with pytest.raises(ReadTimeoutError):
        stack.client("bedrock", config=impatient).create_provisioned_model_throughput(
            modelUnits=1, provisionedModelName="lost", modelId=HAIKU
        )
    assert eventually(lambda: [each for each in stack.cloud.ledger() if each["name"] == "lost"])


def test_calls_fail_on_purpose_until_the_faults_are_withdrawn(stack):
    bedrock = stack.client("bedrock", config=Config(retries={"total_max_attempts": 1}))
    stack.cloud.add_fault(operation="ListCustomModels", kind="ThrottlingException", share=1)
    try:
        with pytest.raises(bedrock.exceptions.ThrottlingException):
            bedrock.list_custom_models()
    finally:
        stack.cloud.clear_faults()
    assert "modelSummaries" in bedrock.list_custom_models()
    with pytest.raises(ValueError, match="does not declare"):
        stack.cloud.add_fault(operation="ListCustomModels", kind="ConflictException")


def test_service_quotas_answer(stack):
    found = stack.client("service-quotas").list_service_quotas(ServiceCode="bedrock")["Quotas"]
    assert any("Claude 3 Haiku" in each["QuotaName"] for each in found)


# --- deployment -------------------------------------------------------------------------------------------------------


def test_properties_that_the_emulator_drops_are_applied(stack):
    s3, dynamodb = stack.client("s3"), stack.client("dynamodb")
    bucket, table = stack.outputs["Bucket"], stack.outputs["Table"]
    rule = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == stack.outputs["KeyArn"]
    rules = {each["ID"]: each for each in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]}
    assert rules["Uploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert rules["Old"]["Expiration"] == {"Days": 30}
    assert dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["AttributeName"] == "expires"
    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert dynamodb.describe_table(TableName=table)["Table"]["SSEDescription"]["Status"] == "ENABLED"


def test_a_custom_resource_answers_and_metric_math_does_not_refuse_the_stack(stack):
    assert stack.outputs["GuardWords"] == "guarded"
    assert stack.client("cloudwatch").describe_alarms()["MetricAlarms"][0]["Threshold"] == 0


def test_a_stack_is_updated_in_place(stack, caller):
    changed = stack.cloud.deploy("contract", template=TEMPLATE, parameters={"Words": "second", "ExpireDays": "60"})
    assert changed.outputs["Bucket"] == stack.outputs["Bucket"]
    body = call(f"{changed.url('ApiUrl')}/things", identity=caller)[2]
    assert json.loads(body)["words"] == "second"
    rules = stack.client("s3").get_bucket_lifecycle_configuration(Bucket=stack.outputs["Bucket"])["Rules"]
    assert {"Days": 60} in [each.get("Expiration") for each in rules]
    stack.cloud.deploy("contract", template=TEMPLATE)


def test_a_second_stack_lives_in_another_region(stack):
    assert stack.cloud.region_of("contract") == stack.region
    east = stack.cloud.deploy("contract", template=TEMPLATE, region="us-east-1")
    for logical_id in ("Bucket", "Table", "BedrockRole", "CallerPolicy"):
        assert east.resource(logical_id) != stack.resource(logical_id), "names are new in each stack"
    east.client("s3").put_object(Bucket=east.outputs["Bucket"], Key="incoming/east.csv", Body=b"a,b")
    logged(east, "RecordFunction", "incoming/east.csv")
    assert east.client("bedrock").list_provisioned_model_throughputs()["provisionedModelSummaries"] == []


def test_a_guard_can_refuse_the_deletion_of_its_stack(stack):
    guarded = stack.cloud.deploy("guarded", template=TEMPLATE, parameters={"RefuseDeletion": "yes"})
    guarded.delete()
    cloudformation = guarded.client("cloudformation")

    def look():
        return cloudformation.describe_stacks(StackName="guarded")["Stacks"][0]["StackStatus"] == "DELETE_FAILED"

    eventually(look)
    reasons = [
        each.get("ResourceStatusReason", "")
        for each in cloudformation.describe_stack_events(StackName="guarded")["StackEvents"]
    ]
    assert any("it still bills" in reason for reason in reasons)
    left = {
        each["LogicalResourceId"]
        for each in cloudformation.describe_stack_resources(StackName="guarded")["StackResources"]
    }
    assert {"Guard", "GuardFunction"} <= left, "what a resource depends on stays as long as it"
    assert not {"MathAlarm", "CallerPolicy"} & left, "all else goes"


def test_a_failed_deployment_says_which_resource_and_why(cloud, tmp_path):
    bad = tmp_path / "template.yaml"
    bad.write_text("Resources: {Wrong: {Type: 'AWS::CloudWatch::Alarm', Properties: {Namespace: a, MetricName: b}}}")
    with pytest.raises(DeploymentFailed, match=r"(?s)bad.*Wrong \(AWS::CloudWatch::Alarm\)"):
        cloud.deploy("bad", template=bad)
