"""Schemathesis over every operation of docs/openapi.json, with all its checks, against ControlApi in this process."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import schemathesis
from requests.auth import AuthBase
from schemathesis import CheckContext, HookContext, Response
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.generation.case import Case
from schemathesis.specs.openapi.schemas import OpenApiSchema

from tests.hostile.gateway import listening
from tests.hostile.world import Names, Populated

DOCUMENT = Path(__file__).parents[2] / "docs/openapi.json"
SEED = 2026
_OWN_DATA = {"extra-data-sources": {"responses": False}}
PHASES: dict[str, Any] = {  # values that exist come from `Names`: what a case sends never hangs on others' answers
    "examples": _OWN_DATA,
    "coverage": _OWN_DATA,
    "fuzzing": _OWN_DATA | {"error-feedback": {"enabled": False}},
    "stateful": {"enabled": False},  # `Populated` has what exists, and puts it back after each request
}


CHECKS = {
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "positive_data_acceptance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "refused_in_our_words",
}
"""Those that can find something here. `ignored_auth` has nothing to look at, because API Gateway authenticates before
this process is asked, and `use_after_free` and its like need states that are put back after each request."""
OF_SHAPE = {
    "invalid_idempotency_key",
    "invalid_request",
    "malformed_json",
    "unknown_parameter",
    "unsupported_media_type",
}
"""Codes that no request may get which the document allows."""


@schemathesis.check
def refused_in_our_words(_: CheckContext, response: Response, case: Case) -> None:
    """Every refusal has the one format of errors, and none of what the document allows is for its shape."""
    if response.status_code < 400:
        return
    error = json.loads(response.content)["error"]
    assert set(error) == {"code", "message", "details", "request_id"}, error
    assert all(error[name] for name in ("code", "message", "request_id")), error
    allowed = case.meta is not None and case.meta.generation.mode.is_positive
    if allowed and response.status_code != 405:
        assert error["code"] not in OF_SHAPE, error


@dataclass(slots=True)
class Outcome:
    """What came of a campaign."""

    cases: Counter[str] = field(default_factory=Counter)
    """By operation."""
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    """By operation and status."""
    failures: dict[str, str] = field(default_factory=dict)
    """By operation and check: the words of the first one."""
    checks: Counter[str] = field(default_factory=Counter)

    def short(self, cases: int) -> set[str]:
        """Operations that met fewer cases, though their parameters or body can be varied."""
        return {label for label, varied in operations().items() if varied and self.cases[label] < cases}


def operations() -> dict[str, bool]:
    """Each operation of the document, and whether it has anything that can be varied."""
    return {
        f"{method.upper()} {path}": bool(operation.get("parameters") or operation.get("requestBody"))
        for path, methods in json.loads(DOCUMENT.read_text("utf-8"))["paths"].items()
        for method, operation in methods.items()
    }


def in_process(populated: Populated, cases: int) -> Outcome:
    """So many fuzzed cases for each operation, beside those that Schemathesis derives from the document."""
    with listening(populated.restore) as address:
        return _carried_out(_schema(address, populated.names, cases, PHASES))


def signed(address: str, names: Names, cases: int, sign: AuthBase) -> Outcome:
    """So many fuzzed cases for each operation of a deployed ControlApi, each signed."""
    schema = _schema(address, names, cases, PHASES | {phase: {"enabled": False} for phase in ("examples", "coverage")})
    schema.auth.set_from_requests(sign)
    schema.hook("map_path_parameters")(_plain)
    return _carried_out(schema)


def _plain(_: HookContext, values: dict[str, Any] | None) -> dict[str, Any] | None:
    """The embedded cloud decodes paths, which API Gateway does not: other characters are not received as sent."""
    return values and {name: re.sub("[^A-Za-z0-9_-]", "-", str(value)) or "-" for name, value in values.items()}


def _schema(address: str, names: Names, cases: int, phases: dict[str, Any]) -> OpenApiSchema:
    settings = {
        "base-url": address,
        "seed": SEED,
        "continue-on-failure": True,
        "request-timeout": 60,  # the machine may be busy; test_hostile_inputs.py holds each to a second of CPU
        "dictionaries": {name: {"values": values} for name, values in names.items()},
        "parameters": {name: {"dictionary": name, "probability": 0.5} for name in names},
        "generation": {"deterministic": True, "max-examples": cases, "database": "none"},
        # What a value means is looked at after its shape: 422 is a fine answer to a base model that nobody has, and so
        # is 400 to a job without an Idempotency-Key, which only a plan may lack; 429 is API Gateway's.
        # `refused_in_our_words` then holds that nothing was refused for its shape.
        "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "400", "404", "409", "422", "429"]}},
        "phases": phases,
    }
    return schemathesis.openapi.from_path(DOCUMENT, config=SchemathesisConfig.from_dict(settings))


def _carried_out(schema: OpenApiSchema) -> Outcome:
    outcome = Outcome()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _count(event, outcome)
        elif isinstance(event, events.NonFatalError | events.FatalError):
            outcome.failures[f"{getattr(event, 'label', 'engine')}: error"] = str(event)
    return outcome


def _count(event: events.ScenarioFinished, outcome: Outcome) -> None:
    recorder = event.recorder
    for case_id, interaction in recorder.interactions.items():
        if interaction.response is not None:
            label = recorder.cases[case_id].value.operation.label
            outcome.cases[label] += 1
            outcome.answers[label, interaction.response.status_code] += 1
    for case_id, checks in recorder.checks.items():
        for check in checks:
            outcome.checks[check.name] += 1
            if check.status == Status.FAILURE and check.failure_info is not None:
                label = recorder.cases[case_id].value.operation.label
                outcome.failures.setdefault(f"{label}: {check.name}", _told(check.failure_info))


def _told(failure: Any) -> str:
    return f"{failure.failure.title}: {failure.failure.message}\n{failure.code_sample}"
