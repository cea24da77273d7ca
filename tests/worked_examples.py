"""The worked examples by the commands of their pages, against the real template in the embedded cloud, all at once."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rich.console import Console
from tunedrop_cli.amounts import cost_of
from tunedrop_local import client
from tunedrop_local.client import Cloud

from demo import worked_example
from demo.journey import DemoFailed
from demo.screen import Screen
from demo.surroundings import settle_in
from tests.proofs import Proof

ROOT = Path(__file__).parents[1]
TIME_SCALE = 3600


def page(name: str) -> str:
    """What an example's page says."""
    return (worked_example.EXAMPLES / name / "README.md").read_text("utf-8")


def come_to(world: Cloud, names: Sequence[str]) -> Mapping[str, Any]:
    """What each page's commands come to; the base model is taught as in the demo. Raises AssertionError."""
    parameters = {**worked_example.PARAMETERS, "MaxConcurrentJobs": str(len(names))}
    stack = world.deploy("examples", region=worked_example.REGION, parameters=parameters)
    around = settle_in(world, stack)
    worked_example.teach_base(world, *names)

    def run(name: str) -> dict[str, Any]:
        said = io.StringIO()
        try:
            return worked_example.run(around, Screen(Console(file=said, soft_wrap=True)), name)
        except DemoFailed as failure:
            raise AssertionError(said.getvalue()) from failure

    with ThreadPoolExecutor(len(names)) as pool:
        return dict(zip(names, pool.map(run, names), strict=True))


def objections(name: str, result: Mapping[str, Any]) -> list[str]:
    """What differs from the page: the verdict and its sentence, the records, and what it cost."""
    found, told = result["evaluation"], page(name)
    ended = [found[each] for each in ("state", "verdict", "outcome", "records", "left_out")]
    wanted = ["Completed", "better", "passed", len(worked_example.records(name)), {}]
    against = [] if ended == wanted else [f"{ended}, not {wanted}"]
    against += [] if found["summary"] in told else [f"not on the page: {found['summary']}"]
    costs = {what: cost_of(cost) for what, cost in result["costs"].items()}
    against += [f"{what} costs {cost}, which is not on the page" for what, cost in costs.items() if cost not in told]
    return [f"{name}: {each}" for each in against]


def prove() -> Proof:
    """All of them."""
    names = worked_example.names()
    with (
        tempfile.TemporaryDirectory() as folder,
        client.start(ROOT, Path(folder), time_scale=TIME_SCALE) as world,
    ):
        results = come_to(world, names)
    against = [each for name, result in results.items() for each in objections(name, result)]
    return Proof(
        f"{len(names)} worked examples come to what their pages say",
        against,
        [f"{name}: {result['evaluation']['summary']}" for name, result in results.items()],
    )
