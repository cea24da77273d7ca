"""How faults are sown: small slips in the translated template or in a function's source, as people make them."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.template.wiring.finding import Code, Translated


@dataclass(frozen=True, slots=True)
class Seeded:
    """What a fault is seeded into: the resources of each set of parameters, and the sources."""

    resources: tuple[dict[str, Any], ...]
    texts: dict[str, str]


Slip = Callable[[Seeded], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """One slip, by the sentence that a reviewer would say."""

    words: str
    slip: Slip


def sow(fault: Fault, clean: Translated, code: Code) -> tuple[Translated, Code]:
    """Template and sources with the fault in them. Raises AssertionError when nothing has changed."""
    templates = pickle.loads(pickle.dumps(clean.templates))  # noqa: S301 - our own; a quarter of deepcopy's time
    seeded = Seeded(tuple(template["Resources"] for template in templates), dict(code.texts))
    fault.slip(seeded)
    assert templates != clean.templates or seeded.texts != code.texts, f"changes nothing: {fault.words}"
    return Translated(templates, clean.parameters), code if seeded.texts == code.texts else Code(seeded.texts)


def put(value: Any, *path: str | int) -> Slip:
    """Set what stands at a path in the resources."""

    def slip(seeded: Seeded) -> None:
        for resources in seeded.resources:
            if path[0] in resources:
                _at(resources, path[:-1])[path[-1]] = copy.deepcopy(value)

    return slip


def drop(*path: str | int) -> Slip:
    """Take away what stands at a path in the resources."""

    def slip(seeded: Seeded) -> None:
        for resources in seeded.resources:
            if path[0] in resources:
                del _at(resources, path[:-1])[path[-1]]

    return slip


def say(owner: str, sid: str, **parts: Any) -> Slip:
    """Change parts of the statement with this Sid of a role, a managed policy, a key or a bucket's policy."""

    def slip(seeded: Seeded) -> None:
        for resources in seeded.resources:
            for statement in _statements(resources[owner]):
                if statement.get("Sid") == sid:
                    statement.update(copy.deepcopy(parts))

    return slip


def unsay(owner: str, sid: str, part: str) -> Slip:
    """Take away one part of the statement with this Sid."""

    def slip(seeded: Seeded) -> None:
        for resources in seeded.resources:
            for statement in _statements(resources[owner]):
                if statement.get("Sid") == sid:
                    del statement[part]

    return slip


def write(path: str, old: str, new: str) -> Slip:
    """Change a source."""

    def slip(seeded: Seeded) -> None:
        seeded.texts[path] = seeded.texts[path].replace(old, new)

    return slip


def both(*slips: Slip) -> Slip:
    """Several changes that make one slip."""

    def slip(seeded: Seeded) -> None:
        for each in slips:
            each(seeded)

    return slip


def add(name: str, kind: str, **properties: Any) -> Slip:
    """Add a resource."""

    def slip(seeded: Seeded) -> None:
        for resources in seeded.resources:
            resources[name] = {"Type": kind, "Properties": copy.deepcopy(properties)}

    return slip


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _statements(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    properties = resource["Properties"]
    documents = [each["PolicyDocument"] for each in properties.get("Policies", ())]
    documents += [properties[name] for name in ("PolicyDocument", "KeyPolicy") if name in properties]
    for document in documents:
        for each in document["Statement"]:
            yield each["Fn::If"][1] if "Fn::If" in each else each
