"""Capacity with a commitment: asked for, approved, and bought for a whole term that nobody can cut short. Pure.

Bedrock deletes it no earlier than its term ends, and renews the term then (docs/facts.md#provisioned-throughput).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tunedrop.domain.serving import approvals, capacity_costs, deployment_plan, purchase_states, terms
from tunedrop.domain.serving.acts import Author
from tunedrop.domain.serving.deployment_plan import Commitment, DeploymentPlan, Served
from tunedrop.domain.serving.purchase_states import LAPSES_AFTER, Capacity, Purchase
from tunedrop.domain.serving.put_request import PutDeployment
from tunedrop.domain.serving.terms import Term
from tunedrop.errors import CapExceeded, Conflict, InvalidInput


@dataclass(frozen=True, slots=True)
class GivenApproval:
    """What whoever approves a commitment says."""

    term: Term
    """Once more, so that nobody approves another one than they think."""
    reason: str
    plan_id: str
    """Of the plan that they looked at: what was withdrawn and asked for again may be another one."""


@dataclass(frozen=True, slots=True)
class LearnTerm:
    """Bedrock shows when the term ends: keep the capacity until then."""

    ends_at: datetime


def plan(planned: DeploymentPlan, asked: PutDeployment, base_model: str, prices: Mapping[str, float]) -> DeploymentPlan:
    """The plan as a commitment, if it is asked for.

    Raises InvalidInput `commitment_not_possible`, and Conflict `price_unknown` unless that was accepted.
    """
    term = asked.commitment
    if term is None:
        return planned
    if planned.serving != "provisioned_throughput":
        words = "Only Provisioned Throughput has commitments. Say serving: provisioned_throughput."
        raise InvalidInput("commitment_not_possible", words, field="commitment")
    committed = _of(planned, term, base_model, prices)
    if committed.commitment and committed.commitment.cost is None and not asked.accept_unknown_price:
        missing = f"{base_model}.{terms.price_of('model_unit_hour', term)}"
        raise Conflict(
            "price_unknown",
            f"This stack's Prices lack {missing}, so nobody knows what the commitment costs. Set it, or send the "
            "request again with accept_unknown_price: true.",
            field="accept_unknown_price",
            missing_prices=[missing],
            parameter="Prices",
        )
    return committed


def _of(planned: DeploymentPlan, term: Term, base_model: str, prices: Mapping[str, float]) -> DeploymentPlan:
    hour = capacity_costs.hourly(planned.model_units, base_model, prices, term)
    cost = capacity_costs.of_term(hour, term)
    return deployment_plan.identified(replace(planned, hours=terms.hours(term), commitment=Commitment(term, cost)))


def check_allowed(*, allowed: bool) -> None:
    """Raises CapExceeded `commitments_off` unless the stack allows commitments."""
    if not allowed:
        raise CapExceeded(
            "commitments_off",
            "This stack buys no commitments. To allow it, deploy the stack with AllowCommitments=true.",
            field="commitment",
            parameter="AllowCommitments",
        )


def check_standing(asked: PutDeployment, purchase: Purchase) -> None:
    """Raises Conflict `commitment_fixed` for what a deployment that stands can't become, or stop being."""
    if asked.commitment not in {None, purchase.commitment}:
        raise Conflict(
            "commitment_fixed",
            f"Deployment {purchase.deployment} has other capacity. A commitment is bought for a new deployment, or for "
            "one that has ended.",
            field="commitment",
        )
    moves = asked.expires_at is not None and asked.expires_at != purchase.ends_at
    releases = asked.on_budget == "release"
    kept = {"hours": asked.hours, "expires_at": moves, "idle_minutes": asked.idle_minutes, "on_budget": releases}
    changed = next((name for name, value in kept.items() if value), None)
    if changed and purchase.commitment and purchase.approval:
        words = f"Deployment {purchase.deployment} is a commitment: it stands until its term ends, and ends then."
        raise Conflict("commitment_fixed", words, field=changed)


def check_confirmed(planned: DeploymentPlan, plan_id: str | None) -> None:
    """Raises Conflict `plan_confirmation_required` for a commitment whose plan nobody confirmed."""
    if planned.commitment and plan_id is None:
        raise Conflict(
            "plan_confirmation_required",
            "A commitment needs the plan_id of its plan: ask for that with ?plan=true, and send the same request with "
            "its plan_id.",
            field="plan_id",
        )


def check_release(purchase: Purchase, now: datetime) -> None:
    """Raises Conflict `committed` before Bedrock would take a deletion."""
    until = purchase.committed_until
    if purchase.commitment and purchase.state == "unknown":
        words = (
            f"Deployment {purchase.deployment} is being bought with a commitment, and Bedrock does not show it yet. "
            "Ask again in some hours."
        )
        raise Conflict("committed", words, committed_until=None)
    if until and now < until:
        moment = until.isoformat(timespec="seconds")
        words = (
            f"Deployment {purchase.deployment} is committed until {moment}. Bedrock ends it no earlier; then it ends."
        )
        raise Conflict("committed", words, committed_until=until.isoformat())


def ask(purchase: Purchase, planned: DeploymentPlan, author: Author, now: datetime) -> Purchase:
    """The purchase that waits for an approval: until it has one, nothing about it can be bought."""
    if planned.commitment is None:
        raise ValueError(f"the plan for {purchase.id} is no commitment")
    approval = approvals.ask(planned.plan_id, author, now)
    return replace(purchase, commitment=planned.commitment.term, model_arn=planned.model_arn, approval=approval)


def approve(purchase: Purchase, asked: DeploymentPlan, given: GivenApproval, author: Author, now: datetime) -> Purchase:
    """The purchase once somebody else has approved exactly this; unchanged if that was done before.

    `asked`: the plan of the same request by today's prices, as `plan_of` gives it. Raises Conflict.
    """
    approval, term = purchase.approval, purchase.commitment
    if approval is None or (purchase.state != "planned" and approval.approved_at is None):
        words = f"Deployment {purchase.deployment} does not wait for an approval."
        raise Conflict("nothing_to_approve", words, state=purchase.state)
    if given.term != term:
        words = f"What waits is not a commitment for {terms.words(given.term)}. Nothing was approved."
        raise Conflict("other_term", words, field="term", term=term)
    if given.plan_id != approval.plan_id:
        raise _changed(approval.plan_id, "plan_id is that of another request than the one that waits.")
    if approval.approved_at:
        return purchase
    approved = approvals.give(approval, author, given.reason, now)
    if asked.plan_id != approval.plan_id:
        raise _changed(approval.plan_id, "Its price has changed since it was asked for. Delete it and ask again.")
    requested = purchase_states.request(replace(purchase, approval=approved), asked.model_arn, now, now)
    requested = replace(requested, lapses_at=now)  # 0.1.0 would buy it by the hour; but not what has lapsed
    return purchase_states.acted(requested, "approved", author, now)


def lapses_at(purchase: Purchase) -> datetime | None:
    """When it is too late to buy it, from its approval if it is a commitment; None: nothing was asked for yet."""
    approved_at = purchase.approval.approved_at if purchase.approval else None
    return approved_at + LAPSES_AFTER if approved_at else purchase.lapses_at


def _changed(plan_id: str, words: str) -> Conflict:
    return Conflict("plan_changed", f"{words} Nothing was approved.", field="plan_id", plan_id=plan_id)


def plan_of(purchase: Purchase, base_model: str, prices: Mapping[str, float]) -> DeploymentPlan:
    """The plan by which the purchase was asked for, by these prices."""
    served = Served(purchase.generation, purchase.job_id, purchase.model_arn or "")
    planned = deployment_plan.make(deployment_plan.wish_of(purchase), None, ("create",), served)
    return _of(planned, purchase.commitment, base_model, prices) if purchase.commitment else planned


def forbids(purchase: Purchase, base_model: str, prices: Mapping[str, float], *, allowed: bool) -> str | None:
    """Why the purchase is not sent although its row says so; the last look before the money is gone."""
    if purchase.commitment is None:
        return None
    if not allowed:
        return "it is a commitment, and this stack's AllowCommitments is false by now"
    if purchase.approval is None or purchase.approval.approved_at is None:
        return "it is a commitment that nobody has approved"
    if plan_of(purchase, base_model, prices).plan_id != purchase.approval.plan_id:
        return "it is a commitment, and its price has changed since it was approved"
    return None


def next_step(purchase: Purchase, own: Capacity) -> LearnTerm | None:
    """What Bedrock says of the term, once: a later end would be that of a term which nobody approved."""
    ends = own.committed_until if purchase.commitment else None
    return LearnTerm(ends) if ends and (purchase.until is None or ends < purchase.until) else None


def renewed(purchase: Purchase, own: Capacity, now: datetime) -> LearnTerm | None:
    """The end of a term that Bedrock has begun although the capacity is being released."""
    ends = own.committed_until if own.arn == purchase.arn else None
    return LearnTerm(ends) if ends and now < ends and ends != purchase.committed_until else None


def learn(purchase: Purchase, ends_at: datetime) -> Purchase:
    """The purchase with the end that Bedrock shows."""
    return replace(purchase, committed_until=ends_at, until=ends_at)


def advice(planned: DeploymentPlan, currency: str) -> tuple[str, ...]:
    """What to know before it is asked for."""
    commitment = planned.commitment
    if commitment is None:
        return ()
    cost = "an unknown amount" if commitment.cost is None else f"{commitment.cost:,.2f} {currency}"
    days = approvals.WAITS // timedelta(days=1)
    return (
        f"A commitment for {terms.words(commitment.term)} costs {cost} in all, for at most {planned.hours:,} hours.",
        "Called or not, nobody can delete it before its term ends.",
        "Bedrock renews it when its term ends, unless it is deleted just then.",
        "Tunedrop deletes it as its term ends, and a schedule does so a minute later: look at it that day.",
        f"Another person has to approve it within {days} days; until then nothing is bought.",
    )
