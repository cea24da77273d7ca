"""A second unit beside the one that serves: it takes over once it can be called, and the one before is released. Pure.

Both stand in rows of their own, under the money protocol of any purchase. The deployment's head names both while both
may be billed: the one that serves is its generation, the other is `beside` it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from tunedrop.domain.base_models.catalogue import Serving
from tunedrop.domain.serving import deployment_plan, deployment_states, purchase_states
from tunedrop.domain.serving.acts import OURS, Author
from tunedrop.domain.serving.deployment_plan import Change, DeploymentPlan, Served, StandingDeployment
from tunedrop.domain.serving.deployment_states import Beside, Deployment, DeploymentState, HiddenState
from tunedrop.domain.serving.purchase_states import ENDED, Purchase, Replaced
from tunedrop.domain.serving.put_request import PutDeployment
from tunedrop.domain.training.job_states import Job
from tunedrop.errors import Conflict, InvalidInput


def differs(asked: PutDeployment, job: Job | None, head: Deployment) -> bool:
    """Whether anything is asked for that the unit which serves does not have."""
    return not _is_as_asked(asked, job, (head.job_id, head.serving, head.model_units))


def check_possible(job: Job, standing: StandingDeployment) -> None:
    """Raises Conflict unless the deployment serves, and a model of the same base model may take over."""
    head, purchase = standing.head, standing.purchase
    if head.beside:
        words = f"Deployment {head.name} still has generation {head.beside.generation} beside it, until that is gone."
        raise Conflict("deployment_updating", words, state=head.state, generation=head.beside.generation)
    deployment_plan.check_swap(job, standing)
    if purchase.release_requested or head.state != "Ready":
        words = f"Deployment {head.name} is {head.shown}. A second unit can take over once it is Ready."
        raise Conflict("deployment_not_ready", words, state=head.shown, job_id=head.job_id)


def end_of(asked: PutDeployment, serving: Serving, was: Purchase, now: datetime) -> datetime | None:
    """The moment that the second unit ends at: the first one's, unless the request names another end or way to serve.

    Raises InvalidInput `end_required` where the first is about to end.
    """
    if asked.hours is not None or asked.no_end or asked.expires_at is not None or serving != was.serving:
        return asked.expires_at
    if was.ends_at is not None and was.ends_at < now + timedelta(hours=1):
        ends = was.ends_at.isoformat(timespec="seconds")
        words = f"Deployment {was.deployment} ends at {ends}, in less than an hour. Say when the second unit ends."
        raise InvalidInput("end_required", words, field="expires_at")
    return was.ends_at


def while_coming(
    asked: PutDeployment, job: Job | None, standing: StandingDeployment, coming: Purchase
) -> DeploymentPlan:
    """The plan for a deployment whose second unit is on its way: leave it so, or withdraw it.

    Raises Conflict `deployment_updating` for anything else.
    """
    head, purchase = standing.head, standing.purchase
    withdrawn = coming.release_requested is not None
    as_it_comes = _is_as_asked(asked, job, (coming.job_id, coming.serving, coming.model_units))
    if as_it_comes and _ends_as_asked(asked, coming) and _kept_as_asked(asked, coming) and not withdrawn:
        served = Served(coming.generation, coming.job_id, coming.model_arn or "")
        return deployment_plan.make(deployment_plan.wish_of(coming), coming.until, (), served)
    names_an_end = asked.hours is not None or asked.expires_at is not None or asked.no_end
    kept = not names_an_end and not asked.second_unit and _kept_as_asked(asked, purchase)
    if kept and not differs(asked, job, head):
        served = Served(head.generation, head.job_id, head.model_arn or "")
        changes: tuple[Change, ...] = () if withdrawn else ("withdraw",)
        return deployment_plan.make(deployment_plan.wish_of(purchase), purchase.until, changes, served)
    how = "is gone" if withdrawn else "serves, or withdraw it: ask for what serves now, and for nothing else"
    raise Conflict(
        "deployment_updating",
        f"Deployment {head.name} has a second unit beside it, for the model of job {coming.job_id}. Wait until that "
        f"{how}.",
        state=head.state,
        job_id=coming.job_id,
    )


def _ends_as_asked(asked: PutDeployment, coming: Purchase) -> bool:
    endless = coming.hours is None and coming.until is None
    return (
        asked.hours in {None, coming.hours}
        and asked.expires_at in {None, coming.until}
        and (endless or not asked.no_end)
    )


def _kept_as_asked(asked: PutDeployment, unit: Purchase) -> bool:
    return (
        asked.arn in {None, unit.arn}
        and (asked.idle_minutes is None or (asked.idle_minutes or None) == unit.idle_minutes)
        and asked.on_budget in {None, unit.on_budget}
    )


def _is_as_asked(asked: PutDeployment, job: Job | None, has: tuple[str, str, int]) -> bool:
    job_id, serving, model_units = has
    return (
        (job is None or job.id == job_id)
        and asked.serving in {None, serving}
        and asked.model_units in {None, model_units}
    )


def begin(head: Deployment, coming: Purchase, reason: str, now: datetime) -> Deployment:
    """The deployment once a second unit is asked for; the one before goes on answering."""
    beside = Beside(coming.generation, coming.job_id)
    return deployment_states.move(replace(head, beside=beside), "Updating", reason, now)


def withdraw(
    head: Deployment, other: Purchase, serving: Purchase, author: Author, now: datetime
) -> tuple[Deployment, Purchase]:
    """The deployment and the unit beside it once that is no longer wanted; what ends already is left as it is."""
    if other.release_requested or other.state in ENDED:
        return head, other
    reason = f"asked for by {author.by}"
    asked = purchase_states.acted(replace(other, release_requested=reason), "released", author, now)
    if other.state == "requested":
        ended = purchase_states.finish(asked, "released", None, now)
        return let_go(head, ended, serving, now), ended
    if other.state == "live":
        asked = purchase_states.release(asked, reason, None, now)
    return deployment_states.note(head, f"generation {other.generation} is withdrawn, {reason}", now), asked


def replaced(head: Deployment) -> Replaced:
    """What the second unit is to replace."""
    return Replaced(head.generation, head.arn)


def is_beside(head: Deployment, purchase: Purchase) -> bool:
    """Whether the purchase may be billed beside the one that serves."""
    return head.beside is not None and head.beside.generation == purchase.generation


def is_coming(head: Deployment) -> bool:
    """Whether a second unit is on its way to take over."""
    return head.beside is not None and head.beside.generation > head.generation


def take_over(head: Deployment, ready: Purchase, now: datetime) -> Deployment:
    """The deployment once its second unit can be called: it serves, and the one before may still be billed."""
    going = Beside(head.generation, head.job_id)
    served = _served_by(replace(head, beside=going), ready)
    return deployment_states.move(served, "Ready", f"generation {ready.generation} serves now", now)


def give_back(before: Purchase, by: Purchase, now: datetime) -> Purchase:
    """The unit before, once the other serves; one that ends already goes on ending."""
    named = replace(before, replaced_by=by.generation)
    if before.state != "live":
        return named
    released = purchase_states.release(named, f"generation {by.generation} replaced it", None, now)
    return purchase_states.acted(released, "released", OURS, now)


def hand_over(head: Deployment, coming: Purchase, reason: str, now: datetime) -> Deployment:
    """The deployment once the unit that served has ended before the other could take over."""
    alone = replace(_served_by(replace(head, beside=None), coming), hidden=_hidden(coming))
    state: DeploymentState = "Releasing" if coming.release_requested else "Creating"
    return _said(alone, state, f"generation {head.generation} has ended: {reason}", now)


def _hidden(coming: Purchase) -> HiddenState | None:
    """How far it is on the way to its gate."""
    if coming.purpose == "serve":
        return None
    if coming.ready_at is None:
        return "Creating"
    return "Held" if coming.gate and coming.gate.outcome == "held" else "Evaluating"


def wait_for(head: Deployment, ended: Purchase, going: Purchase, now: datetime) -> Deployment:
    """The deployment whose serving unit has ended while the one before it is still being given back."""
    words = f"generation {ended.generation} has ended; generation {going.generation} is still being given back"
    return _said(head, "Releasing", words, now)


def let_go(head: Deployment, ended: Purchase, serving: Purchase, now: datetime) -> Deployment:
    """The deployment once what stood beside it has ended; with that, it may have ended as a whole."""
    alone = replace(head, beside=None)
    if serving.state in ENDED:
        state: DeploymentState = "Released" if serving.state == "released" else "Failed"
        reason = serving.failure or serving.release_requested or "given back"
        return deployment_states.end(alone, state, reason, serving.failure, now)
    if ended.generation < head.generation:
        return deployment_states.note(alone, f"generation {ended.generation} is given back", now)
    why = ended.failure or ended.release_requested or "it was given back"
    words = f"generation {ended.generation} does not take over: {why}"
    return _said(alone, "Ready" if head.state == "Updating" else head.state, words, now)


def _said(head: Deployment, state: DeploymentState, words: str, now: datetime) -> Deployment:
    """The deployment in that state, with an entry in its history even if it is in it already."""
    if head.state == state:
        return deployment_states.note(head, words, now)
    return deployment_states.move(head, state, words, now)


def _served_by(head: Deployment, purchase: Purchase) -> Deployment:
    return replace(
        head,
        generation=purchase.generation,
        previous_job_id=head.previous_job_id if purchase.job_id == head.job_id else head.job_id,
        serving=purchase.serving,
        model_units=purchase.model_units,
        job_id=purchase.job_id,
        dataset=purchase.dataset,
        version=purchase.version,
        model_arn=purchase.model_arn,
        arn=purchase.arn,
        expires_at=purchase.ends_at,
        idle_minutes=purchase.idle_minutes,
    )
