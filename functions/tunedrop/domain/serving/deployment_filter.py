"""Which deployments a listing is asked for. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tunedrop.domain.base_models.catalogue import Serving
from tunedrop.domain.serving.deployment_states import Deployment, ShownState


@dataclass(frozen=True, slots=True)
class DeploymentFilter:
    """What a deployment must be; None asks for nothing."""

    state: ShownState | None = None
    serving: Serving | None = None
    dataset: str | None = None
    base_model: str | None = None
    owner: str | None = None

    @property
    def takes_all(self) -> bool:
        """Whether nothing is asked for."""
        return self == EVERY_DEPLOYMENT

    def takes(self, deployment: Deployment) -> bool:
        """Whether the deployment is one of those asked for."""
        return all(
            wanted is None or wanted == actual
            for wanted, actual in (
                (self.state, deployment.shown),
                (self.serving, deployment.serving),
                (self.dataset, deployment.dataset),
                (self.base_model, deployment.base_model),
                (self.owner, deployment.owner),
            )
        )


EVERY_DEPLOYMENT = DeploymentFilter()
