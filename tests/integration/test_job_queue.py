"""Jobs that want to start go in order, oldest first, and each can be asked for its place and why it waits."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from typing import Any

import control_api
import pytest
from bedrock_simulator import Configuration, Quotas
from tunedrop.domain.training import job_states
from tunedrop.domain.training.job_states import Job
from tunedrop.edges import clients
from tunedrop.edges.rows import job_rows
from tunedrop.edges.rows.writes import Key, Update
from tunedrop_cli import main

from tests import builders
from tests.integration import bedrock_world
from tests.integration.bedrock_world import TRAINED, World, refusing
from tests.integration.served_control_api import served

CREATE = "CreateModelCustomizationJob"


@pytest.fixture
def world(stack, environment) -> World:
    return bedrock_world.make(stack, environment)


def jobs(world: World, count: int) -> list[Job]:
    """Jobs that were asked for one after the other, none of them tried yet."""
    made = []
    for _ in range(count):
        made.append(world.start())
        world.clock.advance(1)
    world.stack.messages(world.settings.spend_queue_url)
    return made


def whole(job_id: str) -> Any:
    """GET /jobs/{id}."""
    event = builders.api_request("GET", f"/jobs/{job_id}")
    context: Any = builders.LambdaContext()
    status, answer = builders.api_answer(control_api.handler(event, context))
    assert status == 200
    return answer


def advance(world: World, job: Job) -> str:
    world.spend({"kind": "advance_job", "job_id": job.id})
    return world.job(job.id).status


def test_a_younger_job_never_takes_the_slot_of_an_older_one(world):
    first, second, third, fourth = jobs(world, 4)
    assert advance(world, fourth) == "WaitingForCapacity"
    assert advance(world, third) == "WaitingForCapacity"
    assert world.bought("customization_job") == []
    assert advance(world, second) == "InProgress", "two may run, and only one is older"
    assert advance(world, first) == "InProgress"
    world.wait(TRAINED, reconciles=False)
    assert [world.job(job.id).status for job in (third, fourth)] == ["InProgress", "WaitingForCapacity"]
    world.wait(120)
    assert world.job(fourth.id).status == "InProgress"
    started = [entry.name for entry in world.bought("customization_job")]
    assert started == [job.name for job in (second, first, third, fourth)]


def test_the_end_of_a_job_starts_the_next_in_line_at_once(world):
    waiting = jobs(world, 3)
    for job in waiting:
        advance(world, job)
    assert world.job(waiting[2].id).status == "WaitingForCapacity"
    world.wait(TRAINED, reconciles=False)
    assert world.job(waiting[2].id).status == "InProgress"


def test_nobody_passes_a_job_that_bedrock_has_no_room_for(world):
    first, second = jobs(world, 2)
    world.simulator.reconfigure(Configuration(quotas=Quotas(scheduled_jobs=0)))
    assert advance(world, first) == "WaitingForCapacity"
    world.simulator.reconfigure(Configuration())
    assert advance(world, second) == "WaitingForCapacity", "there is room by now, and it is the first one's"
    wait = world.job(second.id).wait
    assert wait is not None
    assert (wait.code, first.id in wait.reason) == ("older_jobs", True)
    world.wait(120)
    world.wait(120)
    assert [world.job(job.id).status for job in (first, second)] == ["InProgress", "InProgress"]
    assert [entry.name for entry in world.bought("customization_job")] == [first.name, second.name]


def test_a_job_that_is_to_stop_keeps_nobody_back(world):
    world.settings = replace(world.settings, max_concurrent_jobs=1)
    first, second = jobs(world, 2)
    world.stop(first.id)
    assert advance(world, second) == "InProgress"


def test_a_place_that_is_out_of_date_keeps_nobody_back(world):
    """Release 0.1.0, back for a while, moves a job on and leaves its place in line."""
    world.settings = replace(world.settings, max_concurrent_jobs=1)
    first, second = jobs(world, 2)
    advance(world, first)
    since = job_rows.open_work(first).row["in_line_since"]
    place = Key("OPEN", f"JOB#{first.id}")
    world.stack.table.update(Update(place, set={"in_line_since": since}))
    world.wait(TRAINED, reconciles=False)
    world.deliver()
    assert advance(world, second) == "InProgress"


def test_a_waiting_job_says_its_place_since_when_until_when_and_why(world):
    made = jobs(world, 4)
    untried = whole(made[3].id)["waiting"]
    assert (untried["place"], untried["in_line"], untried["code"], untried["reason"]) == (4, 4, None, None)
    for job in made:
        advance(world, job)
    told = whole(made[3].id)
    waiting = told["waiting"]
    assert (waiting["place"], waiting["in_line"]) == (2, 2)
    assert waiting["since"] < waiting["deadline"]
    assert waiting["code"] == "max_concurrent_jobs"
    assert "MaxConcurrentJobs" in waiting["reason"]
    running = whole(made[0].id)
    assert running["waiting"] is None
    assert made[0].id in running["logs_query"]


def test_a_job_tells_the_phases_of_bedrock_with_their_times(world):
    job = world.start()
    assert whole(job.id)["phases"] == []
    world.deliver()
    phases = {each["name"]: each for each in whole(job.id)["phases"]}
    assert [each["status"] for each in phases.values()] == ["InProgress", "NotStarted", "NotStarted"]
    assert phases["training"]["started_at"] is None
    world.wait(TRAINED)
    done = whole(job.id)["phases"]
    assert [each["name"] for each in done] == ["validation", "data_processing", "training"]
    assert {each["status"] for each in done} == {"Completed"}
    assert all(each["started_at"] < each["changed_at"] for each in done)


def test_a_job_tells_the_ids_of_the_requests_that_bedrock_answered(world):
    job = world.start()
    with refusing(clients.spender(), CREATE, "ThrottlingException", 429):
        world.deliver()
    assert whole(job.id)["calls"] == [], "what never reached Bedrock has no id"
    world.simulator.reconfigure(Configuration(quotas=Quotas(scheduled_jobs=0)))
    world.wait(120)
    world.simulator.reconfigure(Configuration())
    world.wait(120)
    world.stop(job.id)
    world.deliver()
    calls = whole(job.id)["calls"]
    assert [(each["operation"], each["outcome"]) for each in calls] == [
        (CREATE, "ServiceQuotaExceededException"),
        (CREATE, "accepted"),
        ("StopModelCustomizationJob", "accepted"),
    ]
    assert len({each["request_id"] for each in calls}) == 3


def test_a_job_that_waits_for_days_keeps_only_its_last_calls(world):
    job = world.start()
    world.simulator.reconfigure(Configuration(quotas=Quotas(scheduled_jobs=0)))
    for _ in range(job_states.MOST_CALLS + 2):
        world.wait(120)
    calls = world.job(job.id).calls
    assert world.door.calls(CREATE) > len(calls) == job_states.MOST_CALLS


def test_the_terminal_shows_the_place_the_phases_and_the_request_ids(world, environment, capsys):
    with served(lambda: None) as api:
        environment.setenv("TUNEDROP_CONTROL_API_URL", api.url)
        made = jobs(world, 3)
        for job in made:
            advance(world, job)
        assert main.main(shlex.split(f"jobs show {made[2].id}")) == 0
        said = " ".join(capsys.readouterr().out.split())
        assert "number 1 of 1 in line since" in said
        assert "MaxConcurrentJobs" in said
        world.deliver()
        assert main.main(shlex.split(f"jobs show {made[0].id}")) == 0
        said = capsys.readouterr().out
        assert "data processing" in said
        assert world.job(made[0].id).calls[0].request_id in said
        assert main.main(shlex.split(f"jobs show {made[0].id} --json")) == 0
        assert json.loads(capsys.readouterr().out)["logs_query"].startswith("fields @timestamp")
