"""Formats that are only read: what each becomes, what is left out and counted, what is refused and why."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.formats import all_formats, alpaca, field_mapping, openai_chat, pairs, sharegpt
from tunedrop.domain.formats.all_formats import FORMATS, SOURCES
from tunedrop.domain.formats.field_mapping import FieldMapping
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Block, Reading, Record

Said = tuple[list[str | None], list[tuple[str, list[str | None]]]]


def said(record: Record | None) -> Said:
    assert record is not None
    system = [block.text for block in record.system]
    return system, [(turn.role, [block.text for block in turn.blocks]) for turn in record.turns]


def read(document: dict[str, Any], mapping: FieldMapping | None = None) -> tuple[str, Reading]:
    found = all_formats.detect(document, mapping)
    assert not isinstance(found, Defect), found
    return found.name, found.read(document)


def turn(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def side(name: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"from": name, "value": value, **more}


ASK, SAY = turn("user", "Why?"), turn("assistant", "Because.")
QA = [("user", ["Why?"]), ("assistant", ["Because."])]


@pytest.mark.parametrize(
    ("document", "name", "expected"),
    [
        ({"messages": [turn("system", "S"), ASK, SAY]}, "openai_chat", (["S"], QA)),
        ({"messages": [turn("developer", "S"), ASK, SAY]}, "openai_chat", (["S"], QA)),
        ({"messages": [turn("system", "S"), turn("system", "T"), ASK, SAY]}, "openai_chat", (["S", "T"], QA)),
        ({"messages": [turn("system", [{"type": "text", "text": "S"}]), ASK, SAY]}, "openai_chat", (["S"], QA)),
        ({"messages": [ASK, turn("system", "S"), SAY]}, "openai_chat", ([], [QA[0], ("system", ["S"]), QA[1]])),
        ({"conversations": [turn("system", "S"), ASK, SAY]}, "openai_chat", (["S"], QA)),
        ({"conversations": [side("human", "Why?"), side("gpt", "Because.")]}, "sharegpt", ([], QA)),
        ({"messages": [side("human", "Why?"), side("gpt", "Because.")]}, "sharegpt", ([], QA)),
        ({"conversations": [side("system", "S"), side("user", "Why?"), side("assistant", "Because.")]}, "sharegpt",
         (["S"], QA)),
        ({"system": "S", "conversations": [side("human", "Why?"), side("gpt", "Because.")]}, "sharegpt", (["S"], QA)),
        ({"conversations": [side("bing", "Hi")]}, "sharegpt", ([], [("bing", ["Hi"])])),
        ({"instruction": "Why?", "input": "", "output": "Because."}, "alpaca", ([], QA)),
        ({"instruction": "Why?", "input": " \n", "output": "Because."}, "alpaca", ([], QA)),
        ({"instruction": "Why?", "output": "Because."}, "alpaca", ([], QA)),
        ({"instruction": "Why?", "input": None, "output": "Because.", "system": ""}, "alpaca", ([], QA)),
        ({"instruction": "Do", "input": "it.", "output": "Done."}, "alpaca",
         ([], [("user", ["Do\nit."]), ("assistant", ["Done."])])),
        ({"instruction": "Do", "context": "it.", "response": "Done.", "category": "x"}, "alpaca",
         ([], [("user", ["Do\nit."]), ("assistant", ["Done."])])),
        ({"instruction": "Why?", "output": "Because.", "system": "S", "history": [["a", "b"]]}, "alpaca",
         (["S"], [("user", ["a"]), ("assistant", ["b"]), *QA])),
        ({"question": "Why?", "answer": "Because."}, "pairs", ([], QA)),
        ({"input": "Why?", "output": "Because."}, "pairs", ([], QA)),
        ({"prompt": "Why?", "response": "Because."}, "pairs", ([], QA)),
        ({"query": "Why?", "response": "Because.", "system": "S"}, "pairs", (["S"], QA)),
        ({"prompt": "Why?", "completion": "Because.", "system": "S"}, "prompt_completion", (["S"], QA)),
    ],
)  # fmt: skip
def test_each_format_becomes_turns_and_system_texts(document, name, expected):
    found, reading = read(document)
    assert (found, reading.defects) == (name, ())
    assert said(reading.record) == expected


def test_a_mapping_takes_what_it_names_and_counts_what_it_leaves_out():
    mapping = FieldMapping("text", "label", "role")
    name, reading = read({"text": "Why?", "label": "Because.", "role": "S", "day": 3, "id": 7}, mapping)
    assert (name, said(reading.record)) == ("mapped", (["S"], QA))
    assert reading.normalised == ("field_left_out",) * 2


DIALOG = FieldMapping(messages="dialog", role="speaker", content="said", system="rules")


def spoken(*turns: tuple[str, Any], **more: Any) -> dict[str, Any]:
    return {"dialog": [{"speaker": speaker, "said": text} for speaker, text in turns], **more}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (spoken(("user", "Why?"), ("assistant", "Because.")), ([], QA)),
        (spoken(("Customer", "Why?"), ("agent", "Because."), rules="S"), (["S"], QA)),
        (spoken(("system", "S"), ("human", "Why?"), ("gpt", [{"type": "text", "text": "Because."}])), (["S"], QA)),
        (spoken(("user", "Why?"), ("agent", "Because."), ("bot", "Yes.")),
         ([], [QA[0], ("agent", ["Because."]), ("assistant", ["Yes."])])),
    ],
)  # fmt: skip
def test_a_mapping_may_name_a_conversation(document, expected):
    name, reading = read(document, DIALOG)
    assert (name, said(reading.record), reading.defects) == ("mapped", expected, ())


def test_what_a_mapped_conversation_leaves_out_is_counted_and_calls_of_tools_are_carried_on():
    call = {"speaker": "assistant", "said": None, "tool_calls": [{"id": "1"}], "at": 3}
    _, reading = read({"dialog": [call], "day": 3}, DIALOG)
    assert reading.normalised == ("field_left_out",) * 2
    assert reading.record is not None
    assert [block.opaque for block in reading.record.turns[0].blocks] == [[{"id": "1"}]]


def test_the_documented_example_of_a_mapped_conversation_is_read():
    mapping = FieldMapping(messages="dialog", role="speaker", content="said")
    _, reading = read(json.loads(field_mapping.CONVERSATION_EXAMPLE), mapping)
    assert reading.record is not None
    assert [turn.role for turn in reading.record.turns] == ["user", "assistant"]


@pytest.mark.parametrize(
    ("document", "code", "path"),
    [
        ({"dialog": "x"}, "wrong_type", "$.dialog"),
        (spoken(("user", 3)), "wrong_type", "$.dialog[0].said"),
        ({"dialog": [{"speaker": "user"}]}, "missing_field", "$.dialog[0]"),
        ({"dialog": [{"said": "a"}]}, "missing_field", "$.dialog[0]"),
    ],
)
def test_what_a_mapped_conversation_needs_has_to_be_there(document, code, path):
    _, reading = read(document, DIALOG)
    assert [(defect.code, defect.path) for defect in reading.defects] == [(code, path)]


@pytest.mark.parametrize(
    "named",
    [
        {}, {"prompt": "a"}, {"completion": "a"}, {"role": "a"}, {"messages": "a", "prompt": "b"},
        {"messages": "a", "role": "b", "content": "b"}, {"messages": "a", "system": "a"},
        {"messages": "a", "role": "content"}, {"prompt": "a", "completion": "b", "role": "c"},
    ],
)  # fmt: skip
def test_a_mapping_is_of_a_pair_or_of_a_conversation(named):
    assert field_mapping.build(named) is None


@pytest.mark.parametrize(
    ("document", "hint"),
    [
        (
            spoken(("customer", "Why?"), ("agent", "Because.")),
            "--map messages=dialog --map role=speaker --map content=said",
        ),
        (spoken(("one", "Why?"), ("other", "Because.")), ""),
        ({"rows": [{"a": "user", "b": "assistant"}, {"a": "assistant", "b": "user"}]}, ""),
    ],
)
def test_the_mapping_of_a_conversation_is_proposed_where_both_sides_are_clear(document, hint):
    found = field_mapping.suggestion(document)
    assert hint in found
    assert bool(hint) == bool(found)


@pytest.mark.parametrize(
    ("document", "code", "path"),
    [
        ({"text": "Why?"}, "missing_field", "$"),
        ({"label": "b"}, "missing_field", "$"),
        ({"text": "Why?", "label": 3}, "wrong_type", "$.label"),
        ({"text": "Why?", "label": "b", "my role": 3}, "wrong_type", "$['my role']"),
    ],
)
def test_what_a_mapping_names_has_to_be_there_and_be_text(document, code, path):
    _, reading = read(document, FieldMapping("text", "label", "my role"))
    assert [(defect.code, defect.path) for defect in reading.defects] == [(code, path)]


def test_null_in_a_mapped_field_is_absent_as_everywhere():
    _, reading = read({"text": "Why?", "label": None, "other": None}, FieldMapping("text", "label", "role"))
    assert [defect.code for defect in reading.defects] == ["missing_field"]
    _, reading = read(
        {"text": "Why?", "label": "b", "role": None, "other": None}, FieldMapping("text", "label", "role")
    )
    assert (reading.defects, reading.normalised) == ((), ("field_left_out",))
    assert reading.record is not None
    assert reading.record.system == ()


def test_a_mapping_does_not_hinder_files_that_have_none_of_its_fields():
    assert read({"prompt": "a", "completion": "b"}, FieldMapping("text", "label"))[0] == "prompt_completion"
    assert read({"prompt": "a", "completion": "b"}, FieldMapping("prompt", "label"))[0] == "mapped"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"prompt": "a", "chosen": "b", "rejected": "c"}, "preference_data"),
        ({"chosen": [ASK, SAY], "rejected": [ASK, SAY]}, "preference_data"),
        ({"messages": [ASK], "chosen": SAY, "rejected": SAY}, "preference_data"),
        ({"input": {}, "preferred_output": [], "non_preferred_output": []}, "preference_data"),
        ({"prompt": "a", "completion": "b", "label": True}, "preference_data"),
        ({"prompt": "a"}, "no_answers"),
        ({"question": "a", "id": 3}, "no_answers"),
        ({"question": "a", "solution": "b"}, "needs_mapping"),
        ({"prompt": "a", "label": "b", "context": "c"}, "needs_mapping"),
        ({"question": "a", "answers": {"text": ["b"], "answer_start": [3]}}, "unknown_format"),
        ({"prompt": "a", "label": 1}, "unknown_format"),
        ({"question": "a", "context": "b"}, "no_answers"),
        ({"customer_says": "How so?", "agent_says": "I do not know.", "is_good": False}, "preference_data"),
        ({"premise": "It is so.", "hypothesis": "It is not.", "label": 1}, "unknown_format"),
        ({"instruction": "a", "input": "b"}, "no_answers"),
        ({"text": "a"}, "raw_text"),
        ({"text": "a", "source": "b", "url": "c"}, "raw_text"),
        ({"content": "a"}, "raw_text"),
        ({"text": "a", "label": "b"}, "needs_mapping"),
        ({"sentence": "a", "sentiment": 1}, "needs_mapping"),
        ({"text": "a", "category": "b"}, "needs_mapping"),
        ({"from_customer": "a", "from_agent": "b"}, "unknown_format"),
        ({"prompt": "a", "conversations": []}, "ambiguous_format"),
    ],
)
def test_what_is_no_training_data_is_called_by_its_name(document, code):
    found = all_formats.detect(document)
    assert isinstance(found, Defect)
    assert found.code == code


def test_a_prompt_alone_lacks_its_completion_only_among_records_that_have_one():
    assert all_formats.detect({"prompt": "a"}, expected="prompt_completion") == SOURCES["prompt_completion"]


def test_records_one_level_deeper_get_a_hint():
    found = all_formats.detect({"data": [{"prompt": "a"}]})
    assert isinstance(found, Defect)
    assert found.hint == "Upload the list in 'data' itself, from its [ to its ], as a .json file."


def test_conversations_of_an_unknown_format_are_not_taken_for_lists_of_records():
    found = all_formats.detect({"talk": [{"role": "user", "say": "Why?"}]})
    assert isinstance(found, Defect)
    assert (found.code, found.hint) == ("unknown_format", "")


def test_a_mapping_is_suggested_with_the_fields_that_are_there():
    found = all_formats.detect({"text": "a", "label": "b"})
    assert isinstance(found, Defect)
    assert '[mapping] prompt = "text", completion = "label"' in found.hint


@pytest.mark.parametrize(
    ("document", "code", "path"),
    [
        ({"messages": [ASK, {**SAY, "weight": 0}]}, "not_expressible", "$.messages"),
        ({"messages": [ASK, {**SAY, "weight": 0.5}]}, "not_expressible", "$.messages[1].weight"),
        (
            {"conversations": [side("human", "a"), side("gpt", "b", weight="0")]},
            "not_expressible",
            "$.conversations[1].weight",
        ),
        ({"messages": [turn("system", "S"), {**ASK, "name": "x"}, SAY]}, "unknown_field", "$.messages[1]"),
        ({"messages": [turn("system", "S"), ASK, SAY], "n": 1}, "unknown_field", "$"),
        ({"messages": [turn("system", "S"), ASK, turn("assistant", None)]}, "wrong_type", "$.messages[2].content"),
        ({"messages": [turn("system", "S"), {"role": "user"}]}, "missing_field", "$.messages[1]"),
        ({"messages": [turn("system", "S"), "x"]}, "wrong_type", "$.messages[1]"),
        ({"conversations": "x"}, "wrong_type", "$.conversations"),
        ({"conversations": [side("human", "a"), {"from": "gpt"}]}, "missing_field", "$.conversations[1]"),
        ({"conversations": [side("human", 3)]}, "wrong_type", "$.conversations[0].value"),
        ({"conversations": [side("human", "a", mood="b")]}, "unknown_field", "$.conversations[0]"),
        ({"instruction": "a", "input": 3, "output": "b"}, "wrong_type", "$.input"),
        ({"instruction": "a", "output": None}, "wrong_type", "$.output"),
        ({"instruction": "a", "output": "b", "history": [["x"]]}, "wrong_type", "$.history[0]"),
        ({"instruction": "a", "output": "b", "mood": 1}, "unknown_field", "$"),
        ({"question": "a", "answer": ["b"]}, "wrong_type", "$.answer"),
        ({"question": "a", "answer": "b", "context": "c"}, "unknown_field", "$"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(document, code, path):
    _, reading = read(document)
    assert (code, path) in [(defect.code, defect.path) for defect in reading.defects]


def test_a_misspelt_field_of_a_pair_gets_its_right_spelling_as_a_hint():
    _, reading = read({"Question": "a", "answer": "b"})
    assert reading.record is None
    assert reading.defects[0].hint == "Write question instead of 'Question'."


def test_calls_and_results_of_tools_are_carried_unread():
    call, result = turn("assistant", None, tool_calls=[{"id": "1"}]), turn("tool", "42", tool_call_id="1")
    _, reading = read({"messages": [ASK, call, result, SAY]})
    assert reading.record is not None
    assert reading.defects == ()
    blocks = [block for _, block in reading.record.blocks()]
    assert [(block.path, block.opaque) for block in blocks if block.text is None] == [
        ("$.messages[1].tool_calls", [{"id": "1"}]),
        ("$.messages[2]", result),
    ]


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"messages": [ASK, SAY], "tools": [{"name": "f"}]}, "$.tools"),
        ({"messages": [ASK, SAY], "functions": [{"name": "f"}]}, "$.functions"),
        ({"conversations": [side("human", "a"), side("gpt", "b")], "tools": "[{}]"}, "$.tools"),
        ({"schemaVersion": "1", "messages": [turn("user", [{"text": "a"}])], "toolConfig": {}}, "$.toolConfig"),
    ],
)
def test_definitions_of_tools_are_carried_unread(document, path):
    _, reading = read(document)
    assert reading.record is not None
    assert (reading.defects, reading.normalised) == ((), ())
    assert reading.record.tools == (Block(path, None, document[path.removeprefix("$.")]),)


def test_fields_that_are_null_are_as_good_as_absent():
    exported = {**SAY, "tool_calls": None, "function_call": None, "refusal": None, "name": None}
    _, reading = read({"messages": [turn("system", "S"), ASK, exported], "tools": None})
    assert (reading.defects, said(reading.record)) == ((), (["S"], QA))


@pytest.mark.parametrize(
    ("document", "counted"),
    [
        ({"messages": [turn("system", "S"), ASK, {**SAY, "weight": 1}], "id": 3}, ["field_left_out"] * 2),
        ({"conversations": [side("human", "a"), side("gpt", "b", weight=1)], "id": "x"}, ["field_left_out"] * 2),
        ({"instruction": "a", "input": "b", "output": "c", "text": "### a"},
         ["field_left_out", "instruction_and_input_joined"]),
        ({"question": "a", "answer": "b", "id": 1, "source": "c"}, ["field_left_out"] * 2),
        ({"question": "a", "answer": "b", "__index_level_0__": 1}, ["field_left_out"]),
    ],
)  # fmt: skip
def test_what_is_left_out_or_joined_is_counted(document, counted):
    _, reading = read(document)
    assert sorted(reading.normalised) == sorted(counted)
    assert reading.defects == ()


@pytest.mark.parametrize("name", SOURCES)
def test_the_documented_example_is_read_without_a_defect(name):
    mapping = FieldMapping("customer_says", "agent_says") if name == "mapped" else None
    found, reading = read(json.loads(SOURCES[name].example), mapping)
    assert (found, reading.defects) == (name, ())


def test_openai_and_claude_are_one_family_and_no_others_are():
    assert all_formats.agree("messages", "openai_chat")
    assert all_formats.agree("openai_chat", "messages")
    assert not all_formats.agree("messages", "converse")
    assert not all_formats.agree("prompt_completion", "pairs")


@pytest.mark.parametrize("name", ["messages", "prompt_completion"])
def test_several_system_texts_do_not_fit_where_there_is_one_or_none(name):
    _, reading = read({"messages": [turn("system", "S"), turn("system", "T"), ASK, SAY]})
    assert reading.record is not None
    assert [defect.code for defect in FORMATS[name].obstacles(reading.record)] == ["not_expressible"]
    assert list(FORMATS["converse"].obstacles(reading.record)) == []


_KEYS = ["from", "value", "role", "content", "text", "type", "weight", "tool_calls", "name", "x"]
_FIELDS = ["messages", "conversations", "instruction", "input", "output", "history", "system", "tools", "question"]
_FIELDS += ["answer", "prompt", "completion", "label", "chosen", "id", "Output", "data", "context", "schemaVersion"]
_LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["system", "user", "human"])
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
    max_leaves=15,
)
_MAPPINGS = st.none() | st.builds(FieldMapping, st.sampled_from(_FIELDS), st.sampled_from(_FIELDS), st.none())


@given(st.dictionaries(st.sampled_from(_FIELDS), _VALUES, max_size=6), _MAPPINGS)
def test_no_object_makes_a_reader_raise_and_none_gets_lost(document, mapping):
    found = all_formats.detect(document, mapping)
    if isinstance(found, Defect):
        return
    reading = found.read(document)
    assert reading.record is not None or reading.defects


@pytest.mark.parametrize("read_one", [alpaca.read, sharegpt.read, openai_chat.read, pairs.read])
@given(st.dictionaries(st.sampled_from(_FIELDS), _VALUES, max_size=6))
def test_no_reader_raises_whatever_it_is_given(read_one, document):
    reading = read_one(document)
    assert reading.record is not None or reading.defects


def test_an_empty_system_message_is_none():
    _, reading = read({"messages": [turn("system", ""), ASK, SAY]})
    assert said(reading.record) == ([], [("user", ["Why?"]), ("assistant", ["Because."])])
    _, reading = read({"messages": [turn("system", " "), ASK, SAY]})
    assert said(reading.record)[0] == [" "], "a blank one was meant to say something"
