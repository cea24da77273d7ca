"""What a deleted stack has left is told by any stack that stands beside it, and never ended by one."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from bedrock_simulator import Configuration, Quotas
from tunedrop.edges import clients
from tunedrop.edges.observability import metrics

from tests.integration import bedrock_world, stacks_of_an_account
from tests.integration.bedrock_world import HOUR, World, refusing
from tests.integration.stacks_of_an_account import Stacks


@dataclass(frozen=True, slots=True)
class Account:
    """A stack that stands, beside others."""

    world: World
    stacks: Stacks
    model_arn: str

    def tagged(self, name: str, stack: str) -> str:
        """A throughput with a stack's tag."""
        return bedrock_world.foreign(self.model_arn, name, tags=[{"key": "tunedrop:stack", "value": stack}])


@pytest.fixture
def account(stack, environment) -> Account:
    roomy = Configuration(quotas=Quotas(model_units=9))
    world = bedrock_world.make(stack, environment, configuration=roomy)
    job = world.trained()
    world.release("support-prod")
    world.deliver()
    return Account(world, stacks_of_an_account.mount(), job.model_arn or "")


def test_a_throughput_of_a_deleted_stack_is_told_with_its_cost_and_goes_on(account):
    dead = account.stacks.create("dead")
    arn = account.tagged("left-behind", dead)
    assert account.world.reconcile().dead_stacks == ()
    account.stacks.delete(dead)
    (found,) = account.world.reconcile().dead_stacks
    assert (found.arn, found.stack, found.hourly_cost) == (arn, dead, None)
    told = account.world.stack.published()[-1][1]["dead_stacks"]
    assert told == [{"arn": arn, "stack": dead, "hourly_cost": None}]
    account.world.wait(9 * HOUR)
    assert [entry.name for entry in account.world.live()] == ["left-behind"]


def test_its_cost_is_known_where_its_price_is(account):
    account.stacks.delete(dead := account.stacks.create("dead"))
    account.tagged("one", dead)
    account.tagged("two", dead)
    account.world.settings.prices["claude-3-haiku.model_unit_hour"] = 44
    metrics.clear_metrics()
    account.world.reconcile()
    shown = {name: each["Value"] for name, each in metrics.metric_set.items()}
    assert (shown["DeadStackThroughputs"], shown["DeadStackHourlyCost"]) == ([2.0], [88.0])


@pytest.mark.parametrize("tag", ["acme", "*", "arn:aws:cloudformation:us-east-1:123456789012:stack/x/1-2"])
def test_what_is_no_stack_of_this_place_is_asked_of_nobody(account, tag):
    bedrock_world.foreign(account.model_arn, "odd", tags=[{"key": "tunedrop:stack", "value": tag.replace("*", "-")}])
    with refusing(clients.cloudformation(), "DescribeStacks", "Unasked"):
        assert account.world.reconcile().dead_stacks == ()


def test_a_stack_that_nobody_knows_is_not_called_dead(account):
    account.tagged("unknown", account.stacks.create("dead").replace("/dead/", "/unknown/"))
    assert account.world.reconcile().dead_stacks == ()


def test_a_list_of_stacks_that_cannot_be_seen_rings_and_hides_nothing_else(account):
    account.tagged("theirs", account.stacks.create("living"))
    account.world.start()
    account.world.stack.published()
    denied = clients.cloudformation().exceptions.ClientError
    with refusing(clients.cloudformation(), "DescribeStacks", "AccessDenied"), pytest.raises(denied):
        account.world.reconcile()
    assert account.world.stack.messages(account.world.settings.spend_queue_url)
    assert account.world.stack.published() == []
