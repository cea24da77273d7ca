"""B2 and B3 on the money path, bounded: `make faults` has every fault and every ordered pair."""

from __future__ import annotations

import pytest

from tests.faults import money_paths
from tests.faults.bench import bench
from tests.faults.exploration import Exploration
from tests.faults.money_paths import PATHS
from tests.integration.bedrock_world import foreign


@pytest.mark.parametrize(("name", "share"), [("create, by the hour", 0.01), ("release", 0.03)])
def test_two_faults_end_a_path_as_none_would_have(name, share):
    with bench() as made:
        found = Exploration(made, PATHS[name], made.checkpoint(), share).pairs()
    assert found.objections == []
    assert found.runs > 5


def test_the_judge_sees_what_bills_twice_without_a_schedule_and_too_long():
    path = PATHS["create, by the hour"]
    with bench() as made:
        exploration = Exploration(made, path, made.checkpoint(), share=0)
        (bought,) = made.world.bought()
        assert list(money_paths.overdue(made, path)) == []
        made.world.put_back_schedules({})
        assert list(money_paths.overdue(made, path)) == [f"late: {bought.name} bills, and a schedule ends it at None"]
        made.world.clock.advance(3_600 * (path.hours + 1))
        assert f"late: {bought.name} bills from" in next(money_paths.overdue(made, path))
        foreign(made.world.purchase().model_arn)
        assert "doubled: bought provisioned_throughput (live), 2 for 1" in money_paths.outcome(
            made, made.delivery
        ).differences(exploration.wanted)
