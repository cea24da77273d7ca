"""The template as it was written, and as it is deployed: by default, and with every choice turned."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from tests.template.stack import ACCOUNT, REGION, Stack, deployed

ROOT = Path(__file__).parents[2]

DEFAULTS: dict[str, str] = {}
OTHER_CHOICES = {
    "MessagesResponse": "BUFFERED",
    "EncryptCustomModels": "true",
    "ManageApiGatewayLogging": "false",
    "DefaultBaseModel": "claude-3-haiku",
    "PermissionsBoundaryArn": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
    "MaxModelUnits": "1",
    "AllowJobsOnAccept": "true",
}


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    """template.yaml as it was written; `!Ref X` is `{"Ref": "X"}`."""
    return json.loads(json.dumps(yaml_parse((ROOT / "template.yaml").read_text("utf-8"))))


@pytest.fixture(scope="session", params=[DEFAULTS, OTHER_CHOICES], ids=["defaults", "other choices"])
def stack(request, template) -> Stack:
    """What is deployed; a test that takes it runs for both sets of parameters."""
    parameters = {name: str(each["Default"]) for name, each in template["Parameters"].items()} | request.param
    return deployed(_translated(template, parameters), parameters)


def _translated(template: dict[str, Any], parameters: dict[str, str]) -> Any:
    source = copy.deepcopy(template)
    source["Globals"]["Function"]["CodeUri"] = "s3://artifacts/functions.zip"
    for name in ("DependenciesLayer", "ParquetLayer"):
        source["Resources"][name]["Properties"]["ContentUri"] = f"s3://artifacts/{name}.zip"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", REGION)  # else the translator looks for a Region
        return Translator({}, Parser()).translate(source, parameters)
