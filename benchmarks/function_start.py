"""Measure what a function's start takes: `.venv/bin/python -m benchmarks.function_start`.

Each handler is imported, and the clients of its role are made, in a process of its own: without bytecode, as where a
build found no Python of the functions' version, and with it. Medians of CPU time (user and system) and of memory;
tests/template/wiring/floors.py holds the template against those without. Beside the start with bytecode stands its
ratio to importing boto3 and making the same clients, and which packages its imports spend their time in.
"""

from __future__ import annotations

import importlib
import re
import resource
import statistics
import subprocess
import sys
from collections import Counter
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
    "PYTHONPYCACHEPREFIX": "/dev/null",  # as on Lambda, where code and layers brought no bytecode
    "PYTHONPATH": f"{ROOT}:{ROOT / 'functions'}",
}
COMPILED = {
    **{name: value for name, value in SURROUNDINGS.items() if name != "PYTHONDONTWRITEBYTECODE"},
    "PYTHONPYCACHEPREFIX": str(ROOT / "build" / "benchmarks" / "bytecode"),
}
FLOOR = "boto3:"
"""Before a handler: nothing but boto3 and that handler's clients."""
AIMS = {"messages_api": "1.08 ×", "control_api": "1.5 ×"}
LONGEST = 5
"""Packages that are shown."""


def start(handler: str) -> None:
    """Import a handler and make its clients; print its CPU seconds and its megabytes."""
    if handler.startswith(FLOOR):
        bare(handler.removeprefix(FLOOR))
    else:
        whole(handler)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def bare(handler: str) -> None:
    """Import boto3 and make the handler's clients."""
    boto3 = importlib.import_module("boto3")
    for name in CLIENTS[handler].split():
        boto3.client({"s3_copying": "s3", "spender": "bedrock"}.get(name, name.replace("_", "-")))


def whole(handler: str) -> None:
    """Import the handler and make its clients."""
    importlib.import_module(handler)
    clients = importlib.import_module("tunedrop.edges.clients")
    for name in CLIENTS[handler].split():
        getattr(clients, name)(**({"read_seconds": 20} if name == "bedrock_runtime" else {}))


def started(handler: str, surroundings: dict[str, str] = SURROUNDINGS) -> tuple[float, float]:
    """CPU seconds and megabytes of one start in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.function_start", handler]
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=True)  # noqa: S603 - ourselves
    seconds, megabytes = done.stdout.split()
    return float(seconds), float(megabytes)


def imports(handler: str) -> str:
    """The packages that take longest to import, with bytecode, in milliseconds."""
    command = [sys.executable, "-X", "importtime", "-c", f"import {handler}"]
    told = subprocess.run(command, env=COMPILED, capture_output=True, text=True, check=True).stderr  # noqa: S603 - ourselves
    spent: Counter[str] = Counter()
    for own, name in re.findall(r"^import time:\s+(\d+) \|\s+\d+ \|\s+([\w.]+)$", told, re.MULTILINE):
        spent[name.partition(".")[0]] += int(own)
    return ", ".join(f"{name} {micros / 1000:.0f}" for name, micros in spent.most_common(LONGEST))


def main() -> None:
    """Measure all functions."""
    for handler in CLIENTS:
        runs = [started(handler) for _ in range(ROUNDS)]
        seconds, megabytes = (statistics.median(each) for each in zip(*runs, strict=True))
        show(handler, f"{seconds:.2f} s, {megabytes:.0f} MB", "tests/template/wiring/floors.py")
        pairs = [(started(handler, COMPILED)[0], started(FLOOR + handler, COMPILED)[0]) for _ in range(ROUNDS + 1)]
        compiled, floor = (statistics.median(each) for each in zip(*pairs[1:], strict=True))  # the first compiles
        ratio = f"{compiled:.2f} s, {compiled / floor:.2f} × boto3 and the clients"
        show("  with bytecode", ratio, AIMS.get(handler, ""))
        show("  imports, in ms", imports(handler), "")


if __name__ == "__main__":
    start(sys.argv[1]) if sys.argv[1:] else main()
