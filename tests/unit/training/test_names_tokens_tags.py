"""Names, tokens and tags: legal everywhere, the same for the same intent, and of no other stack."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.training import names_tokens_tags
from tunedrop.domain.versions import object_keys

STACK = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
JOB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.\-]{0,62}")  # docs/facts.md#names
MODEL_NAME = re.compile(r"(?:[0-9A-Za-z][_-]?){1,63}")  # docs/facts.md#names
TOKEN = re.compile(r"[a-zA-Z0-9]([-a-zA-Z0-9]{0,254}[a-zA-Z0-9])?")  # docs/facts.md#client-tokens
TAG = re.compile(r"[a-zA-Z0-9\s._:/=+@-]{0,256}")  # docs/facts.md#tags

datasets = st.from_regex(object_keys.NAME_PATTERN, fullmatch=True).filter(object_keys.is_name)


@given(datasets, st.integers(1, 999_999), st.text(min_size=1))
def test_a_name_is_legal_for_jobs_models_throughput_and_deployments(dataset, version, intent):
    name = names_tokens_tags.lineage(dataset, version, STACK, intent)
    assert len(name) <= 63
    assert JOB_NAME.fullmatch(name)
    assert MODEL_NAME.fullmatch(name)
    assert name.startswith(f"{dataset}-v{version}-0f1e2d3c-")


@given(st.text(), st.text())
def test_a_token_is_legal_and_belongs_to_one_intent(one, other):
    token = names_tokens_tags.token(STACK, one)
    assert TOKEN.fullmatch(token)
    assert (token == names_tokens_tags.token(STACK, other)) == (one == other)
    assert token != names_tokens_tags.token(STACK.replace("0f", "1f"), one)


@given(st.text(), st.text())
def test_tags_take_any_owner(owner, job):
    tags = names_tokens_tags.tags(
        stack="arn:aws:cloudformation:us-west-2:123456789012:stack/tunedrop/guid",
        dataset="support",
        version=3,
        job=job,
        owner=owner,
        intent="01hzz",
        release="0.1.0",
    )
    assert tags["tunedrop:stack"] == "arn:aws:cloudformation:us-west-2:123456789012:stack/tunedrop/guid"
    assert all(TAG.fullmatch(value) for value in tags.values())
