"""Recognize data of a known kind that is not prompts with answers, to say what is missing."""

from __future__ import annotations

import json

from tunedrop.domain.formats import (
    alpaca,
    compared_answers,
    foreign_blocks,
    other_kinds,
    pairs,
    shapes,
    sharegpt,
    verdicts,
)
from tunedrop.domain.records.defects import Defect, shown
from tunedrop.domain.records.record import Document

_TEXTS = ("text", "content", "sentence", "utterance", "document", "body", "message", "title")
_LABELS = ("label", "labels", "class", "intent", "sentiment", "category", "target")
_ORDINARY = shapes.METADATA | {"prompt", "completion", "system", "schemaversion", "tools", "weight"}.union(
    sharegpt.NAMES, pairs.QUESTIONS, pairs.ANSWERS, alpaca.NAMES, _TEXTS
)
"""Fields of records that train, of which nothing else follows."""
_TEMPLATE_MARKS = (
    "<|im_start|>",
    "<|start_header_id|>",
    "<start_of_turn>",
    "<|assistant|>",
    "[/INST]",
    "### Response:",
)
"""Of chat templates: one of them stands in every conversation that was written out with one."""
_ANSWERED = frozenset({*pairs.ANSWERS, *sharegpt.NAMES})
_NO_ANSWER = frozenset(
    {"context", "passage", "options", "choices", "difficulty", "level", "type", "subject", "style", "title"}
)
_ANSWER_LIKE = ("answer", "solution", "response", "output", "target", "expected", "reference", "completion", "label")


def known(document: Document, names: frozenset[str]) -> Defect | None:
    """The defect of preferences, and of data of another purpose; None if the record may train.

    `names` are the folded field names.
    """
    odd = names - _ORDINARY
    if not odd:
        return None
    if defect := other_kinds.identify(document, names):
        return defect
    fields = {folded: name for name in document if (folded := shapes.fold(name)) in odd}
    if defect := compared_answers.identify(document, fields):
        return defect
    if defect := foreign_blocks.beside(document, fields):
        return defect
    answered = not names.isdisjoint(_ANSWERED)
    return verdicts.beside(document, fields.values(), "$") if answered else None


def identify(document: Document, names: frozenset[str]) -> Defect | None:
    """The defect that says what a record holds instead of a prompt and an answer; None if unknown."""
    fields = names - shapes.METADATA
    if defect := _labelled(names, fields):
        return defect
    if fields and fields <= set(_TEXTS):
        (first, *_) = sorted(fields)
        message = f"The record holds text ({first}), not divided into prompt and answer."
        return Defect("raw_text", message, hint=_template_hint(document))
    if defect := _judged(document):
        return defect
    asked = [name for name in pairs.QUESTIONS if name in fields]
    if asked and not fields.intersection(pairs.ANSWERS):
        return _unanswered(document, asked[0])
    return None


def _template_hint(document: Document) -> str:
    """What to do with a conversation that was written out with a chat template's marks; empty if there are none."""
    marks = [mark for mark in _TEMPLATE_MARKS for text in document.values() if isinstance(text, str) and mark in text]
    if not marks:
        return ""
    return (
        f"It is a conversation written out with a template ({marks[0]}): write each as "
        '{"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]} with the text of each '
        "side and none of the marks, which Bedrock adds itself."
    )


def _labelled(names: frozenset[str], fields: frozenset[str]) -> Defect | None:
    texts = [name for name in _TEXTS if name in fields]
    labels = [name for name in _LABELS if name in names]
    if not texts or not labels or names.intersection(pairs.ANSWERS):
        return None
    columns = f'prompt = "{texts[0]}", completion = "{labels[0]}"'
    return Defect(
        "needs_mapping",
        f"The fields {texts[0]} and {labels[0]} do not say which is the prompt and which the completion.",
        hint=f"Say so in dataset.toml, perhaps: [mapping] {columns}.",
    )


def _judged(document: Document) -> Defect | None:
    """The defect of a mark beside two texts or more, whatever they are called: they may be question and answer."""
    texts = [name for name, value in document.items() if isinstance(value, str) and " " in value.strip()]
    marks = [name for name in document if name not in texts and shapes.fold(name) not in {*_LABELS, *pairs.ANSWERS}]
    return verdicts.beside(document, marks, "$") if len(texts) > 1 else None


def _unanswered(document: Document, asked: str) -> Defect:
    """Prompts without answers, unless another field may be the answer."""
    others = {
        name: value
        for name, value in document.items()
        if value and (folded := shapes.fold(name)) not in pairs.QUESTIONS and folded not in shapes.METADATA
    }
    texts = [name for name, value in others.items() if isinstance(value, str) and shapes.fold(name) not in _NO_ANSWER]
    named = [name for name in others if _is_like_answer(name)]
    likely = next((name for name in texts if name in named), texts[0] if len(texts) == 1 and not named else None)
    if likely is not None:
        columns = f'prompt = "{asked}", completion = {json.dumps(likely, ensure_ascii=False)}'
        return Defect(
            "needs_mapping",
            f"The record holds a prompt ({asked}), and does not say whether {shown(likely)} is the answer to it.",
            hint=f"If it is, say so in dataset.toml: [mapping] {columns}.",
        )
    if named:
        return Defect(
            "unknown_format",
            f"The record holds a prompt ({asked}), and its answer somewhere in {shown(named[0])}.",
            hint='Write each record as {"prompt": "…", "completion": "…"}, with one text of it as the answer.',
        )
    return Defect("no_answers", f"The record holds a prompt ({asked}) and no answer to learn.")


def _is_like_answer(name: str) -> bool:
    return any(part in shapes.fold(name) for part in _ANSWER_LIKE)
