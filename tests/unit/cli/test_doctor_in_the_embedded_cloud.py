"""What `tunedrop doctor` says to run, where the stack stands in the embedded cloud."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tunedrop_cli.doctor import deploying
from tunedrop_cli.doctor.outcomes import Finding, attention
from tunedrop_local import template

UP = "tunedrop local up --region us-east-1 --stack-name east"


def command(**values: Any) -> str:
    parameters = {"Prices": '{"custom_model_month": 0.00006}'}
    reader: Any = SimpleNamespace(
        region="us-east-1", name="east", deployed=lambda: SimpleNamespace(parameters=parameters)
    )
    finding = Finding("prices", attention("no price", command="make deploy", values=values))
    return deploying.here(finding, reader).outcome.command


@pytest.mark.parametrize("url", ["http://127.0.0.1:4566", "http://localhost:4566"])
def test_it_is_what_deploys_there_with_the_prices_that_are_set_and_a_gap_for_one_that_is_not(environment, url):
    environment.setenv("AWS_ENDPOINT_URL", url)
    assert command() == UP
    added = '{"custom_model_month": 0.00006, "nova-lite.training_per_1000_tokens": PRICE}'
    unset = ["nova-lite.training_per_1000_tokens", "nova-pro.training_per_1000_tokens"]
    assert command(unset=unset) == f"{UP} --parameter 'Prices={added}'"
    allowed = template.load(Path(__file__).parents[3] / "template.yaml")["Parameters"]["Prices"]["AllowedPattern"]
    assert [bool(re.fullmatch(allowed, value)) for value in (added, added.replace("PRICE", "0.5"))] == [False, True]


@pytest.mark.parametrize("url", ["", "https://vpce.example.com"])
def test_on_aws_it_is_what_asks_for_the_parameters(environment, url):
    environment.setenv("AWS_ENDPOINT_URL", url)
    assert command(unset=["x"]) == "make deploy"
