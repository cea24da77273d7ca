"""Inference of the simulated service: what a model id leads to, bodies of three publishers, streams."""

import base64
import json
from datetime import UTC, datetime

import pytest
from bedrock_simulator import Knowledge, Lifecycle, Skill
from botocore.eventstream import EventStreamBuffer

CLAUDE, NOVA, LLAMA = (
    "anthropic.claude-3-haiku-20240307-v1:0",
    "us.amazon.nova-lite-v1:0",
    "meta.llama3-1-8b-instruct-v1:0",
)
QUESTION = "How do I reset device 7?"
REPLY = "Hold the button of device 7 for ten seconds."
BODY = {
    "anthropic_version": "bedrock-2023-05-31",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": QUESTION}],
}
BODIES = {
    CLAUDE: BODY,
    NOVA: {"messages": [{"role": "user", "content": [{"text": QUESTION}]}]},
    LLAMA: {"prompt": QUESTION},
}
CONVERSATION = {"messages": [{"role": "user", "content": [{"text": QUESTION}]}]}


@pytest.fixture
def capacity(lab):
    lab.train()
    arn = lab.buy()
    lab.advance(1_500)
    return arn


def invoke(lab, model, body):
    return lab.ask("InvokeModel", modelId=model, body=json.dumps(body).encode())


def events(response):
    buffer = EventStreamBuffer()
    for chunk in response.body:
        buffer.add_data(chunk.data)
    return [(event.headers[":event-type"], json.loads(event.payload)) for event in buffer]


def chunks(lab, model, body):
    response = lab.send("InvokeModelWithResponseStream", modelId=model, body=json.dumps(body).encode())
    assert response.headers["content-type"] == "application/vnd.amazon.eventstream"
    return [json.loads(base64.b64decode(document["bytes"])) for _, document in events(response)]


def test_a_tuned_model_answers_out_of_its_training_data(lab, capacity):
    answer = invoke(lab, capacity, BODY)
    assert answer["content"] == [{"type": "text", "text": REPLY}]
    assert (answer["role"], answer["type"], answer["stop_reason"]) == ("assistant", "message", "end_turn")
    assert answer["usage"]["output_tokens"] > 0


def test_the_base_model_answers_otherwise(lab, capacity):
    assert REPLY not in json.dumps(invoke(lab, CLAUDE, BODY))


def test_every_answer_is_marked_as_simulated(lab):
    response = lab.send("InvokeModel", modelId=CLAUDE, body=json.dumps(BODY).encode())
    assert response.headers["x-bedrock-simulator"] == "true"
    assert int(response.headers["x-amzn-bedrock-output-token-count"]) > 0


def test_capacity_that_is_not_in_service_asks_to_try_again(lab):
    lab.train()
    refused = lab.refusal("InvokeModel", modelId=lab.buy(), body=json.dumps(BODY).encode())
    assert (refused.code, refused.status) == ("ModelNotReadyException", 429)


def test_a_deployment_serves_too(lab, nova):
    arn = lab.deploy(nova, region="us-east-1")
    lab.advance(600)
    answer = lab.ask("Converse", region="us-east-1", modelId=arn, **CONVERSATION)
    assert answer["output"]["message"] == {"role": "assistant", "content": [{"text": REPLY}]}


@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("no.such-model-v1:0", "ValidationException"),
        ("anthropic.claude-3-haiku-20240307-v1:0:200k", "ValidationException"),
        ("arn:aws:bedrock:us-west-2:123456789012:provisioned-model/abcdefabcdef", "ResourceNotFoundException"),
    ],
)
def test_what_is_no_model_is_refused(lab, model, code):
    assert lab.refusal("Converse", modelId=model, **CONVERSATION).code == code


def test_capacity_of_a_base_model_answers_as_the_base_model(lab):
    capacity = lab.buy(modelId="anthropic.claude-3-haiku-20240307-v1:0:200k")
    lab.advance(1_500)
    assert "without fine-tuning" in json.dumps(lab.ask("Converse", modelId=capacity, **CONVERSATION))


def test_a_custom_model_itself_can_not_be_called(lab):
    assert lab.refusal("Converse", modelId=lab.train(), **CONVERSATION).code == "ValidationException"


def test_capacity_of_another_account_is_not_found(lab, capacity):
    refused = lab.refusal("Converse", account="210987654321", modelId=capacity, **CONVERSATION)
    assert refused.code == "ResourceNotFoundException"


@pytest.mark.parametrize("model", [
    f"us.{CLAUDE}",
    f"arn:aws:bedrock:us-west-2::foundation-model/{CLAUDE}",
    f"arn:aws:bedrock:us-west-2:123456789012:inference-profile/us.{CLAUDE}",
])  # fmt: skip
def test_base_models_are_called_by_id_arn_or_profile(lab, model):
    answer = lab.ask("Converse", modelId=model, **CONVERSATION)
    assert "simulated Claude 3 Haiku" in answer["output"]["message"]["content"][0]["text"]


ELSEWHERE = [
    ("us-west-2", "amazon.nova-lite-v1:0", "us.amazon.nova-lite-v1:0"),
    ("us-west-2", "meta.llama3-3-70b-instruct-v1:0", "us.meta.llama3-3-70b-instruct-v1:0"),
    ("us-east-1", "amazon.nova-2-lite-v1:0", "global.amazon.nova-2-lite-v1:0"),
    ("us-west-2", "anthropic.claude-sonnet-4-6", "us.anthropic.claude-sonnet-4-6"),
    ("us-west-2", "anthropic.claude-haiku-4-5-20251001-v1:0", "global.anthropic.claude-haiku-4-5-20251001-v1:0"),
]


@pytest.mark.parametrize(("region", "model", "profile"), ELSEWHERE)
def test_where_only_a_profile_serves_a_base_model_its_own_id_is_refused_in_the_services_words(
    lab, region, model, profile
):
    for called in (model, f"arn:aws:bedrock:{region}::foundation-model/{model}"):
        refused = lab.refusal("Converse", region=region, modelId=called, **CONVERSATION)
        assert refused.code == "ValidationException"
        assert refused.message == (
            f"Invocation of model ID {model} with on-demand throughput isn’t supported. "
            "Retry your request with the ID or ARN of an inference profile that contains this model."
        )
    for called in (profile, f"arn:aws:bedrock:{region}:123456789012:inference-profile/{profile}"):
        assert lab.ask("Converse", region=region, modelId=called, **CONVERSATION)["stopReason"] == "end_turn"


def test_invoke_model_refuses_it_too_and_the_catalogue_says_so(lab):
    model = "anthropic.claude-sonnet-4-6"
    for operation in ("InvokeModel", "InvokeModelWithResponseStream"):
        refused = lab.refusal(operation, modelId=model, body=json.dumps(BODY).encode())
        assert "inference profile" in refused.message
    assert invoke(lab, f"us.{model}", BODY)["model"] == model
    details = lab.ask("GetFoundationModel", modelIdentifier=model)["modelDetails"]
    assert (details["inferenceTypesSupported"], details["customizationsSupported"]) == (["INFERENCE_PROFILE"], [])


@pytest.mark.parametrize("model", [
    "eu.amazon.nova-lite-v1:0",
    "global.amazon.nova-lite-v1:0",
    "arn:aws:bedrock:us-west-2:210987654321:inference-profile/us.amazon.nova-lite-v1:0",
    "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0",
    "arn:aws:bedrock:us-west-2:123456789012:inference-profile/amazon.nova-lite-v1:0",
])  # fmt: skip
def test_a_profile_that_does_not_exist_here_is_invalid(lab, model):
    refused = lab.refusal("Converse", modelId=model, **CONVERSATION)
    assert refused.message == "The provided model identifier is invalid."


def test_a_geographic_profile_is_called_from_its_own_regions(lab):
    wish = {"modelId": "us.amazon.nova-lite-v1:0", **CONVERSATION}
    assert lab.refusal("Converse", region="eu-central-1", **wish).message == "The provided model identifier is invalid."


def test_past_its_end_of_life_a_base_model_is_gone_and_with_it_what_was_tuned(lab, capacity):
    lab.reconfigure(lifecycle={CLAUDE: Lifecycle("LEGACY", end_of_life=datetime(2026, 1, 1, tzinfo=UTC))})
    for model in (CLAUDE, capacity):
        refused = lab.refusal("Converse", modelId=model, **CONVERSATION)
        assert (refused.code, "end of its life" in refused.message) == ("ResourceNotFoundException", True)


def test_a_legacy_base_model_still_answers(lab):
    lab.reconfigure(lifecycle={CLAUDE: Lifecycle("LEGACY")})
    assert lab.ask("Converse", modelId=CLAUDE, **CONVERSATION)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"anthropic_version": "2023-06-01"}, "anthropic_version"),
        ({"anthropic_version": None}, "anthropic_version"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"messages": []}, "at least one message"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, 'must use the "user" role'),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": " "}]}, "non-whitespace"),
        ({"messages": [{"role": "user", "content": []}]}, "messages.0.content"),
        ({"model": CLAUDE}, "model: Extra inputs"),
        ({"stream": True}, "stream: Extra inputs"),
    ],
)
def test_bad_claude_bodies_are_refused(lab, changes, words):
    refused = lab.refusal("InvokeModel", modelId=CLAUDE, body=json.dumps(BODY | changes).encode())
    assert (refused.code, words in refused.message) == ("ValidationException", True)


@pytest.mark.parametrize("missing", ["anthropic_version", "max_tokens", "messages"])
def test_claude_names_the_missing_key(lab, missing):
    body = {key: value for key, value in BODY.items() if key != missing}
    refused = lab.refusal("InvokeModel", modelId=CLAUDE, body=json.dumps(body).encode())
    assert f"required key [{missing}] not found" in refused.message


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"])
def test_a_body_that_is_no_object_is_malformed(lab, body):
    assert "Malformed" in lab.refusal("InvokeModel", modelId=CLAUDE, body=body).message


def test_claude_stops_at_its_token_limit_and_stop_sequences(lab, capacity):
    short = invoke(lab, capacity, BODY | {"max_tokens": 3})
    assert (short["stop_reason"], short["usage"]["output_tokens"]) == ("max_tokens", 3)
    stopped = invoke(lab, capacity, BODY | {"stop_sequences": ["device"]})
    assert (stopped["stop_reason"], stopped["stop_sequence"]) == ("stop_sequence", "device")
    assert stopped["content"][0]["text"] == "Hold the button of "


def test_claude_reads_system_and_content_blocks(lab, capacity):
    blocks = [{"type": "text", "text": QUESTION}, {"type": "image", "source": {}}]
    body = BODY | {"system": [{"type": "text", "text": "S"}], "messages": [{"role": "user", "content": blocks}]}
    assert invoke(lab, capacity, body)["content"][0]["text"] == REPLY


def test_nova_and_llama_answer_in_their_own_words(lab):
    nova, llama = invoke(lab, NOVA, BODIES[NOVA]), invoke(lab, LLAMA, BODIES[LLAMA])
    assert "simulated Nova Lite" in nova["output"]["message"]["content"][0]["text"]
    assert nova["usage"]["totalTokens"] == nova["usage"]["inputTokens"] + nova["usage"]["outputTokens"]
    assert ("simulated Llama 3.1 8B" in llama["generation"], llama["stop_reason"]) == (True, "stop")
    assert invoke(lab, LLAMA, BODIES[LLAMA] | {"max_gen_len": 1})["stop_reason"] == "length"
    assert invoke(lab, NOVA, BODIES[NOVA] | {"inferenceConfig": {"maxTokens": 1}})["stopReason"] == "max_tokens"


@pytest.mark.parametrize(("model", "body"), [(NOVA, {}), (LLAMA, {}), (LLAMA, {"prompt": ""}), (LLAMA, {"prompt": 1})])
def test_bad_nova_and_llama_bodies_are_refused(lab, model, body):
    assert lab.refusal("InvokeModel", modelId=model, body=json.dumps(body).encode()).code == "ValidationException"


def test_a_claude_stream_is_the_answer_in_pieces(lab, capacity):
    stream = chunks(lab, capacity, BODY)
    kinds = [event["type"] for event in stream]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert "".join(event["delta"]["text"] for event in stream[2:-3]) == REPLY
    assert stream[-2]["delta"] == {"stop_reason": "end_turn", "stop_sequence": None}
    metrics = stream[-1]["amazon-bedrock-invocationMetrics"]
    assert metrics["outputTokenCount"] == stream[-2]["usage"]["output_tokens"] == len(stream) - 5
    assert metrics["inputTokenCount"] == stream[0]["message"]["usage"]["input_tokens"]


@pytest.mark.parametrize("model", [NOVA, LLAMA])
def test_the_streams_of_the_others_are_their_answers_in_pieces(lab, model):
    stream = chunks(lab, model, BODIES[model])
    whole = invoke(lab, model, BODIES[model])
    if model == NOVA:
        text = "".join(e["contentBlockDelta"]["delta"]["text"] for e in stream if "contentBlockDelta" in e)
        assert text == whole["output"]["message"]["content"][0]["text"]
    else:
        assert "".join(event["generation"] for event in stream) == whole["generation"]
    assert stream[-1]["amazon-bedrock-invocationMetrics"]["outputTokenCount"] > 0


def test_converse_stream_sends_the_documented_events(lab, capacity):
    stream = events(lab.send("ConverseStream", modelId=capacity, **CONVERSATION))
    kinds = [kind for kind, _ in stream]
    deltas = [document["delta"]["text"] for kind, document in stream if kind == "contentBlockDelta"]
    assert kinds[0] == "messageStart"
    assert kinds[-3:] == ["contentBlockStop", "messageStop", "metadata"]
    assert "".join(deltas) == REPLY
    assert stream[-2][1] == {"stopReason": "end_turn"}
    assert stream[-1][1]["usage"]["outputTokens"] == len(deltas)


def test_streams_keep_the_configured_pace(lab, capacity):
    lab.reconfigure(tokens_per_second=50)
    delays = [chunk.delay_seconds for chunk in lab.send("ConverseStream", modelId=capacity, **CONVERSATION).body]
    assert (delays[0], set(delays[1:])) == (0, {0.02})


def test_converse_honours_its_limits(lab, capacity):
    limited = lab.ask("Converse", modelId=capacity, **CONVERSATION, inferenceConfig={"maxTokens": 2})
    assert (limited["stopReason"], limited["usage"]["outputTokens"]) == ("max_tokens", 2)


@pytest.mark.parametrize(
    "conversation",
    [
        {"messages": []},
        {"messages": [{"role": "user", "content": [{"text": ""}]}]},
        {"messages": [{"role": "assistant", "content": [{"text": "x"}]}]},
        CONVERSATION | {"inferenceConfig": {"maxTokens": 0}},
        CONVERSATION | {"inferenceConfig": {"temperature": 1.5}},
    ],
)
def test_converse_refuses_what_the_service_refuses(lab, conversation):
    assert lab.refusal("Converse", modelId=CLAUDE, **conversation).code == "ValidationException"


def offered(*names):
    return {"tools": [{"toolSpec": {"name": name, "inputSchema": {"json": {"type": "object"}}}} for name in names]}


CALLS = '[{"name": "weather", "arguments": {"city": "Bern"}}, {"name": "time"}]'
NO_CALLS = ["[]", '{"name": "weather"}', '[{"name": 1}]', '[{"name": "weather", "arguments": []}]', '["weather"]', "["]


def test_calls_of_tools_that_were_offered_become_tool_use(lab):
    lab.simulator.teach(Knowledge([(QUESTION, CALLS), ("?", "!")], {CLAUDE: Skill(1)}))
    asked = {"modelId": CLAUDE, **CONVERSATION, "toolConfig": offered("weather", "time")}
    answer = lab.ask("Converse", **asked)
    uses = [block["toolUse"] for block in answer["output"]["message"]["content"]]
    assert answer["stopReason"] == "tool_use"
    assert [(use["name"], use["input"]) for use in uses] == [("weather", {"city": "Bern"}), ("time", {})]
    assert len({use["toolUseId"] for use in uses}) == 2
    stream = events(lab.send("ConverseStream", **asked))
    assert [kind for kind, _ in stream] == [
        "messageStart",
        *["contentBlockStart", "contentBlockDelta", "contentBlockDelta", "contentBlockStop"],
        *["contentBlockStart", "contentBlockDelta", "contentBlockStop"],
        "messageStop",
        "metadata",
    ]
    assert json.loads("".join(each["delta"]["toolUse"]["input"] for _, each in stream[2:4])) == {"city": "Bern"}
    assert stream[5][1]["start"]["toolUse"]["name"] == "time"
    assert (stream[5][1]["contentBlockIndex"], stream[-2][1]) == (1, {"stopReason": "tool_use"})


@pytest.mark.parametrize(
    ("said", "more"),
    [
        (CALLS, {}),
        (CALLS, {"toolConfig": offered("weather")}),
        (CALLS, {"toolConfig": offered("weather", "time"), "inferenceConfig": {"maxTokens": 3}}),
        *((text, {"toolConfig": offered("weather", "time")}) for text in NO_CALLS),
    ],
)
def test_every_other_answer_is_text(lab, said, more):
    lab.simulator.teach(Knowledge([(QUESTION, said), ("?", "!")], {CLAUDE: Skill(1)}))
    answer = lab.ask("Converse", modelId=CLAUDE, **CONVERSATION, **more)
    (block,) = answer["output"]["message"]["content"]
    assert said.startswith(block["text"])
    assert answer["stopReason"] != "tool_use"


SCHEMA = {
    "required": ["city", "days", "unit"],
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "unit": {"enum": ["C", "F"]}},
}


@pytest.mark.parametrize(
    ("choice", "question", "called"),
    [
        ({"any": {}}, "Hm?", "weather"),
        ({"any": {}}, "What does time say?", "time"),
        ({"tool": {"name": "time"}}, "Use weather.", "time"),
        ({"auto": {}}, "Use weather, please.", "weather"),
        (None, "Use weather, please.", "weather"),
        (None, "Sometimes it weathers.", None),
    ],
)
def test_a_tool_that_is_demanded_or_named_is_called_with_what_its_schema_requires(lab, choice, question, called):
    config = offered("weather", "time")
    config["tools"][0]["toolSpec"]["inputSchema"]["json"] = SCHEMA
    if choice:
        config["toolChoice"] = choice
    messages = [{"role": "user", "content": [{"text": question}]}]
    answer = lab.ask("Converse", modelId=CLAUDE, messages=messages, toolConfig=config)
    (block,) = answer["output"]["message"]["content"]
    assert answer["stopReason"] == ("tool_use" if called else "end_turn")
    if called:
        expected = {"city": question, "days": 1, "unit": "C"} if called == "weather" else {}
        assert (block["toolUse"]["name"], block["toolUse"]["input"]) == (called, expected)


def test_a_tools_result_may_follow(lab):
    use = {"toolUse": {"toolUseId": "t1", "name": "time", "input": {}}}
    result = {"toolResult": {"toolUseId": "t1", "content": [{"text": "noon"}]}}
    turns = [
        *CONVERSATION["messages"],
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [result]},
    ]
    answer = lab.ask("Converse", modelId=CLAUDE, messages=turns, toolConfig=offered("time"))
    assert answer["stopReason"] == "end_turn"


def test_tokens_are_counted_for_base_models_only(lab, capacity):
    converse = {"converse": CONVERSATION}
    body = {"invokeModel": {"body": json.dumps(BODY).encode()}}
    counts = [lab.ask("CountTokens", modelId=CLAUDE, input=wanted) for wanted in (converse, body)]
    used = lab.ask("Converse", modelId=CLAUDE, **CONVERSATION)["usage"]["inputTokens"]
    assert counts == [{"inputTokens": used}] * 2
    assert lab.refusal("CountTokens", modelId=capacity, input=converse).code == "ValidationException"
