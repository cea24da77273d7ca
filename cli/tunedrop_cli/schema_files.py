"""`schema.json` beside a dataset: as an upload takes it, and held to test's answers as an evaluation's plan does."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tunedrop.domain.base_models.catalogue import BaseModel, Split
from tunedrop.domain.checks import version_examination
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.versions import object_keys

from tunedrop_cli import plans
from tunedrop_cli.local_files import STANDARD_INPUT

if TYPE_CHECKING:
    from tunedrop.domain.evaluation.answer_schema import AnswerSchema


def beside(settings: str | None, files: Sequence[str]) -> Path | None:
    """The `schema.json` beside `dataset.toml`, where one is named, or beside the first file; None if there is none."""
    first = settings or next((file for file in files[:1] if file != STANDARD_INPUT), None)
    path = first and Path(first).parent / object_keys.SCHEMA_FILE
    return path if path and path.is_file() else None


@dataclass(slots=True)
class SchemaFile:
    """A schema of answers, if the dataset has one, and what test's right answers have to be held to it."""

    parsed: AnswerSchema | None = None
    given: tuple[tuple[Defect, str], ...] = ()
    """(defect, source) of one that is none."""
    _prepared: IO[bytes] | None = None
    _model: BaseModel | None = None

    @classmethod
    def read(cls, path: Path | None, held: ExitStack) -> SchemaFile:
        """Read it; `held` closes what it keeps meanwhile. Raises Unreadable."""
        if path is None:
            return cls()
        from tunedrop.domain.evaluation import answer_schema  # what few datasets need, and starts slowly

        parsed = answer_schema.parse(plans.read_bytes(path, answer_schema.MAX_BYTES))
        if isinstance(parsed, Defect):
            return cls(None, ((parsed, str(path)),))
        return cls(parsed, (), held.enter_context(tempfile.TemporaryFile()))

    def outputs(self, base_model: BaseModel, split: Split) -> Callable[[bytes], object]:
        """Where an examination writes a split: the test split of its first base model is kept."""
        if split != "test" or self._prepared is None or self._model not in {None, base_model}:
            return version_examination.nowhere(base_model, split)
        self._model = base_model
        return self._prepared.write

    def warning(self) -> str | None:
        """What an evaluation's plan will say of right answers that are not valid by the schema, if any are not."""
        if self.parsed is None or self._prepared is None or self._model is None:
            return None
        from tunedrop.domain.evaluation import answer_metrics, evaluation_plan, questions

        self._prepared.seek(0)
        asked = filter(None, questions.read(self._prepared, self._model.record_format))
        answers = [question.references[0] for question in asked]
        if not answers or answer_metrics.suggested(answers) != "json_match":
            return None
        return evaluation_plan.broken_references(self.parsed, answers)
