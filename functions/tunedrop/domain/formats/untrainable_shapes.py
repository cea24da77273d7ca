"""Recognize data of a known kind that is not prompts with answers, to say what is missing."""

from __future__ import annotations

from tunedrop.domain.formats import pairs, shapes
from tunedrop.domain.records.defects import Defect

_PREFERENCE = ("chosen", "rejected", "preferred_output", "non_preferred_output", "response_a", "response_b")
_TEXTS = ("text", "content", "sentence", "utterance", "document", "body", "message", "title")
_LABELS = ("label", "labels", "class", "intent", "sentiment", "category", "target")


def preference(names: frozenset[str]) -> Defect | None:
    """The defect of preference data, as for DPO or KTO; None if the folded field names are of another kind."""
    found = [name for name in _PREFERENCE if name in names]
    if found:
        return Defect("preference_data", f"The record holds preferences ({', '.join(found)}), not one answer to learn.")
    if {"prompt", "completion", "label"} <= names:
        return Defect("preference_data", "The record labels its completion as good or bad, as KTO does.")
    return None


def identify(names: frozenset[str]) -> Defect | None:
    """The defect that says what folded field names hold instead of a prompt and an answer; None if unknown."""
    fields = names - shapes.METADATA
    texts = [name for name in _TEXTS if name in fields]
    labels = [name for name in _LABELS if name in names]
    if texts and labels and not names.intersection(pairs.ANSWERS):
        columns = f'prompt = "{texts[0]}", completion = "{labels[0]}"'
        return Defect(
            "needs_mapping",
            f"The fields {texts[0]} and {labels[0]} do not say which is the prompt and which the completion.",
            hint=f"Say so in dataset.toml, perhaps: [mapping] {columns}.",
        )
    if fields and fields <= set(_TEXTS):
        return Defect("raw_text", f"The record holds text ({texts[0]}), not divided into prompt and answer.")
    asked = [name for name in pairs.QUESTIONS if name in fields]
    if asked and not fields.intersection(pairs.ANSWERS):
        return Defect("no_answers", f"The record holds a prompt ({asked[0]}) and no answer to learn.")
    return None
