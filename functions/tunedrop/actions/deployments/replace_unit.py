"""Carry a deployment from one unit of capacity to another, in the transaction that changes the purchase."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from tunedrop.domain.serving import deployment_states, second_units
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows
from tunedrop.edges.rows.writes import Put


def beside(head: Deployment, cloud: Cloud) -> Purchase | None:
    """The unit beside the one that serves, if there is one."""
    return deployment_rows.load_purchase(cloud.state, head.name, head.beside.generation) if head.beside else None


def take_over(ready: Purchase, cloud: Cloud, now: datetime) -> Callable[[Deployment], Sequence[Put]]:
    """What is written, beside the purchase that can be called now, about the deployment that it stands beside."""

    def writes(head: Deployment) -> Sequence[Put]:
        before = deployment_rows.load_purchase(cloud.state, head.name, head.generation)
        assert before is not None, "a purchase's row is never taken away"
        given_back = second_units.give_back(before, ready, now)
        head = second_units.take_over(head, ready, now)
        return [deployment_rows.put_changed(head), deployment_rows.put_purchase(given_back)]

    return writes


def say(words: str, now: datetime) -> Callable[[Deployment], Sequence[Put]]:
    """Something to read about a unit beside the one that serves."""
    return lambda head: [deployment_rows.put_changed(deployment_states.note(head, words, now))]


def let_go(ended: Purchase, cloud: Cloud, now: datetime) -> Callable[[Deployment], Sequence[Put]]:
    """The same for a purchase that has ended beside the one that serves."""

    def writes(head: Deployment) -> Sequence[Put]:
        serving = deployment_rows.load_purchase(cloud.state, head.name, head.generation)
        assert serving is not None, "a purchase's row is never taken away"
        return [deployment_rows.put_changed(second_units.let_go(head, ended, serving, now))]

    return writes


def outlive(head: Deployment, ended: Purchase, reason: str, cloud: Cloud, now: datetime) -> Deployment | None:
    """The deployment whose serving unit has ended while another stands beside it; None if none does."""
    other = beside(head, cloud)
    if other is None:
        return None
    if second_units.is_coming(head):
        return second_units.hand_over(head, other, reason, now)
    return second_units.wait_for(head, ended, other, now)
