"""On-demand deployments of custom models."""

import pytest

EAST = {"region": "us-east-1"}


def test_a_deployment_is_created_active_and_gone(lab, nova):
    arn = lab.deploy(nova, **EAST, description="d")
    identifier = {"customModelDeploymentIdentifier": arn}
    shown = lab.ask("GetCustomModelDeployment", **EAST, **identifier)
    assert (shown["status"], shown["modelDeploymentName"], shown["modelArn"]) == ("Creating", "deployment-1", nova)
    assert "updateDetails" not in shown
    lab.advance(600)
    by_name = lab.ask("GetCustomModelDeployment", **EAST, customModelDeploymentIdentifier="deployment-1")
    assert by_name["status"] == "Active"
    (summary,) = lab.ask("ListCustomModelDeployments", **EAST, modelArnEquals=nova)["modelDeploymentSummaries"]
    assert (summary["customModelDeploymentName"], summary["customModelDeploymentArn"]) == ("deployment-1", arn)
    lab.ask("DeleteCustomModelDeployment", **EAST, **identifier)
    assert lab.refusal("GetCustomModelDeployment", **EAST, **identifier).status == 404
    assert not lab.simulator.ledger()[-1].is_live


def test_creation_answers_202(lab, nova):
    response = lab.send("CreateCustomModelDeployment", **EAST, modelDeploymentName="d", modelArn=nova)
    assert response.status == 202


def test_the_same_token_deploys_once(lab, nova):
    first = lab.deploy(nova, **EAST, clientRequestToken="t")
    assert lab.deploy(nova, **EAST, clientRequestToken="t", modelDeploymentName="x") == first


def test_only_some_base_models_can_be_deployed(lab):
    refused = lab.refusal("CreateCustomModelDeployment", modelDeploymentName="d", modelArn=lab.train())
    assert (refused.code, refused.status) == ("ValidationException", 400)


def test_two_deployments_can_be_in_progress(lab, nova):
    for name in ("one", "two"):
        lab.deploy(nova, **EAST, modelDeploymentName=name)
    wish = {"modelDeploymentName": "three", "modelArn": nova}
    assert lab.refusal("CreateCustomModelDeployment", **EAST, **wish).code == "ServiceQuotaExceededException"
    lab.advance(600)
    lab.ask("CreateCustomModelDeployment", **EAST, **wish)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"modelDeploymentName": "deployment-1"}, "ValidationException"),
        ({"modelDeploymentName": "a.b"}, "ValidationException"),
        ({"modelArn": "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0:300k/abcdefabcdef"},
         "ResourceNotFoundException"),
    ],
)  # fmt: skip
def test_bad_wishes_are_refused(lab, nova, changes, code):
    lab.deploy(nova, **EAST)
    wish = {"modelDeploymentName": "other", "modelArn": nova} | changes
    assert lab.refusal("CreateCustomModelDeployment", **EAST, **wish).code == code


def test_an_update_swaps_the_model_behind_the_same_arn(lab, nova):
    other = lab.train(**lab.nova_job, jobName="job-2", customModelName="model-2")
    arn = lab.deploy(nova, **EAST)
    update = {"customModelDeploymentIdentifier": arn, "modelArn": other, **EAST}
    assert lab.refusal("UpdateCustomModelDeployment", **update).code == "ValidationException"
    lab.advance(600)
    assert lab.ask("UpdateCustomModelDeployment", **update) == {"customModelDeploymentArn": arn}
    shown = lab.ask("GetCustomModelDeployment", **EAST, customModelDeploymentIdentifier=arn)
    assert (shown["status"], shown["modelArn"]) == ("Active", nova)
    assert shown["updateDetails"] == {"modelArn": other, "updateStatus": "Updating"}
    lab.advance(300)
    shown = lab.ask("GetCustomModelDeployment", **EAST, customModelDeploymentIdentifier=arn)
    assert (shown["modelArn"], shown["updateDetails"]["updateStatus"]) == (other, "UpdateCompleted")


def test_deployments_are_filtered_by_status_and_name(lab, nova):
    lab.deploy(nova, **EAST)
    lab.advance(600)
    lab.deploy(nova, **EAST, modelDeploymentName="young")

    def names(**filters):
        found = lab.ask("ListCustomModelDeployments", **EAST, **filters)["modelDeploymentSummaries"]
        return [summary["customModelDeploymentName"] for summary in found]

    assert (names(statusEquals="Creating"), names(nameContains="deploy")) == (["young"], ["deployment-1"])
