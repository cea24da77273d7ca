"""A client of ControlApi on a bad day: what is asked again, what is not, and what is said in the end."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from botocore.credentials import Credentials
from tunedrop_cli import main, report_files
from tunedrop_cli.control import ControlApi
from tunedrop_cli.doctor import writing
from tunedrop_cli.doctor.outcomes import CannotTell
from tunedrop_cli.errors import Refused

from tests.integration.troubled_server import TROUBLES, troubled_server
from tests.waiting import eventually

GOOD: tuple[int, Any] = (200, {"jobs": []})
NO_PAUSES = (0.0, 0.0)


def control_api(server, *, silence=0.2):
    return ControlApi(server.url, "us-west-2", Credentials("key", "secret"), silence, NO_PAUSES, NO_PAUSES)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_reading_is_asked_again(trouble):
    with troubled_server(trouble, GOOD) as server:
        assert control_api(server, silence=3).get("/jobs", limit=1) == {"jobs": []}
    assert [asked[:2] for asked in server.asked] == [("GET", "/jobs?limit=1")] * 2


@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_is_never_answered_is_said_in_words(trouble):
    with troubled_server(trouble) as server:
        with pytest.raises(Refused, match=r"^no_answer: GET .*/jobs got no") as refused:
            control_api(server).get("/jobs")
        eventually(lambda: len(server.asked) == 3)  # a busy server reads a request once its client has given it up
    assert (refused.value.status, len(server.asked)) == (0, 3)


@pytest.mark.parametrize("trouble", ["closes", "resets", "halves", "babbles"])
def test_a_report_that_breaks_off_is_said_in_words(trouble):
    with troubled_server(trouble) as server, pytest.raises(Refused, match="the report could not be read"):
        report_files.read(f"{server.url}/report.html")


@pytest.mark.parametrize("trouble", ["closes", "resets", "babbles"])
def test_an_upload_link_that_breaks_off_is_said_in_words(trouble):
    with troubled_server(trouble) as server, pytest.raises(CannotTell, match="S3 did not answer"):
        writing.send({"url": f"{server.url}/train.jsonl", "method": "PUT", "headers": {}}, b"{}")


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_post_without_a_key_is_sent_once_and_leaves_doubt(trouble):
    with troubled_server(trouble, GOOD) as server, pytest.raises(Refused, match="may have been carried out"):
        control_api(server).post("/keys", {"name": "a"})
    assert len(server.asked) == 1


def test_a_post_is_repeated_under_its_key():
    with troubled_server("closes", (409, {"error": {"code": "request_in_progress"}}), GOOD) as server:
        control_api(server, silence=3).post("/jobs", {"dataset": "a"}, idempotency_key="once")
    assert [headers["Idempotency-Key"] for _, _, headers in server.asked] == ["once"] * 3


def test_a_request_that_is_still_in_progress_is_asked_for_until_its_answer_is_there():
    held = (409, {"error": {"code": "request_in_progress"}})
    with troubled_server(held, held, held, held, GOOD) as server:
        assert control_api(server, silence=3).post("/jobs", {"dataset": "a"}, idempotency_key="once") == {"jobs": []}
    assert {headers["Idempotency-Key"] for _, _, headers in server.asked} == {"once"}


def test_a_start_that_stays_in_doubt_is_proposed_again_under_the_same_key(capsys):
    with troubled_server((500, {"error": {"code": "internal_error"}})) as server:
        typed = ["jobs", "start", "support", "--model", "nova-lite", "--url", server.url]
        assert main.main(typed) == 1
    (_, _, headers), *_ = server.asked
    proposed = [line for line in capsys.readouterr().err.splitlines() if line.startswith("next")]
    assert proposed == [f"next  tunedrop {' '.join(typed)} --idempotency-key {headers['Idempotency-Key']}"]


@pytest.mark.parametrize(("status", "asked"), [(429, 2), (502, 2), (503, 2), (504, 2), (500, 1), (409, 1), (404, 1)])
def test_only_refusals_that_pass_are_asked_again(status, asked):
    with troubled_server((status, {"error": {"code": "a"}}), GOOD) as server, contextlib.suppress(Refused):
        control_api(server, silence=3).delete("/keys/1")
    assert len(server.asked) == asked


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b"\xff"])
def test_an_error_that_is_not_ours_is_shown_as_it_came(body):
    with troubled_server((403, body)) as server, pytest.raises(Refused) as refused:
        control_api(server, silence=3).get("/jobs")
    assert refused.value.status == 403


@pytest.mark.parametrize(("status", "message"), [(404, "Not Found"), (403, "Forbidden")])
def test_an_api_that_was_deleted_with_its_stack_is_told_with_what_to_do(status, message, capsys):
    with troubled_server((status, {"message": message})) as server:
        assert main.main(["deployments", "list", "--url", server.url]) == 1
    said = capsys.readouterr().err
    assert f"tunedrop: {status} no_control_api: there is no ControlApi at {server.url} any more." in said
    assert "tunedrop cleanup --stack-name NAME" in said


def test_a_denial_of_a_gateway_without_a_code_is_told_without_one(capsys):
    with troubled_server((403, {"message": "User: ann is not authorized"})) as server:
        assert main.main(["deployments", "list", "--url", server.url]) == 1
    assert capsys.readouterr().err == "tunedrop: 403: User: ann is not authorized\n"


REFUSED = "Ask with ?plan=true, then send plan_id, or accept_unknown_price: true, on_demand of support_bot."


def test_a_refusal_is_told_in_the_options_of_the_command_that_was_typed(capsys):
    refused = 409, {"error": {"code": "plan_changed", "message": REFUSED}}
    with troubled_server(refused) as server:
        assert main.main(["deployments", "put", "bot", "--job", "1", "--plan", "--url", server.url]) == 1
        told = "Ask with --plan, then send --plan-id, or --accept-unknown-price, on_demand of support_bot."
        assert capsys.readouterr().err == f"tunedrop: 409 plan_changed: {told}\n"
        assert main.main(["keys", "list", "--url", server.url]) == 1
        assert "then send plan_id, or accept_unknown_price: true" in capsys.readouterr().err


def test_an_answer_that_is_not_json_asks_for_the_url():
    with troubled_server((200, b"<html>")) as server, pytest.raises(Refused, match="is that its URL"):
        control_api(server, silence=3).get("/jobs")


def test_where_nobody_listens_is_told_at_once(capsys):
    with troubled_server(GOOD) as server:
        pass
    assert main.main(["keys", "list", "--url", server.url]) == 1
    assert f"unreachable: GET {server.url}/keys?limit=100 reached nobody" in capsys.readouterr().err


@pytest.mark.parametrize("trouble", ["closes", "resets", "halves", "babbles"])
def test_the_command_line_says_it_in_words(trouble, capsys):
    with troubled_server(trouble) as server:
        assert main.main(["keys", "create", "--name", "a", "--all-deployments", "--url", server.url]) == 1
    assert "tunedrop: no_answer: POST" in capsys.readouterr().err
