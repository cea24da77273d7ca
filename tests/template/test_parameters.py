"""Parameters, outputs and settings of a deploy: what a person is asked, told, and kept from."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
import tunedrop
from tunedrop.domain.base_models import catalogue

ROOT = Path(__file__).parents[2]
MODELS = catalogue.catalogue().values()
CONSTRAINTS = {"AllowedValues", "AllowedPattern", "MinValue", "MaxValue"}
SAMCONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))


def test_every_parameter_says_what_it_is_and_what_it_takes(template):
    for name, parameter in template["Parameters"].items():
        assert len(parameter["Description"]) > 20, name
        assert CONSTRAINTS & set(parameter), name
        assert "Default" in parameter, name
        assert ("ConstraintDescription" in parameter) == ("AllowedPattern" in parameter), name


def test_every_default_is_allowed(template):
    for name, parameter in template["Parameters"].items():
        default = parameter["Default"]
        assert default in parameter.get("AllowedValues", [default]), name
        assert re.search(parameter.get("AllowedPattern", ""), str(default)), name
        if parameter["Type"] == "Number":
            assert parameter.get("MinValue", default) <= default <= parameter.get("MaxValue", default), name


def test_every_parameter_is_shown_in_one_group(template):
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    shown = [name for group in groups for name in group["Parameters"]]
    assert sorted(shown) == sorted(template["Parameters"])


def test_a_person_is_asked_for_26_things_at_most(template):
    assert len(template["Parameters"]) <= 26


def test_nothing_is_bought_until_a_person_says_so(template):
    assert template["Parameters"]["MaxModelUnits"]["Default"] == 0


def test_the_caps_are_those_of_the_design(template):
    limits = ("MaxConcurrentJobs", "DeploymentHours", "JobDeadlineHours")
    caps = {name: template["Parameters"][name]["Default"] for name in limits}
    assert caps == {"MaxConcurrentJobs": 2, "DeploymentHours": 8, "JobDeadlineHours": 24}
    assert template["Parameters"]["MaxTrainedTokensPerJob"]["Default"] == 50_000_000
    assert template["Parameters"]["DeploymentHours"]["MaxValue"] == 168


BOUNDS = {  # default, least, most: what a number may cost is decided here
    "MaxModelUnits": (0, 0, 100),
    "MaxConcurrentJobs": (2, 1, 10),
    "MaxTrainedTokensPerJob": (50_000_000, 1_000, None),
    "DeploymentHours": (8, 1, 168),
    "JobDeadlineHours": (24, 1, 168),
    "ValidationShare": (0, 0, 0.5),
    "LogRetentionDays": (30, None, None),
    "NoncurrentVersionDays": (90, 1, 3650),
}
CHOICES = {
    "AllowJobsOnAccept": "false",
    "AllowCommitments": "false",
    "EncryptCustomModels": "false",
    "ReserveConcurrency": "false",
    "AccessLogs": "false",
    "ManageApiGatewayLogging": "false",
}
"""What is off until a person says so."""


def test_every_number_has_its_bounds_and_every_choice_its_default(template):
    parameters = template["Parameters"]
    numbers = {name: each for name, each in parameters.items() if each["Type"] == "Number"}
    bounds = {name: (each["Default"], each.get("MinValue"), each.get("MaxValue")) for name, each in numbers.items()}
    assert bounds == BOUNDS
    choices = {name: each["Default"] for name, each in parameters.items() if "true" in each.get("AllowedValues", ())}
    assert choices == CHOICES
    assert parameters["Currency"]["AllowedPattern"] == "^[A-Z]{3}$"


def test_an_output_is_of_what_it_is_named_after(template):
    """`ReaderPolicyArn` is the ARN of ReaderPolicy: whoever attaches it gets those rights."""
    named = re.compile("(?P<subject>.+)(?P<ending>Arn|Name)")
    for name, output in template["Outputs"].items():
        if found := named.fullmatch(name):
            subject, ending = found["subject"], found["ending"]
            forms = [{"Ref": subject}, {"Fn::GetAtt": [subject, ending]}, {"Fn::GetAtt": f"{subject}.{ending}"}]
            assert output["Value"] in forms, name


def test_the_base_models_to_choose_from_are_those_of_the_catalogue(template):
    offered = set(template["Parameters"]["DefaultBaseModel"]["AllowedValues"])
    assert offered == {"", *(model.name for model in MODELS)}


def trainable(region: str) -> set[str]:
    return {model.name for model in MODELS if region in model.regions}


def test_regions_that_cannot_train_are_refused_at_deploy(template):
    (assertion,) = template["Rules"]["RegionCanTrain"]["Assertions"]
    allowed, region = assertion["Assert"]["Fn::Contains"]
    assert region == {"Ref": "AWS::Region"}
    assert set(allowed) == {region for model in MODELS for region in model.regions}
    assert all(region in assertion["AssertDescription"] for region in allowed)


def test_the_default_base_model_of_a_region_can_be_trained_there(template):
    defaults = template["Mappings"]["RegionDefaults"]
    assert {region: each["BaseModel"] for region, each in defaults.items()} == {
        "us-east-1": "nova-lite",
        "us-west-2": "llama-3-3-70b",
    }
    for region, each in defaults.items():
        assert each["BaseModel"] in trainable(region)


def test_the_default_base_model_of_a_region_is_served_without_any_quota_and_takes_system_texts(template):
    for each in template["Mappings"]["RegionDefaults"].values():
        model = catalogue.find(each["BaseModel"])
        assert model.serving[0] == "on_demand"
        assert model.record_format != "prompt_completion"


def test_a_webhook_without_authorization_is_refused_at_deploy(template):
    rule = template["Rules"]["WebhookIsAuthorized"]
    unset = template["Parameters"]["WebhookAuthorization"]["Default"]
    assert rule["RuleCondition"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "WebhookUrl"}, ""]}]}
    assert rule["Assertions"][0]["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "WebhookAuthorization"}, unset]}]}


@pytest.mark.parametrize(
    ("name", "text", "taken"),
    [
        ("NotificationEmail", "team@example.com", True),
        ("NotificationEmail", "team", False),
        ("WebhookUrl", "https://hooks.example.com/a?b=c", True),
        ("WebhookUrl", "http://hooks.example.com", False),
        ("WebhookAuthorization", "Bearer abc", True),
        ("WebhookAuthorization", "", False),
        ("WebhookAuthorization", "Bearer abc\nX: y", False),
    ],
)
def test_where_to_send_is_checked_at_deploy(template, name, text, taken):
    assert bool(re.search(template["Parameters"][name]["AllowedPattern"], text)) is taken


def test_a_secret_is_shown_nowhere(template):
    assert [name for name, each in template["Parameters"].items() if each.get("NoEcho")] == ["WebhookAuthorization"]
    assert "WebhookAuthorization" not in json.dumps(template["Outputs"])


def test_every_output_says_what_it_is_for(template):
    for name, output in template["Outputs"].items():
        assert len(output["Description"]) > 20, name


@pytest.mark.parametrize(
    "name",
    ["DataBucketName", "ControlApiUrl", "MessagesApiUrl", "NotificationTopicArn", "PeopleTopicArn", "UploaderPolicyArn",
     "ReaderPolicyArn", "OperatorPolicyArn", "DataKeeperPolicyArn", "ApproverPolicyArn",
     "ResponderPolicyArn", "AlarmTopicArn", "RoutineAlarmTopicArn"],
)  # fmt: skip
def test_a_user_is_told_what_a_user_needs(stack, name):
    assert stack.outputs[name]


def test_the_stack_says_the_release_that_the_code_has(stack):
    assert stack.outputs["Release"] == tunedrop.__version__


def test_the_addresses_of_the_apis_end_in_their_stages(stack):
    assert stack.outputs["ControlApiUrl"] == "https://<ControlApi>.execute-api.us-west-2.amazonaws.com/v1"
    assert stack.outputs["MessagesApiUrl"] == "https://<MessagesApi>.execute-api.us-west-2.amazonaws.com/live"


def test_a_reconcile_that_comes_no_more_rings_after_fifteen_minutes(stack):
    alarm = stack["ReconcileMissingAlarm"]
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 15 * 60
    assert (alarm["TreatMissingData"], alarm["InsufficientDataActions"]) == ("missing", ["<AlarmTopic>"])


PRICES = {
    f"{model.name}.{each}": 1234.5678 for model in MODELS for each in ("training_per_1000_tokens", "model_unit_hour")
}


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "{ }",
        '{"custom_model_month": 1.95}',
        '{"nova-lite.input_per_1000_tokens": 0.00006, "nova-lite.output_per_1000_tokens": 0.00024}',
        '{"nova-lite.model_unit_hour":0,"custom_model_month":2}',
        '{"nova-lite.model_unit_hour":0}',
        json.dumps(PRICES),
        json.dumps(PRICES, separators=(",", ":")),
    ],
)
def test_prices_of_every_base_model_are_taken_and_read(template, text):
    prices = template["Parameters"]["Prices"]
    assert re.search(prices["AllowedPattern"], text)
    assert len(text) <= prices["MaxLength"]
    assert all(isinstance(value, float | int) for value in json.loads(text).values())


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"nova-lite.model_unit_hour": "1"}', '{"nova-lite.model_unit_hour": 1,}',
     '{"nova.model_unit_hour": 1}', '{"nova-lite.custom_model_month": 1}',
     '{"nova-lite.unit_hour": 1}', '{"nova-lite.model_unit_hour": -1}', '{"nova-lite.model_unit_hour": NaN}',
     '{"nova-lite.model_unit_hour": 01}', '{"nova-lite.model_unit_hour": 1 "nova-pro.model_unit_hour": 1}'],
)  # fmt: skip
def test_prices_that_would_be_ignored_or_break_every_function_are_refused_at_deploy(template, text):
    assert not re.search(template["Parameters"]["Prices"]["AllowedPattern"], text)


def test_a_deploy_needs_no_more_than_the_right_to_make_roles():
    deploy = SAMCONFIG["default"]["deploy"]["parameters"]
    assert deploy["capabilities"] == ["CAPABILITY_IAM"]
    assert deploy["confirm_changeset"] is True
    assert deploy["resolve_s3"] is True


def test_validation_lints():
    assert SAMCONFIG["default"]["validate"]["parameters"]["lint"] is True
