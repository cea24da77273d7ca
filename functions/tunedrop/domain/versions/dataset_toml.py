"""Parse `dataset.toml`, a dataset owner's settings. Every key that cannot be followed becomes a defect."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tunedrop.domain.evaluation.evaluation_request import EvaluationWish
from tunedrop.domain.formats import field_mapping
from tunedrop.domain.formats.field_mapping import FieldMapping
from tunedrop.domain.records.check_policy import Policy
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.texts.tool_blocks import RENDERING, Rendering
from tunedrop.domain.versions import field_settings, job_settings, object_keys
from tunedrop.domain.versions.evaluation_settings import EVALUATION_KEYS, read_evaluation
from tunedrop.domain.versions.job_settings import DeploymentSettings, JobSettings
from tunedrop.domain.versions.toml_lines import Path
from tunedrop.domain.versions.toml_tables import Complaints, TomlTable

MAX_BYTES = 64 * 1024
MAX_SYSTEM_FILE_BYTES = 256 * 1024
MAX_VALIDATION_SHARE = 0.5

KEYS = (
    *("base_models", "system", "owner", "mapping", "validation_share", "checks", "fields", "tools"),
    *("job", "deployment", "evaluation"),
)

_LINE = re.compile(r"\(at line (\d+), column \d+\)")
_TAG_VALUE = re.compile(r"[a-zA-Z0-9\s._:/=+@-]{1,256}")  # the owner becomes a tag's value (docs/facts.md#tags)
_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class DatasetSettings:
    """The content of `dataset.toml`. A system text given as a file is only the file's name here."""

    base_models: tuple[str, ...] = ()
    model_systems: Mapping[str, str] = field(default_factory=dict)
    """System texts by base model; an empty one drops the text that is configured for all of them."""
    system: str | None = None
    system_file: str | None = None
    owner: str | None = None
    mapping: FieldMapping | None = None
    validation_share: float | None = None
    keep: frozenset[str] = frozenset()
    """Fields that are kept beside test's prepared data, and trained on nowhere."""
    ignore: frozenset[str] = frozenset()
    """Fields that are left out, of records and of their messages."""
    rendering: Rendering | None = None
    """How tools are written as text; None if they are not."""
    policy: Policy = field(default_factory=Policy)
    job: JobSettings | None = None
    deployment: DeploymentSettings | None = None
    evaluation: EvaluationWish | None = None
    defects: tuple[Defect, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)
    """The line of each key by its path, for defects that are found only later."""


def parse(raw: bytes, known_models: Sequence[str]) -> DatasetSettings:
    """Parse as much of the settings as possible; `defects` of the result has the rest. Never raises."""
    if len(raw) > MAX_BYTES:
        return _unreadable(f"{object_keys.SETTINGS_FILE} has more than {MAX_BYTES:,} bytes.")
    try:
        text = raw.decode("utf-8-sig")
        table = tomllib.loads(text)
    except UnicodeDecodeError as error:
        return _unreadable(f"Byte {error.start + 1} of the file is not UTF-8.")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return _unreadable(f"Not valid TOML: {_reason(error)}.", _line(text, error))
    return _Parser(table, text, known_models).settings()


def _unreadable(message: str, line: int | None = None) -> DatasetSettings:
    return DatasetSettings(defects=(Defect("invalid_settings", message, line=line),))


def _line(text: str, error: Exception) -> int | None:
    if "at end of document" in str(error):
        return text.count("\n") + 1
    place = _LINE.search(str(error))
    return int(place[1]) if place else None


def _reason(error: Exception) -> str:
    reason = str(error).splitlines()[0] if str(error) else "nested too deep"
    return reason[:1].lower() + reason[1:]


class _Parser:
    def __init__(self, values: Mapping[str, Any], text: str, known_models: Sequence[str]) -> None:
        self._complaints = Complaints(text)
        self._table = TomlTable(values, (), self._complaints, KEYS)
        self._known = known_models

    def settings(self) -> DatasetSettings:
        base_models, model_systems = self._base_models()
        system, system_file = self._system()
        mapping = self._table.table("mapping", field_mapping.FIELDS)
        fields = self._table.table("fields", field_settings.KEYS)
        keep, ignore = (
            field_settings.read_fields(fields, self._table.values.get("mapping")) if fields else (_NONE, _NONE)
        )
        tools = self._table.table("tools", ("rendering",))
        job_table, deployment = self._table.table("job", job_settings.JOB_KEYS), self._deployment()
        job = job_settings.read_job(job_table, self._known) if job_table else None
        return DatasetSettings(
            base_models=base_models,
            model_systems=model_systems,
            system=system,
            system_file=system_file,
            owner=self._table.text("owner", _OWNER, _TAG_VALUE.fullmatch),
            mapping=field_settings.read_mapping(mapping) if mapping else None,
            validation_share=self._table.number("validation_share", _SHARE, lambda n: 0 <= n <= MAX_VALIDATION_SHARE),
            keep=keep,
            ignore=ignore,
            rendering=tools.choice("rendering", (RENDERING,)) if tools else None,
            policy=self._policy(),
            job=job,
            deployment=deployment,
            evaluation=self._evaluation((job.base_model if job else None) or next(iter(base_models), None)),
            defects=tuple(self._complaints.defects),
            lines=self._complaints.lines,
        )

    def _base_models(self) -> tuple[tuple[str, ...], Mapping[str, str]]:
        match self._table.values.get("base_models"):
            case None:
                return (), {}
            case [_, *_] as names if all(isinstance(name, str) for name in names):
                return self._known_among(names, lambda _: ()), {}
            # The pattern {} matches every mapping, not only an empty one.
            case {} as tables if tables and all(isinstance(table, dict) for table in tables.values()):
                found = self._known_among(list(tables), lambda name: (name,))
                return found, self._model_systems(found)
            case _:
                self._table.wrong("base_models", _BASE_MODELS)
                return (), {}

    def _known_among(self, names: Sequence[str], place: Callable[[str], Path]) -> tuple[str, ...]:
        for name in names:
            if name not in self._known:
                message = job_settings.unknown_model(name, self._known)
                self._complaints.add("unknown_base_model", message, ("base_models", *place(name)))
        return tuple(dict.fromkeys(name for name in names if name in self._known))

    def _model_systems(self, names: Sequence[str]) -> Mapping[str, str]:
        tables = self._table.table("base_models", list(self._table.values["base_models"]))
        assert tables is not None
        found = {}
        for name in names:
            table = tables.table(name, ("system",))
            text = table.text("system", _MODEL_SYSTEM, lambda text: text.strip() or not text) if table else None
            if text is not None:
                found[name] = text
        return found

    def _system(self) -> tuple[str | None, str | None]:
        match self._table.values.get("system"):
            case None:
                return None, None
            case str(text) if text.strip():
                return text, None
            case {"file": str(file), **rest} if not rest and object_keys.is_companion(file):
                return None, file
            case _:
                self._table.wrong("system", _SYSTEM)
                return None, None

    def _policy(self) -> Policy:
        table = self._table.table("checks", ("ignore", "error"))
        if table is None:
            return Policy()
        # The checks themselves decide later whether a code exists and may be changed.
        return Policy(*(frozenset(table.words(name, _CODES, _CODE.fullmatch)) for name in ("ignore", "error")))

    def _deployment(self) -> DeploymentSettings | None:
        table = self._table.table("deployment", job_settings.DEPLOYMENT_KEYS)
        return job_settings.read_deployment(table, self._known) if table else None

    def _evaluation(self, base_model: str | None) -> EvaluationWish | None:
        table = self._table.table("evaluation", EVALUATION_KEYS)
        if table and "deployment" not in self._table.values:
            words = "[evaluation] decides whether a deployment goes live: name that in [deployment]."
            self._table.complain("wrong_setting", words, "evaluation")
        return read_evaluation(table, base_model) if table else None


_NONE: frozenset[str] = frozenset()
_BASE_MODELS = 'a list of names, such as ["claude-3-haiku"], or tables such as [base_models.claude-3-haiku]'
_MODEL_SYSTEM = 'text for this base model, or "" to drop the one for all'
_SYSTEM = 'text, or { file = "system.txt" } naming a .txt or .md file beside dataset.toml'
_OWNER = "1 to 256 letters, digits, spaces and . _ : / = + @ -"
_SHARE = f"a number from 0 to {MAX_VALIDATION_SHARE}"
_CODES = 'a list of codes, such as ["control_character"]'


def unknown_base_models(wanted: Sequence[str], known: Sequence[str], path: str) -> list[Defect]:
    """One defect for each name that is not a base model, with the allowed names."""
    return [
        Defect("unknown_base_model", job_settings.unknown_model(name, known), path)
        for name in wanted
        if name not in known
    ]
