"""What proves that capacity is ours, and what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.serving import lost_purchases, served_models
from tunedrop.domain.serving.lost_purchases import Adopter, Lost, Rebuilt
from tunedrop.domain.serving.purchase_states import RELEASE_TIME, Capacity
from tunedrop.domain.serving.served_models import ProvenModel
from tunedrop.domain.training import names_tokens_tags

STACK = "arn:aws:cloudformation:us-west-2:123456789012:stack/tunedrop/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
UID = STACK.rsplit("/", 1)[-1]
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
BASE = "arn:aws:bedrock:us-west-2::foundation-model/anthropic.claude-3-haiku-20240307-v1:0:200k"
TAGS = names_tokens_tags.tags(
    stack=STACK,
    dataset="support",
    version=3,
    job="01hzz1",
    owner="team",
    intent="01hzz2",
    release="1",
    deployment="support-prod",
)
NAME = names_tokens_tags.lineage("support", 3, UID, "01hzz2")
ITEM = Capacity(
    "arn:aws:bedrock:us-west-2:123456789012:provisioned-model/4c2f9a7d1b3e",
    NAME,
    "arn:model",
    "Ready",
    model_units=2,
    created_at=NOW - timedelta(hours=3),
    base_model_arn=BASE,
)
MODEL = ProvenModel("01hzz1", NAME, "support", 3, "claude-3-haiku", "team")
LOST = Lost(ITEM, TAGS, MODEL, NOW + timedelta(hours=5) + RELEASE_TIME)
ADOPTER = Adopter(STACK, UID, NOW, 1)


def test_everything_comes_from_what_aws_keeps():
    rebuilt = lost_purchases.rebuild(LOST, None, ADOPTER)
    assert isinstance(rebuilt, Rebuilt)
    head, purchase = rebuilt.head, rebuilt.purchase
    assert (head.name, head.generation, head.owner, head.expires_at) == (
        "support-prod",
        1,
        "team",
        NOW + timedelta(hours=5),
    )
    assert (purchase.state, purchase.name, purchase.intent_id, purchase.hours) == ("live", NAME, "01hzz2", 8)
    assert (purchase.attempted_at, purchase.model_units, purchase.arn) == (ITEM.created_at, 2, ITEM.arn)
    assert purchase.token == names_tokens_tags.token(UID, "01hzz2")


@given(st.dictionaries(st.sampled_from(sorted(TAGS)), st.text(max_size=70), min_size=1))
def test_whatever_else_the_tags_say_never_raises_and_never_takes_another_origin(changed):
    rebuilt = lost_purchases.rebuild(replace(LOST, tags={**TAGS, **changed}), None, ADOPTER)
    if isinstance(rebuilt, Rebuilt):
        origin = {each: changed.get(f"tunedrop:{each}") for each in ("dataset", "version", "intent")}
        assert changed.get("tunedrop:stack") in {None, STACK}
        assert all(value in {None, TAGS[f"tunedrop:{each}"]} for each, value in origin.items())


@given(st.text(max_size=70))
def test_another_name_proves_nothing(name):
    rebuilt = lost_purchases.rebuild(replace(LOST, item=replace(ITEM, name=name)), None, ADOPTER)
    assert isinstance(rebuilt, str) or name == NAME


@pytest.mark.parametrize("name", ["", "claude-3-haiku", "Support", "a" * 33, "a--b"])
def test_a_tag_that_can_name_no_deployment_names_none(name):
    assert lost_purchases.rebuild(replace(LOST, tags={**TAGS, "tunedrop:deployment": name}), None, ADOPTER) == (
        "no tag names the deployment that it was bought for"
    )


@pytest.mark.parametrize(
    ("hours", "adopted"),
    [(0.01, True), (0, False), (-1, False)],
)
def test_it_is_adopted_only_before_its_end(hours, adopted):
    lost = replace(LOST, brake_fires_at=NOW + timedelta(hours=hours) + RELEASE_TIME)
    assert isinstance(lost_purchases.rebuild(lost, None, ADOPTER), Rebuilt) is adopted


@pytest.mark.parametrize(
    ("name", "base", "changed"),
    [
        (NAME, "arn:aws:bedrock:us-west-2::foundation-model/unknown", {}),
        ("somebody's", BASE, {}),
        (NAME, BASE, {"tunedrop:stack": "another"}),
        (NAME, BASE, {"tunedrop:job": ""}),
        (NAME, BASE, {"tunedrop:version": "03"}),
    ],
)
def test_a_model_that_does_not_prove_itself_is_nobodys(name, base, changed):
    proven = served_models.proven(name, base, {**TAGS, **changed}, stack_id=STACK, stack_uid=UID)
    assert proven is None
    assert served_models.proven(NAME, BASE, TAGS, stack_id=STACK, stack_uid=UID) == MODEL
