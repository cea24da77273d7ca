"""The embedded cloud from outside, on a bad day: it is silent, half there, or somebody else listens at its port."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tunedrop_local import __main__ as command_line
from tunedrop_local import client, launcher
from tunedrop_local.settings import Settings, keys

from tests.integration.troubled_server import troubled_server

QUICK_TROUBLES = ("closes", "resets", "halves", "babbles")


@pytest.fixture
def nobody():
    """The id of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def announce(state, port, pid):
    """What a cloud that runs on this folder leaves there."""
    state.mkdir(exist_ok=True)
    Settings(state).running.write_text(json.dumps({"pid": pid, "port": port}))


@pytest.mark.parametrize("trouble", QUICK_TROUBLES)
def test_a_silent_cloud_is_not_taken_for_none(trouble, tmp_path, capsys):
    with troubled_server(trouble) as server:
        announce(tmp_path / "state", urlsplit(server.url).port, os.getpid())
        for command in ("up", "down", "reset", "env"):
            arguments = [command, "--root", str(tmp_path), "--state", str(tmp_path / "state")]
            assert command_line.main(arguments) == 1
            said = capsys.readouterr().err
            assert "does not answer" in said
            assert f"kill {os.getpid()}" in said
    assert (tmp_path / "state").exists()


@pytest.mark.parametrize("trouble", [*QUICK_TROUBLES, (404, {}), (200, {"state": "/another"})])
def test_another_program_on_the_port_of_a_cloud_that_crashed_is_none(trouble, tmp_path, nobody):
    with troubled_server(trouble) as server:
        announce(tmp_path, urlsplit(server.url).port, nobody)
        assert client.join(tmp_path, tmp_path) is None


def test_a_cloud_that_crashed_is_none(tmp_path):
    with socket.socket() as unheard:  # a port that is let go may be another test's by now
        unheard.bind(("127.0.0.1", 0))
        announce(tmp_path, unheard.getsockname()[1], os.getpid())
        assert client.join(tmp_path, tmp_path) is None


@pytest.mark.parametrize("trouble", QUICK_TROUBLES)
def test_a_control_path_without_an_answer_is_said_in_words(trouble, tmp_path):
    with troubled_server(trouble) as server:
        cloud = client.Cloud(tmp_path, Settings(tmp_path, urlsplit(server.url).port or 0), keys(tmp_path))
        with pytest.raises(client.Silent, match=r"^GET .*/ledger got no complete answer"):
            cloud.ledger()


def test_a_service_that_breaks_off_is_said_in_words(tmp_path, capsys):
    about = {"time_scale": 1.0, "region": "us-west-2", "account": "123456789012", "state": str(tmp_path)}
    with troubled_server((200, about), "closes") as server:
        announce(tmp_path, urlsplit(server.url).port, os.getpid())
        assert command_line.main(["status", "--root", str(tmp_path), "--state", str(tmp_path)]) == 1
    assert "status: Connection was closed" in capsys.readouterr().err


def test_ports_for_life_are_none_that_the_system_lends():
    assert 15_000 <= launcher.port_of(Path("nowhere"), 0) < 32_000
