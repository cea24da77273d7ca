"""`tunedrop deployments` and `tunedrop models` against ControlApi over real HTTP: from a model to one that answers."""

from __future__ import annotations

import itertools
import json
import shlex
from dataclasses import replace

import pytest
from tunedrop.edges import clock_and_ids
from tunedrop.edges.rows import call_rows
from tunedrop.edges.settings import settings
from tunedrop_cli import main, near_names

from tests.integration import bedrock_world
from tests.integration.bedrock_world import BOUGHT, World
from tests.integration.caller import call
from tests.integration.served_control_api import served
from tests.integration.test_commitments import APPROVER
from tests.integration.test_serving_a_model_that_exists import erase, train


@pytest.fixture
def world(stack, environment) -> World:
    environment.setenv("TUNEDROP_PRICES", '{"claude-3-haiku.model_unit_hour": 44, "custom_model_month": 1.95}')
    settings.cache_clear()
    return bedrock_world.make(stack, environment)


@pytest.fixture
def say(world, environment, capsys):
    """Run a command line; returns its exit code and what it printed. The world goes on before each answer."""
    with served(lambda: world.wait(BOUGHT)) as api:
        environment.setenv("TUNEDROP_CONTROL_API_URL", api.url)

        def run(line: str) -> tuple[int, str]:
            code = main.main(shlex.split(line)[1:] if line.startswith("tunedrop ") else shlex.split(line))
            told = capsys.readouterr()
            return code, told.out + told.err

        yield run


def following(said: str) -> str:
    """The command that was proposed."""
    return [line for line in said.splitlines() if line.startswith("next")][-1].removeprefix("next").strip()


def test_a_model_is_found_planned_served_swapped_and_given_back_without_knowing_the_api(world, say):
    first, second = train(world), train(world)
    code, said = say("models list")
    assert (code, said.count("support@1"), said.count("1.95 USD")) == (0, 2, 2)
    code, said = say(f"models show {world.job(first).name}")
    assert "nothing" in said
    proposed = following(said)
    assert f"--job {first}" in proposed

    code, said = say(f"{proposed.replace('support-prod', 'support-live')} --hours 24")
    assert (code, world.bought()) == (0, [])
    assert "44.00 USD" in said
    assert "1,056.00 USD" in said
    assert "With --idle-minutes, such as" in said
    code, said = say(f"{following(said)} --watch")
    assert (code, len(world.live())) == (0, 1)
    assert "Ready" in said
    assert following(said).startswith("tunedrop keys create")

    code, said = say(f"deployments put support-live --job {second} --watch")
    assert (code, world.deployment("support-live").job_id) == (0, second)
    assert "Updating" in said
    assert first in said, "the way back"
    code, said = say("deployments list --state Ready --dataset support")
    assert "44.00 USD" in said

    code, said = say("deployments delete support-live --plan")
    assert (code, len(world.live())) == (0, 1)
    assert ("no API key that works" in said, "none yet" in said) == (True, True)
    code, said = say(f"{following(said)} --watch")
    assert (code, world.live()) == (0, [])
    assert "Released" in said
    assert "Creating" not in said, "what was told before is not told again"
    code, said = say("deployments show support-live --watch")
    assert code == 1, "it was followed to its end, and that is not Ready"
    code, said = say("deployments delete support-live --plan")
    assert (code, "Nothing to end: support-live is Released." in said) == (0, True)


def test_what_a_put_leaves_as_it_is_it_says_so_and_tells_no_history_again(world, say):
    job_id = train(world)
    say(f"deployments put live --job {job_id} --watch")
    code, said = say(f"deployments put live --job {job_id} --watch")
    assert (code, said.splitlines()[0]) == (0, "Nothing to change: it is so already.")
    assert "Bedrock says it can be called" not in said
    for no_time in ("soon", "0001-01-01T00:00:00+14:00"):
        with pytest.raises(SystemExit, match="2"):
            say(f"deployments put live --expires-at {no_time}")


def test_a_name_that_nothing_has_is_told_with_the_nearest_one(world, say):
    world.start(deployment="support-live")
    code, said = say("keys create --name shop --deployment suport-live --deployment support-live")
    assert code == 1
    assert said.count("There is no deployment") == 1
    assert "suport-live" in said
    assert "Did you mean support-live?" in said, said
    code, said = say("jobs list --dataset suport")
    assert (code, said.splitlines()[0]) == (0, "There is no dataset suport. Did you mean support?")
    code, said = say("deployments put suport-live --hours 2")
    assert (code, "Did you mean support-live?" in said) == (1, True)


def test_a_name_that_may_stand_further_down_than_is_looked_is_not_called_unknown(world, say, monkeypatch):
    world.start(deployment="first")
    world.release("first")
    world.start(deployment="second")
    monkeypatch.setattr(near_names, "_LOOKED_AT", 1)
    for name in ("first", "second"):
        code, said = say(f"keys create --name shop --deployment {name}")
        assert (code, "There is no" in said) == (0, False)


def test_a_model_of_erased_data_is_not_proposed_to_be_served(world, say):
    job_id = train(world)
    model = f"models show {world.job(job_id).name}"
    assert "deployments put" in say(model)[1]
    erase(world)
    code, said = say(model)
    assert (code, "it is not served again" in said, "deployments put" in said) == (0, True, False)


def test_a_second_unit_is_priced_beside_the_first_and_followed_until_it_serves(world, say, environment):
    environment.setenv("TUNEDROP_MAX_MODEL_UNITS", "2")
    settings.cache_clear()
    world.settings = replace(world.settings, max_model_units=2)
    first, second = train(world), train(world)
    say(f"deployments put live --job {first} --hours 24 --watch")
    code, said = say(
        f"deployments put live --job {second} --second-unit --hours 24 --plan"
    )  # ControlApi has its own time
    assert code == 0
    assert "88.00 USD an hour" in said
    assert "buys a second unit" in said
    code, said = say(f"{following(said)} --watch")
    assert (code, len(world.live())) == (0, 1)
    assert "generation 2 serves now" in said
    assert world.deployment("live").job_id == second


def test_a_plan_of_a_release_names_the_keys_that_may_be_calling(world, say):
    world.start(deployment="live")
    for name, scope in (("shop", "--deployment live"), ("all", "--all-deployments"), ("else", "--deployment other")):
        say(f"keys create --name {name} {scope}")
    code, said = say("deployments delete live --plan")
    assert (code, "shop, never used" in said, "all, never used" in said, "else" in said) == (0, True, True, False)


def test_a_release_that_waits_for_calls_says_so_and_how_to_cut_them_off(world, say):
    world.start(deployment="live")
    quiet = say("deployments delete live --plan")[1]
    call_rows.record(world.stack.access_table, "live", clock_and_ids.now())
    code, said = say("deployments delete live --plan")
    assert (code, "--now cuts them off" in said, "--now" in quiet) == (0, True, False)


def test_answers_are_printed_as_json_where_programs_read_them(world, say):
    job_id = train(world)
    code, said = say(f"deployments put live --job {job_id} --hours 2 --plan --json")
    assert (code, json.loads(said)["changes"]) == (0, ["create"])
    code, said = say(f"deployments put live --model {world.job(job_id).name} --hours 2 --json")
    assert (code, json.loads(said)["name"]) == (0, "live")
    code, said = say("models list --json")
    assert [each["name"] for each in json.loads(said)[0]["deployments"]] == ["live"]


def test_a_refusal_says_why_and_ends_in_1(world, say):
    code, said = say("deployments put live --model nova-lite")
    assert (code, "base model" in said) == (1, True)
    code, said = say("deployments put live --job 01 --plan --watch")
    assert code == 2


def test_a_model_is_shown_by_any_of_its_names_and_deleted_by_the_proposed_command(world, say):
    job = world.job(train(world))
    shown = [say(f"models show {name}")[1] for name in (job.name, job.id, job.model_arn)]
    assert shown[0] == shown[1] == shown[2]
    code, said = say(f"models show {job.model_arn}x")
    assert (code, "no job of this stack made" in said) == (2, True)
    code, said = say(f"models delete {job.id}")
    assert (code, "--yes" in said) == (2, True)
    code, said = say(f"models delete {job.id} --plan")
    assert (code, len(world.live("custom_model"))) == (0, 1)
    code, said = say(following(said))
    assert (code, "on its way" in said) == (0, True)
    code, said = say(f"models show {job.name}")
    assert "deleted 20" in said
    assert world.live("custom_model") == []


def test_a_commitment_is_watched_while_it_waits_for_another_person(stack, environment, capsys):
    environment.setenv("TUNEDROP_ALLOW_COMMITMENTS", "true")
    environment.setenv("TUNEDROP_PRICES", '{"claude-3-haiku.model_unit_hour_one_month": 22}')
    settings.cache_clear()
    world = bedrock_world.make(stack, environment)
    world.settings = replace(world.settings, allow_commitments=True, prices=settings().prices)
    looks = itertools.count()

    def go_on() -> None:
        if next(looks) == 6:
            approval = call("GET", "/deployments/live")[1]["approval"]
            given = {"term": "one_month", "reason": "the launch", "plan_id": approval["plan_id"]}
            path = "/deployments/live/approve"
            assert call("POST", path, given, key="approve", caller=APPROVER)[0] == 202
        world.wait(BOUGHT)

    put = f"deployments put live --job {train(world)} --serving provisioned_throughput --commitment one_month"
    with served(go_on) as api:
        environment.setenv("TUNEDROP_CONTROL_API_URL", api.url)
        assert main.main(shlex.split(f"{put} --plan")) == 0
        confirmed = following(capsys.readouterr().out)
        assert main.main(shlex.split(confirmed)[1:]) == 0
        asked = capsys.readouterr().out
        assert "Nothing is bought before another person has approved it" in asked
        assert main.main([*shlex.split(following(asked).replace("WHY", "'the launch'"))[1:]]) == 1
        assert "own_request" in capsys.readouterr().err
        assert main.main([*shlex.split(confirmed)[1:], "--watch"]) == 0
    said = capsys.readouterr().out
    assert said.index("tunedrop deployments approve live --term one_month") < said.index("Ready")
    assert [entry.commitment for entry in world.live()] == ["OneMonth"]
