"""The template as it was written, and as it is deployed: by default, and with every choice turned."""

from __future__ import annotations

import copy
import functools
import json
from pathlib import Path
from typing import Any, cast

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
    "ManageApiGatewayLogging": "true",
    "DefaultBaseModel": "claude-3-haiku",
    "PermissionsBoundaryArn": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
    "MaxModelUnits": "1",
    "CustomModelKeyArns": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d-0000-4000-8000-000000000000",
    "JobSubnetIds": "subnet-0a1b2c,subnet-0d4e5f",
    "JobSecurityGroupIds": "sg-0a1b2c",
    "MaxConcurrentJobs": "3",
    "MaxTrainedTokensPerJob": "1234567",
    "DeploymentHours": "7",
    "JobDeadlineHours": "23",
    "ValidationShare": "0.1",
    "LogRetentionDays": "14",
    "NoncurrentVersionDays": "45",
    "Currency": "EUR",
    "AllowJobsOnAccept": "true",
    "AllowCommitments": "true",
    "ReserveConcurrency": "true",
    "NotificationEmail": "team@example.com",
    "WebhookUrl": "https://hooks.example.com/tunedrop",
    "WebhookAuthorization": "Bearer abc",
}


def read_template() -> dict[str, Any]:
    """template.yaml as it was written; `!Ref X` is `{"Ref": "X"}`."""
    return json.loads(_as_json())


@functools.cache
def _as_json() -> str:
    """YAML takes a second and a half to read."""
    return json.dumps(yaml_parse((ROOT / "template.yaml").read_text("utf-8")))


def chosen(template: dict[str, Any], choices: dict[str, str]) -> dict[str, str]:
    """All parameters: the choices, else the defaults."""
    return {name: str(each["Default"]) for name, each in template["Parameters"].items()} | choices


def translate(template: dict[str, Any], parameters: dict[str, str]) -> dict[str, Any]:
    """The template as SAM hands it to CloudFormation, its intrinsic functions as they are."""
    source = copy.deepcopy(template)
    source["Globals"]["Function"]["CodeUri"] = "s3://artifacts/functions.zip"
    for name in ("DependenciesLayer", "ParquetLayer"):
        source["Resources"][name]["Properties"]["ContentUri"] = f"s3://artifacts/{name}.zip"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", REGION)  # else the translator looks for a Region
        return cast("dict[str, Any]", Translator({}, Parser()).translate(source, parameters))


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    return read_template()


@pytest.fixture(scope="session", params=[DEFAULTS, OTHER_CHOICES], ids=["defaults", "other choices"])
def parameters(request, template) -> dict[str, str]:
    return chosen(template, request.param)


@pytest.fixture(scope="session")
def translated(template, parameters) -> dict[str, Any]:
    """What SAM hands to CloudFormation; a test that takes it runs for both sets of parameters."""
    return translate(template, parameters)


@pytest.fixture(scope="session")
def stack(translated, parameters) -> Stack:
    """What is deployed; a test that takes it runs for both sets of parameters."""
    return deployed(translated, parameters)
