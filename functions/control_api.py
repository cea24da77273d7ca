"""The signed REST API for people and their systems: API Gateway hands over every request."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from tunedrop.edges import clients, clock
from tunedrop.edges.observability import logger
from tunedrop.edges.rows.table import Table
from tunedrop.edges.settings import settings
from tunedrop.routes.application import app
from tunedrop.routes.world import World


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One request in, one answer out."""
    configuration = settings()
    world = World(
        settings=configuration,
        state=Table(clients.dynamodb(), configuration.state_table),
        access=Table(clients.dynamodb(), configuration.access_table),
        s3=clients.s3(),
        sqs=clients.sqs(),
        bedrock=clients.bedrock(),
        quotas=clients.service_quotas(),
        now=clock.now(),
        new_id=clock.new_id,
    )
    app.append_context(world=world)
    return app.resolve(event, context)
