"""The steps of a job on the agenda: validate, process, finish, stop.

A step may take a while and does not change the world; it returns a function that changes the world at once.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from bedrock_simulator import foundation_models, hyperparameters, job_failures
from bedrock_simulator.artefacts import TRAINING_PATH, VALIDATION_PATHS, artefact_uri, metrics_csv
from bedrock_simulator.configuration import Quotas
from bedrock_simulator.datasets import DataError, Example, check_counts, read_examples
from bedrock_simulator.early_stopping import EarlyStopping
from bedrock_simulator.entities import Bill, CustomModel, Due, Job, Outcome, Phase
from bedrock_simulator.fit import Fit
from bedrock_simulator.foundation_models import Family
from bedrock_simulator.job_states import announce, end_bill, fail, map_phases
from bedrock_simulator.learning import Recipe, learn
from bedrock_simulator.memory import pack, unpack
from bedrock_simulator.objects import Objects, ObjectsError
from bedrock_simulator.world import Commit, World


@dataclass(frozen=True, slots=True)
class _Data:
    training: list[Example]
    validation: list[Example]


def validate(world: World, due: Due, objects: Objects) -> Commit:
    """Read and validate the data; continue with data processing, or fail."""
    job = world.jobs[due.arn]
    if message := job_failures.message(job, due.step):
        return _failing(world, job, message, due.at)
    try:
        _read(job, objects, world.configuration.quotas)
    except (DataError, ObjectsError) as error:
        return _failing(world, job, f"Data validation failed: {error}", due.at)

    def commit() -> None:
        passed = map_phases(job, {"InProgress": "Completed"}, due.at)
        processing = Phase("InProgress", due.at, due.at)
        world.jobs[job.arn] = replace(passed, data_processing=processing, modified_at=due.at)
        later = world.after(due.at, world.configuration.durations.data_processing)
        world.plan(later, "job.process", job.arn)

    return commit


def process(world: World, due: Due, objects: Objects) -> Commit:
    """Compute the outcome of the training, which then takes its time."""
    job = world.jobs[due.arn]
    if message := job_failures.message(job, due.step):
        return _failing(world, job, message, due.at)
    try:
        data = _read(job, objects, world.configuration.quotas)
    except (DataError, ObjectsError) as error:
        return _failing(world, job, f"Data processing failed: {error}", due.at)
    parent = world.models.get(job.base_model_arn)
    outcome = _train(job, data, parent)

    def commit() -> None:
        until = world.after(due.at, world.configuration.durations.training)
        world.outcomes[job.arn] = outcome
        world.jobs[job.arn] = replace(
            map_phases(job, {"InProgress": "Completed"}, due.at),
            training=Phase("InProgress", due.at, due.at),
            training_until=until,
            modified_at=due.at,
        )
        world.plan(until, "job.finish", job.arn)

    return commit


def finish(world: World, due: Due, objects: Objects) -> Commit:
    """Write the metrics, create the custom model, announce the end."""
    job, outcome = world.jobs[due.arn], world.outcomes[due.arn]
    if message := job_failures.message(job, due.step):
        return _failing(world, job, message, due.at)
    try:
        _write(world, job, outcome, objects)
    except ObjectsError as error:
        return _failing(world, job, f"Could not write the output data: {error}", due.at)

    def commit() -> None:
        end_bill(world, job, due.at)
        model = _new_model(world, job, outcome, due.at)
        world.models[model.arn] = model
        world.tags[model.arn] = dict(job.model_tags)
        world.charge(Bill("custom_model", model.arn, model.name, job.token, job.model_tags, due.at))
        completed = replace(
            map_phases(job, {"InProgress": "Completed"}, due.at),
            status="Completed",
            model_arn=model.arn,
            training_loss=outcome.training_loss,
            validation_loss=outcome.validation_loss,
            modified_at=due.at,
            ended_at=due.at,
        )
        world.jobs[job.arn] = completed
        announce(world, completed)

    return commit


def stop(world: World, due: Due, objects: Objects) -> Commit:
    """Finish a requested stop."""
    job = world.jobs[due.arn]

    def commit() -> None:
        stopped = map_phases(job, {"Stopping": "Stopped"}, due.at)
        world.jobs[job.arn] = replace(stopped, status="Stopped", modified_at=due.at, ended_at=due.at)
        announce(world, world.jobs[job.arn])

    return commit


def give_up(world: World, due: Due) -> Commit:
    """Fail the job after an error of the simulator itself."""

    def commit() -> None:
        if job := world.jobs.get(due.arn):
            fail(world, job, "Internal error.", due.at)

    return commit


def _failing(world: World, job: Job, reason: str, now: datetime) -> Commit:
    return lambda: fail(world, job, reason, now)


def _family(job: Job) -> Family:
    base = foundation_models.find(job.base_model_id)
    if base is None:
        raise DataError(f"unknown base model {job.base_model_id}")
    return base.family


def _read(job: Job, objects: Objects, quotas: Quotas) -> _Data:
    family = _family(job)

    def fetch(uri: str) -> bytes:
        return objects.read(uri, role_arn=job.role_arn, job_arn=job.arn, account=job.account, region=job.region)

    def read(uris: Iterable[str]) -> list[Example]:
        found: list[Example] = []
        for uri in uris:
            _check_file_name(uri, family)
            found += read_examples(fetch(uri), family, uri)
        for file in dict.fromkeys(file for example in found for file in example.media):
            if not fetch(file):
                raise DataError(f"{file} is empty.")
        return found

    data = _Data(read([job.training_uri]), read(job.validation_uris))
    limit = quotas.records_per_job or family.maximum_records
    validation = len(data.validation) if job.validation_uris else None
    check_counts(family, limit, len(data.training), validation)
    return data


def _check_file_name(uri: str, family: Family) -> None:
    key = uri.removeprefix("s3://").partition("/")[2]
    if not re.fullmatch(family.file_names, key):
        raise DataError(f"{uri}: the file name is not supported; it must match {family.file_names}")


def _train(job: Job, data: _Data, parent: CustomModel | None) -> Outcome:
    recipe = _recipe(job)
    curves = learn(_pairs(data.training), _pairs(data.validation), recipe)
    exposure = curves.epochs * recipe.rate / _family(job).hyperparameters["epochCount"].default
    known = [(example.question, example.answer) for example in data.training]
    last_check = curves.validation[-1].loss if curves.validation else None
    return Outcome(
        training_csv=metrics_csv(curves.training, "training_loss"),
        validation_csv=metrics_csv(curves.validation, "validation_loss") if data.validation else None,
        training_loss=round(curves.training[-1].loss, 6),
        validation_loss=None if last_check is None else round(last_check, 6),
        trained_tokens=sum(example.tokens for example in data.training) * curves.epochs,
        memory=pack([*known, *(unpack(parent.memory) if parent else [])]),
        fit=Fit.of(exposure, len(known)),
    )


def _pairs(examples: Iterable[Example]) -> list[tuple[str, str]]:
    return [(example.context, example.answer) for example in examples]


def _recipe(job: Job) -> Recipe:
    family = _family(job)
    values = hyperparameters.checked(family, job.hyperparameters)
    stopping = None
    if "earlyStoppingPatience" in values:
        patience = int(values["earlyStoppingPatience"])
        stopping = EarlyStopping(values["earlyStoppingThreshold"], patience)
    rate = "learningRate" if "learningRate" in values else "learningRateMultiplier"
    return Recipe(
        epochs=int(values["epochCount"]),
        batch_size=int(values["batchSize"]),
        rate=values[rate] / family.hyperparameters[rate].default,
        warmup_steps=int(values.get("learningRateWarmupSteps", 0)),
        early_stopping=stopping,
    )


def _write(world: World, job: Job, outcome: Outcome, objects: Objects) -> None:
    layout = world.configuration.validation_layout or _family(job).validation_layout
    files = {TRAINING_PATH: outcome.training_csv, VALIDATION_PATHS[layout]: outcome.validation_csv}
    for path, text in files.items():
        if text is not None:
            objects.write(
                artefact_uri(job, path),
                text.encode(),
                role_arn=job.role_arn,
                job_arn=job.arn,
                account=job.account,
                region=job.region,
            )


def _new_model(world: World, job: Job, outcome: Outcome, now: datetime) -> CustomModel:
    place = f"arn:aws:bedrock:{job.region}:{job.account}:custom-model"
    return CustomModel(
        arn=f"{place}/{job.base_model_id}/{world.new_id(now)}",
        account=job.account,
        region=job.region,
        name=job.model_name,
        job_arn=job.arn,
        base_model_arn=job.base_model_arn,
        base_model_id=job.base_model_id,
        created_at=now,
        memory=outcome.memory,
        fit=outcome.fit,
    )
