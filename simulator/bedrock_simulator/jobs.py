"""The operations on model customization jobs: create, get, list, stop."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bedrock_simulator import foundation_models, hyperparameters
from bedrock_simulator.entities import Bill, Job, Phase
from bedrock_simulator.errors import ServiceError, invalid, not_found, over_quota
from bedrock_simulator.foundation_models import FoundationModel
from bedrock_simulator.job_states import announce, end_bill, map_phases
from bedrock_simulator.listing import page
from bedrock_simulator.resources import find_model
from bedrock_simulator.tags import tag_map
from bedrock_simulator.world import Call

NAME_IN_USE = "The provided job name is currently in use."  # docs/facts.md#errors


def create(call: Call) -> dict[str, Any]:
    """CreateModelCustomizationJob: validates everything but the data, which is validated inside the job."""
    if earlier := call.earlier("CreateModelCustomizationJob"):
        return {"jobArn": earlier}
    base_arn, base = _base(call)
    _check(call, base)
    arn = call.arn(f"model-customization-job/{base.customization_id}/{call.world.new_id(call.now)}")
    job = _new_job(call, arn, base_arn, base)
    call.remember("CreateModelCustomizationJob", arn)
    call.world.jobs[arn] = job
    call.world.tags[arn] = tag_map(call["jobTags"])
    call.world.charge(Bill("customization_job", arn, job.name, job.token, call.world.tags[arn], call.now))
    finished = call.world.after(call.now, call.world.configuration.durations.validation)
    call.world.plan(finished, "job.validate", arn)
    if call.world.configuration.announces_start:
        announce(call.world, job)
    return {"jobArn": arn}


def _base(call: Call) -> tuple[str, FoundationModel]:
    """The ARN to train from, which may be a custom model's, and the base model behind it."""
    identifier = call["baseModelIdentifier"]
    if model := find_model(call, identifier):
        base = foundation_models.find(model.base_model_id)
        arn = model.arn
    else:
        base = foundation_models.find(identifier)
        arn = foundation_models.arn(base.customization_id, call.region) if base else ""
        if base and not identifier.endswith(base.customization_id):
            base = None
    not_tuned = call.world.configuration.not_tuned
    if base is None or call.region not in base.customization_regions or base.customization_id in not_tuned:
        raise invalid("The provided model identifier is invalid.")
    return arn, base


def _check(call: Call, base: FoundationModel) -> None:
    _check_lifecycle(call, base)
    _check_names(call)
    _check_role(call)
    if (call["customizationType"] or "FINE_TUNING") != "FINE_TUNING":
        raise invalid("The provided customization type is not supported for this model.")
    if not call["trainingDataConfig"].get("s3Uri"):
        raise invalid("trainingDataConfig must have an s3Uri.")
    if _validation_uris(call) and not base.family.takes_validation:
        raise invalid("Validation data is not supported for this model.")  # docs/facts.md#records
    hyperparameters.checked(base.family, call["hyperParameters"] or {})
    _check_quotas(call)


def _check_lifecycle(call: Call, base: FoundationModel) -> None:
    lifecycle = call.world.lifecycle(base)
    if lifecycle.end_of_life and lifecycle.end_of_life <= call.now:
        raise ServiceError(
            call.world.configuration.end_of_life_code,
            "This model version has reached the end of its life.",
        )
    if lifecycle.status == "LEGACY":
        raise ServiceError(
            call.world.configuration.legacy_code,
            f"{base.name} is in Legacy state: new fine-tuning jobs can't be created.",
        )


def _check_names(call: Call) -> None:
    jobs = [job for job in call.world.jobs.values() if call.owns(job)]
    code = call.world.configuration.name_in_use_code
    if any(job.name == call["jobName"] for job in jobs):
        raise ServiceError(code, NAME_IN_USE)
    taken = {model.name for model in call.world.models.values() if call.owns(model)}
    taken |= {job.model_name for job in jobs if job.ended_at is None}
    if call["customModelName"] in taken:
        raise ServiceError(code, "The provided model name is currently in use.")


def _check_role(call: Call) -> None:
    if not re.match(rf"arn:aws[^:]*:iam::{call.account}:role/", call["roleArn"]):
        raise invalid("Could not assume the provided IAM role. Verify the role and its trust policy.")


def _check_quotas(call: Call) -> None:
    quotas = call.world.configuration.quotas
    running = [j for j in call.world.jobs.values() if call.owns(j) and j.ended_at is None]
    if len(running) >= quotas.scheduled_jobs:
        raise over_quota("You have reached the maximum number of scheduled customization jobs.")
    models = [model for model in call.world.models.values() if call.owns(model)]
    if len(models) + len(running) >= quotas.custom_models:
        raise over_quota("You have reached the maximum number of custom models for the account.")


def _validation_uris(call: Call) -> tuple[str, ...]:
    validators = (call["validationDataConfig"] or {}).get("validators", [])
    return tuple(validator["s3Uri"] for validator in validators)


def _new_job(call: Call, arn: str, base_arn: str, base: FoundationModel) -> Job:
    return Job(
        arn=arn,
        account=call.account,
        region=call.region,
        name=call["jobName"],
        token=call["clientRequestToken"] or "",
        model_name=call["customModelName"],
        role_arn=call["roleArn"],
        base_model_arn=base_arn,
        base_model_id=base.customization_id,
        hyperparameters=call["hyperParameters"] or {},
        training_uri=call["trainingDataConfig"]["s3Uri"],
        validation_uris=_validation_uris(call),
        output_uri=call["outputDataConfig"]["s3Uri"],
        model_tags=tag_map(call["customModelTags"]),
        kms_key=call["customModelKmsKeyId"],
        created_at=call.now,
        modified_at=call.now,
        validation=Phase("InProgress", call.now, call.now),
        vpc=call["vpcConfig"],
        fails=call.world.failing.popleft() if call.world.failing else None,
    )


def _find(call: Call) -> Job:
    wanted = call["jobIdentifier"]
    for job in call.world.jobs.values():
        if call.owns(job) and wanted in {job.arn, job.name}:
            return job
    raise not_found(f"Could not find the model customization job: {wanted}")


def get(call: Call) -> dict[str, Any]:
    """GetModelCustomizationJob: by ARN or name."""
    job = _find(call)
    loss = job.validation_loss
    return {
        "jobArn": job.arn,
        "jobName": job.name,
        "outputModelName": job.model_name,
        "outputModelArn": job.model_arn,
        "clientRequestToken": job.token or None,
        "roleArn": job.role_arn,
        "status": job.status,
        "statusDetails": _status_details(job),
        "failureMessage": job.failure,
        "creationTime": job.created_at,
        "lastModifiedTime": job.modified_at,
        "endTime": job.ended_at,
        "baseModelArn": foundation_models.arn(job.base_model_id, job.region),
        "hyperParameters": job.hyperparameters,
        "trainingDataConfig": {"s3Uri": job.training_uri},
        "validationDataConfig": {"validators": [{"s3Uri": uri} for uri in job.validation_uris]},
        "outputDataConfig": {"s3Uri": job.output_uri},
        "customizationType": "FINE_TUNING",
        "outputModelKmsKeyArn": kms_key_arn(job),
        "vpcConfig": job.vpc,
        "trainingMetrics": None if job.training_loss is None else {"trainingLoss": job.training_loss},
        "validationMetrics": None if loss is None else [{"validationLoss": loss}],
    }


def kms_key_arn(job: Job) -> str | None:
    """The KMS key as answers show it: an ARN, whatever form the request had; None for an alias, which is unresolved."""
    key = job.kms_key
    if key is None or "alias/" in key:
        return None
    return key if key.startswith("arn:") else f"arn:aws:kms:{job.region}:{job.account}:key/{key}"


def _status_details(job: Job) -> Mapping[str, Any]:
    phases = {
        "validationDetails": job.validation,
        "dataProcessingDetails": job.data_processing,
        "trainingDetails": job.training,
    }
    return {
        name: {
            "status": phase.status,
            "creationTime": phase.created_at,
            "lastModifiedTime": phase.modified_at,
        }
        for name, phase in phases.items()
    }


def list_jobs(call: Call) -> dict[str, Any]:
    """ListModelCustomizationJobs: newest first unless asked otherwise."""
    status = call["statusEquals"]
    jobs = (j for j in call.world.jobs.values() if call.owns(j) and status in {None, j.status})
    return page(call, "modelCustomizationJobSummaries", jobs, _summary)


def _summary(job: Job) -> dict[str, Any]:
    return {
        "jobArn": job.arn,
        "baseModelArn": job.base_model_arn,
        "jobName": job.name,
        "status": job.status,
        "statusDetails": _status_details(job),
        "lastModifiedTime": job.modified_at,
        "creationTime": job.created_at,
        "endTime": job.ended_at,
        "customModelArn": job.model_arn,
        "customModelName": job.model_name if job.model_arn else None,
        "customizationType": "FINE_TUNING",
    }


def stop(call: Call) -> dict[str, Any]:
    """StopModelCustomizationJob: charges what was trained so far, and makes no model (docs/facts.md#job-states)."""
    job = _find(call)
    if job.status != "InProgress":
        raise ServiceError("ConflictException", f"The job is {job.status} and can't be stopped.")
    world = call.world
    end_bill(world, job, call.now)
    stopping = map_phases(job, {"InProgress": "Stopping"}, call.now)
    world.jobs[job.arn] = replace(stopping, status="Stopping", modified_at=call.now)
    world.agenda.cancel(job.arn)
    world.plan(world.after(call.now, world.configuration.durations.stopping), "job.stop", job.arn)
    announce(world, world.jobs[job.arn])
    return {}
