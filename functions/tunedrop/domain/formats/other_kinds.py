"""Recognize records that were written for another purpose, or by another tool, by fields that only those have.

Each kind says what it is for and, where it holds questions and answers, how each record is written to train.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tunedrop.domain.formats import conversation_kinds, pairs, shapes
from tunedrop.domain.formats.kinds import PAIR, TALK, Kind, Names, has, of
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Document

_CHOICES = frozenset({"choices", "options"})
_CHOSEN = (
    *pairs.ANSWERS,
    "answerkey",
    "answer_key",
    "answer_index",
    "answer_idx",
    "label",
    "correct",
    "gold",
    "target",
)
_INDEX = re.compile(r"\s*\(?(?:[a-zA-Z]|\d)[.)]?\s*")


def identify(document: Document, names: frozenset[str]) -> Defect | None:
    """The defect that names an object's purpose or tool; None if no kind fits. `names` are folded."""
    if names.isdisjoint(_MARKS):
        return None
    folded = {shapes.fold(name): value for name, value in document.items()}
    found = next((kind for kind in _KINDS if not names.isdisjoint(kind.marks) and kind.is_it(folded)), None)
    return None if found is None else Defect("other_purpose", f"The record is {found.what}.", hint=found.hint)


def _is_reinforcement(found: Names) -> bool:
    return of("messages|prompt|question|conversations|input")(found) and set(found).isdisjoint(pairs.ANSWERS)


def _is_multiple_choice(found: Names) -> bool:
    """Whether a list of choices, or an object by their letters, stands beside the number or letter of one of them."""
    choices = next((found[name] for name in _CHOICES if name in found), None)
    return isinstance(choices, list | dict) and len(choices) > 1 and any(map(_is_index, map(found.get, _CHOSEN)))


def _is_index(value: Any) -> bool:
    return type(value) is int or (isinstance(value, str) and _INDEX.fullmatch(value) is not None)


def _kinds() -> Iterator[Kind]:
    yield from _of_calls_of_bedrock()
    yield from _of_judging_in_bedrock()
    yield from _of_evals_and_logs()
    yield from _of_other_clouds()
    yield from _of_choices()
    yield from _of_annotation()
    yield from conversation_kinds.kinds()


def _of_calls_of_bedrock() -> Iterator[Kind]:
    yield Kind(
        frozenset({"schematype", "modelid"}),
        lambda found: has(found, "input", "inputBodyJson", "inputBodyS3Path") or of("schematype", "modelid")(found),
        "an entry of Bedrock's model invocation log, which tells what a model was asked and said",
        "Its answers are a model's own: keep those that are worth learning, and write each as "
        f"{TALK} from input.inputBodyJson and output.outputBodyJson.",
    )
    yield Kind(
        frozenset({"recordid"}),
        lambda found: "recordid" in found and "modeloutput" in found,
        "a result of Bedrock's batch inference: a request with what a model answered",
        "Its answers are a model's own: keep those that are worth learning, and write each as "
        f"{TALK} from the messages of modelInput and the text of modelOutput.",
    )
    yield Kind(
        frozenset({"recordid"}),
        of("recordid", "modelinput|error"),
        "a request for Bedrock's batch inference, without an answer to learn",
        f"Write each as {TALK}: the messages of modelInput, then the answer that the model should learn.",
    )


def _of_judging_in_bedrock() -> Iterator[Kind]:
    yield Kind(
        frozenset({"automatedevaluationresult", "inputrecord", "modelresponses", "conversationturns"}),
        lambda found: "automatedevaluationresult" in found or "modelresponses" in found or "inputrecord" in found,
        "of Bedrock's model evaluation: a prompt with what a model answered, to be judged",
        f"Write each as {PAIR} from the prompt and the reference response; a model's own responses are no models to "
        "learn from, unless somebody has looked at them.",
    )
    yield Kind(
        frozenset({"conversationturns"}),
        of("conversationturns"),
        "of Bedrock's evaluation of retrieval (RAG): a prompt with reference responses",
        f"Write each as {PAIR} from the text of the prompt and the text of its reference response.",
    )
    yield Kind(
        frozenset({"referenceresponse", "referenceresponses"}),
        of("referenceresponse|referenceresponses"),
        "of Bedrock's model evaluation: a prompt with the reference response that answers are compared with",
        f"To learn the reference responses, write each as {PAIR} from prompt and referenceResponse, and nothing else. "
        "Keep apart what evaluates: a model that has learned it can't be judged by it.",
    )
    yield Kind(
        frozenset({"reference_answer", "reference_answers", "referenceanswer", "reward_model", "ground_truth"}),
        _is_reinforcement,
        "for reinforcement fine-tuning (RFT): a question with what a grader compares the model's own answers with",
        "Bedrock tunes Nova 2 Lite so, and Tunedrop starts no such job. To learn the reference answers instead, write "
        'each as {"messages": […, {"role": "assistant", "content": "…"}]} with the reference answer as the last '
        "message, and nothing else.",
    )


def _of_other_clouds() -> Iterator[Kind]:
    yield Kind(
        frozenset({"custom_id"}),
        of("custom_id", "response|result"),
        "a result of a batch: a model's own answer, without its question",
        f"Put each beside the request with its custom_id, keep what is worth learning, and write it as {TALK}.",
    )
    yield Kind(
        frozenset({"custom_id"}),
        of("custom_id", "body|params|method"),
        "a request of a batch, without an answer to learn",
        f"Write each as {TALK}: the messages of its body or params, then the answer that the model should learn.",
    )
    yield Kind(
        frozenset({"choices"}),
        lambda found: has(found, "choices", "message"),
        "a response of OpenAI's API: a model's own answer",
        f"Keep what is worth learning, and write it as {TALK}: the messages that were asked, then choices[0].message.",
    )
    yield Kind(
        frozenset({"contents", "request", "candidates"}),
        lambda found: has(found, "contents", "parts") or has(found, "request", "contents"),
        "in the format of Google's Gemini",
        f"Write each as {TALK}: a message for each of contents, its content the text of its parts, with assistant for "
        "model; a systemInstruction becomes a first message with the role system.",
    )


def _of_evals_and_logs() -> Iterator[Kind]:
    yield Kind(
        frozenset({"ideal"}),
        of("ideal", "input"),
        "of OpenAI's evals: a question with the ideal answer that a model's own are compared with",
        f"To learn the ideal answers, write each as {TALK}: the messages of input, then the ideal answer (one, if it "
        "lists several). Keep apart what evaluates: a model that has learned it can't be judged by it.",
    )
    yield Kind(
        frozenset({"item"}),
        lambda found: isinstance(found.get("item"), dict) and set(found) <= {"item", "sample"},
        "of OpenAI's evals: an item that graders judge a model's own answers by",
        f"To learn from items, write each as {PAIR} from the field of item that is the question and the one that is "
        "the right answer; a sample is a model's own answer. A model that has learned an item can't be judged by it.",
    )
    yield Kind(
        frozenset({"request"}),
        lambda found: has(found, "request", "messages") and has(found, "response", "choices", "content"),
        "an entry of a log of calls: a request with a model's own answer",
        f"Keep what is worth learning, and write each as {TALK}: the messages of request, then the message in "
        "response.",
    )
    yield Kind(
        frozenset({"log"}),
        lambda found: of("log", "stream")(found) and isinstance(found["log"], str),
        "a line of a container's log, as Docker writes it",
        "Write what log holds on the line, without what is around it.",
    )


def _of_choices() -> Iterator[Kind]:
    yield Kind(
        _CHOICES,
        _is_multiple_choice,
        "multiple choice, with the number or the letter of the right choice and not its text",
        f"Write each as {PAIR}: the question with its choices as the model will be asked it, then the right choice's "
        "text. A number counts from 0 if that of any record is 0.",
    )


def _of_annotation() -> Iterator[Kind]:
    yield Kind(
        frozenset({"annotations", "completions", "predictions"}),
        lambda found: isinstance(found.get("data"), dict),
        "a task of Label Studio, with its annotations",
        f"Write each as {PAIR}: the question from data, the answer from annotations[0].result[0].value; leave out "
        "those with was_cancelled. Its export JSON_MIN is flatter.",
    )
    yield Kind(
        frozenset({"annotator"}),
        lambda found: of("annotator", "lead_time|annotation_id")(found) and pairs.found(frozenset(found)) is None,
        "a task of Label Studio, as its export JSON_MIN writes it",
        f"Write each as {PAIR}: the question from the task's own field, the answer from the one that holds the "
        "annotation, and nothing else.",
    )
    yield Kind(
        frozenset({"fields"}),
        lambda found: isinstance(found.get("fields"), dict) and not {"responses", "suggestions"}.isdisjoint(found),
        "of Argilla, with fields, responses and suggestions",
        f"Write each as {PAIR}: the question from fields, the answer from the response that a person gave in "
        "responses, or from fields if nobody has changed it; leave out those whose status is discarded.",
    )
    yield Kind(
        frozenset({"_input_hash", "_task_hash"}),
        of("_input_hash|_task_hash"),
        "an annotation of Prodigy",
        f'Take those with "answer": "accept", and write each as {PAIR}.',
    )
    yield Kind(
        frozenset({"inputs", "outputs"}),
        lambda found: isinstance(found.get("inputs"), dict) and bool({"outputs", "expectations"} & set(found)),
        "an example or a run of LangSmith, or of another tool that traces calls, with inputs and outputs",
        f"Write each as {PAIR} from a field of inputs and a field of outputs, or as {TALK} if those are messages.",
    )


_KINDS = tuple(_kinds())
_MARKS = frozenset().union(*(kind.marks for kind in _KINDS))
