"""Write runs to an MLflow tracking server, with MLflow's own client: each job has one run, which a repeat updates."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tunedrop_cli.errors import Refused, WrongUsage
from tunedrop_cli.tracked_run import JOB_TAG, TrackedRun

if TYPE_CHECKING:
    from mlflow import MlflowClient

_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",  # nothing is sent anywhere that the person did not name
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # which may be JSON
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",  # the default, 7, keeps a person waiting for two minutes
}
_AS_TRAINING = "workflowType=machine_learning"
"""MLflow's page shows a run as one of its "Model training", not of "GenAI", where it would pass for an evaluation."""
_EXPERIMENT = "MLFLOW_EXPERIMENT_NAME"


@dataclass(frozen=True, slots=True)
class Tracking:
    """An MLflow tracking server. `open_tracking` makes one; methods raise Refused with what MLflow says."""

    uri: str
    client: MlflowClient
    experiment: str | None
    """The experiment of all runs; None: each run's own."""

    def write(self, run: TrackedRun, artifacts: Mapping[str, bytes]) -> str:
        """Make or update the run, with the files of its report by name; returns where MLflow shows it."""
        with _told():
            experiment = self._experiment(self.experiment or run.experiment)
            run_id = self._found(experiment, run) or self._made(experiment, run)
            self._log(run_id, run)
            self._attach(run_id, artifacts)
            if run.end_time is not None:
                self.client.set_terminated(run_id, run.status, run.end_time)
        if self.uri.startswith(("http://", "https://")):
            return f"{without_password(self.uri.rstrip('/'))}/#/experiments/{experiment}/runs/{run_id}?{_AS_TRAINING}"
        return f"run {run_id} in {without_password(self.uri)}"

    def _experiment(self, name: str) -> str:
        found = self.client.get_experiment_by_name(name)
        return str(found.experiment_id if found else self.client.create_experiment(name))

    def _found(self, experiment: str, run: TrackedRun) -> str | None:
        same = f"tags.`{JOB_TAG}` = '{run.job_id}'"
        found = self.client.search_runs([experiment], same, order_by=["attributes.start_time ASC"], max_results=1)
        return found[0].info.run_id if found else None

    def _made(self, experiment: str, run: TrackedRun) -> str:
        made = self.client.create_run(experiment, start_time=run.start_time, tags=dict(run.tags), run_name=run.name)
        return str(made.info.run_id)

    def _log(self, run_id: str, run: TrackedRun) -> None:
        """Log what the run lacks: some stores of MLflow would keep a metric that comes twice twice."""
        from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

        keys = {each.key for each in run.metrics}
        there = {(key, each.step) for key in keys for each in self.client.get_metric_history(run_id, key)}
        self.client.log_batch(
            run_id,
            metrics=[
                Metric(each.key, each.value, each.time, each.step)
                for each in run.metrics
                if (each.key, each.step) not in there
            ],
            params=[Param(name, value) for name, value in run.params.items()],
            tags=[RunTag(name, value) for name, value in run.tags.items()],
        )
        inputs = [
            DatasetInput(
                Dataset(each.name, each.digest, "s3", json.dumps({"uri": each.uri}), profile=each.profile),
                [InputTag("mlflow.data.context", each.context)],
            )
            for each in run.data
        ]
        if inputs:
            self.client.log_inputs(run_id, inputs)

    def _attach(self, run_id: str, artifacts: Mapping[str, bytes]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for name, content in artifacts.items():
                path = Path(folder) / name
                path.write_bytes(content)
                self.client.log_artifact(run_id, str(path))


def without_password(words: str) -> str:
    """The same without the user and the password that an address in it may name."""
    return re.sub(r"//[^/?#\s]*@", "//", words)


def open_tracking(uri: str) -> Tracking:
    """Load MLflow's client for a tracking URI. Raises WrongUsage where it is not installed, Refused for a wrong URI."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        from mlflow import MlflowClient
    except ModuleNotFoundError as missing:
        if missing.name != "mlflow":
            raise
        raise WrongUsage("--mlflow needs MLflow's client: pip install 'tunedrop[mlflow]'") from None
    with _told():
        return Tracking(uri, MlflowClient(uri), os.environ.get(_EXPERIMENT))


@contextmanager
def _told() -> Iterator[None]:
    """What MLflow refuses becomes Refused; storage that the client has no library for, WrongUsage."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except ModuleNotFoundError as missing:
        raise WrongUsage(f"MLflow's client lacks what this server's storage needs: {missing}") from None
    except MlflowException as error:
        words = without_password(str(error)).strip().splitlines()
        raise Refused(
            0, {"code": "mlflow_refused", "message": words[0] if words else "MLflow gave no reason"}
        ) from None
