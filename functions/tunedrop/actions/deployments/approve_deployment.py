"""Approve a commitment that another person asked for: only then it is bought. Nothing is spent here."""

from __future__ import annotations

from tunedrop.actions.deployments import find_model, read_deployments
from tunedrop.actions.jobs import read_jobs
from tunedrop.domain.serving import commitments, deployment_states
from tunedrop.domain.serving.acts import Author
from tunedrop.domain.serving.commitments import GivenApproval
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows
from tunedrop.errors import Unavailable

MOST_TRIES = 5


def approve(name: str, given: GivenApproval, cloud: Cloud, *, author: Author) -> Deployment:
    """Let the commitment that waits be bought. Repeating it writes nothing, and sends the message again.

    Raises NotFound `unknown_deployment`, Conflict, CapExceeded `commitments_off` and Unavailable.
    """
    commitments.check_allowed(allowed=cloud.settings.allow_commitments)
    for _ in range(MOST_TRIES):
        head = read_deployments.get(name, cloud)
        purchase = deployment_rows.load_purchase(cloud.state, name, head.generation)
        if purchase is not None and _is_approved(head, purchase, given, author, cloud):
            cloud.spend_queue.send("advance_purchase", deployment=name, generation=head.generation)
            return read_deployments.get(name, cloud)
    raise Unavailable("busy", f"Deployment {name} is being changed. Send the request again.", deployment=name)


def _is_approved(head: Deployment, purchase: Purchase, given: GivenApproval, author: Author, cloud: Cloud) -> bool:
    """Whether its rows say that it is approved; False if somebody else changed them since they were read."""
    now, asked = cloud.now(), commitments.plan_of(purchase, head.base_model, cloud.settings.prices)
    approved = commitments.approve(purchase, asked, given, author, now)
    if approved == purchase:
        return True
    job = read_jobs.get(purchase.job_id, cloud)
    find_model.check(job, cloud)
    find_model.check_exists(job, cloud)
    noted = deployment_states.note(head, f"approved by {author.by}: {given.reason}", now)
    return cloud.state.write_all(
        deployment_rows.put_purchase(approved),
        deployment_rows.put_changed(noted),
        *find_model.undisturbed(job, cloud),
    )
