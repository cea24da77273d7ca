"""A deployment's gate in words: of the unit that it decides about, whether its evaluation can be read or not."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

import pytest
from tunedrop_cli import deployment_gate, text_report
from tunedrop_cli.errors import Refused

MINE, OTHER = "evaluation-of-generation-2", "evaluation-of-the-second-unit"


class Evaluations:
    """ControlApi that has each evaluation asked for, or refuses all of them."""

    def __init__(self, refusal: Refused | None = None) -> None:
        self.refusal = refusal

    def get(self, path: str) -> Mapping[str, Any]:
        if self.refusal:
            raise self.refusal
        asked = {"gate": "better", "state": "Completed", "verdict": "better", "summary": "It is.", "failure": None}
        return {"id": path.rpartition("/")[2], **asked}


def found(gate: str | None = "held", second: int | None = None) -> Mapping[str, Any]:
    unit = {"generation": second, "evaluation_id": OTHER, "gate": "passed"} if second else None
    return {"generation": 2, "evaluation_id": MINE, "gate": gate, "second_unit": unit, "approval": None}


def shown(deployment: Mapping[str, Any], refusal: Refused | None = None) -> deployment_gate.ShownGate | None:
    api: Any = Evaluations(refusal)
    return deployment_gate.find(api, deployment)


@pytest.mark.parametrize(("second", "asked"), [(None, MINE), (1, MINE), (3, OTHER)])
def test_a_unit_that_is_given_back_no_longer_says_what_decides(second, asked):
    gate = shown(found("passed", second))
    assert gate is not None
    assert gate.evaluation is not None
    assert gate.evaluation["id"] == asked


def test_an_evaluation_that_is_gone_leaves_no_gate_to_show():
    assert shown(found(), Refused(404, {"code": "unknown_evaluation", "message": "There is none."})) is None


@pytest.mark.parametrize(("status", "code"), [(403, "forbidden"), (500, "internal"), (0, "unreachable"), (404, None)])
def test_an_evaluation_that_could_not_be_read_is_said_to_be_unread(status, code, capsys):
    gate = shown(found(), Refused(status, {"code": code, "message": "so it is"}))
    rows = dict(deployment_gate.rows(gate))
    assert rows["gate"] == f"held, by evaluation {MINE}"
    assert rows["verdict"].startswith("not read: ")
    assert "so it is" in rows["verdict"]
    chosen = argparse.Namespace(stack_name=None, url=None)
    deployment_gate.say_next(chosen, text_report.console(), gate)
    assert f"tunedrop evaluations show {MINE}" in capsys.readouterr().out


@pytest.mark.parametrize("state", ["Released", "Failed", "Releasing"])
def test_what_has_ended_goes_on_with_nothing(state):
    assert deployment_gate.is_refused({"state": "Ready", "generation": 1}, 2)
    assert not deployment_gate.is_refused({"state": state, "generation": 1}, 2)
