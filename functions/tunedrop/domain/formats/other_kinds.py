"""Recognize records that were written for another purpose, or by another tool, by fields that only those have.

Each kind says what it is for and, where it holds questions and answers, how each record is written to train.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tunedrop.domain.formats import pairs, shapes, sharegpt
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Document

_PAIR = '{"prompt": "…", "completion": "…"}'
_TALK = '{"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}'

_LISTS = frozenset({*sharegpt.NAMES, *pairs.QUESTIONS, *pairs.ANSWERS})

Names = Mapping[str, Any]
"""An object's fields, folded to lower case."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """`marks`: one of these fields is in every such record, so that others are passed over quickly."""

    marks: frozenset[str]
    is_it: Callable[[Names], bool]
    what: str
    hint: str


def identify(document: Document, names: frozenset[str]) -> Defect | None:
    """The defect that names an object's purpose or tool; None if no kind fits. `names` are folded."""
    if names.isdisjoint(_MARKS):
        return None
    folded = {shapes.fold(name): value for name, value in document.items()}
    found = next((kind for kind in _KINDS if not names.isdisjoint(kind.marks) and kind.is_it(folded)), None)
    return None if found is None else Defect("other_purpose", f"The record is {found.what}.", hint=found.hint)


def _of(*names: str) -> Callable[[Names], bool]:
    """Whether all of these fields are there; a|b stands for either."""
    wanted = [name.split("|") for name in names]
    return lambda found: all(any(name in found for name in either) for either in wanted)


def _has(found: Names, name: str, *inner: str) -> bool:
    """Whether a field holds an object, or a list that begins with one, that has one of these fields."""
    value = found.get(name)
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, dict) and not set(inner).isdisjoint(first)


def _is_reinforcement(found: Names) -> bool:
    return _of("messages|prompt|question|conversations|input")(found) and set(found).isdisjoint(pairs.ANSWERS)


def _kinds() -> Iterator[_Kind]:
    yield from _of_calls_of_bedrock()
    yield from _of_judging_in_bedrock()
    yield from _of_evals_and_logs()
    yield from _of_other_clouds()
    yield from _of_annotation()
    yield from _of_conversations()


def _of_calls_of_bedrock() -> Iterator[_Kind]:
    yield _Kind(
        frozenset({"schematype", "modelid"}),
        lambda found: _has(found, "input", "inputBodyJson", "inputBodyS3Path") or _of("schematype", "modelid")(found),
        "an entry of Bedrock's model invocation log, which tells what a model was asked and said",
        "Its answers are a model's own: keep those that are worth learning, and write each as "
        f"{_TALK} from input.inputBodyJson and output.outputBodyJson.",
    )
    yield _Kind(
        frozenset({"recordid"}),
        lambda found: "recordid" in found and "modeloutput" in found,
        "a result of Bedrock's batch inference: a request with what a model answered",
        "Its answers are a model's own: keep those that are worth learning, and write each as "
        f"{_TALK} from the messages of modelInput and the text of modelOutput.",
    )
    yield _Kind(
        frozenset({"recordid"}),
        _of("recordid", "modelinput|error"),
        "a request for Bedrock's batch inference, without an answer to learn",
        f"Write each as {_TALK}: the messages of modelInput, then the answer that the model should learn.",
    )


def _of_judging_in_bedrock() -> Iterator[_Kind]:
    yield _Kind(
        frozenset({"automatedevaluationresult", "inputrecord", "modelresponses", "conversationturns"}),
        lambda found: "automatedevaluationresult" in found or "modelresponses" in found or "inputrecord" in found,
        "of Bedrock's model evaluation: a prompt with what a model answered, to be judged",
        f"Write each as {_PAIR} from the prompt and the reference response; a model's own responses are no models to "
        "learn from, unless somebody has looked at them.",
    )
    yield _Kind(
        frozenset({"conversationturns"}),
        _of("conversationturns"),
        "of Bedrock's evaluation of retrieval (RAG): a prompt with reference responses",
        f"Write each as {_PAIR} from the text of the prompt and the text of its reference response.",
    )
    yield _Kind(
        frozenset({"referenceresponse", "referenceresponses"}),
        _of("referenceresponse|referenceresponses"),
        "of Bedrock's model evaluation: a prompt with the reference response that answers are compared with",
        f"To learn the reference responses, write each as {_PAIR} from prompt and referenceResponse, and nothing else. "
        "Keep apart what evaluates: a model that has learned it can't be judged by it.",
    )
    yield _Kind(
        frozenset({"reference_answer", "reference_answers", "referenceanswer", "reward_model", "ground_truth"}),
        _is_reinforcement,
        "for reinforcement fine-tuning (RFT): a question with what a grader compares the model's own answers with",
        "Bedrock tunes Nova 2 Lite so, and Tunedrop starts no such job. To learn the reference answers instead, write "
        'each as {"messages": […, {"role": "assistant", "content": "…"}]} with the reference answer as the last '
        "message, and nothing else.",
    )


def _of_other_clouds() -> Iterator[_Kind]:
    yield _Kind(
        frozenset({"custom_id"}),
        _of("custom_id", "response|result"),
        "a result of a batch: a model's own answer, without its question",
        f"Put each beside the request with its custom_id, keep what is worth learning, and write it as {_TALK}.",
    )
    yield _Kind(
        frozenset({"custom_id"}),
        _of("custom_id", "body|params|method"),
        "a request of a batch, without an answer to learn",
        f"Write each as {_TALK}: the messages of its body or params, then the answer that the model should learn.",
    )
    yield _Kind(
        frozenset({"choices"}),
        lambda found: _has(found, "choices", "message"),
        "a response of OpenAI's API: a model's own answer",
        f"Keep what is worth learning, and write it as {_TALK}: the messages that were asked, then choices[0].message.",
    )
    yield _Kind(
        frozenset({"contents", "request", "candidates"}),
        lambda found: _has(found, "contents", "parts") or _has(found, "request", "contents"),
        "in the format of Google's Gemini",
        f"Write each as {_TALK}: a message for each of contents, its content the text of its parts, with assistant for "
        "model; a systemInstruction becomes a first message with the role system.",
    )


def _of_evals_and_logs() -> Iterator[_Kind]:
    yield _Kind(
        frozenset({"ideal"}),
        _of("ideal", "input"),
        "of OpenAI's evals: a question with the ideal answer that a model's own are compared with",
        f"To learn the ideal answers, write each as {_TALK}: the messages of input, then the ideal answer (one, if it "
        "lists several). Keep apart what evaluates: a model that has learned it can't be judged by it.",
    )
    yield _Kind(
        frozenset({"item"}),
        lambda found: isinstance(found.get("item"), dict) and set(found) <= {"item", "sample"},
        "of OpenAI's evals: an item that graders judge a model's own answers by",
        f"To learn from items, write each as {_PAIR} from the field of item that is the question and the one that is "
        "the right answer; a sample is a model's own answer. A model that has learned an item can't be judged by it.",
    )
    yield _Kind(
        frozenset({"request"}),
        lambda found: _has(found, "request", "messages") and _has(found, "response", "choices", "content"),
        "an entry of a log of calls: a request with a model's own answer",
        f"Keep what is worth learning, and write each as {_TALK}: the messages of request, then the message in "
        "response.",
    )
    yield _Kind(
        frozenset({"log"}),
        lambda found: _of("log", "stream")(found) and isinstance(found["log"], str),
        "a line of a container's log, as Docker writes it",
        "Write what log holds on the line, without what is around it.",
    )


def _of_annotation() -> Iterator[_Kind]:
    yield _Kind(
        frozenset({"annotations", "completions", "predictions"}),
        lambda found: isinstance(found.get("data"), dict),
        "a task of Label Studio, with its annotations",
        f"Write each as {_PAIR}: the question from data, the answer from annotations[0].result[0].value; leave out "
        "those with was_cancelled. Its export JSON_MIN is flatter.",
    )
    yield _Kind(
        frozenset({"fields"}),
        lambda found: isinstance(found.get("fields"), dict) and not {"responses", "suggestions"}.isdisjoint(found),
        "of Argilla, with fields, responses and suggestions",
        f"Write each as {_PAIR}: the question from fields, the answer from the response that a person gave in "
        "responses, or from fields if nobody has changed it; leave out those whose status is discarded.",
    )
    yield _Kind(
        frozenset({"_input_hash", "_task_hash"}),
        _of("_input_hash|_task_hash"),
        "an annotation of Prodigy",
        f'Take those with "answer": "accept", and write each as {_PAIR}.',
    )
    yield _Kind(
        frozenset({"inputs", "outputs"}),
        lambda found: isinstance(found.get("inputs"), dict) and bool({"outputs", "expectations"} & set(found)),
        "an example or a run of LangSmith, or of another tool that traces calls, with inputs and outputs",
        f"Write each as {_PAIR} from a field of inputs and a field of outputs, or as {_TALK} if those are messages.",
    )


def _of_conversations() -> Iterator[_Kind]:
    yield _Kind(
        frozenset({"role", "from"}),
        lambda found: _of("role|from", "content|value")(found) and set(found).isdisjoint(_LISTS),
        "one message, and not a conversation with its answers",
        f"Put the messages of each conversation into one record: {_TALK}.",
    )
    yield _Kind(
        frozenset({"mapping"}),
        lambda found: isinstance(found.get("mapping"), dict) and bool({"current_node", "title"} & set(found)),
        "a conversation of ChatGPT's own export, a tree of turns",
        f"Follow parent from current_node to the root, turn the order round, and write it as {_TALK}: role is "
        "message.author.role, content the text in message.content.parts; leave out tool, system and what has no text.",
    )
    yield _Kind(
        frozenset({"chat_messages"}),
        _of("chat_messages"),
        "a conversation of Claude's own export",
        f"Write each as {_TALK}: a message for each of chat_messages, user for human, its content the text.",
    )
    yield _Kind(
        frozenset({"message_tree_id"}),
        lambda found: _has(found, "prompt", "replies"),
        "a tree of messages, as Open Assistant (OASST) exports them",
        f"Choose one way through it, such as the reply with rank 0 at each step, and write it as {_TALK}: user for "
        "prompter, its content the text.",
    )
    yield _Kind(
        frozenset({"message_id"}),
        _of("message_id", "text", "role"),
        "one message of a tree, as Open Assistant (OASST) exports them",
        "Follow parent_id from each last answer to the message that has none, turn the order round, and write that as "
        f"{_TALK}: user for prompter, its content the text.",
    )


_KINDS = tuple(_kinds())
_MARKS = frozenset().union(*(kind.marks for kind in _KINDS))
