"""Measure the embedded cloud: `.venv/bin/python -m benchmarks.embedded_cloud`.

Prints the wall-clock time from an object's put to its accepted report once everything is warm, and the share of one
core that a cloud takes in which nothing happens: CPU time of its server and of its functions' processes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import time
from pathlib import Path

from tunedrop_local import client

from benchmarks.datasets import show

ROOT = Path(__file__).resolve().parents[1]
STATE = ROOT / "build" / "benchmarks" / "embedded-cloud"
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PATIENCE = 60.0
BETWEEN_LOOKS = 0.002
LINE = json.dumps({"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]})


def record(number: int) -> str:
    """A line of training data that no other number has."""
    return LINE.replace("Q", f"Where is key {number}?").replace("A", f"Under mat {number}.")


def until_accepted(stack: client.Stack, dataset: str) -> float:
    """Seconds from the put of a new dataset's train split to its report.

    The report is looked for among the server's own files, because to ask for it all the time would slow the rest.
    """
    s3 = stack.client("s3")
    bucket = stack.outputs["DataBucketName"]
    folder = stack.cloud.settings.state / "objects" / stack.cloud.settings.account / bucket / "reports" / dataset
    body = "\n".join(map(record, range(100))).encode()
    begun = time.perf_counter()
    s3.put_object(Bucket=bucket, Key=f"incoming/{dataset}/train.jsonl", Body=body)
    while not (found := [*folder.glob("1/*/train.json")]):
        if time.perf_counter() - begun > PATIENCE:
            raise TimeoutError(f"{dataset} has no report after {PATIENCE:.0f} seconds")
        time.sleep(BETWEEN_LOOKS)
    taken = time.perf_counter() - begun
    key = f"reports/{dataset}/{found[0].relative_to(folder)}"
    report = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    if report["verdict"] != "accepted":
        raise ValueError(f"not accepted: {report['verdict']}")
    return taken


def processor_seconds(pid: int) -> float:
    """CPU time of a process and of all its living descendants."""
    parents, own = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it ended meanwhile
                continue
            parents[int(folder.name)] = int(fields[1])
            own[int(folder.name)] = (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(own.get(member, 0) for member in family)


def idle_share(cloud: client.Cloud, quiet: float) -> float:
    """The share of one core that the cloud takes in so many quiet seconds."""
    pid = json.loads(cloud.settings.running.read_text())["pid"]
    before, begun = processor_seconds(pid), time.perf_counter()
    time.sleep(quiet)
    return (processor_seconds(pid) - before) / (time.perf_counter() - begun)


def main() -> None:
    """Start a new cloud, measure, and delete it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="uploads that are measured (default: 15)")
    parser.add_argument("--quiet", type=float, default=30, help="seconds in which nothing happens (default: 30)")
    parser.add_argument("--time-scale", type=float, default=1, help="how much faster than AWS (default: 1)")
    options = parser.parse_args()
    shutil.rmtree(STATE, ignore_errors=True)
    with client.start(ROOT, STATE, time_scale=options.time_scale) as cloud:
        stack = cloud.deploy("tunedrop")
        pid = json.loads(cloud.settings.running.read_text())["pid"]
        for number in range(5):
            until_accepted(stack, f"warm-{number}")
        time.sleep(3)
        before = processor_seconds(pid)
        taken = [1_000 * until_accepted(stack, f"measured-{number}") for number in range(options.rounds)]
        time.sleep(1)
        worked = 1_000 * (processor_seconds(pid) - before) / options.rounds
        show("put to accepted report, warm, median", f"{statistics.median(taken):.0f} ms", "100 ms")
        show("  slowest", f"{max(taken):.0f} ms", "")
        show("  CPU time of server and functions, what follows the report included", f"{worked:.0f} ms", "")
        time.sleep(5)
        share = idle_share(cloud, options.quiet)
        show(f"idle for {options.quiet:.0f} s at time scale {options.time_scale:g}", f"{share:.1%} of a core", "2 %")


if __name__ == "__main__":
    main()
