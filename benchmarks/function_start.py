"""Measure what a function's start takes: `.venv/bin/python -m benchmarks.function_start`.

Each handler is imported, and the clients of its role are made, in a process of its own and without bytecode. Medians of
CPU time (user and system) and of memory, against which tests/template/wiring/floors.py holds the template.
"""

from __future__ import annotations

import importlib
import resource
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.datasets import show

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 3
CLIENTS = {
    "control_api": "dynamodb s3 sqs bedrock service_quotas",
    "messages_api": "dynamodb bedrock_runtime",
    "dataset_uploaded": "dynamodb s3 s3_copying sqs events bedrock service_quotas",
    "job_state_changed": "dynamodb s3 sqs events bedrock",
    "evaluation_requested": "dynamodb s3 sqs events bedrock_runtime",
    "spending_requested": "dynamodb sqs events spender service_quotas",
    "reconcile": "dynamodb sqs events bedrock cloudformation",
    "deletion_guard": "dynamodb bedrock cloudformation",
}
SURROUNDINGS = {
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_DEFAULT_REGION": "us-west-2",
    "POWERTOOLS_SERVICE_NAME": "x",
    "POWERTOOLS_METRICS_NAMESPACE": "x",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPYCACHEPREFIX": "/dev/null",  # as on Lambda, where code and layers bring no bytecode
    "PYTHONPATH": f"{ROOT}:{ROOT / 'functions'}",
}


def start(handler: str) -> None:
    """Import a handler and make its clients; print its CPU seconds and its megabytes."""
    importlib.import_module(handler)
    clients = importlib.import_module("tunedrop.edges.clients")
    for name in CLIENTS[handler].split():
        getattr(clients, name)(**({"read_seconds": 20} if name == "bedrock_runtime" else {}))
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def started(handler: str) -> tuple[float, float]:
    """CPU seconds and megabytes of one start in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.function_start", handler]
    done = subprocess.run(command, env=SURROUNDINGS, capture_output=True, text=True, check=True)  # noqa: S603 - ourselves
    seconds, megabytes = done.stdout.split()
    return float(seconds), float(megabytes)


def main() -> None:
    """Measure all functions."""
    for handler in CLIENTS:
        runs = [started(handler) for _ in range(ROUNDS)]
        seconds, megabytes = (statistics.median(each) for each in zip(*runs, strict=True))
        show(handler, f"{seconds:.2f} s, {megabytes:.0f} MB", "tests/template/wiring/floors.py")


if __name__ == "__main__":
    start(sys.argv[1]) if sys.argv[1:] else main()
