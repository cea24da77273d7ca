"""The IAM questions of a request: action, true resource ARN, tags of resource and request (docs/facts.md#iam).

A resource that does not exist yet gets a placeholder id, so that patterns such as custom-model/* match it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from bedrock_simulator import foundation_models, quotas
from bedrock_simulator.exchange import IamContext, Request
from bedrock_simulator.protocol import rest_json
from bedrock_simulator.resources import Named
from bedrock_simulator.world import World

PLACEHOLDER: Final = "0" * 12
SERVICE_PRINCIPAL: Final = "bedrock.amazonaws.com"
_Keys = Mapping[str, str | tuple[str, ...]]


def contexts(world: World, request: Request) -> tuple[IamContext, ...]:
    """All questions of a request; the policies must allow each of them."""
    if request.service == "servicequotas":
        return _quota_contexts(request)
    found = rest_json(request.service).match(request.method, request.path)
    if found is None:
        return ()
    operation, labels = found
    asked = _Asked(world, request, {**_body(request), **labels})
    return tuple(_QUESTIONS.get(operation, _unscoped(operation))(asked))


def _quota_contexts(request: Request) -> tuple[IamContext, ...]:
    operation = quotas.operation(request)
    if operation is None:
        return ()
    code = _body(request).get("QuotaCode")
    place = f"arn:aws:servicequotas:{request.region}:{request.account}:bedrock"
    resource = f"{place}/{code}" if operation == "GetServiceQuota" else "*"
    # AWS's references differ on whether GetServiceQuota takes a resource: a policy must bear both.
    return tuple(IamContext(f"servicequotas:{operation}", each) for each in dict.fromkeys((resource, "*")))


def _body(request: Request) -> dict[str, Any]:
    try:
        document = json.loads(request.body or b"{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


class _Asked:
    """A request's unchecked parameters, and the world to look resources up in."""

    def __init__(self, world: World, request: Request, parameters: Mapping[str, Any]) -> None:
        self._world = world
        self._request = request
        self._parameters = parameters

    def text(self, name: str) -> str:
        """A parameter, or an empty string if it is not text."""
        value = self._parameters.get(name)
        return value if isinstance(value, str) else ""

    @property
    def region(self) -> str:
        """The Region that was asked."""
        return self._request.region

    def arn(self, resource: str) -> str:
        """An ARN in the caller's account and Region."""
        return f"arn:aws:bedrock:{self._request.region}:{self._request.account}:{resource}"

    def resource(self, kind: str, identifier: str) -> str:
        """The true ARN of a name, id or ARN; a made-up one if there is no such resource."""
        if identifier.startswith("arn:"):
            return identifier
        for thing in self._things(kind):
            is_own = (thing.account, thing.region) == (self._request.account, self._request.region)
            if is_own and identifier in {thing.name, thing.arn.rpartition("/")[2]}:
                return thing.arn
        return self.arn(f"{kind}/{identifier}")

    def _things(self, kind: str) -> tuple[Named, ...]:
        tables: dict[str, Mapping[str, Named]] = {
            "model-customization-job": self._world.jobs,
            "custom-model": self._world.models,
            "provisioned-model": self._world.throughputs,
            "custom-model-deployment": self._world.deployments,
        }
        return tuple(tables[kind].values())

    def model(self, identifier: str) -> str:
        """The ARN of a custom or foundation model."""
        base = foundation_models.find(identifier)
        if base and not identifier.startswith("arn:"):
            return foundation_models.arn(identifier, self._request.region)
        return self.resource("custom-model", identifier)

    def inference(self, identifier: str) -> Iterator[tuple[str, _Keys]]:
        """The ARNs InvokeModel needs: the resource itself and, for a profile, every base model that may answer."""
        invoked = foundation_models.find_for_inference(identifier, self.region)
        if invoked is None:
            yield identifier if identifier.startswith("arn:") else self.model(identifier), {}
            return
        if not invoked.profile:
            yield foundation_models.arn(invoked.model.id, self.region), {}
            return
        profile = self.arn(f"inference-profile/{invoked.profile}")
        yield profile, {}
        for region in invoked.destinations(self.region):
            keys = {"bedrock:InferenceProfileArn": profile, "aws:RequestedRegion": region or "unspecified"}
            yield foundation_models.arn(invoked.model.id, region), keys

    def resource_tags(self, arn: str) -> _Keys:
        """The aws:ResourceTag keys of a resource."""
        tags = self._world.tags.get(arn, {})
        return {f"aws:ResourceTag/{key}": value for key, value in tags.items()}

    def request_tags(self, *names: str) -> _Keys:
        """The aws:RequestTag keys and aws:TagKeys of a request's tag lists."""
        tags: dict[str, str] = {}
        for name in names:
            for tag in self._parameters.get(name) or ():
                if isinstance(tag, dict):
                    tags[str(tag.get("key", ""))] = str(tag.get("value", ""))
        keys: dict[str, str | tuple[str, ...]] = {f"aws:RequestTag/{k}": v for k, v in tags.items()}
        return keys | {"aws:TagKeys": tuple(tags)} if tags else {}

    def question(self, action: str, arn: str, keys: _Keys | None = None) -> IamContext:
        """A question with the resource's tags and further condition keys."""
        return IamContext(f"bedrock:{action}", arn, {**self.resource_tags(arn), **(keys or {})})

    def tagging(self, arn: str, keys: _Keys) -> Iterator[IamContext]:
        """The extra question of a creation with tags, which also needs the permission to tag."""
        if keys and self._world.configuration.tagging_needs_permission:
            yield IamContext("bedrock:TagResource", arn, keys)


_Question = Callable[[_Asked], Iterator[IamContext]]


def _unscoped(operation: str) -> _Question:
    def ask(asked: _Asked) -> Iterator[IamContext]:
        yield asked.question(operation, "*")

    return ask


def _about(operation: str, kind: str, parameter: str) -> _Question:
    def ask(asked: _Asked) -> Iterator[IamContext]:
        yield asked.question(operation, asked.resource(kind, asked.text(parameter)))

    return ask


def _create_job(asked: _Asked) -> Iterator[IamContext]:
    base_arn = asked.model(asked.text("baseModelIdentifier"))
    is_custom = ":custom-model/" in base_arn
    base = base_arn.split("/")[1 if is_custom else -1]
    keys = asked.request_tags("jobTags", "customModelTags")
    model_arn = asked.arn(f"custom-model/{base}/{PLACEHOLDER}")
    job_arn = asked.arn(f"model-customization-job/{base}/{PLACEHOLDER}")
    for arn in (base_arn, model_arn, job_arn):
        yield asked.question("CreateModelCustomizationJob", arn, keys)
    yield from asked.tagging(job_arn, asked.request_tags("jobTags"))
    yield from asked.tagging(model_arn, asked.request_tags("customModelTags"))
    passed = {"iam:PassedToService": SERVICE_PRINCIPAL}
    yield IamContext("iam:PassRole", asked.text("roleArn"), passed)


def _create_throughput(asked: _Asked) -> Iterator[IamContext]:
    keys = asked.request_tags("tags")
    model = asked.model(asked.text("modelId"))
    base = foundation_models.arn(model.partition("/")[2].partition("/")[0], asked.region)
    for arn in dict.fromkeys((model, base)):
        yield asked.question("CreateProvisionedModelThroughput", arn, keys)
    yield from asked.tagging(asked.arn(f"provisioned-model/{PLACEHOLDER}"), keys)


def _create_deployment(asked: _Asked) -> Iterator[IamContext]:
    keys = asked.request_tags("tags")
    model_arn = asked.resource("custom-model", asked.text("modelArn"))
    yield asked.question("CreateCustomModelDeployment", model_arn, keys)
    yield from asked.tagging(asked.arn(f"custom-model-deployment/{PLACEHOLDER}"), keys)


def _update_throughput(asked: _Asked) -> Iterator[IamContext]:
    operation = "UpdateProvisionedModelThroughput"
    throughput = asked.resource("provisioned-model", asked.text("provisionedModelId"))
    yield asked.question(operation, throughput)
    if wanted := asked.text("desiredModelId"):
        yield asked.question(operation, asked.model(wanted))


def _update_deployment(asked: _Asked) -> Iterator[IamContext]:
    operation = "UpdateCustomModelDeployment"
    identifier = asked.text("customModelDeploymentIdentifier")
    yield asked.question(operation, asked.resource("custom-model-deployment", identifier))
    yield asked.question(operation, asked.resource("custom-model", asked.text("modelArn")))


def _tagging(operation: str) -> _Question:
    def ask(asked: _Asked) -> Iterator[IamContext]:
        yield asked.question(operation, asked.text("resourceARN"), asked.request_tags("tags"))

    return ask


def _foundation_model(asked: _Asked) -> Iterator[IamContext]:
    yield asked.question("GetFoundationModel", asked.model(asked.text("modelIdentifier")))


def _inference(action: str) -> _Question:
    def ask(asked: _Asked) -> Iterator[IamContext]:
        for arn, keys in asked.inference(asked.text("modelId")):
            yield asked.question(action, arn, keys)

    return ask


_JOB = ("model-customization-job", "jobIdentifier")
_MODEL = ("custom-model", "modelIdentifier")
_THROUGHPUT = ("provisioned-model", "provisionedModelId")
_DEPLOYMENT = ("custom-model-deployment", "customModelDeploymentIdentifier")
_QUESTIONS: Final[Mapping[str, _Question]] = {
    "CreateModelCustomizationJob": _create_job,
    "GetModelCustomizationJob": _about("GetModelCustomizationJob", *_JOB),
    "StopModelCustomizationJob": _about("StopModelCustomizationJob", *_JOB),
    "GetCustomModel": _about("GetCustomModel", *_MODEL),
    "DeleteCustomModel": _about("DeleteCustomModel", *_MODEL),
    "CreateProvisionedModelThroughput": _create_throughput,
    "GetProvisionedModelThroughput": _about("GetProvisionedModelThroughput", *_THROUGHPUT),
    "DeleteProvisionedModelThroughput": _about("DeleteProvisionedModelThroughput", *_THROUGHPUT),
    "UpdateProvisionedModelThroughput": _update_throughput,
    "CreateCustomModelDeployment": _create_deployment,
    "GetCustomModelDeployment": _about("GetCustomModelDeployment", *_DEPLOYMENT),
    "DeleteCustomModelDeployment": _about("DeleteCustomModelDeployment", *_DEPLOYMENT),
    "UpdateCustomModelDeployment": _update_deployment,
    "GetFoundationModel": _foundation_model,
    "TagResource": _tagging("TagResource"),
    "UntagResource": _tagging("UntagResource"),
    "ListTagsForResource": _tagging("ListTagsForResource"),
    "InvokeModel": _inference("InvokeModel"),
    "Converse": _inference("InvokeModel"),
    "InvokeModelWithResponseStream": _inference("InvokeModelWithResponseStream"),
    "ConverseStream": _inference("InvokeModelWithResponseStream"),
    "CountTokens": _inference("CountTokens"),
}
