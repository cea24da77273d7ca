"""`tunedrop keys`: what is sent, and what is said of a key."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tunedrop_cli import keys, main
from tunedrop_cli.control import ControlApi

from tests.integration.troubled_server import troubled_server

KEY: dict[str, Any] = {
    "id": "01k",
    "name": "checkout",
    "deployments": ["faq", "support"],
    "created_at": "2026-11-30T12:00:00Z",
    "created_by": "ada",
    "expires_at": "2999-02-28T12:00:00Z",
    "revoked_at": None,
    "last_used_at": None,
    "requests_per_minute": 60,
    "max_tokens": 4096,
}


def test_a_new_key_is_said_with_its_scope_its_end_and_its_limits_and_only_its_secret_is_output(capsys):
    with troubled_server((201, {**KEY, "deployments": "*", "secret": "td_secret"})) as server:
        assert main.main(["keys", "create", "--name", "checkout", "--all-deployments", "--url", server.url]) == 0
    said = capsys.readouterr()
    assert said.out == "td_secret\n"
    assert "key 01k (checkout) for all deployments" in said.err
    assert "expires 2999-02-28T12:00:00Z; 60 requests_per_minute, 4096 max_tokens" in said.err


def test_every_limit_of_a_key_is_sent_as_it_was_given_and_no_other(monkeypatch):
    sent: list[dict[str, Any]] = []

    def post(_api, _path, body, **_):
        sent.append(body)
        return {**KEY, "secret": "td_secret"}

    monkeypatch.setattr(ControlApi, "post", post)
    flags = [f"--{name.replace('_', '-')}={number}" for number, (name, *_) in enumerate(keys.LIMITS, 1)]
    for given in (flags, []):
        create = ["keys", "create", "--name", "checkout", "--all-deployments", "--url", "http://127.0.0.1:9"]
        assert main.main([*create, *given]) == 0
    assert sent[1].keys() == {"name", "deployments"}
    assert sent[0] == sent[1] | {name: number for number, (name, *_) in enumerate(keys.LIMITS, 1)}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ([], "one of the arguments --deployment --all-deployments is required"),
        (["--deployment", "faq", "--all-deployments"], "not allowed with argument"),
        (["--all-deployments", "--days", "0"], "'0' is no number of days from 1 to 3650"),
        (["--all-deployments", "--days", "9" * 5000], "--days"),
    ],
)
def test_a_key_that_can_not_be_is_wrong_usage(wrong, words, capsys):
    with pytest.raises(SystemExit) as ended:
        main.main(["keys", "create", "--name", "checkout", *wrong])
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


def test_a_list_tells_which_keys_work_for_what_and_how_long(capsys):
    old = {**KEY, "id": "02k", "deployments": "*", "expires_at": None, "last_used_at": "2026-11-30T12:05:00Z"}
    over = {**KEY, "id": "03k", "expires_at": "2026-01-01T00:00:00Z"}
    revoked = {**KEY, "id": "04k", "revoked_at": "2026-11-30T12:00:01Z"}
    with troubled_server((200, {"keys": [KEY, old, over, revoked], "cursor": None})) as server:
        assert main.main(["keys", "list", "--url", server.url]) == 0
    rows = capsys.readouterr().out.splitlines()
    limits = "60 requests_per_minute, 4096 max_tokens"
    name = '"checkout"'
    assert rows[0] == (
        f"01k  active   2026-11-30T12:00:00Z  faq,support  {name}  expires 2999-02-28T12:00:00Z, never used, {limits}"
    )
    assert rows[1].endswith(f"all deployments  {name}  never expires, used 2026-11-30T12:05:00Z, {limits}")
    assert [row.split()[1] for row in rows] == ["active", "active", "expired", "revoked"]


def test_a_list_for_programs_is_as_controlapi_answers_over_all_pages(capsys):
    pages = [(200, {"keys": [KEY], "cursor": "more"}), (200, {"keys": [{**KEY, "id": "02k"}], "cursor": None})]
    with troubled_server(*pages) as server:
        assert main.main(["keys", "list", "--json", "--url", server.url]) == 0
    assert json.loads(capsys.readouterr().out) == [KEY, {**KEY, "id": "02k"}]
    assert [asked[1] for asked in server.asked] == ["/keys?limit=100", "/keys?limit=100&cursor=more"]
