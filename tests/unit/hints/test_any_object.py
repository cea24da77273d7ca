"""Whatever stands in the fields by which records are recognized, it is told and never raised."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as some
from tunedrop.domain.formats import all_formats
from tunedrop.domain.records import not_objects
from tunedrop.domain.records.defects import Defect

NAMES = [
    *(
        "messages",
        "conversations",
        "prompt",
        "completion",
        "answer",
        "question",
        "output",
        "system",
        "history",
        "tools",
    ),
    *(
        "label",
        "score",
        "feedback",
        "metadata",
        "chosen",
        "rejected",
        "response_a",
        "response_b",
        "winner",
        "candidates",
    ),
    *("answers", "completions", "contents", "mapping", "current_node", "data", "annotations", "fields", "responses"),
    *(
        "inputs",
        "outputs",
        "recordId",
        "modelInput",
        "modelOutput",
        "schemaType",
        "input",
        "modelId",
        "custom_id",
        "body",
    ),
    *(
        "reference_answer",
        "referenceResponse",
        "conversationTurns",
        "message_tree_id",
        "role",
        "content",
        "from",
        "value",
    ),
    *(
        "columns",
        "index",
        "schema",
        "train",
        "test",
        "0",
        "1",
        "row",
        "choices",
        "text",
        "message_id",
        "parts",
        "weight",
    ),
]
SCALARS = (
    some.none() | some.booleans() | some.integers(-2, 9) | some.sampled_from(["", "a", "good", "user", "human", "[]"])
)
VALUES = some.recursive(
    SCALARS,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.sampled_from(NAMES), inner, max_size=3),
    max_leaves=12,
)


@given(some.dictionaries(some.sampled_from(NAMES), VALUES, max_size=4))
def test_no_object_makes_its_recognition_raise(document: dict[str, Any]):
    found = all_formats.detect(document)
    reading = None if isinstance(found, Defect) else found.read(document)
    defects = (found,) if isinstance(found, Defect) else reading.defects if reading else ()
    assert all(defect.message and defect.path.startswith("$") for defect in defects)


@given(VALUES)
def test_no_value_in_place_of_an_object_makes_its_hint_raise(value: Any):
    assert isinstance(not_objects.hint(value, "line"), str)
