"""API keys in their table: made once, revoked at once, and authenticated by one conditional update."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from tunedrop.actions.messages import manage_keys
from tunedrop.domain.messages import api_key
from tunedrop.domain.messages.api_errors import ApiError
from tunedrop.edges.rows import key_rows
from tunedrop.errors import InvalidInput, NotFound

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
IDS = [f"01jd3k5m7n9p1q3r5s7t9v1w{n:02d}" for n in range(30)]


def at(stack, moment):
    """The stack's cloud at that moment."""
    return stack.at(now=lambda: moment)


@pytest.fixture
def create(stack):
    ids = itertools.cycle(IDS)

    def make(deployments=None, **options):
        arguments = {"name": "test", "created_by": "ada", **options}
        key_id = arguments.pop("key_id", None) or next(ids)
        return manage_keys.create(at(stack, NOW), key_id=key_id, deployments=deployments, **arguments)

    return make


def refused(stack, secret, deployment="support-bot", now=NOW):
    with pytest.raises(ApiError) as caught:
        manage_keys.authenticate(secret, deployment, at(stack, now))
    return caught.value.status, caught.value.kind, caught.value.code


def test_a_key_authenticates_and_its_last_use_is_known(stack, create):
    key, secret = create()
    later = NOW + timedelta(minutes=1)
    assert manage_keys.authenticate(secret, "support-bot", at(stack, later)).id == key.id
    assert manage_keys.get(key.id, stack.cloud).last_used_at == later
    assert manage_keys.list_keys(20, None, stack.cloud).keys[0].last_used_at == later


def test_the_secret_is_in_no_row(stack, create):
    _, secret = create()
    rows = str(stack.dynamodb.scan(TableName="AccessTable")["Items"])
    assert secret not in rows
    assert secret.rpartition("_")[2] not in rows
    assert api_key.digest(secret) in rows


def test_a_scope_holds_some_deployments_and_none_else(stack, create):
    _, secret = create(["support-bot", "faq"])
    assert manage_keys.authenticate(secret, "faq", at(stack, NOW))
    assert refused(stack, secret, "other") == (403, "permission_error", "key_scope")


def test_a_scope_is_not_matched_by_a_part_of_a_name(stack, create):
    _, secret = create(["support-bot"])
    assert refused(stack, secret, "support")[0] == 403


def test_without_a_deployment_the_scope_is_not_asked(stack, create):
    _, secret = create(["support-bot"])
    assert manage_keys.authenticate(secret, None, at(stack, NOW))


def test_no_key_is_unauthenticated(stack):
    for secret in (None, ""):
        assert refused(stack, secret) == (401, "authentication_error", "missing_key")


def test_a_key_that_is_none_is_refused_without_a_look_at_the_table(create):
    with pytest.raises(ApiError, match="not copied completely"):
        manage_keys.authenticate("td_wrong", "support-bot", None)


def test_a_key_that_was_never_made_is_refused_and_leaves_no_row(stack):
    assert refused(stack, api_key.mint(IDS[0], b"x" * 24)) == (401, "authentication_error", "invalid_key")
    assert stack.dynamodb.scan(TableName="AccessTable")["Count"] == 0


def test_a_revoked_key_is_refused_from_the_next_call_on(stack, create):
    key, secret = create(["support-bot"])
    revoked = manage_keys.revoke(key.id, at(stack, NOW))
    assert revoked.revoked_at == NOW
    assert refused(stack, secret) == (401, "authentication_error", "key_revoked")
    assert refused(stack, secret, "other") == (401, "authentication_error", "key_revoked")


def test_revoking_twice_changes_nothing(stack, create):
    key, _ = create()
    first = manage_keys.revoke(key.id, at(stack, NOW))
    assert manage_keys.revoke(key.id, at(stack, NOW + timedelta(days=1))) == first


def test_an_unknown_key_can_neither_be_seen_nor_revoked(stack):
    for act in (
        lambda: manage_keys.get("nope", stack.cloud),
        lambda: manage_keys.revoke("nope", at(stack, NOW)),
    ):
        with pytest.raises(NotFound) as caught:
            act()
        assert caught.value.code == "unknown_key"


def test_a_key_expires_to_the_moment(stack, create):
    end = NOW + timedelta(hours=1)
    key, secret = create(expires_at=end)
    assert key.expires_at == end
    assert manage_keys.authenticate(secret, "x", at(stack, end - timedelta(microseconds=1)))
    assert refused(stack, secret, now=end) == (401, "authentication_error", "key_expired")


def test_an_expiring_key_leaves_the_table_only_after_its_expiry(stack, create):
    end = NOW + timedelta(hours=1)
    _, secret = create(expires_at=end)
    row = stack.access_table.get(key_rows.key_of(api_key.digest(secret)))
    assert row["expires"] > end.timestamp()


def test_keys_are_listed_newest_first_page_by_page(stack, create):
    made = [create()[0].id for _ in range(5)]
    seen, cursor = [], None
    for _ in range(3):
        page = manage_keys.list_keys(2, cursor, stack.cloud)
        seen += [key.id for key in page.keys]
        cursor = page.cursor
    assert seen == made[::-1]


def test_an_id_given_twice_makes_no_second_key(stack, create):
    key, secret = create(key_id=IDS[0])
    again, told = create(key_id=IDS[0])
    assert (again, told) == (key, None)
    assert manage_keys.authenticate(secret, "x", at(stack, NOW)).id == key.id
    assert len(manage_keys.list_keys(20, None, stack.cloud).keys) == 1


def test_what_cannot_be_a_key_is_refused_with_its_field(stack, create):
    for options, code, field in (
        ({"name": " "}, "invalid_name", "name"),
        ({"name": "x" * 65}, "invalid_name", "name"),
        ({"name": "a\nb"}, "invalid_name", "name"),
        ({"deployments": []}, "invalid_scope", "deployments"),
        ({"deployments": ["Support"]}, "invalid_scope", "deployments"),
        ({"deployments": ["x" * 33]}, "invalid_scope", "deployments"),
        ({"expires_at": NOW}, "invalid_expiry", "expires_at"),
        ({"expires_at": datetime(2030, 1, 1)}, "invalid_expiry", "expires_at"),  # noqa: DTZ001 - the point
    ):
        with pytest.raises(InvalidInput) as caught:
            create(**options)
        assert (caught.value.code, caught.value.details["field"]) == (code, field)
    assert stack.dynamodb.scan(TableName="AccessTable")["Count"] == 0
