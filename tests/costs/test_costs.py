"""Every route has a stated cost that holds, and no page of jobs costs more for there being many."""

from __future__ import annotations

import pytest
from tunedrop.actions.jobs.read_jobs import MOST_LOOKED_AT

from tests.costs.listing import EVERY, JOBS, RARE, fill, walk
from tests.costs.listing import rows as pages
from tests.costs.routes import PAGE, REQUESTS, costed, count, page, routes, row


@pytest.fixture(scope="module", autouse=True)
def environment():
    """In place of the scrubbed environment of other tests: that of a populated stack."""
    with costed() as stack:
        yield stack


@pytest.fixture(scope="module")
def counts(environment):
    """Each request with its answer's status and the calls behind it."""
    return {request.label: count(request, environment) for request in REQUESTS}


def test_every_route_is_counted():
    assert {request.route for request in REQUESTS} == set(routes())


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.label)
def test_a_request_does_what_its_route_is_for_within_its_ceiling(counts, request_):
    status, found = counts[request_.label]
    assert status < 300
    assert 0 < sum(found.calls.values()) <= request_.most


def test_only_what_can_spend_or_looks_at_models_asks_bedrock(counts):
    asking = {request.route for request in REQUESTS if counts[request.label][1].of("bedrock")}
    models = {"GET /models", "GET /models/{name}", "DELETE /models/{name}"}
    spending = {"POST /evaluations", "POST /jobs", "PUT /deployments/{name}", "POST /deployments/{name}/approve"}
    assert asking == {"GET /base-models", "GET /deployments", *models, *spending}


def test_the_page_states_what_is_counted_and_a_tenth_of_the_jobs_costs_the_same(environment, counts):
    listing = pages(environment, JOBS // 10)
    stated = page([row(request, counts[request.label][1]) for request in REQUESTS], listing)
    assert PAGE.read_text("utf-8") == stated, "write it anew: .venv/bin/python -m tests.costs.routes > docs/calls.md"


def test_a_sparse_filter_looks_at_no_more_than_500_jobs_at_once_and_finds_all_in_the_end(environment):
    fill(environment, jobs=EVERY + 1)
    walked = list(walk({"sweep": RARE}))
    assert sum(len(each.ids) for each in walked) == 2
    assert max(each.row[:2] for each in walked) == (5, MOST_LOOKED_AT)
    assert len(walked) == 3, "of 500 jobs each; three more were there before"


def test_no_page_looks_at_more_than_it_shows_where_nothing_is_filtered(environment):
    fill(environment, jobs=400)
    walked = list(walk({}))
    assert [each.row[:2] for each in walked] == [(1, 100)] * 4 + [(1, 3)]
    assert len({job_id for each in walked for job_id in each.ids}) == 403
