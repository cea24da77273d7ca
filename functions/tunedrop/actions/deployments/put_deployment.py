"""Make a deployment what a request says: write the intent to buy, or its new end. Nothing is spent here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from tunedrop.actions.charges import reserve_budget
from tunedrop.actions.deployments import find_model, plan_adoption, plan_deployment, read_deployments, replace_unit
from tunedrop.actions.deployments.plan_adoption import Adoption
from tunedrop.actions.deployments.plan_deployment import CheckedDeployment
from tunedrop.domain.serving import (
    commitments,
    deployment_ends,
    deployment_states,
    generation_drafts,
    purchase_states,
    second_units,
    swaps,
    terms,
)
from tunedrop.domain.serving.acts import Author, Did
from tunedrop.domain.serving.deployment_plan import Change, StandingDeployment
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.domain.serving.purchase_states import Swap
from tunedrop.domain.serving.put_request import PutDeployment
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows, evaluation_rows
from tunedrop.edges.rows.writes import Put, Require, Update
from tunedrop.errors import Unavailable

MOST_RACES = 25
"""Others' writes that may come between what was read and what is written, before the caller must ask again."""


@dataclass(frozen=True, slots=True)
class PutOutcome:
    """The deployment as it is now, and what the request changed; nothing if it was so already."""

    deployment: Deployment
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class _Asker:
    """Who asks, when, and the id of the intent if something is to be bought."""

    author: Author
    now: datetime
    intent_id: str
    accept_unknown_price: bool


def put(asked: PutDeployment, cloud: Cloud, *, intent_id: str, author: Author) -> PutOutcome:
    """Check everything that can be known before money is spent, write what changes, and enqueue it.

    The same request again changes nothing. With an `intent_id` that has been written, nothing is bought again, whatever
    became of it. Raises InvalidInput, NotFound, Conflict, CapExceeded (then nothing was changed) and Unavailable (the
    same request may be sent again).
    """
    plan_deployment.check_shape(asked)
    if _is_written(asked, intent_id, cloud):
        return _told(asked.name, (), cloud)
    is_possible = False
    for _ in range(MOST_RACES):
        asker = _Asker(author, cloud.now(), intent_id, asked.accept_unknown_price)
        checked = plan_deployment.check(asked, cloud)
        if not checked.plan.changes:
            return _told(asked.name, (), cloud)
        commitments.check_confirmed(checked.plan, asked.plan_id)
        if not is_possible:
            plan_deployment.ask_aws(checked, cloud)  # last: what our own rows refuse costs no call to AWS
            is_possible = True
        reserved = reserve_budget.write(plan_deployment.share(asked, checked, cloud))
        if cloud.state.write_all(*_writes(checked, asker, cloud), *reserved):
            return _told(asked.name, checked.plan.changes, cloud)
    raise Unavailable("busy", f"Deployment {asked.name} is being changed. Send the request again.")


def _is_written(asked: PutDeployment, intent_id: str, cloud: Cloud) -> bool:
    """Whether an earlier run of this request came as far as its intent. That may have ended since.

    A second unit for the model that served then names no job; another may serve by now.
    """
    if job := find_model.find(asked, cloud):
        return deployment_rows.find_intended(cloud.state, job.id, intent_id) is not None
    units = deployment_rows.load_purchases(cloud.state, asked.name) if asked.second_unit or asked.evaluation else ()
    return any(unit.intent_id == intent_id for unit in units)


def _told(name: str, changes: tuple[Change, ...], cloud: Cloud) -> PutOutcome:
    """Send a hint if it may have a next step: an earlier one may be lost, and reconcile comes only later."""
    deployment = read_deployments.get(name, cloud)
    generations = [deployment.generation] if changes or deployment.state == "Creating" else []
    if second_units.is_coming(deployment) or "withdraw" in changes:
        generations.append(deployment_rows.newest_generation(cloud.state, name))
    for generation in generations:
        cloud.spend_queue.send("advance_purchase", deployment=name, generation=generation)
    return PutOutcome(deployment, changes)


def _writes(checked: CheckedDeployment, asker: _Asker, cloud: Cloud) -> list[Put | Update | Require]:
    if checked.adoption and checked.standing is None:
        return _adopting(checked, checked.adoption, asker, cloud)
    if checked.standing is None or "replace" in checked.plan.changes:
        return _beginning(checked, asker, cloud)
    if "withdraw" in checked.plan.changes:
        return _withdrawn(checked.standing, asker, cloud)
    return _changed(checked, checked.standing, asker, cloud)


def _adopting(
    checked: CheckedDeployment, adoption: Adoption, asker: _Asker, cloud: Cloud
) -> list[Put | Update | Require]:
    beginning = generation_drafts.Beginning(
        checked.plan.generation,
        adoption.intent_id,
        cloud.settings.stack_uid,
        asker.now,
        f"adopted as {asker.author.by} asked",
        asker.author,
    )
    rebuilt = plan_adoption.rebuilt(adoption, checked.before, beginning)
    adopting = deployment_rows.adopt(rebuilt.head, rebuilt.purchase, adoption.lost.before, checked.spoken_for)
    return [*adopting, *reserve_budget.adopted(cloud)]


def _withdrawn(standing: StandingDeployment, asker: _Asker, cloud: Cloud) -> list[Put | Update | Require]:
    other = replace_unit.beside(standing.head, cloud)
    assert other is not None, "only a unit that is coming is withdrawn"
    head, withdrawn = second_units.withdraw(standing.head, other, standing.purchase, asker.author, asker.now)
    return [deployment_rows.put_purchase(withdrawn), deployment_rows.put_changed(head)]


def _beginning(checked: CheckedDeployment, asker: _Asker, cloud: Cloud) -> list[Put | Update | Require]:
    planned = checked.plan
    beginning = generation_drafts.Beginning(
        planned.generation,
        asker.intent_id,
        cloud.settings.stack_uid,
        asker.now,
        f"asked for by {asker.author.by}",
        asker.author,
        accept_unknown_price=asker.accept_unknown_price
        or (checked.standing is not None and checked.standing.purchase.accept_unknown_price),
    )
    head, draft = generation_drafts.draft(checked.served, planned.wish, checked.before, beginning, planned.until)
    if planned.commitment:
        purchase = commitments.ask(draft, planned, asker.author, asker.now)
        words = f"a commitment for {terms.words(planned.commitment.term)} waits for its approval"
        head = deployment_states.note(head, words, asker.now)
    else:
        purchase = purchase_states.request(draft, planned.model_arn, asker.now, asker.now)
    writes: list[Put | Update | Require] = []
    if checked.gate:
        purchase, evaluation = checked.gate.draft(purchase, checked.job, asker.author.by, cloud)
        head, writes = replace(head, hidden="Creating"), [*evaluation_rows.begin(evaluation)]
    if checked.standing is None:
        begun = deployment_rows.put_new(replace(head, model_arn=planned.model_arn, expires_at=planned.until))
    else:
        serving = checked.standing.head
        purchase = replace(purchase, replaces=second_units.replaced(serving))
        words = (
            f"generation {purchase.generation} is to take over with the model of job {planned.job_id}, {beginning.why}"
        )
        begun = deployment_rows.put_changed(second_units.begin(serving, purchase, words, asker.now))
    writes += [
        begun,
        deployment_rows.put_purchase(purchase),
        deployment_rows.put_intent(purchase),
        deployment_rows.open_work(purchase),
    ]
    writes += find_model.undisturbed(checked.job, cloud)
    return [*writes, deployment_rows.reserve_units(checked.spoken_for)] if checked.spoken_for else writes


def _changed(
    checked: CheckedDeployment, standing: StandingDeployment, asker: _Asker, cloud: Cloud
) -> list[Put | Update | Require]:
    planned, job, head, purchase = checked.plan, checked.job, standing.head, standing.purchase
    requires: list[Require] = []
    if job and "swap" in planned.changes:
        swap = Swap(job.id, job.dataset, job.version, planned.model_arn, asker.now)
        purchase = swaps.ask(purchase, swap, asker.author)
        words = f"to the model of job {job.id}, asked for by {asker.author.by}"
        head = deployment_states.begin_swap(head, words, asker.now)
        requires = find_model.undisturbed(job, cloud)
    if {"renew", "shorten"} & set(planned.changes):
        did: Did = "renewed" if "renew" in planned.changes else "shortened"
        purchase = deployment_ends.end_at(purchase, planned.hours, planned.until, asker.now)
        purchase = purchase_states.acted(purchase, did, asker.author, asker.now)
        words = f"its end was changed by {asker.author.by}"
        head = deployment_states.change_end(head, planned.until, words, asker.now)
    if "idle" in planned.changes:
        purchase = deployment_ends.stop_when_idle(purchase, planned.idle_minutes, asker.now)
        note = f"its idle_minutes were changed by {asker.author.by}"
        head = deployment_states.change_idle(head, planned.idle_minutes, note, asker.now)
    purchase = replace(purchase, on_budget=planned.on_budget)
    return [deployment_rows.put_purchase(purchase), deployment_rows.put_changed(head), *requires]
