"""One effect per Idempotency-Key, whatever happened to the run before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from tunedrop.edges.rows.table import WriteOutcome
from tunedrop.errors import Conflict, InvalidInput, Unavailable
from tunedrop.routes import idempotency
from tunedrop.routes.idempotency import Answer
from tunedrop.routes.job_routes import StartJobBody
from tunedrop.routes.key_routes import CreateKey

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
REQUEST = idempotency.identity(caller="ada", route="POST /jobs", key="k")


def test_a_field_that_0_1_0_did_not_have_is_no_part_of_a_request_that_does_not_name_it():
    """Else a request that 0.1.0 answered would be refused when it is repeated: the digest of its body is stored."""
    job = {"dataset", "version", "base_model", "hyperparameters", "deployment", "plan_id"}
    assert StartJobBody(dataset="a", base_model="b").model_dump(mode="json").keys() == job
    named = StartJobBody(dataset="a", base_model="b", expected_version=1).model_dump(mode="json")
    assert named.keys() == job | {"expected_version"}
    key = {"name", "deployments", "expires_at"}
    assert CreateKey(name="a", deployments=["b"]).model_dump(mode="json").keys() == key
    assert CreateKey(name="a", deployments="*", max_tokens=1).model_dump(mode="json").keys() == key | {"max_tokens"}


class Rows:
    """A table of one row, conditional as the real one."""

    def __init__(self) -> None:
        self.row: dict | None = None

    def put(self, put):
        if self.row is not None:
            return WriteOutcome(False, dict(self.row))
        self.row = dict(put.row)
        return WriteOutcome(True, dict(self.row))

    def update(self, update):
        assert self.row is not None
        if update.when is not None and self.row["state"] != "running":
            return WriteOutcome(False, dict(self.row))
        self.row |= update.set
        return WriteOutcome(True, dict(self.row))

    def delete(self, delete):
        self.row = None
        return WriteOutcome(True, None)


@pytest.fixture
def world():
    ids = iter(f"id-{number}" for number in range(9))
    return SimpleNamespace(access=Rows(), new_id=lambda: next(ids), ran=[])


def once(world, run, body="b", now=NOW):
    def noted(effect_id):
        world.ran.append(effect_id)
        return run(effect_id)

    world.now = lambda: now
    return idempotency.once(REQUEST, body, noted, world)


def made(effect_id):
    return Answer(202, {"id": effect_id, "secret": "s"}, frozenset({"secret"}))


def test_the_first_answer_comes_again_without_its_secrets(world):
    assert once(world, made).body == {"id": "id-0", "secret": "s"}
    assert once(world, made).body == {"id": "id-0", "secret": None}
    assert world.ran == ["id-0"]


@pytest.mark.parametrize("fault", [Unavailable("aws_unavailable", "later"), RuntimeError("anything"), KeyError("row")])
def test_after_a_fault_the_next_run_goes_on_at_once_with_the_same_id(world, fault):
    def fails(_):
        raise fault

    with pytest.raises(type(fault)):
        once(world, fails)
    once(world, made)
    assert world.ran == ["id-0", "id-0"]


def test_while_the_first_run_is_under_way_nobody_else_runs(world):
    def inner(effect_id):
        with pytest.raises(Conflict) as refused:
            once(world, made)
        assert refused.value.code == "request_in_progress"
        return made(effect_id)

    once(world, inner)
    assert world.ran == ["id-0"]


def test_a_run_that_died_is_taken_up_with_its_id(world):
    class Died(BaseException):
        pass

    def dies(_):
        raise Died

    with pytest.raises(Died):
        once(world, dies)
    once(world, made, now=NOW + timedelta(minutes=2))
    assert world.ran == ["id-0", "id-0"]


def test_a_refusal_leaves_the_key_free_for_another_body(world):
    def refuses(_):
        raise InvalidInput("invalid_name", "no")

    with pytest.raises(InvalidInput):
        once(world, refuses)
    once(world, made, body="another")
    assert world.ran == ["id-0", "id-1"]


def test_another_body_is_refused_while_the_first_answer_stands(world):
    once(world, made)
    with pytest.raises(InvalidInput) as refused:
        once(world, made, body="another")
    assert refused.value.code == "idempotency_key_reused"
