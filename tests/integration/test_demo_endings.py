"""How the demo ends when something around it fails: in words, with what to do next, and never with a trace."""

from __future__ import annotations

import io
from http.client import RemoteDisconnected
from urllib.error import URLError

import pytest
from boto3.exceptions import S3UploadFailedError
from botocore import exceptions as botocore
from rich.console import Console
from tunedrop_cli.errors import Refused
from tunedrop_local.client import Silent
from tunedrop_local.deploy import DeploymentFailed
from tunedrop_local.launcher import CannotStart
from tunedrop_local.packages import BuildFailed

from demo import messages
from demo.__main__ import ending
from demo.journey import DataRejected, DemoFailed
from demo.messages import BrokenOff
from demo.screen import Screen
from tests.integration.troubled_server import TROUBLES, troubled_server

URL = {"endpoint_url": "http://127.0.0.1:1/"}
FAILURES = [
    DemoFailed("the job did not come"),
    Refused(0, {"code": "no_answer", "message": "GET /jobs got no complete answer"}),
    BrokenOff("the stream ended"),
    CannotStart("the port is taken"),
    DeploymentFailed("the stack rolled back"),
    BuildFailed("make failed"),
    Silent("GET /ledger got no complete answer"),
    TimeoutError("timed out"),
    TimeoutError(),
    ConnectionResetError(104, "Connection reset by peer"),
    RemoteDisconnected("Remote end closed connection"),
    URLError(TimeoutError("timed out")),
    PermissionError(13, "Permission denied", "build/demo"),
    S3UploadFailedError("train.jsonl could not be uploaded"),
    botocore.ClientError({"Error": {"Code": "Throttling", "Message": "Slow down"}}, "PutObject"),
    botocore.ReadTimeoutError(**URL),
    botocore.ConnectTimeoutError(**URL),
    botocore.EndpointConnectionError(**URL),
    botocore.ConnectionClosedError(**URL),
    botocore.ResponseStreamingError(error="broken"),
    botocore.IncompleteReadError(actual_bytes=1, expected_bytes=2),
]


def end(failure):
    """The exit code and what the person sees."""
    seen = io.StringIO()

    def run():
        raise failure

    return ending(Screen(Console(file=seen, soft_wrap=True)), run), seen.getvalue()


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_a_failure_is_said_in_words_with_what_to_do_next(failure):
    code, said = end(failure)
    assert code == 1
    assert f"The demo failed: {str(failure) or type(failure).__name__}" in said
    assert "make demo" in said
    assert "server.log" in said
    assert "Traceback" not in said


def test_rejected_data_is_no_failure_of_the_demo():
    code, said = end(DataRejected("mine@1 was rejected"))
    assert (code, said) == (1, "\nThe demo ends here: mine@1 was rejected.\n")


def test_whoever_stops_it_is_told_that_nothing_runs_on():
    code, said = end(KeyboardInterrupt())
    assert (code, "nothing is left running" in said) == (130, True)


def test_a_defect_shows_its_trace():
    with pytest.raises(KeyError):
        end(KeyError("dataset"))


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_stream_that_does_not_come_is_broken_off(trouble):
    with troubled_server(trouble) as server, pytest.raises(BrokenOff):
        list(messages.stream(server.url, "key", {}, silence=0.2))


def test_a_refused_stream_is_told_in_the_words_of_the_refusal():
    with (
        troubled_server((503, {"error": {"message": "Too busy."}})) as server,
        pytest.raises(BrokenOff, match=r"503 .*Too busy"),
    ):
        list(messages.stream(server.url, "key", {}))
