"""Measure the Messages API beside its peers: `.venv/bin/python -m benchmarks.messages --help`.

Each server has one core for itself: ours is eight processes that take one call each at a time, as functions do, behind
a thin HTTP front; LiteLLM's proxy is one worker, as it recommends for a core, in an environment of its own. The other
core has the clients, and an AWS that answers at once. So what is compared is the way through each, never a model.
`floor` makes the same three calls to AWS by botocore, with nothing around them. Trust ratios of one run only.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from benchmarks.messages.answers import record
from benchmarks.messages.load import Measured, Target, measure

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "benchmarks" / "messages"
PEERS = ROOT / ".venv-peers" / "bin"
CLIENTS = (1, 8, 64)
PATIENCE = 120
BACKEND = 18_080
PORTS = {"floor": 18_081, "ours": 18_082, "litellm": 18_083}
SERVED, ASKING = 0, 1
"""The core of the server that is measured, and of everything else."""
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-west-2"}
AIMS = {  # of ours to litellm's, whole and streamed
    "requests/s": (">=", 2.5, 5.0),
    "p50": ("<=", 0.4, 0.4),
    "first byte p50": ("<=", 0.3, 0.3),
    "p99": ("<=", 0.5, 0.5),
}


@contextlib.contextmanager
def process(command: Sequence[str], port: int, core: int, environment: Mapping[str, str]) -> Iterator[int]:
    """A server on one core, from when it listens; ended with all that it started. Yields its process group."""
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    with (FOLDER / f"{port}.log").open("wb") as log:
        started = subprocess.Popen(  # noqa: S603 - ourselves and the peers
            command,
            env={"PATH": path, "HOME": str(FOLDER), "PYTHONPATH": f"{ROOT}:{ROOT / 'functions'}", **environment},
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509 - this process has one thread
        )
    try:
        _wait(started, port)
        yield started.pid
    finally:
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()


def _wait(started: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(10 * PATIENCE):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        if started.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"it did not start: {FOLDER / f'{port}.log'}")


def used(group: int) -> float:
    """CPU seconds that the processes of a group have taken."""
    ticks = 0
    for each in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = each.read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:13])) if int(fields[2]) == group else 0
    return ticks / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def server(name: str, secret: str, environment: Mapping[str, str]) -> Iterator[tuple[int, Target]]:
    """One of those that are measured."""
    port = PORTS[name]
    if name == "litellm":
        config = FOLDER / "litellm.yaml"
        key = f"sk-{secrets.token_hex(16)}"
        config.write_text(
            "model_list:\n- model_name: support-bot\n  litellm_params:\n"
            "    model: bedrock/converse/meta.llama3-1-8b-instruct-v1:0\n    aws_region_name: us-west-2\n"
            f"    aws_bedrock_runtime_endpoint: http://127.0.0.1:{BACKEND}\n"
        )
        command = [str(PEERS / "litellm"), "--config", str(config), "--port", str(port), "--num_workers", "1"]
        own = {"LITELLM_MASTER_KEY": key, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
        with process(command, port, SERVED, {**CREDENTIALS, **own, "PYTHONPATH": ""}) as group:
            yield group, Target(port, "/v1/messages", key, "support-bot")
        return
    command = [sys.executable, "-m", "benchmarks.messages.front", str(port), name]
    with process(command, port, SERVED, environment) as group:
        yield group, Target(port, "/v1/messages", secret, "support-bot")


def _line(what: str, found: Measured, cpu: float) -> str:
    cuts = statistics.quantiles(found.whole, n=100)
    first = 1000 * statistics.median(found.first)
    return (
        f"{what:34}{found.rate:8.1f}/s   p50 {1000 * cuts[49]:7.1f} ms   p99 {1000 * cuts[98]:7.1f} ms   "
        f"first byte {first:7.1f} ms   CPU {1000 * cpu / len(found.whole):6.2f} ms a call"
    )


def _figures(found: Measured) -> dict[str, float]:
    cuts = statistics.quantiles(found.whole, n=100)
    return {
        "requests/s": found.rate,
        "p50": cuts[49],
        "first byte p50": statistics.median(found.first),
        "p99": cuts[98],
    }


def _compare(found: Mapping[tuple[str, bool, int], Measured]) -> None:
    for stream in (False, True):
        for clients in CLIENTS:
            ours, theirs = (found.get((name, stream, clients)) for name in ("ours", "litellm"))
            if ours and theirs:
                mine, other = _figures(ours), _figures(theirs)
                ratios = (
                    f"{name} {mine[name] / other[name]:.2f} ({AIMS[name][0]} {AIMS[name][1 + stream]})" for name in AIMS
                )
                print(f"{_called(stream)}, {clients} clients, ours to LiteLLM: {', '.join(ratios)}")


def _called(stream: bool) -> str:
    return "streamed" if stream else "buffered"


def main() -> None:
    """Measure all that is there."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.messages", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8, help="of each measurement")
    parser.add_argument("--only", choices=PORTS, help="one server")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    recorded = record()
    (FOLDER / "recorded.json").write_bytes(msgspec.json.encode(recorded))
    os.sched_setaffinity(0, {ASKING})
    environment = {**CREDENTIALS, **recorded.environment, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{BACKEND}"}
    backend = [sys.executable, "-m", "benchmarks.messages.backend", str(BACKEND), str(FOLDER / "recorded.json")]
    found: dict[tuple[str, bool, int], Measured] = {}
    with process(backend, BACKEND, ASKING, {}):
        for name in [options.only] if options.only else PORTS:
            if name == "litellm" and not PEERS.exists():
                print("LiteLLM is left out: python3 bootstrap peers makes its environment")
                continue
            with server(name, recorded.secret, environment) as (group, target):
                for stream in (False, True):
                    for clients in CLIENTS:
                        before = used(group)
                        measured = measure(target, stream=stream, clients=clients, seconds=options.seconds)
                        found[name, stream, clients] = measured
                        print(
                            _line(f"{name}, {_called(stream)}, {clients} clients", measured, used(group) - before),
                            flush=True,
                        )
    _compare(found)


if __name__ == "__main__":
    main()
