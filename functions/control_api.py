"""The signed REST API for people and their systems: API Gateway hands over every request."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from tunedrop.edges import aws, clock
from tunedrop.edges.observability import logger
from tunedrop.edges.settings import settings
from tunedrop.edges.table import Table
from tunedrop.routes.application import app
from tunedrop.routes.world import World


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One request in, one answer out."""
    configuration = settings()
    world = World(
        settings=configuration,
        state=Table(aws.dynamodb(), configuration.state_table),
        access=Table(aws.dynamodb(), configuration.access_table),
        s3=aws.s3(),
        sqs=aws.sqs(),
        bedrock=aws.bedrock(),
        quotas=aws.service_quotas(),
        now=clock.now(),
        new_id=clock.new_id,
    )
    app.append_context(world=world)
    return app.resolve(event, context)
