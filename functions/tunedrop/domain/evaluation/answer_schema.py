"""`schema.json` beside a dataset: what an answer in JSON has to look like. Pure.

Schemas and answers are data from outside: no reference leads out of the schema, and its regular expressions take linear
time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import jsonschema_rs
from jsonschema_rs import Validator

from tunedrop.domain.evaluation import json_metrics
from tunedrop.domain.records import strict_json
from tunedrop.domain.records.defects import Defect

MAX_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class AnswerSchema:
    """A schema that answers are held against."""

    validator: Validator

    def holds(self, answer: str) -> bool:
        """Whether the answer is JSON, and valid by the schema."""
        found = json_metrics.value(answer)
        return not isinstance(found, Defect) and bool(self.validator.is_valid(found))

    def score(self, answer: str, _reference: str) -> float:
        """1 if the answer is valid, else 0, as metrics say it."""
        return float(self.holds(answer))

    def broken(self, references: Iterable[str]) -> int:
        """How many references are not valid themselves."""
        return sum(not self.holds(each) for each in references)


def parse(raw: bytes) -> AnswerSchema | Defect:
    """The schema, by the draft that its `$schema` names (2020-12 if none), or the defect that makes it unusable."""
    if len(raw) > MAX_BYTES:
        return Defect("invalid_schema", f"The schema has more than {MAX_BYTES:,} bytes.")
    document = strict_json.parse(raw, "schema")
    if isinstance(document, Defect):
        return Defect("invalid_schema", document.message, document.path, line=document.line)
    options = jsonschema_rs.RegexOptions()
    try:
        return AnswerSchema(jsonschema_rs.validator_for(document, pattern_options=options, offline=True))
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as wrong:
        reason = str(wrong).partition("\n")[0][:200]
        return Defect("invalid_schema", f"The schema is not valid JSON Schema: {reason}")
