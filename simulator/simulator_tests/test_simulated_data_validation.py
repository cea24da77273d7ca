"""The simulated service judges training data by its own reading of the formats."""

import json

import pytest
from bedrock_simulator.datasets import DataError, check_counts, count_tokens, read_examples
from bedrock_simulator.foundation_models import catalogue
from hypothesis import given, settings
from hypothesis import strategies as st

FAMILIES = {model.id: model.family for model in catalogue()}
CLAUDE = FAMILIES["anthropic.claude-3-haiku-20240307-v1:0"]
NOVA = FAMILIES["amazon.nova-lite-v1:0"]
NOVA_2 = FAMILIES["amazon.nova-2-lite-v1:0"]
LLAMA = FAMILIES["meta.llama3-1-8b-instruct-v1:0"]
LLAMA_CHAT = FAMILIES["meta.llama3-3-70b-instruct-v1:0"]


def turn(role, content):
    return {"role": role, "content": content}


def claude(*turns, **others):
    return {"messages": list(turns)} | others


def nova(*turns, **others):
    return {"messages": [turn(role, [{"text": text}]) for role, text in turns]} | others


def only(record, family):
    (example,) = read_examples(json.dumps(record).encode(), family, "file")
    return example


GOOD = claude(turn("user", "Q"), turn("assistant", "A"))


def test_an_example_is_reduced_to_context_question_and_answer():
    turns = [turn("user", "Q1"), turn("assistant", "A1"), turn("user", "Q2"), turn("assistant", "A2")]
    example = only(claude(*turns, system="S"), CLAUDE)
    assert (example.context, example.question, example.answer) == ("S\nQ1\nA1\nQ2", "Q2", "A2")
    assert example.tokens == count_tokens("S\nQ1\nA1\nQ2") + count_tokens("A2")


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (claude(turn("user", "Q")), "at least two messages"),
        (claude(turn("assistant", "A"), turn("user", "Q")), "messages[0].role must be 'user'"),
        (claude(turn("user", "Q"), turn("user", "Q")), "messages[1].role must be 'assistant'"),
        (claude(turn("user", "Q"), turn("assistant", "A"), turn("user", "Q")), "last message"),
        (claude(turn("user", "Q"), turn("system", "A")), "one of: user, assistant"),
        (claude(turn("user", "Q"), turn("assistant", " ")), "must not be empty"),
        (claude(turn("user", "Q"), turn("assistant", [{"text": "A"}])), "content must be a string"),
        (claude(turn("user", "Q"), turn("assistant", "A") | {"x": 1}), "extraneous key 'x' in messages[1]"),
        (GOOD | {"id": 1}, "extraneous key 'id'"),
        (GOOD | {"system": ["S"]}, "system must be a string"),
        (claude(turn("user", "Q\nHuman: x"), turn("assistant", "A")), "reserved word '\\nHuman:'"),
        (claude(turn("user", "Q"), turn("assistant", "A\n\nAssistant:")), "reserved word"),
        (claude("Q", "A"), "messages[0] must be an object"),
        ({"messages": "Q"}, "'messages' must be a list"),
        ({"prompt": "Q", "completion": "A"}, "extraneous key 'completion'"),
        ([GOOD], "not a valid JSON object"),
        (claude(turn("user", "Q" * 130_000), turn("assistant", "A")), "at most 32000 are allowed"),
    ],
)
def test_claude_refuses(record, words):
    with pytest.raises(DataError, match=r"^file, line 1: ") as caught:
        only(record, CLAUDE)
    assert words in str(caught.value)


def test_claude_allows_reserved_words_without_their_colon():
    assert only(claude(turn("user", "a\nHuman being"), turn("assistant", "Human: A")), CLAUDE)


@pytest.mark.parametrize("line", [b"{", b'{"messages": NaN}', b"\xff", b"\xef\xbb\xbf{}", b"", b'{"a":1},'])
def test_a_line_that_is_no_json_is_named(line):
    good = json.dumps(GOOD).encode()
    with pytest.raises(DataError, match=r"^file, line 2: not a valid JSON object"):
        read_examples(b"\n".join([good, line, good]), CLAUDE, "file")


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n", b"\n\n"])
def test_the_end_of_the_file_may_be_blank(ending):
    line = json.dumps(GOOD).encode()
    assert len(read_examples(line + b"\r\n" + line + ending, CLAUDE, "file")) == 2


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (nova(("user", "User: hi"), ("assistant", "A")), "reserved word 'User:'"),
        (nova(("user", "see <image>"), ("assistant", "A")), "reserved word '<image>'"),
        (nova(("user", "Q"), ("assistant", "A"), system=[{"text": "System: x"}]), "reserved word 'System:'"),
        (nova(("user", "Q"), ("assistant", "A"), system="S"), "system must be a list"),
        (claude(turn("user", "Q"), turn("assistant", "A")), "messages[0].content must be a list"),
        (nova(("user", ""), ("assistant", "A")), "text must not be empty"),
        (nova(("user", "Q"), ("assistant", "A"), id=1), "extraneous key 'id'"),
        ({"messages": [turn("user", [{"text": "Q", "x": 1}])]}, "one key"),
        ({"messages": [turn("user", [{"text": "Q"}]), turn("assistant", [{"image": {}}])]}, "extraneous key 'image'"),
    ],
)
def test_nova_refuses(record, words):
    with pytest.raises(DataError) as caught:
        only(record, NOVA)
    assert words in str(caught.value)


LABELS = ("System:", "SYSTEM:", "User:", "USER:", "Bot:", "BOT:", "Assistant:", "ASSISTANT:", "Thought:")


def test_files_that_examples_refer_to_are_named_by_their_addresses():
    def record(**block):
        return {"messages": [turn("user", [{"text": "Q"}, block]), turn("assistant", [{"text": "A"}])]}

    image = {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/a.png", "bucketOwner": "123456789012"}}}
    assert only(record(image=image), NOVA).media == ("s3://bucket/a.png",)
    with pytest.raises(DataError, match=r"messages\[0\].content.image must have a format"):
        only(record(image={"source": {"bytes": "AAAA"}, "format": "png"}), NOVA)
    with pytest.raises(DataError, match="extraneous key 'document'"):
        only(record(document=image), NOVA)


WORDS = (*LABELS, "[EOS]", "<image>", "<video>", "<unk>")  # docs/facts.md#records


@pytest.mark.parametrize("family", [NOVA, NOVA_2], ids=["nova", "nova-2"])
@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("where", ["system", "user", "assistant"])
def test_nova_looks_for_all_reserved_words_in_every_text(family, word, where):
    said = {"system": "S", "user": "Q", "assistant": "A"} | {where: f"so {word} it is"}
    turns = ("user", said["user"]), ("assistant", said["assistant"])
    with pytest.raises(DataError, match="reserved word"):
        only(nova(*turns, system=[{"text": said["system"]}]), family)


def test_nova_2_looks_for_reserved_words_in_reasoning_too():
    reasoned = [{"reasoningContent": {"reasoningText": {"text": "Thought: why?"}}}, {"text": "A"}]
    with pytest.raises(DataError, match="reserved word 'Thought:'"):
        only({"messages": [turn("user", [{"text": "Q"}]), turn("assistant", reasoned)]}, NOVA_2)


def test_reasoning_is_for_nova_2_alone():
    reasoned = [{"reasoningContent": {"reasoningText": {"text": "R"}}}, {"text": "A"}]
    record = {"messages": [turn("user", [{"text": "Q"}]), turn("assistant", reasoned)]}
    assert only(record, NOVA_2).answer == "A"
    with pytest.raises(DataError, match="extraneous key 'reasoningContent'"):
        only(record, NOVA)


def test_llama_3_1_takes_pairs_and_llama_3_3_conversations():
    pair, chat = {"prompt": "Q", "completion": "A"}, nova(("user", "Q"), ("assistant", "A"))
    assert only(pair, LLAMA) == only(chat, LLAMA_CHAT)
    for record, family in ((pair, LLAMA_CHAT), (chat, LLAMA)):
        with pytest.raises(DataError):
            only(record, family)


@pytest.mark.parametrize(
    "record", [{"prompt": "Q"}, {"prompt": "Q", "completion": 1}, {"prompt": "", "completion": "A"}]
)
def test_llama_refuses_half_a_pair(record):
    with pytest.raises(DataError, match="must"):
        only(record, LLAMA)


@pytest.mark.parametrize(
    ("family", "training", "validation", "words"),
    [
        (CLAUDE, 31, None, "Found 31 records"),
        (CLAUDE, 32, 31, "Found 31 validation records"),
        (CLAUDE, 9_001, 1_000, "Found 10001 training and validation records"),
        (CLAUDE, 9_000, 1_001, "Found 1001 validation records"),
        (NOVA, 7, None, "at least 8"),
        (NOVA, 20_000, 1, "at most 20000"),
        (NOVA_2, 199, None, "at least 200"),
        (LLAMA, 60, 39, "Found 99 records"),
    ],
)
def test_counts_outside_the_limits_are_refused(family, training, validation, words):
    with pytest.raises(DataError) as caught:
        check_counts(family, family.maximum_records, training, validation)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("family", "training", "validation"),
    [(CLAUDE, 32, None), (CLAUDE, 9_000, 1_000), (NOVA, 8, 1), (NOVA, 20_000, None), (LLAMA, 60, 40)],
)
def test_counts_at_the_limits_are_accepted(family, training, validation):
    check_counts(family, family.maximum_records, training, validation)


texts = st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip).filter(lambda t: ":" not in t)


@settings(deadline=None)
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=4), st.none() | texts)
def test_every_alternating_conversation_is_accepted_whatever_it_says(exchanges, system):
    turns = [turn(role, text) for pair in exchanges for role, text in zip(("user", "assistant"), pair, strict=True)]
    record = claude(*turns) | ({"system": system} if system else {})
    example = only(record, CLAUDE)
    assert (example.question, example.answer) == exchanges[-1]


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_examples_or_a_data_error(data):
    try:
        examples = read_examples(data, CLAUDE, "file")
    except DataError:
        return
    assert examples == [] or data.count(b"messages") >= len(examples)
