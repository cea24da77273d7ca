"""Three formats in and out: texts byte for byte, the same bytes every time, shape faults as defects."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.formats import all_formats
from tunedrop.domain.formats.all_formats import FORMATS
from tunedrop.domain.records import strict_json
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Block, Record, Turn, joined


def read(document: object):
    parsed = strict_json.parse(json.dumps(document).encode())
    assert not isinstance(parsed, Defect)
    format_ = all_formats.detect(parsed, expected="prompt_completion")
    assert not isinstance(format_, Defect), format_
    return format_.name, format_.read(parsed)


def text_of(record: Record) -> tuple[list[str | None], list[tuple[str, list[str | None]]]]:
    system = [block.text for block in record.system]
    return system, [(turn.role, [block.text for block in turn.blocks]) for turn in record.turns]


ASK, ANSWER = {"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Because."}


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ({"prompt": "a", "completion": "b"}, "prompt_completion"),
        ({"Prompt ": "a", "completion": "b"}, "prompt_completion"),
        ({"completion": "b"}, "prompt_completion"),
        ({"messages": [ASK, ANSWER]}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}]}, "messages"),
        ({"system": [{"type": "text", "text": "s"}], "messages": [ASK]}, "messages"),
        ({"messages": [{"role": "user", "content": [{"text": "a"}]}]}, "converse"),
        ({"system": [{"text": "s"}], "messages": []}, "converse"),
        ({"schemaVersion": "x", "messages": []}, "converse"),
    ],
)
def test_the_format_is_told_by_its_fields(document, name):
    assert read(document)[0] == name


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"foo": "a", "bar": "b"}, "unknown_format"),
        ({}, "unknown_format"),
        ({"prompt": "a", "messages": []}, "ambiguous_format"),
    ],
)
def test_what_is_no_format_is_said_so(document, code):
    found = all_formats.detect(document)
    assert isinstance(found, Defect)
    assert found.code == code


@pytest.mark.parametrize(
    ("document", "code", "path"),
    [
        ({"prompt": "a"}, "missing_field", "$"),
        ({"prompt": "a", "completion": None}, "wrong_type", "$.completion"),
        ({"prompt": ["a"], "completion": "b"}, "wrong_type", "$.prompt"),
        ({"prompt": "a", "completion": "b", "id": 1}, "unknown_field", "$"),
        ({"system": 3, "messages": [ASK, ANSWER]}, "wrong_type", "$.system"),
        ({"messages": "a"}, "wrong_type", "$.messages"),
        ({"messages": ["a"]}, "wrong_type", "$.messages[0]"),
        ({"messages": [{"role": "user"}]}, "missing_field", "$.messages[0]"),
        ({"messages": [{"content": "a"}]}, "missing_field", "$.messages[0]"),
        ({"messages": [{"role": 1, "content": "a"}]}, "wrong_type", "$.messages[0].role"),
        ({"messages": [ASK, {"role": "assistant", "content": 5}]}, "wrong_type", "$.messages[1].content"),
        ({"messages": [{**ASK, "name": "x"}, ANSWER]}, "unknown_field", "$.messages[0]"),
        ({"schemaVersion": 1, "messages": []}, "wrong_type", "$.schemaVersion"),
        ({"schemaVersion": "x", "messages": [ASK]}, "wrong_type", "$.messages[0].content"),
        (
            {"schemaVersion": "x", "messages": [{"role": "user", "content": [3]}]},
            "wrong_type",
            "$.messages[0].content[0]",
        ),
        (
            {"schemaVersion": "x", "messages": [{"role": "user", "content": [{"text": "a", "b": 1}]}]},
            "unknown_field",
            "$.messages[0].content[0]",
        ),
    ],
)
def test_a_wrong_shape_names_the_field(document, code, path):
    _, reading = read(document)
    assert [(defect.code, defect.path) for defect in reading.defects] == [(code, path)]


def test_a_misspelt_field_gets_its_right_spelling_as_a_hint():
    _, reading = read({"Prompt": "a", "completion": "b"})
    unknown = next(defect for defect in reading.defects if defect.code == "unknown_field")
    assert unknown.hint == "Write prompt instead of 'Prompt'."


def test_long_names_of_unknown_fields_are_cut_and_many_are_counted():
    _, reading = read({"prompt": "a", "completion": "b"} | {f"{number}" * 500: 1 for number in range(9)})
    assert len(reading.defects[0].message) < 400
    assert "and 4 more" in reading.defects[0].message


def test_blocks_that_are_not_text_are_carried_unread():
    image = {"type": "image", "source": {"data": "AAAA"}}
    _, reading = read({"messages": [{"role": "user", "content": [image]}, ANSWER]})
    assert reading.record is not None
    assert reading.record.turns[0].blocks == (Block("$.messages[0].content[0]", None, image),)


def test_a_list_of_text_blocks_becomes_the_one_string_that_training_takes():
    content = [{"type": "text", "text": "Wh"}, {"type": "text", "text": "y?"}]
    _, reading = read({"messages": [{"role": "user", "content": content}, ANSWER]})
    assert reading.record is not None
    written = FORMATS["messages"].write(reading.record)
    assert json.loads(written.line)["messages"][0]["content"] == "Why?"
    assert written.normalised == ("text_blocks_joined",)


def test_a_system_text_is_not_expressible_as_prompt_and_completion():
    _, reading = read({"system": "Be brief.", "messages": [ASK, ANSWER]})
    assert reading.record is not None
    found = list(FORMATS["prompt_completion"].obstacles(reading.record))
    assert [(defect.code, defect.path) for defect in found] == [("not_expressible", "$.system")]


def test_a_conversation_of_four_turns_is_not_expressible_as_prompt_and_completion():
    _, reading = read({"messages": [ASK, ANSWER, ASK, ANSWER]})
    assert reading.record is not None
    found = list(FORMATS["prompt_completion"].obstacles(reading.record))
    assert [(defect.code, defect.path) for defect in found] == [("not_expressible", "$.messages[2]")]


@pytest.mark.parametrize("name", FORMATS)
def test_the_documented_example_is_read_without_a_defect(name):
    parsed = strict_json.parse(FORMATS[name].example.encode())
    assert not isinstance(parsed, Defect)
    assert all_formats.detect(parsed) == all_formats.SOURCES[name]
    assert FORMATS[name].read(parsed).defects == ()


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@st.composite
def records(draw, *, turns: int = 3) -> Record:
    count = 2 * draw(st.integers(1, turns))
    roles = ["user", "assistant"]
    system = (Block("$.system", draw(_TEXT)),) if draw(st.booleans()) else ()
    said = tuple(Turn(f"$[{n}]", roles[n % 2], (Block(f"$[{n}]", draw(_TEXT)),)) for n in range(count))
    return Record(system, said)


@given(records(), st.sampled_from(["messages", "converse"]))
def test_conversations_come_back_byte_for_byte(record, name):
    first, again = FORMATS[name].write(record), FORMATS[name].write(record)
    assert first.line == again.line
    assert first.line.count(b"\n") == 1
    parsed = strict_json.parse(first.line.rstrip(b"\n"))
    assert not isinstance(parsed, Defect)
    assert all_formats.detect(parsed) == all_formats.SOURCES[name]
    reading = FORMATS[name].read(parsed)
    assert reading.defects == ()
    assert reading.record is not None
    assert text_of(reading.record) == text_of(record)


@given(_TEXT, _TEXT)
def test_prompts_and_completions_survive_the_way_through_every_format(prompt, completion):
    parsed = strict_json.parse(json.dumps({"prompt": prompt, "completion": completion}).encode())
    assert not isinstance(parsed, Defect)
    record = FORMATS["prompt_completion"].read(parsed).record
    for name in ("messages", "converse", "prompt_completion"):
        assert record is not None
        line = strict_json.parse(FORMATS[name].write(record).line.rstrip(b"\n"))
        assert not isinstance(line, Defect)
        record = FORMATS[name].read(line).record
    assert record is not None
    assert text_of(record) == ([], [("user", [prompt]), ("assistant", [completion])])


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "text", "type", "messages", "system", "x"]), inner, max_size=4
        )
    ),
    max_leaves=15,
)


@given(
    st.dictionaries(
        st.sampled_from(["prompt", "completion", "messages", "system", "schemaVersion", "Messages ", "x"]), _VALUES
    )
)
def test_no_object_makes_a_reader_raise(document):
    format_ = all_formats.detect(document)
    if not isinstance(format_, Defect):
        reading = format_.read(document)
        assert reading.record is not None or reading.defects


@st.composite
def anything(draw) -> Record:
    """Records with up to two system texts and turns of one or two blocks, sides taking turns."""
    system = tuple(Block("$.system", text) for text in draw(st.lists(_TEXT, max_size=2)))
    said = []
    for number in range(2 * draw(st.integers(1, 2))):
        blocks = tuple(Block("$", text) for text in draw(st.lists(_TEXT, min_size=1, max_size=2)))
        said.append(Turn("$", ["user", "assistant"][number % 2], blocks))
    return Record(system, tuple(said))


def whole(record: Record) -> tuple[list[str | None], list[tuple[str, str]]]:
    """System texts, and what each side says as one text."""
    return [block.text for block in record.system], [(turn.role, joined(turn.blocks)) for turn in record.turns]


def back(line: bytes) -> tuple[str, Record]:
    parsed = strict_json.parse(line.removesuffix(b"\n"))
    assert not isinstance(parsed, Defect)
    found = all_formats.detect(parsed)
    assert not isinstance(found, Defect)
    reading = found.read(parsed)
    assert reading.record is not None
    assert reading.defects == ()
    return found.name, reading.record


@pytest.mark.parametrize("first", FORMATS)
@pytest.mark.parametrize("second", FORMATS)
@given(record=anything())
def test_what_fits_into_two_formats_comes_back_from_both_unchanged(first, second, record):
    if any(FORMATS[first].obstacles(record)):
        return
    line = FORMATS[first].write(record).line
    assert line == FORMATS[first].write(record).line
    name, once = back(line)
    assert (name, whole(once)) == (first, whole(record))
    if any(FORMATS[second].obstacles(once)):
        return
    written = FORMATS[second].write(once)
    name, twice = back(written.line)
    assert (name, whole(twice)) == (second, whole(record))
    if "text_blocks_joined" not in written.normalised:
        assert FORMATS[first].write(twice).line == line


@given(anything())
def test_what_does_not_fit_says_where(record):
    fits = {name: not list(format_.obstacles(record)) for name, format_ in FORMATS.items()}
    assert fits == {
        "converse": True,
        "messages": len(record.system) <= 1,
        "prompt_completion": not record.system and len(record.turns) == 2,
    }


def test_an_empty_system_text_is_not_taken_for_none():
    record = Record((Block("$.system", ""),), (Turn("$", "user", (Block("$", "a"),)),))
    for name in ("messages", "converse"):
        assert [block.text for block in back(FORMATS[name].write(record).line)[1].system] == [""]


def test_what_is_not_text_is_written_to_converse_as_it_came():
    thought = {"reasoningContent": {"reasoningText": {"text": "Hm."}}}
    record = Record((), (Turn("$", "assistant", (Block("$", None, thought), Block("$", "Because."))),))
    assert json.loads(FORMATS["converse"].write(record).line)["messages"][0]["content"] == [
        thought,
        {"text": "Because."},
    ]


def test_a_record_without_turns_is_written_without_a_fault():
    assert json.loads(FORMATS["prompt_completion"].write(Record((), ())).line) == {"prompt": "", "completion": ""}
