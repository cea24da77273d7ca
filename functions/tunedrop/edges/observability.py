"""Logger and metrics, made once; the template names the service (POWERTOOLS_SERVICE_NAME). No content is logged."""

from __future__ import annotations

from aws_lambda_powertools import Logger, Metrics

logger = Logger()
metrics = Metrics(namespace="Tunedrop")
