"""Logger and metrics, made once; no event, body or header is ever logged by them."""

from __future__ import annotations

from aws_lambda_powertools import Logger, Metrics

logger = Logger(service="tunedrop", log_uncaught_exceptions=False)
metrics = Metrics(namespace="Tunedrop", service="tunedrop")
