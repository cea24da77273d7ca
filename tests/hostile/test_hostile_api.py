"""Schemathesis over docs/openapi.json: a bounded part of what `make prove` does (tests/prove.py)."""

from __future__ import annotations

import pytest
from tunedrop.routes import request_checks
from tunedrop.routes.application import app

from tests.hostile import campaign

CASES = 8


@pytest.fixture(scope="module")
def outcome(environment):
    return campaign.in_process(environment, CASES)


def test_whatever_is_sent_is_answered_as_the_document_promises(outcome):
    assert outcome.failures == {}


def test_each_operation_is_met_by_as_many_cases_as_were_wanted(outcome):
    operations = {f"{route.method} {route.openapi_path}" for route in request_checks.routes_of(app)}
    assert outcome.short(CASES) == set()
    assert set(outcome.cases) == operations


def test_no_check_is_left_out(outcome):
    assert set(outcome.checks) >= campaign.CHECKS
