"""The template as CloudFormation would see it for one set of parameters: every intrinsic function worked out."""

from __future__ import annotations

import fnmatch
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ACCOUNT, REGION, NAME = "123456789012", "us-west-2", "acme-tuning"
"""The stack is not called what we are: a literal `tunedrop` where the stack's own name belongs is then seen."""
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": NAME,
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{NAME}/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
}
_ABSENT = object()


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One resource of the translated template. `<Id>` and `<Id.Attribute>` stand for what AWS will name."""

    id: str
    type: str
    properties: Mapping[str, Any]
    body: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.properties[name]

    @property
    def arn(self) -> str:
        """What refers to this resource in a policy: topics, rules' targets and policies are their own ARN."""
        return f"<{self.id}>" if self.type == "AWS::SNS::Topic" else f"<{self.id}.Arn>"


@dataclass(frozen=True, slots=True)
class Stack:
    """The resources that one set of parameters deploys."""

    resources: Mapping[str, Resource]
    outputs: Mapping[str, Any]
    parameters: Mapping[str, str]
    by_default: bool
    """Whether nobody chose anything: all parameters are as the template has them."""

    def of(self, *types: str) -> list[Resource]:
        """The resources of these types, in the template's order."""
        return [resource for resource in self.resources.values() if resource.type in types]

    def __getitem__(self, logical_id: str) -> Resource:
        return self.resources[logical_id]

    def referred(self, reference: Any) -> Resource:
        """The resource behind `<Id>` or `<Id.Attribute>`."""
        return self.resources[str(reference).strip("<>").split(".")[0]]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy, its lists as tuples."""

    owner: Resource
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: Mapping[str, tuple[str, ...]]
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]]
    sid: str = ""
    not_actions: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()

    def allows(self, action: str, resource: str) -> bool:
        """Whether action and resource are covered; conditions are the caller's to check."""
        return (
            self.effect == "Allow"
            and any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in self.actions)
            and any(fnmatch.fnmatchcase(resource, pattern) for pattern in self.resources)
        )

    def condition(self, key: str) -> tuple[str, ...]:
        """The values that a condition key is held against, whatever the operator."""
        return next((values[key] for values in self.conditions.values() if key in values), ())


def deployed(translated: Mapping[str, Any], parameters: Mapping[str, str]) -> Stack:
    """What CloudFormation makes of a translated template."""
    evaluator = _Evaluator(translated, parameters)
    resources = {
        name: Resource(name, body["Type"], evaluator.value(body.get("Properties", {})), body)
        for name, body in translated["Resources"].items()
        if "Condition" not in body or evaluator.holds(body["Condition"])
    }
    outputs = {name: evaluator.value(body["Value"]) for name, body in translated["Outputs"].items()}
    defaults = {name: str(each["Default"]) for name, each in translated["Parameters"].items()}
    return Stack(resources, outputs, parameters, by_default=dict(parameters) == defaults)


_ELEMENTS = {"Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition"}


def statements(owner: Resource, document: Mapping[str, Any]) -> list[Statement]:
    """The statements of one policy document. Raises ValueError for an element that this does not know."""
    for each in document["Statement"]:
        if unknown := set(each) - _ELEMENTS:
            raise ValueError(f"{owner.id}: unknown elements of a statement: {', '.join(sorted(unknown))}")
    return [
        Statement(
            owner=owner,
            effect=each["Effect"],
            actions=_tuple(each.get("Action", ())),
            resources=_tuple(each.get("Resource", ())),
            principals={kind: _tuple(names) for kind, names in _principals(each).items()},
            conditions={
                operator: {key: _tuple(values) for key, values in keys.items()}
                for operator, keys in each.get("Condition", {}).items()
            },
            sid=each.get("Sid", ""),
            not_actions=_tuple(each.get("NotAction", ())),
            not_resources=_tuple(each.get("NotResource", ())),
        )
        for each in document["Statement"]
    ]


@functools.lru_cache(maxsize=256)
def granted(resource: Resource) -> list[Statement]:
    """What a role's or a managed policy's own statements say."""
    if resource.type == "AWS::IAM::ManagedPolicy":
        return statements(resource, resource["PolicyDocument"])
    documents = (policy["PolicyDocument"] for policy in resource.properties.get("Policies", ()))
    return [statement for document in documents for statement in statements(resource, document)]


def strings(value: Any) -> Iterator[str]:
    """Every string in a value, keys included."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield str(key)
            yield from strings(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from strings(each)
    elif isinstance(value, str):
        yield value


def _tuple(value: Any) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list | tuple) else (str(value),)


def _principals(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    principal = statement.get("Principal", {})
    return principal if isinstance(principal, Mapping) else {"AWS": principal}


class _Evaluator:
    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        self._template = template
        self._names = {**PSEUDO, **parameters}

    def value(self, node: Any) -> Any:
        if isinstance(node, Mapping):
            if len(node) == 1:
                (name, argument), *_ = node.items()
                if name == "Ref" or name.startswith("Fn::"):
                    return getattr(self, f"_{name.removeprefix('Fn::').lower()}")(argument)
            return {key: each for key, raw in node.items() if (each := self.value(raw)) is not _ABSENT}
        if isinstance(node, list):
            return [each for raw in node if (each := self.value(raw)) is not _ABSENT]
        return node

    def holds(self, condition: str | Mapping[str, Any]) -> bool:
        if isinstance(condition, str):
            return self.holds(self._template["Conditions"][condition])
        (name, argument), *_ = condition.items()
        if name == "Fn::Equals":
            left, right = (str(self.value(each)) for each in argument)
            return left == right
        if name == "Fn::Not":
            return not self.holds(argument[0])
        if name == "Fn::Or":
            return any(self.holds(each) for each in argument)
        return self.holds(argument)  # {"Condition": name}

    def _ref(self, name: str) -> Any:
        return _ABSENT if name == "AWS::NoValue" else self._names.get(name, f"<{name}>")

    def _getatt(self, argument: Any) -> str:
        return f"<{argument if isinstance(argument, str) else '.'.join(argument)}>"

    def _if(self, argument: list[Any]) -> Any:
        condition, then, otherwise = argument
        return self.value(then if self.holds(condition) else otherwise)

    def _sub(self, argument: Any) -> str:
        text, names = (argument, {}) if isinstance(argument, str) else argument
        own = {name: str(self.value(each)) for name, each in names.items()}
        known = re.sub(r"\$\{([^!}][^}]*)\}", lambda found: own.get(found[1]) or str(self._ref(found[1])), text)
        return known.replace("${!", "${")  # a variable of IAM's, written so that CloudFormation leaves it alone

    def _join(self, argument: list[Any]) -> str:
        return str(argument[0]).join(str(self.value(each)) for each in argument[1])

    def _split(self, argument: list[Any]) -> list[str]:
        return str(self.value(argument[1])).split(argument[0])

    def _select(self, argument: list[Any]) -> Any:
        return self.value(argument[1])[int(argument[0])]

    def _findinmap(self, argument: list[Any]) -> Any:
        name, first, second = (self.value(each) for each in argument)
        return self._template["Mappings"][name][first][second]
