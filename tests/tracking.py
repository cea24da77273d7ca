"""Jobs in a real MLflow server, which is asked through its own REST API what it has: a prover of `make prove`.

The command and the server run in `.venv-mlflow`; ControlApi answers in this process, beside a simulated Bedrock.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import socket
import subprocess
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import scrub
from tests.hostile.world import quiet
from tests.integration import bedrock_world
from tests.integration.bedrock_world import TRAINED, World
from tests.integration.conftest import deployed, in_moto
from tests.integration.served_control_api import served
from tests.proofs import Proof
from tests.waiting import eventually

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".venv-mlflow" / "bin" / "python"
PRICES = {"claude-3-haiku.training_per_1000_tokens": 0.004}
LOSSES = {"training_loss": "training", "validation_loss": "validation"}


@dataclass(slots=True)
class Server:
    """An MLflow server, and what it says of itself."""

    url: str

    def ask(self, path: str, body: dict[str, Any] | None = None, **query: str) -> Any:
        """One request of MLflow's REST API."""
        request = urllib.request.Request(
            f"{self.url}/api/2.0/mlflow/{path}?{urllib.parse.urlencode(query)}",
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def runs(self, experiment: str) -> list[dict[str, Any]]:
        """All runs of an experiment."""
        found = self.ask("experiments/get-by-name", experiment_name=experiment)["experiment"]["experiment_id"]
        runs: list[dict[str, Any]] = self.ask("runs/search", {"experiment_ids": [found]}).get("runs", [])
        return runs

    def history(self, run_id: str, key: str) -> list[tuple[int, float]]:
        """Every point of a metric, as (step, value)."""
        found = self.ask("metrics/get-history", run_id=run_id, metric_key=key, max_results="25000")
        return sorted((int(each.get("step", 0)), each["value"]) for each in found.get("metrics", []))

    def artifact(self, run_id: str, path: str) -> bytes:
        """One file of a run."""
        query = urllib.parse.urlencode({"run_id": run_id, "path": path})
        with urllib.request.urlopen(f"{self.url}/get-artifact?{query}", timeout=30) as answer:
            return bytes(answer.read())

    def is_up(self) -> bool:
        """Whether it answers."""
        try:
            return bool(self.ask("experiments/search", {"max_results": 1}))
        except OSError:
            return False


@dataclass(slots=True)
class Checked:
    """What was looked at, and what was not as it should be."""

    looked: list[str] = field(default_factory=list)
    objections: list[str] = field(default_factory=list)

    def that(self, holds: object, words: str) -> None:
        """Note one."""
        self.looked.append(words)
        if not holds:
            self.objections.append(f"not so: {words}")


def prove() -> Proof:
    """Jobs that run, complete, and are stopped become runs; a repeat changes nothing but what is new."""
    if not PYTHON.exists():
        return Proof("there is no MLflow here", ["run python3 bootstrap mlflow first"])
    checked = Checked()
    with world_with_api() as world, server() as mlflow:
        _one_job(world, mlflow, checked)
        stopped = _endings(world, mlflow, checked)
        _nobody(world, stopped, checked)
    return Proof(
        f"{len(checked.looked) - len(checked.objections)} of {len(checked.looked)} statements hold of a real MLflow",
        checked.objections,
        checked.looked,
    )


def _one_job(world: World, mlflow: Server, checked: Checked) -> None:
    job = world.start()
    said = show(job.id, mlflow.url)
    checked.that("no run yet" in said.stderr, "a job that Bedrock has not started has no run yet")
    world.deliver()
    show(job.id, mlflow.url)
    (running,) = mlflow.runs("support")
    checked.that(running["info"]["status"] == "RUNNING", "a running job is a running run")
    world.wait(TRAINED)
    said = show(job.id, mlflow.url, "--json")
    told = json.loads(said.stdout)
    (run,) = mlflow.runs("support")
    checked.that(run["info"]["run_id"] == running["info"]["run_id"], "its end updates the same run")
    checked.that(run["info"]["run_id"] in said.stderr, "the command says where the run is")
    _is_told(told, run, checked)
    _has_losses(world, job.id, mlflow, run, checked)
    before = {key: mlflow.history(run["info"]["run_id"], key) for key in LOSSES}
    show(job.id, mlflow.url)
    (again,) = mlflow.runs("support")
    checked.that(again["data"] == run["data"], "a repeat changes neither metrics, params nor tags")
    checked.that(again["inputs"] == run["inputs"], "a repeat adds no dataset")
    checked.that(again["info"] == run["info"], "a repeat changes neither times nor status")
    after = {key: mlflow.history(run["info"]["run_id"], key) for key in LOSSES}
    checked.that(after == before, "a repeat logs no loss twice")


def _is_told(told: dict[str, Any], run: dict[str, Any], checked: Checked) -> None:
    """What MLflow's page shows is what ControlApi says."""
    info, data = run["info"], run["data"]
    params, tags = ({each["key"]: each["value"] for each in data[kind]} for kind in ("params", "tags"))
    checked.that((info["status"], info["run_name"]) == ("FINISHED", told["name"]), "Completed is FINISHED")
    hyperparameters = told["hyperparameters"].items()
    checked.that(hyperparameters <= params.items(), "each hyperparameter is a param")
    checked.that(params["base_model"] == told["base_model"], "the base model is a param")
    checked.that(params["dataset"] == "support@1", "the dataset's version is a param")
    checked.that(tags["tunedrop:model_arn"] == told["model_arn"], "the custom model's ARN is a tag")
    checked.that(tags["tunedrop:job_arn"] == told["arn"], "the job's ARN is a tag")
    digests = {name: each["sha256"] for name, each in told["splits"].items()}
    known = {split: tags[f"tunedrop:{split}_sha256"] for split in digests}
    checked.that(known == digests, "the data's digests are tags")
    datasets = {each["dataset"]["name"]: each["dataset"]["digest"] for each in run["inputs"]["dataset_inputs"]}
    expected = {f"support@1 {split}": digest[:12] for split, digest in digests.items()}
    checked.that(datasets == expected, "each split is a dataset with its digest")
    planned = (params["planned_tokens"], params["planned_cost_USD"])
    checked.that(planned == (str(told["trained_tokens"]), str(told["cost"]["amount"])), "tokens and cost are params")


def _has_losses(world: World, job_id: str, mlflow: Server, run: dict[str, Any], checked: Checked) -> None:
    run_id, job = run["info"]["run_id"], world.job(job_id)
    for key, split in LOSSES.items():
        count = len(mlflow.history(run_id, key))
        checked.that(count == job.metric_counts[split] > 0, f"{key} has every step")
    key = str(job.report_key)
    stored = world.stack.s3.get_object(Bucket=world.stack.bucket, Key=key)["Body"].read()
    checked.that(mlflow.artifact(run_id, "report.json") == stored, "the report is an artifact, byte for byte")
    checked.that(b"<!doctype html>" in mlflow.artifact(run_id, "report.html"), "so is its page")
    checked.that(b"<svg" in mlflow.artifact(run_id, "losses.svg"), "so are its curves")


def _endings(world: World, mlflow: Server, checked: Checked) -> str:
    stopped = world.start()
    world.deliver()
    world.stop(stopped.id)
    world.deliver()
    world.wait(TRAINED)
    assert world.job(stopped.id).status == "Stopped"
    said = show(stopped.id, mlflow.url, "--watch")
    checked.that(said.returncode == 1, "a watched job that was stopped is exit code 1, in MLflow or not")
    by_job = {
        tag["value"]: run
        for run in mlflow.runs("support")
        for tag in run["data"]["tags"]
        if tag["key"] == "tunedrop:job"
    }
    checked.that(by_job[stopped.id]["info"]["status"] == "KILLED", "Stopped is KILLED")
    checked.that(len(by_job) == 2, "two jobs are two runs")
    return stopped.id


def _nobody(world: World, stopped: str, checked: Checked) -> None:
    said = show(world.start().id, "http://127.0.0.1:9")
    checked.that(said.returncode == 0, "a job without a run asks no server")
    said = show(stopped, "http://127.0.0.1:9", "--json")
    checked.that((said.returncode, said.stderr.count("\n")) == (1, 1), f"a server that is not there: {said.stderr}")


def show(job_id: str, uri: str, *options: str) -> subprocess.CompletedProcess[str]:
    """`tunedrop jobs show JOB --mlflow URI`, with MLflow's client."""
    return subprocess.run(
        [PYTHON, "-m", "tunedrop_cli", "jobs", "show", job_id, "--mlflow", uri, *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@contextmanager
def world_with_api() -> Iterator[World]:
    """A stack in moto with prices, whose ControlApi the environment names; links to S3 lead there, too."""
    with pytest.MonkeyPatch.context() as environment, quiet():
        scrub(environment)
        with in_moto():
            stack = deployed(environment)
            world = bedrock_world.make(stack, environment)
            world.settings = dataclasses.replace(world.settings, prices=PRICES)
            bucket = stack.bucket
            with served(lambda: None, lambda path: stack.s3.get_object(Bucket=bucket, Key=path)["Body"].read()) as api:
                environment.setenv("TUNEDROP_CONTROL_API_URL", api.url)
                environment.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
                environment.setenv("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")  # of its own kind, in six processes
                yield world


@contextmanager
def server() -> Iterator[Server]:
    """An MLflow server of its own, on a free port; it says nothing to anybody."""
    with socket.socket() as free, tempfile.TemporaryDirectory(prefix="tunedrop-mlflow-") as folder:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
        free.close()
        with subprocess.Popen(
            [PYTHON, "-m", "mlflow", "server", "--port", port, "--workers", "1",
             "--backend-store-uri", "sqlite:///runs.db", "--artifacts-destination", "artifacts"],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:  # fmt: skip
            made = Server(f"http://127.0.0.1:{port}")
            try:
                eventually(made.is_up)
                yield made
            finally:
                os.killpg(process.pid, signal.SIGTERM)
