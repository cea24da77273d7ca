"""The exact CreateModelCustomizationJob request. Pure: the same arguments always give the same request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunedrop.domain.base_models.catalogue import BaseModel
from tunedrop.domain.training.start_request import Vpc


def create_job(
    *,
    base_model: BaseModel,
    base_model_arn: str | None,
    name: str,
    token: str,
    role_arn: str,
    key_arn: str | None,
    vpc: Vpc | None,
    bucket: str,
    train_key: str,
    validation_key: str | None,
    output_prefix: str,
    hyperparameters: Mapping[str, str],
    tags: Mapping[str, str],
) -> dict[str, Any]:
    """The request that is sent to Bedrock and shown by `GET /jobs/{id}` (docs/facts.md#creating-a-job).

    `base_model_arn` is that of a custom model that is tuned further. It has validation data only if the base model
    accepts any.
    """
    listed = [{"key": key, "value": value} for key, value in tags.items()]
    request: dict[str, Any] = {
        "jobName": name,
        "customModelName": name,
        "roleArn": role_arn,
        "clientRequestToken": token,
        "baseModelIdentifier": base_model_arn or base_model.customization_id,
        "customizationType": "FINE_TUNING",
        "jobTags": listed,
        "customModelTags": listed,
        "trainingDataConfig": {"s3Uri": f"s3://{bucket}/{train_key}"},
        "outputDataConfig": {"s3Uri": f"s3://{bucket}/{output_prefix.rstrip('/')}"},
        "hyperParameters": dict(hyperparameters),
    }
    if validation_key and base_model.validation:
        request["validationDataConfig"] = {"validators": [{"s3Uri": f"s3://{bucket}/{validation_key}"}]}
    return request | _protection(key_arn, vpc)


def _protection(key_arn: str | None, vpc: Vpc | None) -> dict[str, Any]:
    chosen: dict[str, Any] = {"customModelKmsKeyId": key_arn} if key_arn else {}
    if vpc:
        chosen["vpcConfig"] = {"subnetIds": list(vpc.subnet_ids), "securityGroupIds": list(vpc.security_group_ids)}
    return chosen
