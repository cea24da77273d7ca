"""Hold what an intent may cost against `MonthlyBudget`, in the transaction that writes it.

The open rows themselves are the reservation, as those of purchases are that of model units: an intent is written only
if no other was since the sum was made. A stack without a budget reads and writes nothing here.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from tunedrop.actions.charges import read_spending
from tunedrop.actions.charges.read_spending import Spending
from tunedrop.domain.charges import budget_limits
from tunedrop.domain.charges.budget_items import BudgetItem, BudgetPricing, CapacityWanted
from tunedrop.domain.charges.budget_limits import BudgetObjection
from tunedrop.domain.charges.monthly_budget import BudgetNow, BudgetShare
from tunedrop.domain.evaluation import evaluation_costs
from tunedrop.domain.evaluation.evaluation_plan import EvaluationPlan
from tunedrop.domain.evaluation.evaluation_states import Evaluation
from tunedrop.domain.serving.deployment_plan import DeploymentPlan, StandingDeployment
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.domain.training.job_states import DeploymentWish, Job
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import budget_rows
from tunedrop.edges.rows.writes import Update

_FREE = frozenset({"adopt", "swap", "shorten", "withdraw", "idle", "adjust"})
"""Changes of a deployment that take nothing more."""


def read(cloud: Cloud) -> BudgetNow | None:
    """The budget and what takes of it now; None: the stack has none."""
    budget = cloud.settings.monthly_budget
    return None if budget is None else added_up(cloud, budget)[0]


def added_up(cloud: Cloud, budget: Decimal) -> tuple[BudgetNow, Spending]:
    """The same, with the rows that take of it."""
    settings = cloud.settings
    intents = budget_rows.load(cloud.state).intents  # first: an intent written after this must make the sum void
    pricing = BudgetPricing.at(cloud.now(), settings.prices)
    spending = read_spending.since(pricing.months[0].since, cloud)
    items = [pricing.of_job(job) for job in spending.jobs.values()]
    items += [pricing.of_purchase(purchase, job.base_model) for purchase, job in spending.purchases.values()]
    items += [pricing.of_evaluation(evaluation) for evaluation in spending.evaluations.values()]
    taking = {item.key: item for item in items if not item.is_empty}
    return BudgetNow(budget, settings.currency, pricing, taking, intents), spending


def of_job(
    job: Job, purchase: Purchase | None, cloud: Cloud, evaluation: Evaluation | None = None
) -> BudgetShare | None:
    """What a job takes, the purchase that waits for it, and the evaluation of that; None without a budget.

    Raises CapExceeded `monthly_budget`, and Conflict `price_unknown` unless the job was asked for without a price.
    """
    found = read(cloud)
    if found is None:
        return None
    items = [found.pricing.of_job(job)]
    items += [found.pricing.of_purchase(purchase, job.base_model)] if purchase else []
    items += [found.pricing.of_evaluation(evaluation)] if evaluation else []
    return found.share(items, accepted=job.accept_unknown_price)


def objection_to_job(job: Job, cloud: Cloud) -> BudgetObjection | None:
    """Why the job is not sent although its intent was written, under a larger budget or other prices."""
    found = read(cloud)
    return budget_limits.against_job(found, job) if found else None


def objection_to_purchase(purchase: Purchase, cloud: Cloud) -> BudgetObjection | None:
    """Why the purchase is not sent, or, with on_budget release, does not stay."""
    found = read(cloud)
    return budget_limits.against_purchase(found, purchase) if found else None


def of_wish(
    base_model: str,
    trained_tokens: int | None,
    wish: DeploymentWish | None,
    gate: EvaluationPlan | None,
    cloud: Cloud,
    *,
    accepted: bool,
) -> BudgetShare | None:
    """What a job would take that nothing was written for; None without a budget. Raises as `of_job`."""
    found = read(cloud)
    if found is None:
        return None
    thousands = None if trained_tokens is None else Decimal(trained_tokens) / 1000
    items = [found.pricing.of_training("job", base_model, thousands)]
    if wish:
        wanted = CapacityWanted(wish.model_units, wish.hours)
        items.append(found.pricing.of_capacity("deployment", base_model, wanted))
    items += [_asked(gate, found.pricing)] if gate else []
    return found.share(items, accepted=accepted)


def of_evaluation(planned: EvaluationPlan, cloud: Cloud, *, accepted: bool) -> BudgetShare | None:
    """What an evaluation would take at most; None without a budget. Raises as `of_job`."""
    found = read(cloud)
    return found.share([_asked(planned, found.pricing)], accepted=accepted) if found else None


def _asked(planned: EvaluationPlan, pricing: BudgetPricing) -> BudgetItem:
    return pricing.of_tokens("evaluation", evaluation_costs.most(planned.candidates, planned.allowed, pricing.prices))


def of_deployment(
    planned: DeploymentPlan,
    standing: StandingDeployment | None,
    base_model: str,
    gate: EvaluationPlan | None,
    cloud: Cloud,
    *,
    accepted: bool,
) -> BudgetShare | None:
    """What would be bought or renewed takes, and its evaluation; None without a budget, and where that is nothing.

    Raises as `of_job`.
    """
    bills = bool(planned.model_units and set(planned.changes) - _FREE)
    found = read(cloud) if bills or gate else None
    if found is None:
        return None
    items = [_item(planned, standing, base_model, found.pricing)] if bills else []
    items += [_asked(gate, found.pricing)] if gate else []
    return found.share(items, accepted=accepted)


def _item(
    planned: DeploymentPlan, standing: StandingDeployment | None, base_model: str, pricing: BudgetPricing
) -> BudgetItem:
    if standing and standing.purchase.generation == planned.generation:
        renewed = replace(standing.purchase, hours=planned.hours, until=planned.until)
        return pricing.of_purchase(renewed, base_model)
    key = f"deployment {planned.name}#{planned.generation}"
    term = planned.commitment.term if planned.commitment else None
    wanted = CapacityWanted(planned.model_units, planned.hours, planned.until, term)
    return pricing.of_capacity(key, base_model, wanted)


def adopted(cloud: Cloud) -> list[Update]:
    """What is written beside capacity that exists and gets its rows: nobody's sum has it. It is never refused."""
    return [] if cloud.settings.monthly_budget is None else [budget_rows.spent_already()]


def write(share: BudgetShare | None) -> list[Update]:
    """What reserves it, beside the intent."""
    return [budget_rows.reserve(share.before.intents)] if share else []
