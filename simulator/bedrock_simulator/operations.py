"""The simulated operations and the agenda's steps, each with its function."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from bedrock_simulator import (
    custom_models,
    deployments,
    job_steps,
    jobs,
    model_catalogue,
    runtime,
    tags,
    throughput,
)
from bedrock_simulator.entities import Due
from bedrock_simulator.objects import Objects
from bedrock_simulator.runtime import Reply
from bedrock_simulator.world import Call, Commit, World

CONTROL: Final[Mapping[str, Callable[[Call], dict[str, Any]]]] = {
    "CreateCustomModelDeployment": deployments.create,
    "CreateModelCustomizationJob": jobs.create,
    "CreateProvisionedModelThroughput": throughput.create,
    "DeleteCustomModel": custom_models.delete,
    "DeleteCustomModelDeployment": deployments.delete,
    "DeleteProvisionedModelThroughput": throughput.delete,
    "GetCustomModel": custom_models.get,
    "GetCustomModelDeployment": deployments.get,
    "GetFoundationModel": model_catalogue.get,
    "GetModelCustomizationJob": jobs.get,
    "GetProvisionedModelThroughput": throughput.get,
    "ListCustomModelDeployments": deployments.list_deployments,
    "ListCustomModels": custom_models.list_models,
    "ListFoundationModels": model_catalogue.list_models,
    "ListModelCustomizationJobs": jobs.list_jobs,
    "ListProvisionedModelThroughputs": throughput.list_throughputs,
    "ListTagsForResource": tags.list_tags,
    "StopModelCustomizationJob": jobs.stop,
    "TagResource": tags.tag,
    "UntagResource": tags.untag,
    "UpdateCustomModelDeployment": deployments.update,
    "UpdateProvisionedModelThroughput": throughput.update,
}

RUNTIME: Final[Mapping[str, Callable[[Call], Reply]]] = {
    "Converse": runtime.converse,
    "ConverseStream": runtime.converse_stream,
    "CountTokens": runtime.count_tokens,
    "InvokeModel": runtime.invoke,
    "InvokeModelWithResponseStream": runtime.invoke_stream,
}

STEPS: Final[Mapping[str, Callable[[World, Due, Objects], Commit]]] = {
    "deployment.serve": deployments.serve,
    "job.finish": job_steps.finish,
    "job.process": job_steps.process,
    "job.stop": job_steps.stop,
    "job.validate": job_steps.validate,
    "throughput.serve": throughput.serve,
}
