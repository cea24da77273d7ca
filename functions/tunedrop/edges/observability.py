"""Logger and metrics, made once; the template names the service (POWERTOOLS_SERVICE_NAME). No content is logged."""

from __future__ import annotations

import warnings

from aws_lambda_powertools import Logger, Metrics

logger = Logger()
metrics = Metrics(namespace="Tunedrop")

# A run in which nothing happened has no metrics, and Powertools would warn of it in every log.
warnings.filterwarnings("ignore", "No application metrics to publish", UserWarning)
