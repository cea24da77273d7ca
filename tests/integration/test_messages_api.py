"""POST /v1/messages through the real handler: the simulated Bedrock behind it, Anthropic's SDK before it."""

from __future__ import annotations

import json
from datetime import timedelta

import anthropic
import boto3
import messages_api
import pytest
from bedrock_simulator import Configuration, MemoryObjects, Simulator, SteppedClock
from bedrock_simulator.event_stream import event
from bedrock_simulator.in_process import mount
from moto.core.config import default_user_config as moto_config
from tunedrop.actions.messages import admit_call, manage_keys
from tunedrop.actions.messages.admit_call import CallWanted
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.messages import api_key
from tunedrop.edges import clients, clock_and_ids, settings

from tests.integration.messages_world import (
    ASK,
    NOW,
    Caller,
    Context,
    ScriptedBedrock,
    as_http,
    chunk,
    exception,
    make_caller,
    put_deployment,
)
from tests.unit.messages.test_claude_mapping import ANSWER

ARN = "arn:aws:bedrock:us-west-2:123456789012:provisioned-model/abcdefghijkl"
WHOLE = [chunk(each) for each in ANSWER]


@pytest.fixture(autouse=True)
def bedrock_is_not_motos(aws, environment):
    """Moto, once it runs, lets these hosts pass to whoever is mounted on the client."""
    environment.setitem(moto_config["core"]["passthrough"], "urls", [r"https://bedrock(-runtime)?\."])


@pytest.fixture
def caller(stack):
    return make_caller(stack)


@pytest.fixture(params=["claude-3-haiku", "nova-lite", "llama-3-1-8b"])
def deployed(stack, environment, request):
    """A deployment in front of the simulated Bedrock, in a Region that has the base model."""
    clock = SteppedClock()
    quick = Configuration(tokens_per_second=0)
    simulator = Simulator(objects=MemoryObjects(), publish=lambda _: None, clock=clock, configuration=quick)
    clients.dynamodb()  # the tables stay where they are
    base_model = catalogue.find(request.param)
    environment.setenv("AWS_DEFAULT_REGION", base_model.regions[0])
    control = boto3.client("bedrock")  # noqa: TID251 - the test's own
    buffered = clients.bedrock_runtime(read_seconds=messages_api.BUFFERED_READ_SECONDS)
    for client in (control, clients.bedrock_runtime(read_seconds=messages_api.STREAMED_READ_SECONDS), buffered):
        mount(client, simulator)
    arn = control.create_provisioned_model_throughput(
        modelUnits=1, provisionedModelName="support-bot", modelId=base_model.customization_id
    )["provisionedModelArn"]
    clock.advance(3_600)
    put_deployment(stack, arn, base_model=base_model.name)
    return base_model.name


@pytest.fixture
def bedrock(stack):
    """A Bedrock that does as it is told, behind a Ready deployment of a Claude model."""
    put_deployment(stack, ARN)
    return ScriptedBedrock(list(WHOLE)).mounted()


def test_the_sdk_reads_a_whole_message(deployed, caller):
    with caller.sdk() as api:
        message = api.messages.create(**ASK)
    assert (message.model, message.role, message.type) == ("support-bot", "assistant", "message")
    assert message.content[0].text
    assert message.stop_reason == "end_turn"
    assert message.usage.input_tokens > 0
    assert message.usage.output_tokens > 0
    assert message._request_id == caller.context.aws_request_id


def test_the_sdk_reads_the_same_message_as_a_stream(deployed, caller):
    with caller.sdk() as api, api.messages.stream(**ASK) as stream:
        texts = list(stream.text_stream)
        streamed = stream.get_final_message()
    with caller.sdk() as api:
        whole = api.messages.create(**ASK)
    assert len(texts) > 1
    assert "".join(texts) == streamed.content[0].text == whole.content[0].text
    assert streamed.model == "support-bot"
    assert streamed.stop_reason == whole.stop_reason
    assert streamed.usage.output_tokens == whole.usage.output_tokens
    assert streamed.usage.input_tokens == whole.usage.input_tokens


def test_limits_of_the_request_reach_the_model(deployed, caller):
    with caller.sdk() as api:
        message = api.messages.create(
            **{**ASK, "max_tokens": 2, "system": "Be brief."}, extra_body={"temperature": 0.1}
        )
    assert message.stop_reason == "max_tokens"
    assert message.usage.output_tokens == 2


def test_a_buffered_route_gets_the_same_answers_in_one_piece(deployed, caller, environment):
    environment.setenv("TUNEDROP_RESPONSE_STREAMING", "false")
    settings.settings.cache_clear()
    for stream, kind in ((True, "text/event-stream"), (False, "application/json")):
        answer = caller.call({**ASK, "stream": stream})
        assert isinstance(answer, dict)
        assert answer["isBase64Encoded"] is False
        assert as_http(answer).headers["content-type"].startswith(kind)
    with caller.sdk() as api, api.messages.stream(**ASK) as streamed:
        whole = api.messages.create(**ASK)
        assert streamed.get_final_message().content[0].text == whole.content[0].text


def test_both_ways_to_send_a_key_are_taken_with_any_version_header(bedrock, caller):
    for headers in (
        {"X-Api-Key": "{}", "anthropic-version": "2023-06-01"},
        {"Authorization": "Bearer {}", "anthropic-version": "2026-10-21", "anthropic-beta": "some-beta"},
        {"authorization": "bearer {}"},
    ):
        filled = {name: value.format(caller.secret) for name, value in headers.items()}
        assert Caller(None).call(**filled).status == 200


def test_the_model_is_asked_what_the_caller_asked_and_nothing_else(bedrock, caller):
    caller.call({**ASK, "metadata": {"user_id": "u"}, "top_k": 5})
    [request] = bedrock.requests
    assert request.url.endswith("/invoke-with-response-stream")
    assert "provisioned-model%2Fabcdefghijkl" in request.url
    assert json.loads(request.body) == {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 100,
        "messages": ASK["messages"],
        "top_k": 5,
    }


def test_a_missing_or_wrong_key_is_401_and_asks_no_model(bedrock):
    never_made = api_key.mint("01jd3k5m7n9p1q3r5s7t9v1w3x", b"x" * 24)
    for secret, code in ((None, "missing_key"), ("td_wrong", "invalid_key"), (never_made, "invalid_key")):
        status, headers, error = Caller(secret).refusal()
        assert (status, error["type"], error["details"]["error_code"]) == (401, "authentication_error", code)
        assert headers["x-should-retry"] == "false"
    assert not bedrock.requests


def test_a_wrong_key_is_refused_before_a_wrong_body(bedrock):
    assert Caller(None).refusal("{")[0] == 401


def test_a_revoked_key_is_401(bedrock, caller, stack):
    manage_keys.revoke("01jd3k5m7n9p1q3r5s7t9v1w3x", stack.at(now=lambda: NOW))
    with caller.sdk() as api, pytest.raises(anthropic.AuthenticationError, match="was revoked"):
        api.messages.create(**ASK)
    assert not bedrock.requests


def test_a_key_for_other_deployments_is_403(bedrock, stack):
    caller = make_caller(stack, ["faq"])
    with caller.sdk() as api, pytest.raises(anthropic.PermissionDeniedError, match="'support-bot'"):
        api.messages.create(**ASK)
    assert not bedrock.requests


def test_a_key_over_its_limit_is_429_and_asks_no_model(bedrock, caller, stack):
    ahead = clock_and_ids.now() + timedelta(hours=1)  # so that no minute ends during this test
    for _ in range(60):
        admit_call.admit(caller.secret, CallWanted("support-bot"), stack.at(now=lambda: ahead))
    status, headers, error = caller.refusal()
    assert (status, error["type"], error["details"]["error_code"]) == (429, "rate_limit_error", "key_rate_limit")
    assert headers["x-should-retry"] == "true"
    assert 1 <= int(headers["retry-after"]) <= 60
    assert "60 requests a minute" in error["message"]
    assert not bedrock.requests


def test_a_request_for_more_tokens_than_its_key_may_ask_for_is_400_and_asks_no_model(bedrock, caller):
    for asked in (4097, 2**70):
        status, headers, error = caller.refusal({**ASK, "max_tokens": asked})
        assert (status, error["type"]) == (400, "invalid_request_error")
        assert error["details"]["error_code"] == "key_max_tokens"
        assert error["message"] == "max_tokens: this API key may ask for at most 4,096 in one call."
        assert headers["x-should-retry"] == "false"
    assert not bedrock.requests
    assert caller.call({**ASK, "max_tokens": 4096}).status == 200


def test_a_wrong_body_is_400_with_the_field(bedrock, caller):
    for body, message in (
        ("{", "the body is not valid JSON"),
        ({**ASK, "max_tokens": "many"}, "max_tokens: Expected `int`, got `str`"),
        ({**ASK, "temprature": 1}, "unknown field `temprature`"),
        ({"model": "support-bot"}, "missing required field `max_tokens`"),
    ):
        status, _, error = caller.refusal(body)
        assert (status, error["type"]) == (400, "invalid_request_error")
        assert message in error["message"]
    assert not bedrock.requests


def test_an_unknown_deployment_is_404(bedrock, caller):
    with caller.sdk() as api, pytest.raises(anthropic.NotFoundError, match="no deployment 'faq'"):
        api.messages.create(**{**ASK, "model": "faq"})


@pytest.mark.parametrize("hidden", ["Creating", "Evaluating", "Held"])
@pytest.mark.parametrize("state", ["Creating", "Releasing", "Released"])
def test_what_its_gate_has_not_let_live_is_as_if_there_were_none(stack, caller, hidden, state):
    *unknown, error = caller.refusal(ASK)
    put_deployment(stack, ARN, state=state, hidden=hidden)
    bedrock = ScriptedBedrock().mounted()
    *answered, hides = caller.refusal(ASK)
    assert (answered[0], hides["type"], hides["message"]) == (unknown[0], error["type"], error["message"])
    assert hides["details"]["error_code"] == error["details"]["error_code"] == "unknown_deployment"
    assert not bedrock.requests


def test_a_base_model_is_no_deployment_and_the_answer_says_so(bedrock, caller):
    status, _, error = caller.refusal({**ASK, "model": "claude-3-haiku"})
    assert (status, error["details"]["error_code"]) == (404, "base_model_named")


def test_a_deployment_that_is_not_ready_says_its_state_and_when_to_ask_again(stack, caller):
    for state, status, code, retry_after in (
        ("Creating", 529, "deployment_not_ready", "30"),
        ("Updating", 529, "deployment_not_ready", "30"),
        ("Releasing", 404, "deployment_releasing", None),
        ("Released", 404, "deployment_released", None),
        ("Failed", 404, "deployment_failed", None),
    ):
        put_deployment(stack, None, name=state.lower(), state=state)
        answered, headers, error = caller.refusal({**ASK, "model": state.lower()})
        assert (answered, error["details"]["error_code"], headers.get("retry-after")) == (status, code, retry_after)
        assert state in error["message"]


def test_a_deployment_goes_on_answering_while_its_model_is_swapped(stack, caller):
    put_deployment(stack, ARN, state="Updating")
    bedrock = ScriptedBedrock(list(WHOLE)).mounted()
    with caller.sdk() as api:
        assert api.messages.create(**ASK).content
    assert len(bedrock.requests) == 1


def test_other_routes_and_methods_have_the_contracts_error_too(stack, caller):
    assert caller.refusal(path="/v1/models")[0] == 404
    assert caller.refusal(method="GET")[0] == 405


def test_what_a_base_model_cannot_take_is_refused_not_dropped(stack, caller):
    put_deployment(stack, ARN, base_model="nova-lite")
    bedrock = ScriptedBedrock().mounted()
    status, _, error = caller.refusal({**ASK, "tools": [{"name": "clock"}]})
    assert (status, error["type"]) == (400, "invalid_request_error")
    assert error["message"].startswith("tools: ")
    assert not bedrock.requests


# name, status from Bedrock, status and code of the answer, x-should-retry
BEDROCK_ERRORS = [
    ("ValidationException", 400, 400, "refused_by_model", "false"),
    ("ThrottlingException", 429, 429, "throttled", "true"),
    ("ServiceQuotaExceededException", 400, 429, "quota_account", "true"),
    ("ModelNotReadyException", 429, 529, "model_warming", "true"),
    ("ServiceUnavailableException", 503, 529, "bedrock_unavailable", "true"),
    ("AccessDeniedException", 403, 500, "access_denied", "false"),
    ("ResourceNotFoundException", 404, 404, "deployment_gone", "false"),
    ("ModelTimeoutException", 408, 504, "model_timeout", "false"),
    ("ModelErrorException", 424, 500, "model_error", "false"),
    ("InternalServerException", 500, 500, "bedrock_error", "false"),
]


@pytest.mark.parametrize("stream", [True, False])
def test_an_error_of_bedrock_keeps_a_status_and_bedrock_is_asked_once(bedrock, caller, stream):
    for name, of_bedrock, status, code, again in BEDROCK_ERRORS:
        bedrock.error, bedrock.status = name, of_bedrock
        bedrock.requests.clear()
        answered, headers, error = caller.refusal({**ASK, "stream": stream})
        assert (answered, error["details"]["error_code"], headers["x-should-retry"]) == (status, code, again)
        assert len(bedrock.requests) == 1


def test_a_read_time_out_is_never_repeated_because_it_may_have_been_billed(bedrock, caller):
    bedrock.lost = True
    status, headers, error = caller.refusal()
    assert (status, error["type"], headers["x-should-retry"]) == (504, "timeout_error", "false")
    assert len(bedrock.requests) == 1


def test_the_sdk_does_not_repeat_what_may_have_been_billed(bedrock, caller):
    bedrock.error, bedrock.status = "InternalServerException", 500
    with caller.sdk(max_retries=2) as api, pytest.raises(anthropic.InternalServerError):
        api.messages.create(**ASK)
    assert len(bedrock.requests) == 1


@pytest.mark.parametrize("stream", [True, False])
def test_an_error_as_the_very_first_event_keeps_its_status(bedrock, caller, stream):
    bedrock.pieces = [exception("throttlingException")]
    status, _, error = caller.refusal({**ASK, "stream": stream})
    assert (status, error["type"], error["details"]["error_code"]) == (429, "rate_limit_error", "throttled")


def test_an_error_in_mid_stream_is_an_event_and_the_sdk_raises_it(bedrock, caller):
    bedrock.pieces = [*WHOLE[:4], exception("modelStreamErrorException"), *WHOLE[4:]]
    with (
        caller.sdk() as api,
        pytest.raises(anthropic.APIStatusError, match="failed while answering"),
        api.messages.stream(**ASK) as it,
    ):
        it.get_final_message()
    assert bedrock.closed == 1


def test_an_error_in_mid_answer_of_a_whole_message_has_a_status(bedrock, caller):
    bedrock.pieces = [*WHOLE[:4], exception("modelStreamErrorException")]
    assert caller.refusal()[0] == 500


def test_a_stream_cut_at_any_byte_is_an_explicit_error(bedrock, caller):
    wire = b"".join(WHOLE)
    for length in range(0, len(wire), 53):
        bedrock.pieces = [wire[:length]]
        response = caller.call({**ASK, "stream": True})
        sent = b"".join(response.body)
        assert b'"type":"error"' in sent
        assert b"message_stop" not in sent


def test_a_corrupt_stream_is_an_explicit_error(bedrock, caller):
    wire = bytearray(b"".join(WHOLE))
    wire[len(WHOLE[0]) + 40] ^= 0xFF
    bedrock.pieces = [bytes(wire)]
    assert b"stream_broken" in b"".join(caller.call({**ASK, "stream": True}).body)


def test_near_the_deadline_the_answer_is_cut_with_words(bedrock, stack):
    caller = make_caller(stack, context=Context(remaining=[9_000, 9_000, 500]))
    sent = b"".join(caller.call({**ASK, "stream": True}).body)
    assert sent.count(b"event: ") == 4
    assert b'"type":"timeout_error"' in sent
    assert sent.count(b"message_stop") == 0


def test_a_reader_that_leaves_closes_bedrocks_stream(bedrock, caller):
    response = caller.call({**ASK, "stream": True})
    next(iter(response.body))
    assert bedrock.closed == 0
    response.close()
    assert bedrock.closed == 1


def test_an_event_that_is_no_chunk_is_an_error(stack, caller):
    put_deployment(stack, ARN, base_model="nova-lite")
    ScriptedBedrock(
        [event("messageStart", {"role": "assistant"}), event("messageStop", {"stopReason": "odd"})]
    ).mounted()
    assert b"unknown reason: odd" in b"".join(caller.call({**ASK, "stream": True}).body)


def test_tables_that_do_not_answer_are_529_and_may_be_asked_again(bedrock, caller, stack):
    stack.dynamodb.delete_table(TableName="StateTable")
    status, headers, error = caller.refusal()
    assert (status, error["details"]["error_code"], headers["x-should-retry"]) == (529, "tables_unavailable", "true")


def test_a_defect_is_500_and_logged_without_its_words(bedrock, caller, stack, log):
    row = stack.dynamodb.scan(TableName="StateTable")["Items"][0]
    del row["owner"]
    stack.dynamodb.put_item(TableName="StateTable", Item=row)
    status, _, error = caller.refusal()
    assert (status, error["details"]["error_code"]) == (500, "internal_error")
    [entry] = [line for line in log() if line["message"] == "Unexpected"]
    assert entry["fault"] == "UnreadableRow"
    assert any("deployment_rows" in place for place in entry["places"])


def test_usage_is_logged_at_the_end_and_no_word_of_the_conversation(bedrock, caller, log):
    sent = b"".join(caller.call({**ASK, "stream": True}).body)
    assert b"Hel" in sent
    [entry] = [line for line in log() if line["message"] == "Answered"]
    assert (entry["deployment"], entry["key_id"]) == ("support-bot", "01jd3k5m7n9p1q3r5s7t9v1w3x")
    assert (entry["input_tokens"], entry["output_tokens"], entry["outcome"]) == (9, 12, "complete")
    everything = json.dumps(log())
    assert "lamp" not in everything
    assert "Hel" not in everything
    assert caller.secret not in everything


def test_an_answer_that_broke_is_logged_with_its_code_and_what_it_used(bedrock, caller, log):
    bedrock.pieces = WHOLE[:5]
    b"".join(caller.call({**ASK, "stream": True}).body)
    [entry] = [line for line in log() if line["message"] == "Answered"]
    assert (entry["outcome"], entry["input_tokens"]) == ("stream_broken", 9)
