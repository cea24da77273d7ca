"""Which IAM questions a request raises, for a host that enforces policies."""

from dataclasses import replace

import pytest
from bedrock_simulator import Request
from simulator_tests.laboratory import HAIKU, ROLE

HERE = "arn:aws:bedrock:us-west-2:123456789012"
BASE = f"arn:aws:bedrock:us-west-2::foundation-model/{HAIKU}"
STACK = [{"key": "tunedrop:stack", "value": "s1"}]


def asked(lab, operation, **parameters):
    return [
        (context.action, context.resource_arn, dict(context.keys))
        for context in lab.simulator.iam_context(lab.request(operation, **parameters))
    ]


def test_starting_a_job_asks_for_both_kinds_of_model_the_job_tags_and_the_role(lab):
    keys = {"aws:RequestTag/tunedrop:stack": "s1", "aws:TagKeys": ("tunedrop:stack",)}
    placeholder = f"{HAIKU}/000000000000"
    assert asked(lab, "CreateModelCustomizationJob", **lab.job(jobTags=STACK)) == [
        ("bedrock:CreateModelCustomizationJob", BASE, keys),
        ("bedrock:CreateModelCustomizationJob", f"{HERE}:custom-model/{placeholder}", keys),
        ("bedrock:CreateModelCustomizationJob", f"{HERE}:model-customization-job/{placeholder}", keys),
        ("bedrock:TagResource", f"{HERE}:model-customization-job/{placeholder}", keys),
        ("iam:PassRole", ROLE, {"iam:PassedToService": "bedrock.amazonaws.com"}),
    ]


def test_creating_with_tags_can_go_without_the_right_to_tag(new_lab):
    lab = new_lab(tagging_needs_permission=False)
    actions = [action for action, *_ in asked(lab, "CreateModelCustomizationJob", **lab.job(jobTags=STACK))]
    assert "bedrock:TagResource" not in actions


def test_training_a_custom_model_further_asks_for_that_model(lab):
    model = lab.train(customModelTags=STACK)
    first, second, *_ = asked(lab, "CreateModelCustomizationJob", **lab.job(baseModelIdentifier=model))
    assert first == ("bedrock:CreateModelCustomizationJob", model, {"aws:ResourceTag/tunedrop:stack": "s1"})
    assert second[1] == f"{HERE}:custom-model/{HAIKU}/000000000000"


def test_names_are_resolved_to_true_arns_with_their_tags(lab):
    lab.start(jobTags=STACK, customModelTags=STACK)
    lab.advance(20_000)
    capacity = lab.buy(tags=STACK)
    model = lab.ask("GetCustomModel", modelIdentifier="model-1")["modelArn"]
    job = lab.ask("GetModelCustomizationJob", jobIdentifier="job-1")["jobArn"]
    tags = {"aws:ResourceTag/tunedrop:stack": "s1"}
    for operation, parameters, arn in (
        ("GetModelCustomizationJob", {"jobIdentifier": "job-1"}, job),
        ("StopModelCustomizationJob", {"jobIdentifier": job}, job),
        ("GetCustomModel", {"modelIdentifier": "model-1"}, model),
        ("DeleteProvisionedModelThroughput", {"provisionedModelId": "capacity-1"}, capacity),
        ("DeleteProvisionedModelThroughput", {"provisionedModelId": capacity.rpartition("/")[2]}, capacity),
    ):
        assert asked(lab, operation, **parameters) == [(f"bedrock:{operation}", arn, tags)]


def test_tags_of_another_account_are_not_told(lab):
    lab.start(jobTags=STACK)
    ((_, arn, keys),) = asked(lab, "GetModelCustomizationJob", jobIdentifier="job-1", account="210987654321")
    assert (arn, keys) == ("arn:aws:bedrock:us-west-2:210987654321:model-customization-job/job-1", {})


def test_buying_capacity_asks_for_the_model_with_the_tags_of_both(lab):
    model = lab.train(customModelTags=STACK)
    wish = {"provisionedModelName": "c", "modelId": "model-1", "modelUnits": 1, "tags": STACK}
    buy, of_base, tag = asked(lab, "CreateProvisionedModelThroughput", **wish)
    assert buy == ("bedrock:CreateProvisionedModelThroughput", model, {
        "aws:ResourceTag/tunedrop:stack": "s1",
        "aws:RequestTag/tunedrop:stack": "s1",
        "aws:TagKeys": ("tunedrop:stack",),
    })  # fmt: skip
    keys = {"aws:RequestTag/tunedrop:stack": "s1", "aws:TagKeys": ("tunedrop:stack",)}
    assert of_base == ("bedrock:CreateProvisionedModelThroughput", BASE, keys)
    assert tag[:2] == ("bedrock:TagResource", f"{HERE}:provisioned-model/000000000000")
    on_base = asked(lab, "CreateProvisionedModelThroughput", **wish | {"modelId": HAIKU})
    assert on_base[0][1] == BASE


def test_updates_ask_for_what_is_updated_and_for_the_new_model(lab, nova):
    arn = lab.deploy(nova, region="us-east-1")
    update = {"customModelDeploymentIdentifier": "deployment-1", "modelArn": nova, "region": "us-east-1"}
    assert [question[1] for question in asked(lab, "UpdateCustomModelDeployment", **update)] == [arn, nova]
    lab.train(jobName="j", customModelName="m")
    capacity = lab.buy(modelId="m")
    renamed = asked(
        lab, "UpdateProvisionedModelThroughput", provisionedModelId=capacity, desiredProvisionedModelName="x"
    )
    moved = asked(lab, "UpdateProvisionedModelThroughput", provisionedModelId=capacity, desiredModelId=HAIKU)
    assert [question[1] for question in renamed] == [capacity]
    assert [question[1] for question in moved] == [capacity, BASE]


def test_deploying_asks_for_the_model(lab, nova):
    wish = {"modelDeploymentName": "d", "modelArn": nova, "region": "us-east-1"}
    assert asked(lab, "CreateCustomModelDeployment", **wish) == [("bedrock:CreateCustomModelDeployment", nova, {})]


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("InvokeModel", "InvokeModel"),
        ("Converse", "InvokeModel"),
        ("InvokeModelWithResponseStream", "InvokeModelWithResponseStream"),
        ("ConverseStream", "InvokeModelWithResponseStream"),
        ("CountTokens", "CountTokens"),
    ],
)
def test_inference_asks_for_the_thing_that_is_called(lab, operation, action):
    lab.train()
    capacity = lab.buy(tags=STACK)
    body = {"body": b"not json"} if operation.startswith("Invoke") else {}
    assert asked(lab, operation, modelId=capacity, **body) == [
        (f"bedrock:{action}", capacity, {"aws:ResourceTag/tunedrop:stack": "s1"})
    ]


@pytest.mark.parametrize("form", ["us.{}", f"{HERE}:inference-profile/us.{{}}"])
def test_an_inference_profile_asks_for_the_models_of_all_its_regions_too_and_says_through_what(lab, form):
    model = "anthropic.claude-3-haiku-20240307-v1:0"
    profile = f"{HERE}:inference-profile/us.{model}"
    through = {"bedrock:InferenceProfileArn": profile}
    assert asked(lab, "Converse", modelId=form.format(model)) == [
        ("bedrock:InvokeModel", profile, {}),
        *(
            (
                "bedrock:InvokeModel",
                f"arn:aws:bedrock:{region}::foundation-model/{model}",
                through | {"aws:RequestedRegion": region},
            )
            for region in ("us-east-1", "us-east-2", "us-west-2")
        ),
    ]


def test_a_global_profile_asks_for_the_model_here_and_in_no_region(lab):
    model = "anthropic.claude-sonnet-4-6"
    profile = f"{HERE}:inference-profile/global.{model}"
    through = {"bedrock:InferenceProfileArn": profile}
    assert asked(lab, "ConverseStream", modelId=f"global.{model}") == [
        ("bedrock:InvokeModelWithResponseStream", profile, {}),
        (
            "bedrock:InvokeModelWithResponseStream",
            f"arn:aws:bedrock:us-west-2::foundation-model/{model}",
            through | {"aws:RequestedRegion": "us-west-2"},
        ),
        (
            "bedrock:InvokeModelWithResponseStream",
            f"arn:aws:bedrock:::foundation-model/{model}",
            through | {"aws:RequestedRegion": "unspecified"},
        ),
    ]


def test_a_base_model_by_its_own_id_asks_for_itself_alone(lab):
    assert asked(lab, "Converse", modelId=HAIKU.removesuffix(":200k")) == [
        ("bedrock:InvokeModel", BASE.removesuffix(":200k"), {})
    ]


@pytest.mark.parametrize("operation", ["ListModelCustomizationJobs", "ListCustomModels", "ListFoundationModels",
                                       "ListProvisionedModelThroughputs", "ListCustomModelDeployments"])  # fmt: skip
def test_lists_ask_for_everything(lab, operation):
    assert asked(lab, operation) == [(f"bedrock:{operation}", "*", {})]


def test_tagging_asks_for_the_resource_with_old_and_new_tags(lab):
    job = lab.start(jobTags=STACK)
    assert asked(lab, "TagResource", resourceARN=job, tags=[{"key": "a", "value": "b"}]) == [
        ("bedrock:TagResource", job,
         {"aws:ResourceTag/tunedrop:stack": "s1", "aws:RequestTag/a": "b", "aws:TagKeys": ("a",)})
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("target", "resources"),
    [
        ("GetServiceQuota", ["arn:aws:servicequotas:us-west-2:123456789012:bedrock/L-BE77399C", "*"]),
        ("ListServiceQuotas", ["*"]),
    ],
)
def test_quotas_ask_for_themselves_and_what_may_take_no_resource_for_everything(lab, target, resources):
    body = b'{"ServiceCode": "bedrock", "QuotaCode": "L-BE77399C"}'
    headers = {"x-amz-target": f"ServiceQuotasV20190624.{target}"}
    request = Request("servicequotas", "POST", "/", {}, headers, body, "123456789012", "us-west-2")
    found = [(context.action, context.resource_arn) for context in lab.simulator.iam_context(request)]
    assert found == [(f"servicequotas:{target}", resource) for resource in resources]


def test_what_is_no_operation_raises_no_question(lab):
    request = lab.request("ListCustomModels")
    assert lab.simulator.iam_context(replace(request, path="/nothing")) == ()
    assert lab.simulator.iam_context(replace(request, service="servicequotas")) == ()


def test_a_base_model_is_asked_for_by_its_arn(lab):
    assert asked(lab, "GetFoundationModel", modelIdentifier=HAIKU) == [("bedrock:GetFoundationModel", BASE, {})]


def test_a_model_that_is_unknown_is_asked_for_all_the_same(lab):
    ((_, arn, _),) = asked(lab, "Converse", modelId="no.such-model")
    assert arn == f"{HERE}:custom-model/no.such-model"


def test_questions_come_without_an_effect_even_for_nonsense(lab):
    request = lab.request("CreateModelCustomizationJob", **lab.job())
    for body in (b"{", b"[]", b'{"jobName": 7, "jobTags": "x", "baseModelIdentifier": [], "roleArn": null}'):
        assert lab.simulator.iam_context(replace(request, body=body))
    assert lab.simulator.ledger() == ()
