"""The command line, as far as it goes without a cloud."""

from __future__ import annotations

import stat

import pytest
from tunedrop_cli import local
from tunedrop_local import __main__ as command_line
from tunedrop_local import client, launcher, packages
from tunedrop_local.identities import Identity
from tunedrop_local.settings import Settings, keys


@pytest.fixture
def stack(tmp_path):
    cloud = client.Cloud(tmp_path, Settings(tmp_path, 4567), keys(tmp_path))
    outputs = {
        "DataBucketName": "data",
        "ControlApiUrl": "https://abc.execute-api.us-east-1.amazonaws.com/v1",
        "MessagesApiUrl": "https://def.execute-api.us-east-1.amazonaws.com/live",
    }
    return client.Stack(cloud, "east", "us-east-1", outputs)


def test_exports_name_the_stack_as_it_is_reached_here(stack):
    assert command_line.exports(stack, Identity("demo", "AKIA", "secret")) == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4567",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "LAYER_PLATFORM": packages.host_platform(),
        "LAYER_PYTHON": packages.host_python(),
        "TUNEDROP_STACK_NAME": "east",
        "TUNEDROP_DATA_BUCKET": "data",
        "TUNEDROP_CONTROL_API_URL": "http://127.0.0.1:4567/_aws/execute-api/abc/v1",
        "TUNEDROP_MESSAGES_API_URL": "http://127.0.0.1:4567/_aws/execute-api/def/live",
    }


@pytest.mark.parametrize("command", ["env", "status", "deploy"])
def test_commands_that_need_a_cloud_say_how_to_start_one(command, tmp_path, capsys):
    assert command_line.main([command, "--root", str(tmp_path)]) == 1
    assert "start it with `up`" in capsys.readouterr().err


def test_down_without_a_cloud_is_no_trouble(tmp_path, capsys):
    assert command_line.main(["down", "--root", str(tmp_path)]) == 0
    assert "not running" in capsys.readouterr().err


def test_reset_removes_nothing_but_a_state_folder(tmp_path, capsys):
    precious = tmp_path / "precious"
    precious.mkdir()
    assert command_line.main(["reset", "--root", str(tmp_path), "--state", str(precious)]) == 1
    assert precious.exists()
    assert "nothing was removed" in capsys.readouterr().err


def test_reset_forgets_a_state_folder(tmp_path):
    state = tmp_path / "state"
    keys(state)
    assert command_line.main(["reset", "--root", str(tmp_path), "--state", str(state)]) == 0
    assert not state.exists()


@pytest.mark.parametrize("wrong", [["up", "--parameter", "MaxModelUnits"], ["logs"], []])
def test_wrong_usage_is_told(wrong, capsys):
    with pytest.raises(SystemExit, match="2"):
        command_line.main(wrong)
    assert "usage" in capsys.readouterr().err


def test_root_keys_are_made_once_and_for_their_owner_only(tmp_path):
    assert keys(tmp_path) == keys(tmp_path)
    assert stat.S_IMODE((tmp_path / "root.json").stat().st_mode) == 0o600
    assert keys(tmp_path) != keys(tmp_path / "other")


def test_a_state_folder_keeps_its_port_for_life(tmp_path):
    assert launcher.port_of(tmp_path, 4567) == 4567
    assert launcher.port_of(tmp_path, 4568) == 4568, "a start that failed binds nothing"
    (tmp_path / "port").write_text("4567")
    assert launcher.port_of(tmp_path, 0) == 4567
    with pytest.raises(launcher.CannotStart, match="bound to port 4567"):
        launcher.port_of(tmp_path, 4568)


@pytest.mark.parametrize(
    "arguments", [["up", "--port", "70000"], ["up", "--time-scale", "0"], ["up", "--time-scale", "fast"]]
)
def test_a_number_that_can_not_be_is_wrong_usage(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        command_line.main(arguments)
    assert ended.value.code == 2
    assert "is no" in capsys.readouterr().err


@pytest.mark.parametrize("action", local.ACTIONS)
def test_tunedrop_local_hands_every_command_over(action, capsys):
    with pytest.raises(SystemExit) as ended:
        command_line.main([action, "--help"])
    assert ended.value.code == 0
    assert f"usage: tunedrop local {action}" in capsys.readouterr().out


def test_tunedrop_local_knows_every_command(capsys):
    with pytest.raises(SystemExit):
        command_line.main(["--help"])
    said = capsys.readouterr().out
    commands = {line.split()[0] for line in said.splitlines() if line.startswith("    ") and line[4] != " "}
    assert commands - {"COMMAND"} == set(local.ACTIONS)


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({}, None),
        ({"AWS_REGION": "eu-central-1"}, None),
        ({"AWS_REGION": "us-east-1", "TUNEDROP_STACK_NAME": "tunedrop"}, "us-east-1"),
    ],
)
def test_a_shell_that_env_prepared_stays_in_its_region(variables, region):
    assert command_line._region_of_shell(variables) == region
