"""Carry out a purchase's next steps: the only code path that buys paid capacity, and the only one that deletes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import tunedrop
from tunedrop.actions import announce
from tunedrop.actions.charges import reserve_budget
from tunedrop.actions.deployments import judge_unit, replace_unit, watch_calls
from tunedrop.actions.deployments.save_purchase import Visit, save, units_given, units_taken
from tunedrop.domain.charges import budget_limits
from tunedrop.domain.charges.budget_limits import BudgetObjection
from tunedrop.domain.serving import (
    acts,
    brake,
    commitments,
    deployment_states,
    purchase_request,
    purchase_states,
    purchase_steps,
    swap_steps,
    swaps,
)
from tunedrop.domain.serving.deployment_states import Deployment, DeploymentState
from tunedrop.domain.serving.purchase_states import HOLDING, Capacity, Observation, Purchase, Swap
from tunedrop.domain.training.bedrock_refusal import Refusal
from tunedrop.edges import faults, schedules
from tunedrop.edges.bedrock import buy_capacity, observed_capacity, swap_model
from tunedrop.edges.bedrock.call_outcomes import Ambiguous, Done
from tunedrop.edges.clients import Spender
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger, traced
from tunedrop.edges.rows import deployment_rows
from tunedrop.edges.rows.stored import UnreadableRow
from tunedrop.edges.rows.writes import Write
from tunedrop.errors import Unavailable

MOST_STEPS = 16
"""More than any path through the steps takes. A purchase that needs more is contended; its message is redelivered."""


def advance(deployment: str, generation: int, cloud: Cloud, spender: Spender) -> Purchase | None:
    """Carry out the purchase's next steps until there are none. Safe to repeat, interrupt and run concurrently.

    Returns the purchase, or None if it does not exist. Raises Unavailable if other writers keep changing it, and
    botocore's errors if Bedrock does not let us look.
    """
    visit = Visit(cloud, spender, cloud.now())
    observed: Observation | None = None
    for _ in range(MOST_STEPS):
        purchase = deployment_rows.load_purchase(cloud.state, deployment, generation)
        if purchase is None:
            logger.warning("no such purchase", extra={"deployment": deployment, "generation": generation})
            return None
        step = purchase_steps.next_step(purchase, observed, _free_units(purchase, visit), visit.now)
        if budget_limits.bears_on(purchase, step):
            objection = _objection(purchase, cloud)
            step = budget_limits.instead(purchase, objection) if objection else step
        logger.info("purchase step", extra={"purchase": purchase.id, "state": purchase.state, "step": str(step)})
        if _is_left(step, purchase, cloud):
            if _goes_on(purchase, visit):
                continue
            announce.announce_purchase(purchase, cloud)
            for before in visit.replaced:  # if we crash here, reconcile finds it
                advance(deployment, before, cloud, spender)
            return purchase
        try:
            observed = _carry_out(step, purchase, visit)
        except faults.FAULTS:  # whoever pays hears of an end and of a bill even while AWS does not answer
            announce.announce_purchase(purchase, cloud)
            raise
    raise Unavailable("busy", f"Purchase {deployment}#{generation} keeps changing.", deployment=deployment)


def _objection(purchase: Purchase, cloud: Cloud) -> BudgetObjection | None:
    """Why the budget forbids it. Where that can't be added up nothing is bought, and what is live goes on."""
    try:
        return reserve_budget.objection_to_purchase(purchase, cloud)
    except (*faults.FAULTS, UnreadableRow) as fault:
        if purchase.state != "live":
            raise
        logger.error("the budget could not be added up", extra=traced(fault))
        return None


def _is_left(step: purchase_steps.PurchaseStep, purchase: Purchase, cloud: Cloud) -> bool:
    """Whether nothing is done now; what is being released goes on answering the calls that it took."""
    match step:
        case purchase_steps.LeavePurchase() | swap_steps.LeaveSwap():
            return True
        case purchase_steps.Discard():
            return watch_calls.is_answering(purchase, cloud)
        case _:
            return False


def _goes_on(purchase: Purchase, visit: Visit) -> bool:
    """Whether its calls, or the evaluation that judges it, give it a next step where its row and Bedrock give none."""
    if idle := watch_calls.idle_reason(purchase, visit.cloud):
        _ask_for_release(purchase, idle, visit)
        return True
    return judge_unit.judge(purchase, visit)


def _ask_for_release(purchase: Purchase, reason: str, visit: Visit) -> None:
    asked = purchase_states.acted(replace(purchase, release_requested=reason), "released", acts.OURS, visit.now)
    save(asked, visit, head=lambda head: deployment_states.begin_release(head, reason, visit.now))


def _free_units(purchase: Purchase, visit: Visit) -> int:
    if purchase.state != "requested" or not purchase.model_units:
        return 0
    return visit.cloud.settings.max_model_units - deployment_rows.units_taken(visit.cloud.state)


def _carry_out(step: purchase_steps.PurchaseStep, purchase: Purchase, visit: Visit) -> Observation | None:
    """Carry out one step. A write may lose a race: the next round reads the row and decides again."""
    match step:
        case purchase_steps.Observe():
            return observed_capacity.observe(visit.cloud.bedrock, purchase, visit.cloud.settings.stack_id)
        case purchase_steps.SetBrake(fires_at):
            _set_brake(purchase, fires_at, visit)
        case purchase_steps.SendPurchase():
            _send(purchase, visit)
        case purchase_steps.Discard(arn):
            _discard(purchase, arn, visit)
        case swap_steps.SendSwap():
            _send_swap(purchase, visit)
        case swap_steps.CompleteSwap():
            _end_swap(purchase, purchase.swap, "it serves the other model now", visit)
        case swap_steps.GiveUpSwap(reason):
            logger.warning("a model was not swapped", extra={"purchase": purchase.id, "reason": reason})
            _end_swap(purchase, None, f"its model was not swapped: {reason}", visit)
        case _:
            _move(step, purchase, visit)
    return None


def _move(step: purchase_steps.PurchaseStep, purchase: Purchase, visit: Visit) -> None:
    """Carry out a step that only changes rows."""
    now = visit.now
    match step:
        case purchase_steps.Requeue():
            save(purchase_states.requeue(purchase, now), visit, *units_given(purchase))
        case purchase_steps.AdoptCapacity(found):
            _go_live(purchase, found, visit)
        case purchase_steps.BecomeReady(found):
            judge_unit.can_be_called(replace(purchase, billed_since=found.created_at or purchase.billed_since), visit)
        case purchase_steps.MoveEnd() | commitments.LearnTerm():
            _set_end(step, purchase, visit)
        case purchase_steps.BeginRelease(reason, failure, author):
            released = purchase_states.release(purchase, reason, failure, now)
            released = purchase_states.acted(released, "released", author, now) if author else released
            save(released, visit, head=lambda head: deployment_states.begin_release(head, reason, now))
        case purchase_steps.ReclaimCapacity(found):
            _reclaim(purchase, found, visit)
        case purchase_steps.Finish():
            _finish(purchase, step, visit)


def _set_end(step: purchase_steps.MoveEnd | commitments.LearnTerm, purchase: Purchase, visit: Visit) -> None:
    if isinstance(step, purchase_steps.MoveEnd):
        save(replace(purchase, expires_at=step.expires_at), visit)
        return
    learned, moment = commitments.learn(purchase, step.ends_at), step.ends_at.isoformat(timespec="seconds")
    words = f"its term ends at {moment}, as Bedrock shows it"
    if purchase.state == "releasing":
        words = f"it is committed until {moment}, and Bedrock ends it no earlier"
    save(learned, visit, head=lambda head: deployment_states.change_end(head, step.ends_at, words, visit.now))


def _set_brake(purchase: Purchase, fires_at: datetime, visit: Visit) -> None:
    """Let a schedule end the capacity, before the row allows it to be bought or to stay."""
    schedule = brake.schedule(purchase, fires_at, visit.cloud.settings.brake_role_arn)
    answer = schedules.put(visit.cloud.scheduler, schedule)
    if isinstance(answer, Done):
        save(brake.braked(purchase, fires_at), visit)
        return
    logger.error("no schedule that ends paid capacity", extra={"purchase": purchase.id, "answer": str(answer)})
    words = f"{answer.code}: {answer.message}" if isinstance(answer, Refusal) else f"no answer: {answer.reason}"
    final = isinstance(answer, Refusal) and answer.kind == "refused"
    unbraked = brake.unbraked(purchase, words, visit.now, final=final)
    told = purchase.brake_failure == words
    note = f"the schedule that ends it could not be made; {words}"
    save(unbraked, visit, head=None if told else lambda head: deployment_states.note(head, note, visit.now))


def _was_bought(purchase: Purchase, visit: Visit) -> bool:
    """Whether this purchase went live once, although its row says that it never did."""
    if purchase.serving != "provisioned_throughput":
        return False
    standing = schedules.standing(visit.cloud.scheduler, purchase.name)
    return standing is not None and standing.knows_capacity


def _forbidden(purchase: Purchase, cloud: Cloud) -> str | None:
    """Why a commitment is not bought, as things stand now."""
    head, stack = deployment_rows.load(cloud.state, purchase.deployment), cloud.settings
    base_model = head.base_model if head else ""
    return commitments.forbids(purchase, base_model, stack.prices, allowed=stack.allow_commitments)


def _send(purchase: Purchase, visit: Visit) -> None:
    """Write `unknown` and take the model units first, then send the call that buys: never what was bought before."""
    words = _forbidden(purchase, visit.cloud) if purchase.commitment else None
    words = words or judge_unit.forbids(purchase, visit.cloud)
    if words is None and _was_bought(purchase, visit):
        words = "it was bought before, as its schedule shows, and the tables were restored: nothing is bought again"
    if words:
        _finish(purchase, purchase_steps.Finish("lapsed", words), visit)
        return
    attempted = purchase_states.attempt(purchase, visit.now)
    taken: list[Write] = []
    if purchase.state == "requested" and purchase.model_units:
        taken = [deployment_rows.take_units(purchase, visit.cloud.settings.max_model_units)]
    if not save(attempted, visit, *taken):  # no row, no purchase: another writer was faster, or the cap is reached
        return
    # If we crash from here on, the row says `unknown`, so the next delivery looks in Bedrock before it sends again.
    sent = replace(attempted, revision=attempted.revision + 1)
    tags = purchase_request.tags(sent, visit.cloud.settings.stack_id, tunedrop.__version__)
    answer = buy_capacity.create(visit.spender, sent, tags)
    match answer.outcome:
        case Done(arn):
            _go_live(sent, Capacity(arn, sent.name, sent.model_arn or "", "Creating"), visit, answer.request_id)
        case Refusal():
            save(purchase_states.refuse(sent, answer.outcome), visit)
        case Ambiguous(reason):
            logger.warning("the outcome of a purchase is unknown", extra={"purchase": purchase.id, "reason": reason})


def _send_swap(purchase: Purchase, visit: Visit) -> None:
    """Write that it is sent, then ask Bedrock for the swap. What it shows afterwards decides, whatever it answers."""
    swap = purchase.swap
    if swap is None or purchase.arn is None:
        return
    attempted = swaps.send(purchase, swap, visit.now)
    if not save(attempted, visit):
        return
    sent = replace(attempted, revision=attempted.revision + 1)
    answer = swap_model.swap(visit.spender, purchase.serving, purchase.arn, swap.model_arn)
    if isinstance(answer.outcome, Refusal):
        save(swaps.refuse(sent, answer.outcome), visit)
    elif isinstance(answer.outcome, Done):
        save(swaps.accept(sent, answer.request_id, visit.now), visit)


def _end_swap(purchase: Purchase, done: Swap | None, note: str, visit: Visit) -> None:
    ended = swaps.end(purchase, done, visit.now)
    save(ended, visit, head=lambda head: deployment_states.end_swap(head, done, note, visit.now))


def _discard(purchase: Purchase, arn: str, visit: Visit) -> None:
    """Ask Bedrock to delete the capacity, once per visit; a refusal, a lost answer and a lagging list all have to wait.

    If Bedrock accepts, the row says so: from then on, a list without the capacity is proof enough.
    """
    if arn not in visit.discarded:
        visit.discarded.add(arn)
        answer = buy_capacity.delete(visit.spender, purchase.serving, arn)
        if isinstance(answer.outcome, Done):
            if arn == purchase.arn:
                deleted = replace(purchase, deleted_at=visit.now)
                save(purchase_states.acted(deleted, "deleted", acts.ours(answer.request_id), visit.now), visit)
            return
        logger.error(
            "paid capacity not released yet", extra={"purchase": purchase.id, "arn": arn, "answer": str(answer)}
        )
    save(replace(purchase, parked_at=visit.now), visit)


def _go_live(purchase: Purchase, found: Capacity, visit: Visit, request_id: str | None = None) -> None:
    live = purchase_states.go_live(purchase, found, visit.now)
    live = purchase_states.acted(live, "bought", acts.ours(request_id), visit.now)
    taken = [] if purchase.state in HOLDING else units_taken(purchase)
    save(live, visit, *taken, head=lambda head: replace(head, arn=live.arn, expires_at=live.expires_at))


def _reclaim(purchase: Purchase, found: Capacity, visit: Visit) -> None:
    logger.error("paid capacity outlived its purchase", extra={"purchase": purchase.id, "arn": found.arn})
    again = purchase_states.reclaim(purchase, found, visit.now)
    also = [deployment_rows.open_work(purchase), *units_taken(purchase)]
    reason = again.release_requested or ""
    save(again, visit, *also, head=lambda head: deployment_states.begin_release(head, reason, visit.now))


def _finish(purchase: Purchase, step: purchase_steps.Finish, visit: Visit) -> None:
    failure = step.failure or (step.reason if step.state == "lapsed" else None)
    finished = purchase_states.finish(purchase, step.state, failure, visit.now)
    state: DeploymentState = "Released" if step.state == "released" else "Failed"

    def end(head: Deployment) -> Deployment:
        outlived = replace_unit.outlive(head, finished, step.reason, visit.cloud, visit.now)
        return outlived or deployment_states.end(head, state, step.reason, finished.failure, visit.now)

    lets_go = replace_unit.let_go(finished, visit.cloud, visit.now)
    save(finished, visit, *units_given(purchase), head=end, beside=lets_go)
