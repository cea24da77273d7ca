"""What a walk came to, by name: walks that reach little prove little."""

from __future__ import annotations

from collections import Counter

from tests.faults.stateful.seen import Seen

ADOPTED, BUDGET, NOBODY = "adopted by its name and tags", "monthly_budget", "nobody called it for"


def came_to(seen: Seen) -> Counter[str]:
    """What has come to pass since this stack was made."""
    history = seen.history
    told = Counter(each.type for each in history.published)
    return Counter(
        uploads=len(history.uploads),
        requests=len(history.requests),
        deliveries=len(history.deliveries),
        faults=history.strikes(),
        puts=len(history.accepted("PUT", "/deployments/")),
        second_units=len(history.second_units),
        adoptions=sum(ADOPTED in str(row["history"].value) for row in seen.deployments().values()),
        refused_by_budget=sum(
            asked.status == 409 and asked.answer["error"]["code"] == BUDGET for asked in history.requests
        ),
        idle_stops=sum(NOBODY in str(row) for row in seen.purchases()),
        drained=history.drained,
        models_deleted=len({each.arn for each in history.touched if each.operation == "DeleteCustomModel"}),
        swaps=len({(each.arn, each.at) for each in history.touched if each.operation.startswith("Update")}),
        restores=history.restored,
        trainings=len(seen.ledger("customization_job")),
        purchases=len(seen.ledger("provisioned_throughput")),
        **{name: number for name, number in told.items() if name != "ReconcileCompleted"},
    )
