"""Tools of OpenAI, Anthropic, Converse and ShareGPT's relatives as text: the same conversation is the same text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tunedrop.domain.base_models.catalogue import catalogue
from tunedrop.domain.formats import all_formats, tool_turns
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Block, Reading, Record, Turn
from tunedrop.domain.texts.tool_blocks import ToolCall, ToolDefinition, ToolResult, parse

from tests.unit.checks.splits import run

Json = dict[str, Any]
FIND = ToolDefinition("find", "Finds an order", {"type": "object", "properties": {"order": {"type": "integer"}}})
SECOND = ToolDefinition("发货", None, None)
words = st.text('ab<>_/{}"\\ \n:你User', min_size=1, max_size=12).filter(str.strip) | st.sampled_from(
    ["<tool_call>{}</tool_call>", "\\<tool>", "User: <image>", "<tool_result>"]
)
arguments = st.dictionaries(words, st.none() | st.integers() | words | st.lists(words, max_size=2), max_size=3)
calls = st.builds(ToolCall, words, arguments)


@st.composite
def conversations(draw):
    """(role, items) of each turn: questions, calls that are answered in any order, and an answer."""
    turns = []
    for _ in range(draw(st.integers(1, 2))):
        turns.append(("user", [draw(words)]))
        made = draw(st.lists(calls, min_size=1, max_size=3))
        said = draw(st.none() | words)
        turns.append(("assistant", [*([said] if said else []), *made]))
        order = draw(st.permutations(range(len(made))))
        after = draw(st.none() | words)
        results = [ToolResult(number + 1, draw(words), is_error=False) for number in order]
        turns.append(("user", [*results, *([after] if after else [])]))
        turns.append(("assistant", [draw(words)]))
    return turns


def openai(turns, system: str | None = None) -> Json:
    messages: list[Json] = [{"role": "system", "content": system}] if system else []
    for number, (role, items) in enumerate(turns):
        text = next((item for item in items if isinstance(item, str)), None)
        if role == "assistant":
            made = [_openai_call(f"c{number}_{place}", each) for place, each in enumerate(_of(items, ToolCall))]
            messages.append({"role": role, "content": text, **({"tool_calls": made} if made else {})})
            continue
        messages += [
            {"role": "tool", "tool_call_id": f"c{number - 1}_{each.call - 1}", "content": each.content}
            for each in _of(items, ToolResult)
        ]
        messages += [{"role": "user", "content": text}] if text else []
    return {"messages": messages, "tools": [_openai_tool(FIND), _openai_tool(SECOND)]}


def _of(items, kind):
    return [item for item in items if isinstance(item, kind)]


def _openai_call(id_: str, call: ToolCall) -> Json:
    return {"id": id_, "type": "function", "function": {"name": call.name, "arguments": json.dumps(call.arguments)}}


def _openai_tool(tool: ToolDefinition) -> Json:
    given = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": {name: value for name, value in given.items() if value is not None}}


def anthropic(turns, system: str | None = None) -> Json:
    def block(number: int, place: int, item) -> Json:
        match item:
            case ToolCall(name, given):
                return {"type": "tool_use", "id": f"t{number}_{place}", "name": name, "input": given}
            case ToolResult(call, content):
                first = sum(isinstance(each, str) for each in turns[number - 1][1])
                return {"type": "tool_result", "tool_use_id": f"t{number - 1}_{first + call - 1}", "content": content}
        return {"type": "text", "text": item}

    messages = [
        {"role": role, "content": [block(number, place, item) for place, item in enumerate(items)]}
        for number, (role, items) in enumerate(turns)
    ]
    tools = [
        {"name": FIND.name, "description": FIND.description, "input_schema": FIND.parameters},
        {"type": "custom", "name": SECOND.name},
    ]
    return {"messages": messages, "tools": tools, **({"system": system} if system else {})}


def converse(turns, system: str | None = None) -> Json:
    def block(item: Json) -> Json:
        match item:
            case {"type": "tool_use", "id": id_, "name": name, "input": given}:
                return {"toolUse": {"toolUseId": id_, "name": name, "input": given}}
            case {"type": "tool_result", "tool_use_id": id_, "content": content}:
                return {"toolResult": {"toolUseId": id_, "content": [{"text": content}]}}
        return {"text": item["text"]}

    messages = [{**turn, "content": [*map(block, turn["content"])]} for turn in anthropic(turns)["messages"]]
    find = {"name": FIND.name, "description": FIND.description, "inputSchema": {"json": FIND.parameters}}
    config = {"tools": [{"toolSpec": find}, {"toolSpec": {"name": SECOND.name}}]}
    given = {"system": [{"text": system}]} if system else {}
    return {"schemaVersion": "bedrock-conversation-2024", "messages": messages, "toolConfig": config, **given}


def reading(document: Json) -> Reading:
    found = all_formats.detect(document)
    assert not isinstance(found, Defect), found
    return tool_turns.rendered(found.read(document))


def items(document: Json) -> tuple[list[Any], list[tuple[str, list[Any]]]]:
    """A rendered record's system text and turns, read back."""
    record = reading(document).record
    assert record is not None
    assert all(len(turn.blocks) == 1 for turn in record.turns)
    system = [item for block in record.system for item in parse(block.text or "")]
    return system, [(turn.role, list(parse(turn.blocks[0].text or ""))) for turn in record.turns]


@pytest.mark.parametrize("write", [openai, anthropic, converse])
@settings(max_examples=40)
@given(turns=conversations(), system=st.none() | words)
def test_a_conversation_with_tools_is_read_back_exactly(write, turns, system):
    assert items(write(turns, system)) == ([*([system] if system else []), FIND, SECOND], turns)


TURNS = [
    ("user", ["Where are 7 and 8?"]),
    ("assistant", ["I look.", ToolCall("find", {"order": 7}), ToolCall("find", {"order": 8})]),
    ("user", [ToolResult(2, "lost"), ToolResult(1, "shipped"), "Well?"]),
    ("assistant", ["One is lost."]),
]


def test_results_name_their_calls_whatever_their_order_and_ids_are_not_written():
    record = reading(openai(TURNS)).record
    assert record is not None
    assert [(turn.blocks[0].text or "").split("\n") for turn in record.turns[1:3]] == [
        [
            "I look.",
            '<tool_call>{"name": "find", "arguments": {"order": 7}}</tool_call>',
            '<tool_call>{"name": "find", "arguments": {"order": 8}}</tool_call>',
        ],
        [
            '<tool_result>{"call": 2, "content": "lost"}</tool_result>',
            '<tool_result>{"call": 1, "content": "shipped"}</tool_result>',
            "Well?",
        ],
    ]


def test_what_is_written_as_text_is_counted():
    made = reading(openai(TURNS))
    assert made.normalised.count("tool_block_rendered") == 6
    marked = reading({"messages": [{"role": "user", "content": "<tool>?"}, {"role": "assistant", "content": "No."}]})
    assert marked.normalised == ("tool_mark_escaped",)
    beside = reading(openai([*TURNS[:2], ("user", [*TURNS[2][1][:2], "<tool>?"]), TURNS[3]]))
    assert beside.normalised.count("tool_mark_escaped") == 1


@pytest.mark.parametrize(("calls", "joined"), [(True, 1), (False, 0)])
def test_texts_are_joined_and_counted_only_beside_blocks(calls, joined):
    said = [{"type": "text", "text": text} for text in ("I ", "look.")]
    use = [{"type": "tool_use", "id": "1", "name": "find", "input": {}}] if calls else []
    document = {"messages": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": [*said, *use]}]}
    made = reading(document)
    assert made.record is not None
    assert (made.normalised.count("text_blocks_joined"), len(made.record.turns[1].blocks)) == (joined, 2 - joined)


ASK, SAY = {"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}


@pytest.mark.parametrize(
    "given", ["", " ", "{}", None, {}], ids=["empty", "blank", "an object's text", "null", "an object"]
)
def test_no_arguments_are_an_empty_object(given):
    old = {"role": "assistant", "content": None, "function_call": {"name": "查找", "arguments": given}}
    result = {"role": "function", "name": "查找", "content": "已发货"}
    _, turns = items({"messages": [ASK, old, result, SAY], "functions": [{"name": "查找"}]})
    assert turns[1:3] == [("assistant", [ToolCall("查找", {})]), ("user", [ToolResult(1, "已发货")])]


def test_the_same_conversation_of_sharegpts_relatives():
    told = {
        "conversations": [
            {"from": "human", "value": "Where is 7?"},
            {"from": "function_call", "value": '{"name": "find", "arguments": {"order": 7}}'},
            {"from": "observation", "value": "shipped"},
            {"from": "gpt", "value": "It has shipped."},
        ]
    }
    assert items(told)[1][1:3] == [
        ("assistant", [ToolCall("find", {"order": 7})]),
        ("user", [ToolResult(1, "shipped")]),
    ]


def test_calls_that_a_turn_tells_in_several_texts_are_each_written_once():
    told = [Block(f"$.messages[1].content[{place}]", json.dumps({"name": name})) for place, name in enumerate("fg")]
    turns = (Turn("$.messages[0]", "user", (Block("$", "Why?"),)), Turn("$.messages[1]", "tool_call", tuple(told)))
    made = tool_turns.rendered(Reading(Record((), turns), (), ()))
    assert made.record is not None
    (written,) = made.record.turns[1].blocks
    assert parse(written.text or "") == (ToolCall("f", {}), ToolCall("g", {}))


def test_results_of_json_of_several_texts_and_of_errors_stay_what_they_are():
    use = [{"toolUse": {"toolUseId": str(number), "name": "f", "input": {}}} for number in range(3)]
    contents = [[{"json": {"a": None}}], [{"text": "a"}, {"text": "b"}], [{"text": "It broke."}]]
    results = [
        {"toolResult": {"toolUseId": str(number), "content": content, "status": "error" if number == 2 else "success"}}
        for number, content in enumerate(contents)
    ]
    turns = [[{"text": "Why?"}], use, results, [{"text": "So."}]]
    messages = [{"role": ("user", "assistant")[place % 2], "content": each} for place, each in enumerate(turns)]
    assert items({"schemaVersion": "1", "messages": messages})[1][2][1] == [
        ToolResult(1, ({"json": {"a": None}},)),
        ToolResult(2, ({"text": "a"}, {"text": "b"})),
        ToolResult(3, "It broke.", is_error=True),
    ]


def _call(**function: Any) -> Json:
    made = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}", **function}}
    return {"role": "assistant", "content": None, "tool_calls": [made]}


RESULT = {"role": "tool", "tool_call_id": "c1", "content": "ok"}
ARGUMENTS = "$.messages[1].tool_calls[0].function.arguments"
_IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}


@pytest.mark.parametrize(
    ("middle", "code", "path"),
    [
        ([_call(arguments="order=3"), RESULT], "invalid_json", ARGUMENTS),
        ([_call(arguments="[3]"), RESULT], "wrong_type", ARGUMENTS),
        ([_call(arguments=7), RESULT], "wrong_type", ARGUMENTS),
        ([_call(arguments='{"a": 1, "a": 2}'), RESULT], "duplicate_key", ARGUMENTS),
        ([_call(name=None), RESULT], "wrong_type", "$.messages[1].tool_calls[0].function.name"),
        ([{"role": "assistant", "content": None, "tool_calls": "f()"}], "wrong_type", "$.messages[1].tool_calls"),
        ([{"role": "assistant", "content": None, "tool_calls": [{"type": "custom", "custom": {}}]}],
         "not_expressible", "$.messages[1].tool_calls[0]"),
        ([_call(), {**RESULT, "tool_call_id": "c2"}], "not_expressible", "$.messages[2]"),
        ([_call(), RESULT, RESULT], "not_expressible", "$.messages[3]"),
        ([SAY, RESULT], "not_expressible", "$.messages[2]"),
        ([RESULT], "not_expressible", "$.messages[1]"),
        ([_call(), {**RESULT, "content": [_IMAGE]}], "not_expressible", "$.messages[2].content[0]"),
        ([_call(), {**RESULT, "mood": "glad"}], "unknown_field", "$.messages[2]"),
        ([{"role": "assistant", "content": [{"type": "tool_result", "tool_use_id": "1"}]}],
         "not_expressible", "$.messages[1].content[0]"),
        ([{"role": "assistant", "content": [{"type": "tool_use", "name": "f", "input": []}]}],
         "wrong_type", "$.messages[1].content[0].input"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_named_with_its_place_and_nothing_of_it_trains(middle, code, path):
    found = reading({"messages": [ASK, *middle, SAY], "tool_choice": "auto"})
    assert found.record is None
    assert [(defect.code, defect.path) for defect in found.defects] == [(code, path)]


@pytest.mark.parametrize(
    ("tools", "code", "path"),
    [
        ("find the order", "wrong_type", "$.tools"),
        (["find"], "wrong_type", "$.tools[0]"),
        ([{"type": "web_search"}], "not_expressible", "$.tools[0]"),
        ([{"type": "function", "function": {}}], "missing_field", "$.tools[0].function"),
        ([{"name": "f", "parameters": "none"}], "wrong_type", "$.tools[0]"),
        ([{"name": "f", "input_schema": {}, "color": 1}], "unknown_field", "$.tools[0]"),
    ],
)
def test_definitions_that_cannot_be_told_are_named_with_their_place(tools, code, path):
    found = reading({"messages": [ASK, SAY], "tools": tools})
    assert [(defect.code, defect.path) for defect in found.defects] == [(code, path)]


def test_a_conversation_ends_at_its_last_answer_to_learn_also_where_that_is_a_call():
    document = openai(TURNS[:2])
    document["messages"] += [{**RESULT, "tool_call_id": "c1_0"}, {**SAY, "weight": 0}]
    assert items(document)[1] == TURNS[:2]


def test_an_image_stays_between_what_is_said_around_it():
    image = {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/cat.png"}}}}
    use = {"toolUse": {"toolUseId": "1", "name": "find", "input": {}}}
    result = {"toolResult": {"toolUseId": "1", "content": [{"text": "ok"}]}}
    turns = [[{"text": "<tool>"}, image, {"text": "a"}], [use], [result, image, {"text": "b"}], [{"text": "So."}]]
    messages = [{"role": ("user", "assistant")[place % 2], "content": each} for place, each in enumerate(turns)]
    record = reading({"schemaVersion": "1", "messages": messages}).record
    assert record is not None
    written = [[block.text for block in turn.blocks] for turn in record.turns]
    assert (written[0], written[2][1:]) == (["\\<tool>", None, "a"], [None, "b"])
    assert parse(written[2][0] or "") == (ToolResult(1, "ok"),)


def test_an_image_beside_tools_is_still_named():
    content = [{"type": "text", "text": "What is this?"}, _IMAGE]
    document = {"messages": [{"role": "user", "content": content}, _call(), RESULT, SAY]}
    result, _ = run(json.dumps(document).encode(), base_model="nova-micro", rendering="json-blocks-1")
    (image,) = [each for each in result.findings if each.code == "not_expressible"]
    assert (image.path, image.message.split(" (")[0]) == ("$.messages[0].content[1]", "An image by its address")


def _split(document: Json, base_model: str = "nova-lite") -> bytes:
    """A file of as few different records as the base model takes."""

    def record(number: int) -> bytes:
        return json.dumps(document).replace("Where are", f"{number}: where are").encode() + b"\n"

    return b"".join(map(record, range(catalogue()[base_model].limits.total_records.minimum)))


@pytest.mark.parametrize(
    "name", [name for name, model in catalogue().items() if model.record_format != "prompt_completion"]
)
def test_every_base_model_of_conversations_trains_on_it(name):
    result, written = run(_split(openai(TURNS, "Help."), name), base_model=name, rendering="json-blocks-1")
    assert result.accepted, result.findings[:3]
    assert result.normalised["tool_block_rendered"] == result.records * 6
    assert b'"Help.\\n<tool>{' in written


def test_a_base_model_of_prompt_and_completion_trains_on_one_answer_of_calls():
    document = openai(TURNS[:2])
    result, written = run(
        _split({"messages": document["messages"]}, "llama-3-1-8b"), "llama-3-1-8b", rendering="json-blocks-1"
    )
    assert result.accepted, result.findings[:3]
    completion = json.loads(written.splitlines()[0])["completion"]
    assert parse(completion) == tuple(TURNS[1][1])


@pytest.mark.parametrize("own", [None, "Own."])
def test_a_configured_system_text_stands_before_the_definitions_of_records_without_their_own(own):
    result, written = run(
        _split(openai(TURNS, own)),
        base_model="nova-lite",
        system="Help.\n<tool> is no tool.",
        rendering="json-blocks-1",
    )
    (system,) = json.loads(written.splitlines()[0])["system"]
    assert parse(system["text"]) == (own or "Help.\n<tool> is no tool.", FIND, SECOND)
    assert result.normalised.get("default_system_added", 0) == (0 if own else result.records)


def test_records_that_differ_in_their_tools_only_are_no_duplicates():
    first, second = openai(TURNS), openai(TURNS)
    second["tools"] = second["tools"][:1]
    content = b"".join(json.dumps(each).encode() + b"\n" for each in (first, second))
    result, _ = run(content, base_model="nova-lite", rendering="json-blocks-1")
    assert not result.counts.keys() & {"exact_duplicate", "normalised_duplicate"}


def test_without_the_setting_no_text_is_changed():
    marked = {"messages": [{"role": "user", "content": "<tool>?"}, SAY]}
    _, written = run(json.dumps(marked).encode(), base_model="nova-lite")
    assert b'"<tool>?"' in written


@pytest.mark.parametrize("write", [openai, anthropic, converse])
def test_the_hint_names_the_setting_and_what_it_says_trains(write):
    content = _split(write(TURNS, "Help."))
    refused, _ = run(content, base_model="nova-lite")
    hints = {each.hint for each in refused.findings if each.severity == "error"}
    assert hints
    assert all('[tools] rendering = "json-blocks-1" in dataset.toml' in hint for hint in hints)
    accepted, _ = run(content, base_model="nova-lite", rendering="json-blocks-1")
    assert accepted.accepted
