"""The prover of upgrades says what it must not pass over; `make prove` runs it in the embedded cloud."""

from __future__ import annotations

from typing import Any

import pytest

from tests.upgrade.journey import Resource, costs, replaced

JOBS, ARNS = ["first", "second"], ["capacity"]


def line(kind: str, name: str, ended_at: str | None = "2026-11-30T00:00:00+00:00") -> dict[str, Any]:
    return {"kind": kind, "name": name, "resource_arn": name, "tags": {"tunedrop:job": name}, "ended_at": ended_at}


LEDGER = [line("customization_job", job) for job in JOBS] + [line("provisioned_throughput", "capacity")]


def test_each_job_once_and_each_purchase_once_is_right():
    assert list(costs(LEDGER, JOBS, ARNS)) == []


@pytest.mark.parametrize(
    ("ledger", "words"),
    [
        ([*LEDGER, line("customization_job", "second")], "trained"),
        (LEDGER[1:], "trained"),
        ([*LEDGER, line("provisioned_throughput", "another")], "2 purchases"),
        ([*LEDGER, line("custom_model_deployment", "another")], "2 purchases"),
        ([*LEDGER[:2], line("provisioned_throughput", "capacity", None)], "still billed"),
    ],
    ids=["trained twice", "never trained", "bought twice", "bought otherwise", "never given back"],
)
def test_what_costs_otherwise_is_told(ledger, words):
    (told,) = costs(ledger, JOBS, ARNS)
    assert words in told


TABLE, RULE = Resource("AWS::DynamoDB::Table", "rows"), Resource("AWS::Events::Rule", "uploads")


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ({"Rows": TABLE, "Uploads": RULE, "More": RULE}, []),
        ({"Rows": TABLE}, []),
        ({"Uploads": RULE}, ["Rows is gone"]),
        ({"Rows": Resource("AWS::DynamoDB::Table", "others"), "Uploads": RULE}, ["Rows was replaced"]),
        ({"Rows": TABLE, "Uploads": Resource("AWS::Events::Rule", "others")}, ["Uploads was replaced"]),
    ],
    ids=["one more", "a rule less", "a table less", "another table", "another rule"],
)
def test_what_an_update_replaced_is_told(after, told):
    assert list(replaced({"Rows": TABLE, "Uploads": RULE}, after)) == told
