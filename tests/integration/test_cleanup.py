"""`tunedrop cleanup` against ControlApi and a simulated Bedrock, judged by the ledger: all of ours, no other's."""

from __future__ import annotations

import argparse
import itertools
import json
import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from bedrock_simulator import Fault, server
from bedrock_simulator.exchange import Request, Response
from tunedrop.edges import clients
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.settings import settings
from tunedrop_cli import main, pauses
from tunedrop_cli.cleaning import by_the_stack
from tunedrop_cli.cleaning.things import Thing
from tunedrop_cli.stack import Stack

from tests.integration import bedrock_world, evaluation_world, stacks_of_an_account
from tests.integration.bedrock_world import World
from tests.integration.caller import call
from tests.integration.served_control_api import served
from tests.integration.stacks_of_an_account import VARIABLE, Stacks

LOOK = 12
"""Requests to ControlApi for one look at what is open."""
ALL_KINDS = ("provisioned_throughput", "custom_model_deployment", "custom_model")


@dataclass(frozen=True, slots=True)
class Passing:
    """A simulated Bedrock in which a minute passes with each request."""

    world: World

    def handle(self, request: Request) -> Response:
        self.world.clock.advance(60)
        self.world.simulator.run_due()
        return self.world.door.handle(request)


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account with the stack of a world, and the command line."""

    world: World
    stacks: Stacks
    capsys: Any
    environment: Any
    bedrock_url: str

    def say(self, line: str) -> tuple[int, str, str]:
        """Run a command line; exit code, what it printed, and what it said beside."""
        self.environment.setenv("AWS_ENDPOINT_URL_BEDROCK", self.bedrock_url)
        code = main.main(shlex.split(line))
        self.environment.delenv("AWS_ENDPOINT_URL_BEDROCK")
        return code, *self.capsys.readouterr()

    def tagged(self, name: str, stack_id: str, model_arn: str) -> str:
        """A throughput with the tag of a stack."""
        made = clients.bedrock().create_provisioned_model_throughput(
            provisionedModelName=name,
            modelId=model_arn,
            modelUnits=1,
            tags=[{"key": "tunedrop:stack", "value": stack_id}],
        )
        return made["provisionedModelArn"]

    def billed(self) -> list[str]:
        """Names of all that the ledger still bills."""
        return sorted(entry.name for kind in ALL_KINDS for entry in self.world.live(kind))


@pytest.fixture
def account(stack, environment, capsys) -> Iterator[Account]:
    with account_of(bedrock_world.make(stack, environment), environment, capsys) as made:
        yield made


@contextmanager
def account_of(world: World, environment: Any, capsys: Any, cloud: Cloud | None = None) -> Iterator[Account]:
    """The account of a world, in which time passes while somebody asks. `cloud`: instead of ControlApi's own."""
    environment.setenv("TUNEDROP_STACK_NAME", "acme-tuning")
    environment.setattr(pauses, "LONGEST", 0.02)
    environment.setattr(pauses, "FIRST", 0.02)
    asked = itertools.count()

    def go_on() -> None:
        if next(asked) % LOOK == 0:
            world.wait(60)

    stacks = stacks_of_an_account.mount()
    stacks.add(world.settings.stack_id)
    with stacks_of_an_account.served(stacks) as cloudformation, served(go_on, cloud=cloud) as api:
        environment.setenv(VARIABLE, cloudformation)
        environment.setenv("TUNEDROP_CONTROL_API_URL", api.url)
        bedrock = server.serve(Passing(world), 0)
        threading.Thread(target=bedrock.serve_forever, args=(0.02,), daemon=True).start()
        yield Account(world, stacks, capsys, environment, f"http://127.0.0.1:{bedrock.server_port}")
        bedrock.shutdown()
        bedrock.server_close()


def test_an_evaluation_that_asks_is_stopped(stack, environment, capsys):
    world = evaluation_world.of_bases(stack, environment, tested=2)
    with account_of(world, environment, capsys, world.cloud) as account:
        evaluation_id = evaluation_world.start(world)
        evaluation_world.messages(world)
        code, said, _ = account.say("cleanup --plan")
        assert code == 0
        assert all(words in said for words in ("evaluation", evaluation_id, "Requested", "by the tokens"))
        code, _, beside = account.say("cleanup --yes")
        assert (code, evaluation_world.row(world, evaluation_id).state) == (0, "Stopped")
        assert f"ending evaluation {evaluation_id}" in beside
        assert world.door.calls("Converse") == 0


@pytest.mark.parametrize("kind", ["job", "evaluation", "deployment", "custom model"])
def test_what_the_stack_does_not_know_any_more_keeps_no_cleanup_from_its_end(stack, environment, kind):
    world = bedrock_world.make(stack, environment)
    with served(lambda: None, cloud=world.cloud) as api:
        environment.setenv("TUNEDROP_CONTROL_API_URL", api.url)
        here = Stack(argparse.Namespace(stack_name=None, url=None))
        assert by_the_stack.end(here.api(), Thing(kind, "gone", "gone", "Ready", "by the month")) is None
        assert len(api.asked) == 1


def test_all_that_a_stack_has_is_shown_and_then_ended(account):
    job = account.world.ready()
    account.world.start(job_id="01hzz-another", base_model="claude-3-haiku")
    account.world.deliver()
    code, said, _ = account.say("cleanup --plan")
    assert code == 0
    for thing in ("deployment ", "support-prod", "job ", "custom model", job.name, "next  tunedrop cleanup --yes"):
        assert thing in said
    assert [said.count(kind) for kind in ("\njob ", "\ndeployment ", "\nthroughput ", "\ncustom model ")] == [
        1,
        1,
        0,
        1,
    ]
    assert "The price an hour of 1 deployment is not known." in said
    assert "The price a month of 1 custom model is not known." in said
    assert len(account.world.live()) == 1
    code, said, beside = account.say("cleanup --yes")
    assert (code, account.billed()) == (0, [])
    assert "Bedrock's own lists show nothing of acme-tuning in us-west-2 that bills." in said
    assert "ending" in beside
    assert account.world.deployment().state == "Released"
    assert account.world.job("01hzz-another").status == "Stopped"


def test_what_a_stack_that_stands_deletes_is_marked_in_its_rows_at_once_and_charged_no_longer(account):
    job = account.world.ready()
    code, _, beside = account.say("cleanup --yes")
    assert (code, account.billed()) == (0, [])
    assert f"ending custom model {job.name} (kept)" in beside
    deletion = account.world.job(job.id).model_deletion
    assert deletion is not None
    (entry,) = account.world.bought("custom_model")
    assert entry.ended_at is not None
    assert deletion.deleted_at == entry.ended_at


@pytest.mark.parametrize("left", [True, False])
def test_the_sum_of_an_hour_counts_each_thing_once_and_says_what_it_can_not_know(account, left):
    job = account.world.ready()
    prices = '{"claude-3-haiku.model_unit_hour": 44, "custom_model_month": 1.95}'
    account.environment.setenv("TUNEDROP_PRICES", prices)
    settings.cache_clear()
    if left:
        account.tagged("stray", account.world.settings.stack_id, job.model_arn)
    said = account.say("cleanup --plan")[1]
    more = ", without 1 throughput whose price is not known" if left else ""
    assert f"In all 44.00 USD an hour{more}." in said
    assert said.count("1.95 USD a month") == 2, "the model, and the sum"
    answer = account.say("cleanup --plan --json")[1]
    assert json.loads(answer[answer.index("{\n") :])["hourly_cost"] == (None if left else 44)


def test_nothing_is_ended_that_nobody_agreed_to_and_models_can_be_kept(account):
    job = account.world.ready()
    code, said, _ = account.say("cleanup --keep-models")
    assert "Nothing was ended." in said
    assert (code, len(account.world.live())) == (1, 1)
    assert "next  tunedrop cleanup --keep-models --yes" in said
    code, said, _ = account.say("cleanup --keep-models --yes")
    assert (code, account.billed()) == (0, [job.name])
    assert "nothing but custom models of acme-tuning" in said


def test_what_is_committed_stays_and_keeps_nothing_else_from_its_end(account):
    job = account.world.ready()
    arn = bedrock_world.foreign(job.model_arn, "by-the-month", commitmentDuration="OneMonth")
    tag = {"key": "tunedrop:stack", "value": account.world.settings.stack_id}
    clients.bedrock().tag_resource(resourceARN=arn, tags=[tag])
    account.world.settings = replace(account.world.settings, max_model_units=2)
    assert call("PUT", "/deployments/committed", {"arn": arn}, key="adopt", cloud=account.world.cloud)[0] == 202
    account.world.deliver()
    code, said, beside = account.say("cleanup --yes")
    assert (code, [entry.name for entry in account.world.live()]) == (1, ["by-the-month"])
    assert "deployment committed stays: 409 committed: Deployment committed is committed until 2026-12-22" in beside
    assert "throughput by-the-month stays: it is committed until 2026-12-22" in beside
    still = said.partition("Still there:")[2]
    assert ("deployment committed  409 committed" in still, "throughput" in still) == (True, False)
    assert f"custom model {job.name}  An error occurred (ConflictException)" in still


def test_nothing_of_another_stack_or_of_a_person_is_ended(account):
    job = account.world.trained()
    other = account.stacks.create("other")
    account.tagged("theirs", other, job.model_arn)
    bedrock_world.foreign(job.model_arn)
    code, said, _ = account.say("cleanup --yes")
    assert [entry.name for entry in account.world.live()] == ["theirs", "made-by-hand"]
    assert (code, account.billed()[-1]) == (1, "theirs")
    assert f"custom model {job.name}  An error occurred (ConflictException)" in said


def test_what_a_stack_has_lost_track_of_is_ended_too_and_what_only_has_its_mark_is_told(account):
    job = account.world.ready()
    account.world.release("support-prod")
    account.world.wait(0)
    account.tagged("stray", account.world.settings.stack_id, job.model_arn)
    mark = account.world.settings.stack_uid[:8]
    bedrock_world.foreign(job.model_arn, name=f"support-v1-{mark}-00000000")
    code, said, _ = account.say("cleanup --keep-models --yes")
    assert code == 1
    assert "Named like this stack's, without its tag" in said
    assert [entry.name for entry in account.world.live()] == [f"support-v1-{mark}-00000000"]


def test_a_deleted_stack_is_found_by_its_name_and_by_its_arn(account):
    account.world.ready()
    account.stacks.delete(account.world.settings.stack_id)
    code, said, _ = account.say(f"cleanup --plan --stack-name {account.world.settings.stack_id}")
    assert (code, "throughput" in said) == (0, True)
    code, said, _ = account.say("cleanup --yes --json")
    answer = json.loads(said[said.index("{\n") :])  # what functions say of metrics comes first
    assert (code, account.billed(), answer["left"], answer["stands"]) == (0, [], [], False)
    assert [each["kind"] for each in answer["ended"]] == ["throughput", "custom model"]


def test_a_job_that_a_deleted_stack_left_is_stopped(account):
    account.world.start()
    account.world.deliver()
    account.stacks.delete(account.world.settings.stack_id)
    code, _, beside = account.say("cleanup --yes")
    assert (code, [job.status for job in account.world.simulator._world.jobs.values()]) == (0, ["Stopped"])
    assert "ending job" in beside


def test_a_stack_that_nobody_knows_is_told(account):
    code, _, beside = account.say("cleanup --stack-name nobody --yes")
    assert code == 1
    assert "CloudFormation knows no stack nobody" in beside


def test_a_command_that_asks_a_stack_which_nobody_knows_says_what_may_have_become_of_it(account):
    code, _, said = account.say("deployments list --stack-name gone")
    assert code == 1
    assert said.startswith("tunedrop: no_stack: CloudFormation knows no stack gone in us-west-2")
    assert "tunedrop cleanup --stack-name gone" in said


def test_what_deleted_stacks_left_is_ended_and_only_that(account):
    job = account.world.ready()
    dead, living = account.stacks.create("dead"), account.stacks.create("living")
    lost = living.replace("/living/", "/lost/")
    account.world.simulator.reconfigure(bedrock_world.Configuration(quotas=bedrock_world.Quotas(model_units=9)))
    for name, stack_id in {"of-dead": dead, "of-living": living, "of-lost": lost}.items():
        account.tagged(name, stack_id, job.model_arn)
    account.stacks.delete(dead)
    own = account.world.purchase().name
    code, said, _ = account.say("cleanup --orphans")
    assert (code, len(account.world.live())) == (1, 4)
    assert "of-dead" in said.partition("never ended here")[0]
    code, said, _ = account.say("cleanup --orphans --yes")
    assert (code, sorted(entry.name for entry in account.world.live())) == (0, sorted([own, "of-lost", "of-living"]))
    for kept in ("of-living", "of-lost", own):
        assert kept in said.partition("never ended here")[2]


def test_a_list_that_cannot_be_seen_ends_in_a_refusal_and_not_in_nothing_bills(account):
    account.world.door.add(Fault("ListCustomModels", kind="AccessDeniedException"))
    code, said, _ = account.say("cleanup")
    assert (code, said) == (1, "")


def test_data_is_not_touched_while_the_stack_stands(account):
    code, _, beside = account.say("cleanup --data --yes")
    assert code == 2
    assert "aws cloudformation delete-stack --stack-name acme-tuning" in beside
