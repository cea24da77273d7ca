"""Provisioned throughput of the simulated service: capacity that costs money until it is deleted."""

from datetime import UTC, datetime

import pytest
from bedrock_simulator import Lifecycle, Quotas
from simulator_tests.laboratory import HAIKU, haiku_line


def status(lab, name="capacity-1"):
    return lab.ask("GetProvisionedModelThroughput", provisionedModelId=name)["status"]


def test_capacity_is_created_in_service_and_gone(lab):
    model = lab.train()
    arn = lab.buy(modelId=model)
    assert status(lab) == "Creating"
    lab.advance(1_499)
    assert status(lab, arn) == "Creating"
    lab.advance(1)
    assert status(lab, arn) == "InService"
    lab.ask("DeleteProvisionedModelThroughput", provisionedModelId=arn)
    assert lab.refusal("GetProvisionedModelThroughput", provisionedModelId=arn).status == 404
    assert lab.refusal("DeleteProvisionedModelThroughput", provisionedModelId=arn).status == 404
    assert lab.ask("GetCustomModel", modelIdentifier="model-1")["modelArn"] == model


def test_the_same_token_buys_once_even_after_the_capacity_is_gone(lab):
    lab.train()
    first = lab.buy(clientRequestToken="t1")
    assert lab.buy(clientRequestToken="t1", provisionedModelName="other") == first
    lab.ask("DeleteProvisionedModelThroughput", provisionedModelId=first)
    assert lab.buy(clientRequestToken="t1") == first
    assert [e.kind for e in lab.simulator.ledger()].count("provisioned_throughput") == 1


def test_a_token_that_is_forgotten_buys_again(new_lab):
    lab = new_lab(token_seconds=60)
    lab.train()
    first = lab.buy(clientRequestToken="t1")
    lab.advance(59)
    assert lab.buy(clientRequestToken="t1", provisionedModelName="other") == first
    lab.advance(1)
    assert lab.buy(clientRequestToken="t1", provisionedModelName="other") != first


def test_names_that_need_not_be_unique_are_given_twice(new_lab):
    lab = new_lab(unique_names=False)
    lab.train()
    assert lab.buy() != lab.buy()


def test_without_quota_nothing_is_bought(new_lab):
    lab = new_lab(quotas=Quotas(model_units=0))
    lab.train()
    refused = lab.refusal("CreateProvisionedModelThroughput", provisionedModelName="c", modelId="model-1", modelUnits=1)
    assert (refused.code, refused.status) == ("ServiceQuotaExceededException", 400)
    assert refused.message == (
        "Your account does not currently have any no commitment model units reserved for Claude 3 Haiku."
    )
    assert "provisioned_throughput" not in {e.kind for e in lab.simulator.ledger()}


def test_the_quota_counts_units_and_frees_them(lab):
    lab.train()
    lab.buy(modelUnits=2)
    wish = {"provisionedModelName": "capacity-2", "modelId": "model-1", "modelUnits": 1}
    assert lab.refusal("CreateProvisionedModelThroughput", **wish).code == "ServiceQuotaExceededException"
    lab.ask("DeleteProvisionedModelThroughput", provisionedModelId="capacity-1")
    lab.ask("CreateProvisionedModelThroughput", **wish)


def test_one_base_model_can_have_a_lower_quota(new_lab):
    lab = new_lab(quotas=Quotas(model_units=4, model_units_by_model={HAIKU: 1}))
    lab.train()
    wish = {"provisionedModelName": "c", "modelId": "model-1", "modelUnits": 2}
    assert lab.refusal("CreateProvisionedModelThroughput", **wish).code == "ServiceQuotaExceededException"
    lab.ask("CreateProvisionedModelThroughput", **wish | {"modelUnits": 1})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"modelId": "nobody"}, "ResourceNotFoundException"),
        ({"modelId": "anthropic.claude-3-haiku-20240307-v1:0"}, "ValidationException"),
        ({"modelId": "meta.llama3-3-70b-instruct-v1:0:128k"}, "ValidationException"),
        ({"modelId": "amazon.nova-lite-v1:0:300k"}, "ValidationException"),
        ({"modelUnits": 0}, "ValidationException"),
        ({"modelUnits": "1"}, "ValidationException"),
        ({"commitmentDuration": "NoCommitment"}, "ValidationException"),
        ({"clientRequestToken": "under_score"}, "ValidationException"),
    ],
)
def test_what_is_refused_costs_nothing(lab, changes, code):
    lab.train()
    wish = {"provisionedModelName": "c", "modelId": "model-1", "modelUnits": 1} | changes
    assert lab.refusal("CreateProvisionedModelThroughput", **wish).code == code
    assert "provisioned_throughput" not in {e.kind for e in lab.simulator.ledger()}


def test_a_name_in_use_is_refused(lab):
    lab.train()
    lab.buy()
    wish = {"provisionedModelName": "capacity-1", "modelId": "model-1", "modelUnits": 1}
    assert "currently in use" in lab.refusal("CreateProvisionedModelThroughput", **wish).message


def test_a_base_model_can_be_provisioned_itself(lab):
    lab.buy(modelId=HAIKU)
    shown = lab.ask("GetProvisionedModelThroughput", provisionedModelId="capacity-1")
    assert shown["modelArn"] == f"arn:aws:bedrock:us-west-2::foundation-model/{HAIKU}"


def test_a_legacy_base_model_takes_no_new_capacity(lab):
    lab.train()
    lab.reconfigure(lifecycle={HAIKU: Lifecycle("LEGACY", legacy_time=datetime(2026, 3, 10, tzinfo=UTC))})
    wish = {"provisionedModelName": "c", "modelId": "model-1", "modelUnits": 1}
    assert "Legacy" in lab.refusal("CreateProvisionedModelThroughput", **wish).message


@pytest.mark.parametrize("code", ["ConflictException", "ValidationException"])
def test_a_commitment_can_not_be_deleted_before_its_end(new_lab, code):
    lab = new_lab(committed_delete_code=code)
    lab.train()
    arn = lab.buy(commitmentDuration="OneMonth")
    shown = lab.ask("GetProvisionedModelThroughput", provisionedModelId=arn)
    assert shown["commitmentExpirationTime"] == "2026-12-22T17:33:20.000Z"
    lab.advance(29 * 86_400)
    assert lab.refusal("DeleteProvisionedModelThroughput", provisionedModelId=arn).code == code
    lab.advance(86_400)
    lab.ask("DeleteProvisionedModelThroughput", provisionedModelId=arn)


def test_a_commitment_that_nobody_ended_in_time_begins_another_term_and_is_billed_on(new_lab):
    lab = new_lab(renewal_seconds=600)
    lab.train()
    arn = lab.buy(commitmentDuration="OneMonth")
    lab.advance(30 * 86_400 + 600)
    assert lab.refusal("DeleteProvisionedModelThroughput", provisionedModelId=arn).code == "ConflictException"
    shown = lab.ask("GetProvisionedModelThroughput", provisionedModelId=arn)
    assert shown["commitmentExpirationTime"] == "2027-01-21T17:33:20.000Z"
    lab.advance(30 * 86_400 - 600)
    lab.ask("DeleteProvisionedModelThroughput", provisionedModelId=arn)
    billed = next(entry for entry in lab.simulator.ledger() if entry.kind == "provisioned_throughput")
    assert (billed.commitment, billed.hours) == ("OneMonth", 60 * 24)


def test_capacity_moves_to_a_sibling_model(lab):
    lab.train()
    sibling = lab.train(jobName="job-2", customModelName="model-2")
    arn = lab.buy()
    update = {"provisionedModelId": arn, "desiredModelId": "model-2"}
    assert "Creating" in lab.refusal("UpdateProvisionedModelThroughput", **update).message
    lab.advance(1_500)
    lab.ask("UpdateProvisionedModelThroughput", **update, desiredProvisionedModelName="renamed")
    shown = lab.ask("GetProvisionedModelThroughput", provisionedModelId="renamed")
    assert (shown["status"], shown["desiredModelArn"]) == ("Updating", sibling)
    assert shown["modelArn"] != sibling
    lab.advance(600)
    shown = lab.ask("GetProvisionedModelThroughput", provisionedModelId=arn)
    assert (shown["status"], shown["modelArn"]) == ("InService", sibling)


def test_capacity_of_a_base_model_can_not_move(lab):
    lab.train()
    lab.buy(modelId=HAIKU)
    lab.advance(1_500)
    refused = lab.refusal("UpdateProvisionedModelThroughput", provisionedModelId="capacity-1", desiredModelId="model-1")
    assert "same base model" in refused.message


def test_capacity_is_listed_by_model_name_and_status(lab):
    lab.train()
    sibling = lab.train(jobName="job-2", customModelName="model-2")
    lab.buy()
    lab.advance(1_500)
    lab.buy(provisionedModelName="other", modelId="model-2")

    def names(**filters):
        found = lab.ask("ListProvisionedModelThroughputs", **filters)["provisionedModelSummaries"]
        return [summary["provisionedModelName"] for summary in found]

    assert names() == ["other", "capacity-1"]
    assert names(modelArnEquals=sibling) == ["other"]
    assert names(nameContains="capa") == ["capacity-1"]
    assert names(statusEquals="InService") == ["capacity-1"]
    assert names(statusEquals="Failed") == []


def test_a_model_that_is_served_can_not_be_deleted(lab):
    lab.train()
    arn = lab.buy()
    assert lab.refusal("DeleteCustomModel", modelIdentifier="model-1").code == "ConflictException"
    lab.ask("DeleteProvisionedModelThroughput", provisionedModelId=arn)
    lab.ask("DeleteCustomModel", modelIdentifier="model-1")
    assert lab.refusal("GetCustomModel", modelIdentifier="model-1").status == 404


def test_the_ledger_bills_simulated_hours_until_the_end(new_lab):
    lab = new_lab(time_scale=60)
    lab.put("train.jsonl", haiku_line, 32)
    lab.train()
    lab.buy(modelUnits=2, clientRequestToken="t1", tags=[{"key": "tunedrop:intent", "value": "i1"}])
    lab.advance(60)
    entry = lab.simulator.ledger()[-1]
    assert (entry.kind, entry.name, entry.client_request_token) == ("provisioned_throughput", "capacity-1", "t1")
    assert (entry.tags, entry.units, entry.hours, entry.is_live) == ({"tunedrop:intent": "i1"}, 2, 1.0, True)
    lab.advance(60)
    lab.ask("DeleteProvisionedModelThroughput", provisionedModelId="capacity-1")
    lab.advance(600)
    entry = lab.simulator.ledger()[-1]
    assert (entry.hours, entry.is_live) == (2.0, False)
