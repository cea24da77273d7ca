"""Every command that is proposed runs as it is printed: the command line itself reads it."""

from __future__ import annotations

import pytest
from tunedrop.domain.reports import next_commands
from tunedrop.domain.training.start_request import DeploymentRequest

from tests.next_commands import job, parsed

STACK = "arn:aws:cloudformation:us-west-2:123456789012:stack/{}/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
PROPOSED = [
    next_commands.start_job("support-bot", None, "nova-lite"),
    next_commands.show_job("01hzz"),
    next_commands.show_job("01hzz", watch=True),
    next_commands.list_jobs("support-bot"),
    next_commands.show_dataset("support-bot"),
    next_commands.show_dataset("support-bot", 3),
    next_commands.list_deployments(),
    next_commands.show_deployment("support-bot-prod"),
    next_commands.delete_deployment("support-bot-prod"),
    next_commands.show_evaluation("01hzz"),
    next_commands.show_evaluation("01hzz", watch=True),
    next_commands.keep_page_of_evaluation("01hzz"),
    next_commands.create_key("support-bot-prod"),
    next_commands.test_notifications(),
    next_commands.doctor(),
]


@pytest.mark.parametrize("command", PROPOSED)
def test_the_command_line_knows_each_proposed_command(command):
    assert callable(parsed(command).run)
    assert parsed(next_commands.in_stack(command, STACK.format("other"))).stack_name == "other"
    assert next_commands.in_stack(command, STACK.format("tunedrop")) == command


def test_a_job_comes_back_with_everything_that_was_asked_for():
    wish = DeploymentRequest("support-bot-prod", "provisioned_throughput", 2, 4)
    command = next_commands.start_job(
        "support-bot", 3, "nova-lite", hyperparameters={"epochCount": "3"}, deployment=wish, plan_id="abc"
    )
    assert job(command) == {
        "dataset": "support-bot",
        "version": 3,
        "base_model": "nova-lite",
        "hyperparameters": {"epochCount": "3"},
        "deployment": {
            "name": "support-bot-prod",
            "serving": "provisioned_throughput",
            "model_units": 2,
            "hours": 4,
        },
        "plan_id": "abc",
    }


def test_words_that_a_shell_would_take_apart_are_quoted():
    assert job(next_commands.start_job("a", 1, "nova-lite", hyperparameters={"x": "1 2; rm"})) == {
        "dataset": "a",
        "version": 1,
        "base_model": "nova-lite",
        "hyperparameters": {"x": "1 2; rm"},
    }
