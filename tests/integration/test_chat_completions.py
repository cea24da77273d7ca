"""POST /v1/chat/completions through the real handler: OpenAI's client before it, a scripted Bedrock behind it."""

from __future__ import annotations

import base64
import json

import httpx2
import openai
import pytest
from bedrock_simulator.event_stream import event
from moto.core.config import default_user_config as moto_config

from tests.integration.messages_world import Caller, ScriptedBedrock, exception, make_caller, put_deployment

ARN = "arn:aws:bedrock:us-west-2:123456789012:custom-model-deployment/abcdefghijkl"
CHAT = {"model": "support-bot", "messages": [{"role": "user", "content": "How do I return a lamp?"}]}
CALLS = [
    {"messageStart": {"role": "assistant"}},
    {"contentBlockDelta": {"delta": {"text": "Let me see."}, "contentBlockIndex": 0}},
    {"contentBlockStop": {"contentBlockIndex": 0}},
    {"contentBlockStart": {"start": {"toolUse": {"toolUseId": "t1", "name": "weather"}}, "contentBlockIndex": 1}},
    {"contentBlockDelta": {"delta": {"toolUse": {"input": '{"city":'}}, "contentBlockIndex": 1}},
    {"contentBlockDelta": {"delta": {"toolUse": {"input": '"Bern"}'}}, "contentBlockIndex": 1}},
    {"contentBlockStop": {"contentBlockIndex": 1}},
    {"messageStop": {"stopReason": "tool_use"}},
    {"metadata": {"usage": {"inputTokens": 7, "outputTokens": 3}}},
]
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


def wire(events):
    return [event(name, content) for each in events for name, content in each.items()]


def text(*pieces, stop_reason="end_turn"):
    return wire(
        [
            {"messageStart": {"role": "assistant"}},
            *({"contentBlockDelta": {"delta": {"text": each}, "contentBlockIndex": 0}} for each in pieces),
            {"contentBlockStop": {"contentBlockIndex": 0}},
            {"messageStop": {"stopReason": stop_reason}},
            {
                "metadata": {
                    "usage": {"inputTokens": 7, "outputTokens": 3, "totalTokens": 10},
                    "metrics": {"latencyMs": 5},
                }
            },
        ]
    )


@pytest.fixture(autouse=True)
def bedrock_is_not_motos(aws, environment):
    """Moto, once it runs, lets these hosts pass to whoever is mounted on the client."""
    environment.setitem(moto_config["core"]["passthrough"], "urls", [r"https://bedrock(-runtime)?\."])


@pytest.fixture
def bedrock(stack):
    """A Bedrock that does as it is told, behind a Ready deployment of a Nova model."""
    put_deployment(stack, ARN, base_model="nova-lite", serving="on_demand", model_units=0)
    return ScriptedBedrock(text("Hold ", "the dial.")).mounted()


@pytest.fixture
def api(stack, bedrock):
    caller: Caller = make_caller(stack)
    client = httpx2.Client(transport=httpx2.MockTransport(caller._gateway))
    with openai.OpenAI(base_url="http://api.test/v1", api_key=caller.secret, max_retries=0, http_client=client) as made:
        yield made


def asked(bedrock):
    return json.loads(bedrock.requests[-1].body)


def test_the_client_reads_a_completion(api, bedrock):
    system = {"role": "developer", "content": "Be brief."}
    done = api.chat.completions.create(
        **{**CHAT, "messages": [system, *CHAT["messages"]]}, max_completion_tokens=50, stop="END", n=1, user="u"
    )
    [choice] = done.choices
    assert (choice.message.content, choice.finish_reason, done.model) == ("Hold the dial.", "stop", "support-bot")
    assert (done.usage.prompt_tokens, done.usage.completion_tokens, done.usage.total_tokens) == (7, 3, 10)
    assert asked(bedrock)["system"] == [{"text": "Be brief."}]
    assert asked(bedrock)["inferenceConfig"] == {"maxTokens": 50, "stopSequences": ["END"]}


def test_the_client_streams_a_completion(api):
    chunks = list(api.chat.completions.create(**CHAT, stream=True, stream_options={"include_usage": True}))
    assert [each.choices[0].delta.content for each in chunks if each.choices] == ["", "Hold ", "the dial.", None]
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage.total_tokens == 10


def test_the_client_uses_a_tool_and_says_what_it_answered(api, bedrock):
    bedrock.pieces = wire(CALLS)
    whole = api.chat.completions.create(**CHAT, tools=[TOOL], tool_choice="required")
    [call] = whole.choices[0].message.tool_calls
    assert whole.choices[0].finish_reason == "tool_calls"
    assert (call.function.name, json.loads(call.function.arguments)) == ("weather", {"city": "Bern"})
    assert asked(bedrock)["toolConfig"]["toolChoice"] == {"any": {}}
    with api.chat.completions.stream(**CHAT, tools=[TOOL]) as stream:
        streamed = stream.get_final_completion()
    assert streamed.choices[0].message.tool_calls[0].function.arguments == '{"city":"Bern"}'
    bedrock.pieces = text("Sunny.")
    said = whole.choices[0].message.to_dict()
    results = [{"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    api.chat.completions.create(**{**CHAT, "messages": [*CHAT["messages"], said, *results]}, tools=[TOOL])
    _, called, told = asked(bedrock)["messages"]
    assert called["content"][-1] == {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Bern"}}}
    assert told["content"] == [{"toolResult": {"toolUseId": "t1", "content": [{"text": "sunny"}]}}]


def test_a_schema_is_asked_for_as_a_tool_and_answered_as_text(api, bedrock):
    bedrock.pieces = wire(CALLS)
    wanted = {"type": "json_schema", "json_schema": {"name": "weather", "schema": {"type": "object"}}}
    done = api.chat.completions.create(**CHAT, response_format=wanted)
    assert json.loads(done.choices[0].message.content) == {"city": "Bern"}
    assert (done.choices[0].finish_reason, done.choices[0].message.tool_calls) == ("stop", None)
    assert asked(bedrock)["toolConfig"]["toolChoice"] == {"tool": {"name": "weather"}}


def test_an_image_and_a_document_reach_the_model(api, bedrock):
    data = base64.b64encode(b"bytes").decode()
    parts = [
        {"type": "text", "text": "Look."},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{data}"}},
    ]
    api.chat.completions.create(**{**CHAT, "messages": [{"role": "user", "content": parts}]})
    _, image, document = asked(bedrock)["messages"][0]["content"]
    assert image["image"] == {"format": "png", "source": {"bytes": data}}
    assert document["document"]["format"] == "pdf"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"n": 2}, "n: this value is not served here"),
        ({"seed": 7}, "seed: Extra inputs are not permitted"),
        ({"parallel_tool_calls": False}, "parallel_tool_calls: this value is not served here"),
        ({"response_format": {"type": "json_object"}}, "response_format: must be of type text or json_schema"),
        ({"temperature": 1.5}, "temperature: "),
        ({"messages": [*CHAT["messages"], {"role": "system", "content": "x"}]}, "system messages come before all"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages.0.content: its parts must"),
        ({"messages": [{"role": "function", "content": "x"}]}, "messages.0.role: must be one of"),
        ({"tools": [{"type": "custom"}]}, "tools.0: must be a function with a name"),
    ],
)
def test_what_is_not_served_is_refused_by_its_name(api, bedrock, changes, words):
    with pytest.raises(openai.BadRequestError) as caught:
        api.chat.completions.create(**{**CHAT, **changes})
    assert words in caught.value.message
    assert caught.value.code == "invalid_request"
    assert not bedrock.requests


def test_errors_have_openais_shape(api, bedrock):
    with pytest.raises(openai.NotFoundError) as caught:
        api.chat.completions.create(**{**CHAT, "model": "faq"})
    assert (caught.value.code, caught.value.type) == ("unknown_deployment", "not_found_error")
    with pytest.raises(openai.AuthenticationError):
        api.with_options(api_key="td_wrong").chat.completions.create(**CHAT)
    bedrock.pieces = [*text("Hold ", "on")[:2], exception("modelStreamErrorException")]
    with pytest.raises(openai.APIError, match="failed while answering"):
        list(api.chat.completions.create(**CHAT, stream=True))


def test_a_stream_cut_after_any_event_never_ends_as_if_it_were_whole(api, bedrock):
    whole = text("Hold ", "the dial.")
    for length in range(1, len(whole)):
        bedrock.pieces = whole[:length]
        with pytest.raises(openai.APIError):
            list(api.chat.completions.create(**CHAT, stream=True))


def test_the_client_lists_the_models(api):
    assert [model.id for model in api.models.list()] == ["support-bot"]
    assert api.models.retrieve("support-bot").owned_by == "support"
