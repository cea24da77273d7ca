"""A deployment with a gate: nobody may call it before its evaluation, or a person, lets it live."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

import pytest
from bedrock_simulator import Configuration
from bedrock_simulator.knowledge import Skill
from tunedrop.domain.evaluation.evaluation_request import EvaluationWish
from tunedrop.domain.training.start_request import DeploymentRequest
from tunedrop.edges import clients
from tunedrop.edges.rows import evaluation_rows

from tests.integration import evaluation_world
from tests.integration.bedrock_world import BOUGHT, HOUR, TRAINED, Crash, World, crash
from tests.integration.caller import call, refused
from tests.integration.evaluation_world import OURS, get, row, stop

APPROVER = "arn:aws:sts::123456789012:assumed-role/Approvers/kim"
DAY = 24 * HOUR
WRITES = ("Create", "Put", "Send", "Transact", "Update")
BY_THE_HOUR = DeploymentRequest("support-prod", serving="provisioned_throughput", model_units=1, hours=8)


@pytest.fixture
def world(stack, environment) -> World:
    return evaluation_world.without_job(stack, environment)


def begun(world: World, *, deployment: Any = "support-prod", **wish: Any) -> str:
    """The id of the evaluation of a job that trains now."""
    job = world.start(deployment=deployment, evaluation=EvaluationWish(**{"gate": "better", **wish}))
    assert job.evaluation_id
    world.deliver()
    return job.evaluation_id


def trained(world: World) -> None:
    """Training has ended, and the capacity is on its way."""
    world.wait(TRAINED)
    world.wait(0)


def bought(world: World) -> None:
    """Training has ended, the capacity could be called, and whatever follows from that has happened."""
    trained(world)
    world.wait(BOUGHT)
    world.wait(300)


def evaluating(world: World) -> str:
    """The id of the evaluation of capacity that is there, before anybody has been asked."""
    evaluation_id = begun(world)
    trained(world)
    world.clock.advance(BOUGHT)
    world.simulator.run_due()
    world.reconcile()
    for message in world.stack.messages(world.settings.spend_queue_url):
        world.spend(message)
    return evaluation_id


def held(stack: Any, environment: Any, **wish: Any) -> tuple[World, str]:
    """A deployment whose evaluation could not decide: two records show nothing."""
    world = evaluation_world.without_job(stack, environment, tested=2)
    evaluation_id = begun(world, **wish)
    bought(world)
    assert get(world, evaluation_id)["outcome"] == "held"
    return world, evaluation_id


def shown(world: World) -> Any:
    return call("GET", "/deployments/support-prod", cloud=world.cloud)[1]


def mislabeled(number: int) -> dict[str, Any]:
    """A ticket with another one's label."""
    wrong = evaluation_world.ticket(number)
    wrong["messages"][1] = evaluation_world.ticket(number + 1)["messages"][1]
    return wrong


def live(world: World) -> list[Any]:
    """What Bedrock still has of this stack's capacity, on demand as well, which bills nothing by itself."""
    bedrock = clients.bedrock()
    on_demand = bedrock.list_custom_model_deployments()["modelDeploymentSummaries"]
    return [*on_demand, *bedrock.list_provisioned_model_throughputs()["provisionedModelSummaries"]]


def approve(world: World, evaluation_id: str, *, caller: str = APPROVER, **body: Any) -> tuple[int, Any]:
    body = {"reason": "two labels are wrong"} | body
    path = f"/evaluations/{evaluation_id}/approve"
    return call("POST", path, body, key=world.new_id(), caller=caller, cloud=world.cloud)


def nothing_stands(world: World, evaluation_id: str) -> None:
    """Nothing is billed, nobody may call it, and nothing is left to do."""
    assert live(world) == []
    assert world.units() == (0, frozenset())
    assert not evaluation_rows.standing(world.stack.table)
    assert world.open_work() == []
    assert get(world, evaluation_id)["state"] in {"Completed", "Failed", "Stopped"}
    head = world.deployment()
    assert (head.state in {"Released", "Failed"}, head.hidden is not None) == (True, True)
    assert not any(entry.state == "Ready" for entry in head.history)


# --- what the gate lets through


@pytest.mark.parametrize("wish", ["support-prod", BY_THE_HOUR])
def test_a_deployment_goes_live_once_its_evaluation_has_passed(world, wish):
    evaluation_id = begun(world, deployment=wish)
    assert get(world, evaluation_id)["state"] == "WaitingForCapacity"
    assert shown(world)["state"] == "Creating"
    bought(world)
    told = shown(world)
    assert (told["state"], told["gate"], told["evaluation_id"]) == ("Ready", "passed", evaluation_id)
    assert (get(world, evaluation_id)["outcome"], get(world, evaluation_id)["deployment"]) == ("passed", "support-prod")
    kinds = world.told()
    assert kinds.index("EvaluationCompleted") < kinds.index("DeploymentReady")
    assert kinds.count("DeploymentReady") == kinds.count("EvaluationCompleted") == 1
    assert len(live(world)) == 1


def test_while_it_is_evaluated_people_see_it_and_callers_do_not(world):
    evaluation_id = evaluating(world)
    told = shown(world)
    assert (told["state"], told["arn"] is not None, told["gate"]) == ("Evaluating", True, None)
    listed = call("GET", "/deployments", query={"state": "Evaluating"}, cloud=world.cloud)[1]["deployments"]
    assert [each["name"] for each in listed] == ["support-prod"]
    head = world.deployment()
    assert (head.state, head.hidden) == ("Creating", "Evaluating"), "what 0.1.0 reads, and does not let be called"
    body = {"candidate": "support-prod", "dataset": "support"}
    assert refused(call("POST", "/evaluations", body, key="k", cloud=world.cloud)) == (409, "deployment_not_ready")
    assert row(world, evaluation_id).state == "WaitingForCapacity"
    assert "DeploymentReady" not in world.told()


def test_a_gate_of_none_tells_and_lets_live(stack, environment):
    world = evaluation_world.without_job(stack, environment, tested=2)
    evaluation_id = begun(world, gate="none")
    bought(world)
    assert (shown(world)["state"], shown(world)["gate"]) == ("Ready", "none")
    assert row(world, evaluation_id).conclusion.verdict == "insufficient_evidence"


# --- what it does not


def test_what_is_not_better_is_released_and_never_was_live(stack, environment):
    """It learned wrong labels, and its base knows the right ones."""
    known = evaluation_world.knowledge(range(1_000, 1_020), {OURS: Skill(1.0)})
    configuration = Configuration(knowledge=known)
    world = evaluation_world.without_job(stack, environment, learns=mislabeled, configuration=configuration)
    evaluation_id = begun(world)
    bought(world)
    world.wait(HOUR)
    assert row(world, evaluation_id).conclusion.outcome == "failed", row(world, evaluation_id).conclusion
    nothing_stands(world, evaluation_id)
    released = [facts for kind, facts in world.notifications() if kind == "DeploymentReleased"]
    assert len(released) == 1
    assert evaluation_id in released[0]["summary"]


@pytest.mark.parametrize("wish", ["support-prod", BY_THE_HOUR])
@pytest.mark.parametrize("ends", ["fails", "stopped before", "stopped while"])
def test_without_an_outcome_nothing_goes_live_and_nothing_bills(world, wish, ends):
    evaluation_id = begun(world, deployment=wish)
    if ends == "stopped before":
        stop(world, evaluation_id)
        world.deliver()
    if ends == "fails":
        test = row(world, evaluation_id).test
        world.stack.s3.delete_object(Bucket=world.stack.bucket, Key=test.key, VersionId=test.version_id)
    if ends == "stopped while":
        trained(world)
        stop(world, evaluation_id)
    bought(world)
    world.wait(HOUR)
    nothing_stands(world, evaluation_id)
    assert bool(world.bought()) == (ends != "stopped before" and wish is BY_THE_HOUR)


def test_what_the_gate_holds_by_the_hour_is_released_at_once(stack, environment):
    world, evaluation_id = held(stack, environment, deployment=BY_THE_HOUR)
    world.wait(0)
    nothing_stands(world, evaluation_id)
    assert "DeploymentHeld" not in world.told()
    assert refused(approve(world, evaluation_id)) == (409, "nothing_to_approve")


# --- held, and approved


def test_what_the_gate_holds_another_person_lets_live(stack, environment):
    world, evaluation_id = held(stack, environment)
    told = shown(world)
    assert (told["state"], told["gate"]) == ("Held", "held")
    (notice,) = [facts for kind, facts in world.notifications() if kind == "DeploymentHeld"]
    assert notice["next_command"].startswith(f"tunedrop evaluations approve {evaluation_id} --reason")
    assert refused(approve(world, evaluation_id, caller=told["approval"]["asked_by"])) == (409, "own_request")
    status, answer = approve(world, evaluation_id)
    assert (status, answer["outcome"], answer["approved_by"]) == (202, "held", APPROVER)
    assert answer["reason"] == "two labels are wrong"
    assert approve(world, evaluation_id)[0] == 202, "repeating it changes nothing"
    world.deliver()
    assert (shown(world)["state"], shown(world)["gate"]) == ("Ready", "held")
    assert world.told() == ["DeploymentReady"]
    world.wait(2 * DAY)
    assert shown(world)["state"] == "Ready"
    status, changed = call(
        "PUT", "/deployments/support-prod", {"idle_minutes": 60}, key=world.new_id(), cloud=world.cloud
    )
    assert (status, changed["idle_minutes"]) == (200, 60), "an approval of a gate is no commitment"


def test_what_nobody_approves_is_released_after_a_day(stack, environment):
    world, evaluation_id = held(stack, environment)
    world.wait(DAY - HOUR)
    assert shown(world)["state"] == "Held"
    world.wait(HOUR)
    world.wait(300)
    nothing_stands(world, evaluation_id)
    assert refused(approve(world, evaluation_id)) == (409, "nothing_to_approve")
    assert world.told().count("DeploymentHeld") == 1


def test_an_evaluation_that_judges_nothing_has_nothing_to_approve(stack, environment):
    world = evaluation_world.of_bases(stack, environment, tested=2)
    evaluation_id = evaluation_world.start(world, gate="better")
    assert refused(approve(world, evaluation_id)) == (409, "nothing_to_approve")
    evaluation_world.settle(world, evaluation_id)
    assert refused(approve(world, evaluation_id)) == (409, "nothing_to_approve")
    assert refused(approve(world, evaluation_id, reason=" ")) == (422, "invalid_request")


# --- released, expired and lost meanwhile


def test_a_release_ends_what_is_evaluated(world):
    evaluation_id = evaluating(world)
    assert shown(world)["state"] == "Evaluating"
    world.release("support-prod")
    world.deliver()
    for _ in range(3):
        world.wait(30 * 60)
    nothing_stands(world, evaluation_id)
    assert world.door.calls("Converse") == 0


@pytest.mark.parametrize("wish", ["support-prod", BY_THE_HOUR])
def test_an_evaluation_that_never_ends_keeps_nothing_alive(world, wish):
    evaluation_id = begun(world, deployment=wish, max_hours=2)
    trained(world)
    world.clock.advance(BOUGHT)
    world.simulator.run_due()
    for _ in range(30):  # what asks models does not run
        world.reconcile()
        for message in world.stack.messages(world.settings.spend_queue_url):
            world.spend(message)
        world.stack.messages(world.settings.evaluation_queue_url)
        world.clock.advance(HOUR)
        world.simulator.run_due()
    assert live(world) == []
    if wish is BY_THE_HOUR:
        (entry,) = world.bought()
        assert (entry.ended_at - entry.started_at).total_seconds() <= 5 * HOUR, "not for the 8 hours that it may serve"
    world.wait(0)
    nothing_stands(world, evaluation_id)


def test_a_job_that_fails_ends_the_evaluation_that_waits(world):
    evaluation_id = begun(world)
    job_id = world.deployment().job_id
    world.stop(job_id)
    world.deliver()
    world.wait(HOUR)
    world.wait(0)
    assert get(world, evaluation_id)["failure_code"] == "no_capacity"
    nothing_stands(world, evaluation_id)


# --- refused before anything is paid


def asked(world: World, evaluation: Any, **more: Any) -> tuple[int, Any]:
    body = {"dataset": "support", "base_model": "nova-lite", "deployment": {"name": "support-prod"}}
    return call("POST", "/jobs", body | {"evaluation": evaluation} | more, key=world.new_id(), cloud=world.cloud)


@pytest.mark.parametrize(
    ("evaluation", "more", "code"),
    [
        ({"gate": "better"}, {"deployment": None}, (422, "evaluation_without_deployment")),
        ({"gate": "better", "against": ["nova-2-lite"]}, {}, (409, "base_not_callable")),
        ({"gate": "better", "against": ["nobody"]}, {}, (422, "unknown_candidate")),
        ({"gate": "better", "metric": "json_match"}, {}, (422, "references_not_json")),
        ({"gate": "best"}, {}, (422, "invalid_request")),
        ({"group_by": "conversation"}, {}, (422, "invalid_request")),
    ],
)
def test_what_could_never_be_judged_is_refused_before_training(world, evaluation, more, code):
    before = world.rows()
    assert refused(asked(world, evaluation, **more)) == code
    assert world.rows() == before


def test_the_plan_says_what_would_be_asked_and_is_another_one_with_another_gate(world):
    def plan(**wish: Any) -> Any:
        body = {"dataset": "support", "base_model": "nova-lite", "deployment": {"name": "support-prod"}, **wish}
        return call("POST", "/jobs", body, query={"plan": "true"}, cloud=world.cloud)[1]

    told = plan(evaluation={"gate": "better"})
    assert (told["evaluation"]["gate"], told["evaluation"]["records"]) == ("better", 20)
    assert [each["name"] for each in told["evaluation"]["candidates"]] == ["support-prod", "base"]
    others = [plan(), plan(evaluation={"gate": "not_worse"})]
    assert len({each["plan_id"] for each in [told, *others]}) == 3
    status, job = asked(world, {"gate": "better"}, plan_id=told["plan_id"])
    assert (status, get(world, job["evaluation_id"])["state"]) == (202, "WaitingForCapacity")


# --- crashes


@pytest.mark.parametrize("passes", [True, False])
def test_wherever_a_visit_dies_it_is_judged_once_and_nothing_bills_unjudged(stack, environment, passes):
    """A sample of the writing calls between training's end and the gate; `make faults` has every call and fault."""
    world = evaluation_world.without_job(stack, environment, tested=8 if passes else 2)
    evaluation_id = begun(world, deployment=BY_THE_HOUR)
    world.clock.advance(TRAINED)
    world.simulator.run_due()
    start = world.checkpoint()
    names = world.calls_of(lambda: bought(world))
    for nth in random.Random(12).sample([nth for nth, name in enumerate(names) if name.startswith(WRITES)], 3):
        world.restore(start)
        with world.interrupted(crash, nth, "after"), suppress(Crash):
            bought(world)
        for _ in range(3):
            world.wait(HOUR / 2)
        assert len(world.bought()) == 1, (nth, names[nth])
        if passes:
            assert (shown(world)["gate"], shown(world)["state"], len(live(world))) == ("passed", "Ready", 1), names[nth]
        else:
            assert (shown(world)["gate"], live(world)) == ("held", []), (nth, names[nth])
            nothing_stands(world, evaluation_id)


# --- a name that is live moves only after its successor passed


def successor(world: World, **wish: Any) -> tuple[str, str, Any]:
    """The jobs of the model that is live and of another one, and the answer to the request that puts that there."""
    first = begun(world, gate="none")
    bought(world)
    world.told()
    second = world.start()
    world.deliver()
    world.wait(TRAINED)
    body = {"job_id": second.id, "evaluation": {"gate": "not_worse", "against": ["base"], **wish}}
    status, answer = call("PUT", "/deployments/support-prod", body, key=world.new_id(), cloud=world.cloud)
    assert (status, answer["state"], answer["second_unit"]["generation"]) == (202, "Updating", 2), answer
    assert first != answer["second_unit"]["evaluation_id"]
    return world.deployment().job_id, second.id, answer


def test_a_live_name_moves_once_its_successor_has_passed_and_back_by_one_call(world):
    first, second, answer = successor(world)
    evaluation_id, before = answer["second_unit"]["evaluation_id"], world.deployment().arn
    assert [each.name for each in row(world, evaluation_id).candidates] == ["support-prod#2", "base"]
    world.deliver()
    assert (shown(world)["state"], shown(world)["arn"]) == ("Updating", before)
    world.wait(BOUGHT)
    told = shown(world)
    assert (told["state"], told["job_id"], told["previous_job_id"], told["gate"]) == ("Ready", second, first, "passed")
    assert told["arn"] != before
    kinds = world.told()
    assert kinds.index("EvaluationCompleted") < kinds.index("DeploymentReplaced") < kinds.index("DeploymentReleased")
    assert len(live(world)) == 1
    call("PUT", "/deployments/support-prod", {"job_id": first}, key=world.new_id(), cloud=world.cloud)
    world.deliver()
    world.wait(HOUR)
    told = shown(world)
    assert (told["state"], told["job_id"]) == ("Ready", first)
    assert told["gate"] is None, "what a gate found is of the model that it judged"


def test_a_successor_is_judged_against_what_serves_and_held_beside_it(world):
    """The same data make the same model: all answers are alike, which no gate lets pass."""
    first, second, answer = successor(world, gate="better", against=None)
    evaluation_id, before = answer["second_unit"]["evaluation_id"], world.deployment().arn
    assert [each.name for each in row(world, evaluation_id).candidates] == ["support-prod#2", "support-prod", "base"]
    world.deliver()
    world.wait(BOUGHT)
    told = shown(world)
    assert (told["state"], told["arn"], told["job_id"]) == ("Updating", before, first), "callers notice nothing"
    assert (told["second_unit"]["gate"], told["gate"]) == ("held", "none")
    assert approve(world, evaluation_id)[0] == 202
    world.deliver()
    world.wait(0)
    assert (shown(world)["state"], shown(world)["job_id"]) == ("Ready", second)
    assert len(live(world)) == 1


def test_a_successor_that_nobody_lets_live_goes_and_what_serves_stays(world):
    first, _, answer = successor(world, gate="better", against=None)
    before = world.deployment().arn
    world.deliver()
    world.wait(BOUGHT)
    world.wait(DAY)
    world.wait(300)
    told = shown(world)
    assert (told["state"], told["arn"], told["job_id"], told["second_unit"]) == ("Ready", before, first, None)
    assert len(live(world)) == 1
    assert get(world, answer["second_unit"]["evaluation_id"])["outcome"] == "held"


def test_what_serves_may_end_first_and_the_successor_still_waits_for_its_gate(world):
    _, _, answer = successor(world, gate="better", against=None)
    world.deliver()
    world.wait(BOUGHT)
    arn = world.deployment().arn
    clients.bedrock().delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
    for _ in range(3):
        world.wait(HOUR)
    assert shown(world)["state"] == "Held"
    assert (world.deployment().state, world.deployment().hidden) == ("Creating", "Held")
    assert approve(world, answer["second_unit"]["evaluation_id"])[0] == 202
    world.deliver()
    assert shown(world)["state"] == "Ready"
