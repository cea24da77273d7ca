"""Let capacity live, hold it or give it back, by what the evaluation that judges it found."""

from __future__ import annotations

from dataclasses import replace

from tunedrop.actions.deployments import replace_unit
from tunedrop.actions.deployments.save_purchase import Visit, save
from tunedrop.actions.evaluations.start_evaluation import ask_for_advance
from tunedrop.domain.evaluation.evaluation_states import Evaluation
from tunedrop.domain.serving import acts, deployment_states, gate_steps, purchase_states
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import evaluation_rows


def can_be_called(purchase: Purchase, visit: Visit) -> None:
    """Let it be called: by anybody, or where it has a gate by its evaluation alone."""
    ready = replace(purchase, ready_at=visit.now)
    if purchase.purpose == "serve":
        _go_live(ready, visit, "Bedrock says it can be called")
        return
    words = f"evaluation {purchase.gate.evaluation_id if purchase.gate else ''} judges it before anybody may call it"
    save(ready, visit, head=lambda head: deployment_states.hide(head, "Evaluating", words, visit.now))


def judge(purchase: Purchase, visit: Visit) -> bool:
    """Do what is due about its gate, if it has one. Whether its row was to change, so that it may have a next step."""
    if purchase.purpose == "serve":
        return False
    evaluation = _evaluation(purchase, visit.cloud)
    match gate_steps.next_step(purchase, evaluation):
        case gate_steps.OpenGate(outcome, reason):
            _go_live(gate_steps.open_gate(purchase, outcome, visit.now), visit, reason)
        case gate_steps.HoldUnit():
            _hold(gate_steps.hold(purchase, visit.now), visit)
        case gate_steps.RefuseUnit(outcome, reason):
            _refuse(gate_steps.refuse(purchase, outcome), reason, visit)
        case gate_steps.AskEvaluation() if evaluation:
            ask_for_advance(evaluation, visit.cloud)  # if it gets lost, reconcile finds either row
            return False
        case _:
            return False
    return True


def forbids(purchase: Purchase, cloud: Cloud) -> str | None:
    """Why it is not bought: the last look at its evaluation before the money is gone."""
    return gate_steps.forbids(purchase, _evaluation(purchase, cloud)) if purchase.purpose == "evaluate" else None


def _evaluation(purchase: Purchase, cloud: Cloud) -> Evaluation | None:
    return evaluation_rows.load(cloud.state, purchase.gate.evaluation_id) if purchase.gate else None


def _go_live(ready: Purchase, visit: Visit, reason: str) -> None:
    """Let callers have it; a second unit takes over with that, and what it replaces is released at once."""

    def become_ready(head: Deployment) -> Deployment:
        return deployment_states.become_ready(head, visit.now, reason)

    takes_over = replace_unit.take_over(ready, visit.cloud, visit.now)
    if save(ready, visit, head=become_ready, beside=takes_over) and ready.replaces:
        visit.replaced.append(ready.replaces.generation)


def _hold(held: Purchase, visit: Visit) -> None:
    def hide(head: Deployment) -> Deployment:
        words = "its gate holds it for 24 hours, for another person to approve it"
        return deployment_states.hide(head, "Held", words, visit.now)

    save(held, visit, head=hide, beside=replace_unit.say("its gate holds the second unit for 24 hours", visit.now))


def _refuse(refused: Purchase, reason: str, visit: Visit) -> None:
    released = purchase_states.release(refused, reason, None, visit.now)
    released = purchase_states.acted(released, "released", acts.OURS, visit.now)
    save(released, visit, head=lambda head: deployment_states.begin_release(head, reason, visit.now))
