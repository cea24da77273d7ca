"""The signed REST API for people and their systems: API Gateway hands over every request."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from tunedrop.edges.cloud import cloud
from tunedrop.edges.observability import logger
from tunedrop.routes.application import app


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One request in, one answer out."""
    app.append_context(cloud=cloud())
    return app.resolve(event, context)
