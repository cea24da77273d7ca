"""Read one deployment, or list them, with what they cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tunedrop.domain.base_models.catalogue import OnBudget
from tunedrop.domain.serving import capacity_costs, deployment_states
from tunedrop.domain.serving.acts import Act
from tunedrop.domain.serving.calls_seen import CallsSeen
from tunedrop.domain.serving.deployment_filter import EVERY_DEPLOYMENT, DeploymentFilter
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import call_rows, deployment_rows
from tunedrop.errors import NotFound

LONGEST_NAME = 32
"""Names are checked when a deployment is requested, so a longer one can't exist and needs no read."""
LOOKED_AT_ONCE, MOST_LOOKED_AT = 100, 500
"""Deployments that are read for one filtered page."""


@dataclass(frozen=True, slots=True)
class PricedUnit:
    """A unit of capacity, and what it costs; an hour of it while it stands."""

    purchase: Purchase
    hourly_cost: float | None
    cost_so_far: float | None


@dataclass(frozen=True, slots=True)
class PricedDeployment:
    """A deployment and what it costs, estimated; None where the price is unknown. Calls on demand are not in it."""

    deployment: Deployment
    hourly_cost: float | None
    """0 once it has ended."""
    cost_so_far: float | None
    """Of all its units: those that it took over from, and those that did not take over, are among them."""
    currency: str
    purchase: Purchase | None
    """Its current generation."""
    units: tuple[Purchase, ...]
    """That, and all before and beside it since the deployment was made."""
    term_cost: float | None
    """Of all of its term, at most; None without a commitment, too."""
    beside: PricedUnit | None
    """What may be billed beside it; the costs are those of both."""
    last_called_at: datetime | None
    """Through the Messages API, to the minute before; None: never in this generation."""
    on_budget: OnBudget | None
    """None on demand."""

    @property
    def acts(self) -> tuple[tuple[int, Act], ...]:
        """Who had done what about which generation, the first first."""
        every = ((unit.generation, act) for unit in self.units for act in unit.acts)
        return tuple(sorted(every, key=lambda each: each[1].time))


@dataclass(frozen=True, slots=True)
class DeploymentPage:
    """One page of deployments, newest first, and the cursor for the next page (None: no more)."""

    deployments: tuple[PricedDeployment, ...]
    cursor: str | None


def get(name: str, cloud: Cloud) -> Deployment:
    """The deployment of that name. Raises NotFound `unknown_deployment`."""
    deployment = deployment_rows.load(cloud.state, name) if len(name) <= LONGEST_NAME else None
    if deployment is None:
        raise NotFound("unknown_deployment", f"There is no deployment named {name[:80]!r}.", deployment=name[:80])
    return deployment


def priced(deployment: Deployment, cloud: Cloud) -> PricedDeployment:
    """The deployment with what it costs, who had it done, and when it was last called."""
    return _priced(deployment, call_rows.load(cloud.access, deployment.name), cloud)


def _priced(deployment: Deployment, calls: CallsSeen | None, cloud: Cloud) -> PricedDeployment:
    """The same where its calls were read. Takes another read."""
    settings = cloud.settings
    units = {
        unit.generation: _unit(unit, deployment, cloud) for unit in deployment_rows.load_units(cloud.state, deployment)
    }
    current = units.get(deployment.generation)
    beside = units.get(deployment.beside.generation) if deployment.beside else None
    purchase = current.purchase if current else None
    term = purchase.commitment if purchase else None
    hour = capacity_costs.hourly(deployment.model_units, deployment.base_model, settings.prices, term)
    hourly = 0.0 if deployment.state in deployment_states.ENDED else hour
    if beside:
        hourly = _sum((hourly, beside.hourly_cost))
    so_far = _sum(unit.cost_so_far for unit in units.values()) if current else None
    called = calls.last_called_at if calls else None
    return PricedDeployment(
        deployment=deployment,
        hourly_cost=hourly,
        cost_so_far=so_far,
        currency=settings.currency,
        purchase=purchase,
        units=tuple(unit.purchase for unit in units.values()),
        term_cost=capacity_costs.of_term(hour, term) if term else None,
        beside=beside,
        last_called_at=called if called and called >= deployment.created_at else None,
        on_budget=purchase.on_budget if purchase and purchase.model_units else None,
    )


def _unit(purchase: Purchase, deployment: Deployment, cloud: Cloud) -> PricedUnit:
    prices = cloud.settings.prices
    hour = capacity_costs.hourly(purchase.model_units, deployment.base_model, prices, purchase.commitment)
    return PricedUnit(purchase, hour, capacity_costs.so_far(purchase, hour, cloud.now()))


def _sum(amounts: Iterable[float | None]) -> float | None:
    every = list(amounts)
    known = [amount for amount in every if amount is not None]
    return sum(known) if len(known) == len(every) else None


def list_deployments(
    limit: int, cursor: str | None, cloud: Cloud, wanted: DeploymentFilter = EVERY_DEPLOYMENT
) -> DeploymentPage:
    """Up to `limit` of the deployments asked for, including ended ones. Raises InvalidInput `invalid_cursor`.

    A page may be short, or empty, and have a cursor: at most MOST_LOOKED_AT deployments are looked at for one.
    """
    found: list[Deployment] = []
    for _ in range(MOST_LOOKED_AT // LOOKED_AT_ONCE):
        at_once = limit if wanted.takes_all else LOOKED_AT_ONCE
        page = cloud.state.listing(deployment_rows.KIND, limit=at_once, cursor=cursor)
        for row in page.rows:
            deployment = deployment_rows.deployment_from(row)
            if wanted.takes(deployment):
                found.append(deployment)
            if len(found) == limit and row is not page.rows[-1]:
                return _page(found, deployment_rows.cursor_after(row), cloud)
        cursor = page.cursor
        if cursor is None or len(found) == limit:
            break
    return _page(found, cursor, cloud)


def _page(found: Sequence[Deployment], cursor: str | None, cloud: Cloud) -> DeploymentPage:
    calls = call_rows.load_all(cloud.access) if found else {}
    return DeploymentPage(tuple(_priced(each, calls.get(each.name), cloud) for each in found), cursor)


def standing_by_job(cloud: Cloud) -> Mapping[str, Sequence[Deployment]]:
    """The deployments that have not ended, by the job whose custom model they serve."""
    standing: dict[str, list[Deployment]] = {}
    for row in cloud.state.listing(deployment_rows.KIND).rows:
        deployment = deployment_rows.deployment_from(row)
        if deployment.state not in deployment_states.ENDED:
            for job_id in {deployment.job_id, *([deployment.beside.job_id] if deployment.beside else [])}:
                standing.setdefault(job_id, []).append(deployment)
    return standing
