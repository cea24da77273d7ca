"""API keys in their table: made once, revoked at once, and authenticated by one conditional update."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tunedrop.actions.messages import admit_call, manage_keys
from tunedrop.actions.messages.admit_call import CallWanted
from tunedrop.domain.messages import api_key, key_limits
from tunedrop.domain.messages.api_errors import ApiError
from tunedrop.domain.messages.api_key import ApiKey, KeyLimits
from tunedrop.edges.rows import key_rows, key_windows
from tunedrop.edges.rows.key_windows import Take
from tunedrop.errors import InvalidInput, NotFound

from tests.integration.messages_world import put_deployment

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
IDS = [f"01jd3k5m7n9p1q3r5s7t9v1w{n:02d}" for n in range(30)]
LIMITS = {field.name for field in fields(KeyLimits)}
IDS_WITHOUT_END = map(str, itertools.count())


def at(stack, moment):
    """The stack's cloud at that moment."""
    return stack.at(now=lambda: moment)


@pytest.fixture
def create(stack):
    for name in ("support-bot", "faq"):
        put_deployment(stack, None, name=name)
    ids = itertools.cycle(IDS)

    def make(deployments="*", **options):
        chosen = {name: options.pop(name) for name in LIMITS & options.keys()}
        arguments = {"name": "test", "created_by": "ada", "limits": KeyLimits(**chosen), **options}
        key_id = arguments.pop("key_id", None) or next(ids)
        return manage_keys.create(at(stack, NOW), key_id=key_id, deployments=deployments, **arguments)

    return make


def refused(stack, secret, deployment="support-bot", now=NOW):
    with pytest.raises(ApiError) as caught:
        admit_call.admit(secret, CallWanted(deployment), at(stack, now))
    return caught.value.status, caught.value.kind, caught.value.code


def test_a_key_authenticates_and_its_last_use_is_known(stack, create):
    key, secret = create()
    later = NOW + timedelta(minutes=1)
    assert admit_call.admit(secret, CallWanted("support-bot"), at(stack, later)).key.id == key.id
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
    assert admit_call.admit(secret, CallWanted("faq"), at(stack, NOW))
    assert refused(stack, secret, "other") == (403, "permission_error", "key_scope")


def test_a_scope_is_not_matched_by_a_part_of_a_name(stack, create):
    _, secret = create(["support-bot"])
    assert refused(stack, secret, "support")[0] == 403


def test_without_a_deployment_the_scope_is_not_asked(stack, create):
    _, secret = create(["support-bot"])
    assert admit_call.admit(secret, CallWanted(None), at(stack, NOW))


def test_no_key_is_unauthenticated(stack):
    for secret in (None, ""):
        assert refused(stack, secret) == (401, "authentication_error", "missing_key")


def test_a_key_that_is_none_is_refused_without_a_look_at_the_table(create):
    with pytest.raises(ApiError, match="not copied completely"):
        admit_call.admit("td_wrong", CallWanted("support-bot"), None)


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


def test_a_key_expires_after_90_days_unless_its_creator_says_when(stack, create):
    key, secret = create()
    assert key.expires_at == NOW + timedelta(days=90)
    assert refused(stack, secret, now=key.expires_at) == (401, "authentication_error", "key_expired")


def test_each_minute_of_the_clock_has_the_calls_that_the_key_may_make(stack, create):
    _, secret = create(requests_per_minute=3)
    for minute in (NOW, NOW + timedelta(minutes=1), NOW + timedelta(hours=1), NOW + timedelta(days=1)):
        for second in (0, 20, 59):
            assert admit_call.admit(secret, CallWanted("x"), at(stack, minute + timedelta(seconds=second)))
        last = minute + timedelta(seconds=59, microseconds=999_999)
        assert refused(stack, secret, "x", now=last) == (429, "rate_limit_error", "key_rate_limit")


def test_a_key_of_one_request_a_minute_has_one(stack, create):
    _, secret = create(requests_per_minute=1)
    assert admit_call.admit(secret, CallWanted("x"), at(stack, NOW))
    assert refused(stack, secret, "x")[0] == 429
    assert admit_call.admit(secret, CallWanted("x"), at(stack, NOW + timedelta(minutes=1)))


def test_a_caller_over_the_limit_is_told_when_the_minute_ends(stack, create):
    _, secret = create(requests_per_minute=1)
    admit_call.admit(secret, CallWanted("x"), at(stack, NOW))
    for second, wait in ((0, 60), (20.5, 40), (59, 1), (59.9, 1)):
        with pytest.raises(ApiError) as caught:
            admit_call.admit(secret, CallWanted("x"), at(stack, NOW + timedelta(seconds=second)))
        assert caught.value.headers() == {"x-should-retry": "true", "retry-after": str(wait)}


def test_what_is_refused_for_another_reason_counts_nothing(stack, create):
    _, secret = create(["faq"], requests_per_minute=1)
    for _ in range(3):
        assert refused(stack, secret, "other")[0] == 403
    assert admit_call.admit(secret, CallWanted("faq"), at(stack, NOW))
    assert refused(stack, secret, "other")[0] == 403, "the narrower scope is told before the limit"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(1, 4), data=st.data())
def test_callers_at_once_never_pass_more_than_the_limit_in_a_minute_in_whatever_order_they_arrive(stack, limit, data):
    """Each caller reads its clock, then its update arrives at some time: also after those of a later minute."""
    moments = data.draw(st.lists(st.integers(0, 150).map(lambda s: NOW + timedelta(seconds=s)), max_size=20))
    key = ApiKey(next(IDS_WITHOUT_END), "test", None, next(IDS_WITHOUT_END), NOW, "ada", requests_per_minute=limit)
    assert key_rows.insert(stack.access_table, key)
    passed, latest = Counter(), ""
    for moment in moments:
        latest = max(latest, key_limits.window_of(moment))
        call = Take(next(IDS_WITHOUT_END), key.sha256, None, None, key_limits.NOTHING, moment)
        outcome = key_windows.take(stack.access_table, call)
        assert outcome.done == (passed[latest] < limit), "a call counts in the latest minute that the key has seen"
        passed[latest] += outcome.done


def test_a_call_is_one_update_of_the_table_and_two_where_a_minute_begins(stack, create):
    _, secret = create(requests_per_minute=2)
    sent = []
    stack.dynamodb.meta.events.register("before-call.dynamodb", lambda model, **_: sent.append(model.name))
    for minute, calls in ((NOW, [2, 1]), (NOW + timedelta(minutes=1), [2, 1]), (NOW + timedelta(days=40), [2, 1])):
        for expected in calls:
            admit_call.admit(secret, CallWanted("x"), at(stack, minute))
            assert sent == ["UpdateItem"] * expected
            sent.clear()
        refused(stack, secret, "x", now=minute)
        assert sent == ["UpdateItem"]
        sent.clear()


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
    assert admit_call.admit(secret, CallWanted("x"), at(stack, end - timedelta(microseconds=1)))
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
    assert admit_call.admit(secret, CallWanted("x"), at(stack, NOW)).key.id == key.id
    assert len(manage_keys.list_keys(20, None, stack.cloud).keys) == 1


def test_what_cannot_be_a_key_is_refused_with_its_field(stack, create):
    for options, code, field in (
        ({"name": " "}, "invalid_name", "name"),
        ({"name": "x" * 65}, "invalid_name", "name"),
        ({"name": "a\nb"}, "invalid_name", "name"),
        ({"deployments": None}, "deployments_required", "deployments"),
        ({"deployments": []}, "invalid_scope", "deployments"),
        ({"deployments": ["*"]}, "invalid_scope", "deployments"),
        ({"deployments": ["Support"]}, "invalid_scope", "deployments"),
        ({"deployments": ["x" * 33]}, "invalid_scope", "deployments"),
        ({"deployments": ["no-such"]}, "unknown_deployment", "deployments"),
        ({"deployments": ["faq", "fag"]}, "unknown_deployment", "deployments"),
        ({"expires_at": NOW}, "invalid_expiry", "expires_at"),
        ({"expires_at": datetime(2030, 1, 1)}, "invalid_expiry", "expires_at"),  # noqa: DTZ001 - the point
        ({"expires_at": datetime.max.replace(tzinfo=UTC)}, "invalid_expiry", "expires_at"),
        ({"expires_at": NOW + timedelta(days=3650, microseconds=1)}, "invalid_expiry", "expires_at"),
        ({"requests_per_minute": 0}, "invalid_limit", "requests_per_minute"),
        ({"requests_per_minute": 10_001}, "invalid_limit", "requests_per_minute"),
        ({"max_tokens": 2**70}, "invalid_limit", "max_tokens"),
        *(
            ({name: wrong}, "invalid_limit", name)
            for name in sorted(LIMITS)
            for wrong in (0, -1, 2**70, *((math.inf, math.nan) if "cost" in name else ()))
        ),
    ):
        with pytest.raises(InvalidInput) as caught:
            create(**options)
        assert (caught.value.code, caught.value.details["field"]) == (code, field)
    assert stack.dynamodb.scan(TableName="AccessTable")["Count"] == 0
