"""Base models, custom models, tags and quotas as the simulated service shows them."""

import json
from datetime import UTC, datetime

import pytest
from bedrock_simulator import Lifecycle, Quotas, Request
from simulator_tests.laboratory import HAIKU

TUNABLE = {
    "us-west-2": {
        HAIKU,
        "meta.llama3-1-8b-instruct-v1:0:128k",
        "meta.llama3-1-70b-instruct-v1:0:128k",
        "meta.llama3-3-70b-instruct-v1:0:128k",
    },
    "us-east-1": {
        "amazon.nova-micro-v1:0:128k",
        "amazon.nova-lite-v1:0:300k",
        "amazon.nova-pro-v1:0:300k",
        "amazon.nova-2-lite-v1:0:256k",
    },
    "eu-central-1": set(),
}


@pytest.mark.parametrize("region", TUNABLE)
def test_each_region_tunes_its_own_models(lab, region):
    found = lab.ask("ListFoundationModels", region=region, byCustomizationType="FINE_TUNING")["modelSummaries"]
    assert {model["modelId"] for model in found} == TUNABLE[region]


def test_models_are_filtered_by_provider_and_inference_type(lab):
    found = lab.ask("ListFoundationModels", byProvider="anthropic", byInferenceType="ON_DEMAND")["modelSummaries"]
    assert [model["modelId"] for model in found] == ["anthropic.claude-3-haiku-20240307-v1:0"]


def test_a_model_is_shown_with_its_lifecycle(lab):
    end = datetime(2026, 9, 10, tzinfo=UTC)
    before = lab.ask("GetFoundationModel", modelIdentifier=HAIKU)["modelDetails"]
    lab.reconfigure(lifecycle={HAIKU: Lifecycle("LEGACY", datetime(2026, 3, 10, tzinfo=UTC), end)})
    after = lab.ask("GetFoundationModel", modelIdentifier=before["modelArn"])["modelDetails"]
    assert before["modelLifecycle"] == {"status": "ACTIVE"}
    assert after["modelLifecycle"] == {
        "status": "LEGACY",
        "legacyTime": "2026-03-10T00:00:00.000Z",
        "endOfLifeTime": "2026-09-10T00:00:00.000Z",
    }
    assert before["modelArn"] == f"arn:aws:bedrock:us-west-2::foundation-model/{HAIKU}"


def test_a_variant_may_be_listed_without_being_found(lab):
    lab.reconfigure(variants_resolve=False)
    assert lab.refusal("GetFoundationModel", modelIdentifier=HAIKU).code == "ResourceNotFoundException"
    plain = lab.ask("GetFoundationModel", modelIdentifier=HAIKU.removesuffix(":200k"))["modelDetails"]
    assert plain["modelId"] == HAIKU.removesuffix(":200k")
    found = lab.ask("ListFoundationModels", byCustomizationType="FINE_TUNING")["modelSummaries"]
    assert HAIKU in {model["modelId"] for model in found}


def test_a_model_that_is_not_tuned_is_known_but_neither_listed_for_tuning_nor_trained(lab):
    lab.reconfigure(not_tuned=frozenset({HAIKU}))
    assert lab.ask("GetFoundationModel", modelIdentifier=HAIKU)["modelDetails"]["customizationsSupported"] == []
    found = lab.ask("ListFoundationModels", byCustomizationType="FINE_TUNING")["modelSummaries"]
    assert {model["modelId"] for model in found} == TUNABLE["us-west-2"] - {HAIKU}
    assert lab.refusal("CreateModelCustomizationJob", **lab.job()).code == "ValidationException"


@pytest.mark.parametrize("identifier", ["no.such-model", "amazon.nova-lite-v1:0:300k"])
def test_a_model_that_is_not_here_is_not_found(lab, identifier):
    assert lab.refusal("GetFoundationModel", modelIdentifier=identifier).code == "ResourceNotFoundException"


def test_custom_models_are_listed_by_name_and_base(lab):
    arn = lab.train()
    base = f"arn:aws:bedrock:us-west-2::foundation-model/{HAIKU}"

    def found(**filters):
        return [m["modelArn"] for m in lab.ask("ListCustomModels", **filters)["modelSummaries"]]

    assert found() == found(nameContains="odel") == found(baseModelArnEquals=base) == [arn]
    assert found(foundationModelArnEquals=base) == found(isOwned=True) == found(modelStatus="Active") == [arn]
    assert found(nameContains="zzz") == found(isOwned=False) == found(modelStatus="Failed") == []


def test_tags_are_set_when_creating_and_changed_later(lab):
    tags = [{"key": "tunedrop:stack", "value": "s"}]
    job = lab.start(jobTags=tags, customModelTags=[{"key": "of", "value": "model"}])
    lab.advance(20_000)
    model = lab.ask("GetCustomModel", modelIdentifier="model-1")["modelArn"]
    capacity = lab.buy(tags=tags)

    def shown(arn):
        return {tag["key"]: tag["value"] for tag in lab.ask("ListTagsForResource", resourceARN=arn)["tags"]}

    assert (shown(job), shown(model), shown(capacity)) == (
        {"tunedrop:stack": "s"},
        {"of": "model"},
        {"tunedrop:stack": "s"},
    )
    lab.ask("TagResource", resourceARN=model, tags=[{"key": "of", "value": "x"}, {"key": "b", "value": "c"}])
    lab.ask("UntagResource", resourceARN=model, tagKeys=["of"])
    assert shown(model) == {"b": "c"}


def test_tags_of_other_accounts_and_of_nothing_are_not_found(lab):
    job = lab.start()
    for where in ({"account": "210987654321"}, {"region": "us-east-1"}):
        assert lab.refusal("ListTagsForResource", resourceARN=job, **where).status == 404
    lab.train(jobName="j", customModelName="m")
    arn = lab.ask("GetCustomModel", modelIdentifier="m")["modelArn"]
    lab.ask("DeleteCustomModel", modelIdentifier="m")
    assert lab.refusal("ListTagsForResource", resourceARN=arn).status == 404


def test_a_resource_takes_fifty_tags(lab):
    job = lab.start(jobTags=[{"key": f"k{i}", "value": "v"} for i in range(50)])
    refused = lab.refusal("TagResource", resourceARN=job, tags=[{"key": "one-more", "value": "v"}])
    assert (refused.code, refused.status) == ("TooManyTagsException", 400)


def quotas(lab, operation, **asked):
    request = Request(
        "servicequotas", "POST", "/", {}, {"x-amz-target": f"ServiceQuotasV20190624.{operation}"},
        json.dumps(asked).encode(), "123456789012", "us-west-2",
    )  # fmt: skip
    response = lab.simulator.handle(request)
    return response.status, json.loads(response.body)


@pytest.mark.parametrize(
    ("code", "value"),
    [("L-679179D2", 10_000), ("L-CB5B847D", 100), ("L-430C95DD", 2), ("L-0406044C", 10), ("L-BE77399C", 2)],
)
def test_a_quota_has_its_value(lab, code, value):
    status, answer = quotas(lab, "GetServiceQuota", ServiceCode="bedrock", QuotaCode=code)
    assert (status, answer["Quota"]["Value"]) == (200, value)


def test_quotas_follow_the_configuration(lab):
    lab.reconfigure(quotas=Quotas(model_units=0))
    _, answer = quotas(lab, "GetServiceQuota", ServiceCode="bedrock", QuotaCode="L-BE77399C")
    assert answer["Quota"]["Value"] == 0


def test_quotas_are_listed_by_pages(lab):
    _, whole = quotas(lab, "ListServiceQuotas", ServiceCode="bedrock")
    _, first = quotas(lab, "ListServiceQuotas", ServiceCode="bedrock", MaxResults=3)
    _, rest = quotas(lab, "ListServiceQuotas", ServiceCode="bedrock", NextToken=first["NextToken"])
    assert len(first["Quotas"]) == 3
    assert first["Quotas"] + rest["Quotas"] == whole["Quotas"]
    assert "NextToken" not in rest


def test_each_base_model_has_model_units_of_its_own(lab):
    lab.reconfigure(quotas=Quotas(model_units=5, model_units_by_model={HAIKU: 1}))
    _, answer = quotas(lab, "ListServiceQuotas", ServiceCode="bedrock")
    listed = {row["QuotaName"]: row["Value"] for row in answer["Quotas"]}
    assert len(listed) == len({row["QuotaCode"] for row in answer["Quotas"]})
    assert listed["Model units per provisioned model for Anthropic Claude 3 Haiku 200K"] == 1
    assert listed["Model units per provisioned model for Meta Llama 3.1 8B Instruct"] == 5


@pytest.mark.parametrize(
    "asked", [{"ServiceCode": "s3", "QuotaCode": "L-1"}, {"ServiceCode": "bedrock", "QuotaCode": "L-1"}]
)
def test_an_unknown_quota_does_not_exist(lab, asked):
    status, answer = quotas(lab, "GetServiceQuota", **asked)
    assert (status, answer["__type"]) == (400, "NoSuchResourceException")


def test_other_operations_on_quotas_are_not_simulated(lab):
    assert quotas(lab, "RequestServiceQuotaIncrease")[0] == 501
