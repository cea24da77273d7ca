"""Bugs as data: each takes away one thing that keeps the program safe. Random walks have to find every one of them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

FUNCTIONS = Path(__file__).parents[3] / "functions"


@dataclass(frozen=True, slots=True)
class Bug:
    """In one file of `functions/`, `old`, which stands there exactly once, becomes `new`."""

    file: str
    old: str
    new: str

    def applied(self, functions: Path = FUNCTIONS) -> str:
        """The file's text with the bug. Raises ValueError if the code has moved on."""
        text = (functions / self.file).read_text("utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file} holds {self.old!r} {text.count(self.old)} times, not once")
        return text.replace(self.old, self.new)


def seed(bug: Bug, folder: Path) -> None:
    """Copy all functions to a folder that does not exist yet, with the bug."""
    shutil.copytree(FUNCTIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / bug.file).write_text(bug.applied(), "utf-8")


BUGS: dict[str, Bug] = {
    "a purchase is sent with a token that no row knows": Bug(
        "tunedrop/domain/serving/purchase_request.py",
        '"clientRequestToken": purchase.token,\n        "provisionedModelName"',
        '"clientRequestToken": purchase.token[::-1],\n        "provisionedModelName"',
    ),
    "a purchase is sent before its row says so": Bug(
        "tunedrop/actions/deployments/advance_purchase.py",
        "    if not save(attempted, visit, *taken):",
        "    if False and not save(attempted, visit, *taken):",
    ),
    "a purchase is sent without its schedule": Bug(
        "tunedrop/actions/deployments/advance_purchase.py",
        "            _set_brake(purchase, fires_at, visit)\n",
        "            save(brake.braked(purchase, fires_at), visit)\n",
    ),
    "a purchase is committed for a month": Bug(
        "tunedrop/domain/serving/purchase_request.py",
        '        "modelUnits": purchase.model_units,\n',
        '        "modelUnits": purchase.model_units,\n        "commitmentDuration": "OneMonth",\n',
    ),
    "a purchase never lapses": Bug(
        "tunedrop/domain/serving/purchase_steps.py",
        "if (lapses_at := commitments.lapses_at(purchase)) and now >= lapses_at:",
        "if commitments.lapses_at(purchase) is None:",
    ),
    "a purchase never expires": Bug(
        "tunedrop/domain/serving/purchase_steps.py",
        "    if in_force and now >= in_force:\n        reason =",
        "    if in_force is None:\n        reason =",
    ),
    "a renewal does not move the schedule": Bug(
        "tunedrop/domain/serving/purchase_steps.py",
        "    fires_at = brake.wanted(purchase, now)\n    in_force",
        "    fires_at = None if purchase.brake_fires_at else brake.wanted(purchase, now)\n    in_force",
    ),
    "what a person bought on the model is taken for ours": Bug(
        "tunedrop/edges/bedrock/observed_capacity.py",
        "            others.append(capacity)",
        "            ours.append(capacity)",
    ),
    "model units are not given back": Bug(
        "tunedrop/domain/serving/purchase_states.py",
        'HOLDING: frozenset[PurchaseState] = frozenset({"unknown", "live", "releasing"})',
        'HOLDING: frozenset[PurchaseState] = frozenset({"unknown", "live"})',
    ),
    "a release waits for no call": Bug(
        "tunedrop/domain/serving/calls_seen.py",
        "    return not over and now < purchase.releasing_at + GRANULARITY + LONGEST_CALL",
        "    return over and now < purchase.releasing_at + GRANULARITY + LONGEST_CALL",
    ),
    "live capacity takes nothing of the budget": Bug(
        "tunedrop/actions/charges/reserve_budget.py",
        "for purchase, job in spending.purchases.values()]",
        "for purchase, job in spending.purchases.values() if purchase.arn is None]",
    ),
    "a call does not end idleness": Bug(
        "tunedrop/domain/serving/calls_seen.py",
        "moments = (purchase.ready_at, purchase.idle_from, seen.watched_since, called)",
        "moments = (purchase.ready_at, purchase.idle_from, seen.watched_since, called and None)",
    ),
    "a model is deleted under what serves it": Bug(
        "tunedrop/actions/jobs/delete_model.py",
        "        if each.state not in purchase_states.ENDED and job.id",
        "        if each.state in purchase_states.ENDED and job.id",
    ),
    "a job is sent before its row says so": Bug(
        "tunedrop/actions/jobs/advance_job.py",
        "    if not save_job.save(attempted, turn.cloud, turn.now, slot):",
        "    if False and not save_job.save(attempted, turn.cloud, turn.now, slot):",
    ),
    "a slot is not given back": Bug(
        "tunedrop/actions/jobs/save_job.py",
        "writes += [running_job_slots.give_back(job), *_purchase_writes(job, cloud, now)]",
        "writes += _purchase_writes(job, cloud, now)",
    ),
    "only events tell of a job's end": Bug(
        "tunedrop/domain/training/job_steps.py",
        'return frozenset({"check_job", "advance_job"} if job.stop_requested else {"check_job"})',
        'return frozenset({"advance_job"} if job.stop_requested else ())',
    ),
    "what was told is not remembered": Bug(
        "tunedrop/actions/announce.py",
        "told = replace(job, announced=(*job.announced, mark))",
        "told = replace(job, announced=job.announced)",
    ),
    "data of a job that has not ended is deleted": Bug(
        "tunedrop/actions/datasets/ask_deletion.py",
        "    running = trace_models.running_jobs(head.dataset, number, cloud)\n",
        "    running = trace_models.running_jobs(head.dataset, number, cloud)[:0]\n",
    ),
    "what was made of the newest version outlives its deletion": Bug(
        "tunedrop/domain/versions/deletions.py",
        "int(number) <= deletion.latest",
        "int(number) < deletion.latest",
    ),
}
