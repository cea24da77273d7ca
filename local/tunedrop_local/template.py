"""Reads a SAM template and finds the local folders of code in it, as `sam build` would."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

#: The property that names a local folder, by resource type. Globals may set it for all functions.
FOLDERS = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}


#: A safe loader, the C one if available, that learns CloudFormation's short forms below.
_Loader: Any = type("TemplateLoader", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {})


def _intrinsic(loader: Any, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _intrinsic)
_Loader.yaml_implicit_resolvers = {  # dates stay text: a policy's Version is "2012-10-17", not a date
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True)
class Folder:
    """A local folder that the template names. `logical_id` is "Globals" for the one all functions share."""

    logical_id: str
    property: str
    path: Path
    built_by_make: bool


def load(path: Path) -> dict[str, Any]:
    """Reads a template; intrinsic functions get their long form. Raises ValueError if it has no Resources."""
    found = yaml.load(path.read_text(), Loader=_Loader)  # noqa: S506 (a SafeLoader)
    if not isinstance(found, dict) or "Resources" not in found:
        raise ValueError(f"{path} is not a template: it has no Resources")
    return found


def folders(template: dict[str, Any], base: Path) -> Iterator[Folder]:
    """Yields every local folder of code in the template; its paths are relative to `base`."""
    common = template.get("Globals", {}).get("Function", {}).get("CodeUri")
    if isinstance(common, str):
        yield Folder("Globals", "CodeUri", base / common, built_by_make=False)
    for logical_id, resource in template["Resources"].items():
        name = FOLDERS.get(resource["Type"], "")
        uri = resource.get("Properties", {}).get(name)
        if isinstance(uri, str) and not uri.startswith("s3://"):
            made = resource.get("Metadata", {}).get("BuildMethod") == "makefile"
            yield Folder(logical_id, name, base / uri, built_by_make=made)


def with_uploads(template: dict[str, Any], bucket: str, keys: dict[str, str]) -> dict[str, Any]:
    """A copy of the template with objects in S3 instead of folders; `keys` are object keys by logical id."""
    changed = copy.deepcopy(template)
    for logical_id, key in keys.items():
        if logical_id == "Globals":
            changed["Globals"]["Function"]["CodeUri"] = {"Bucket": bucket, "Key": key}
        else:
            resource = changed["Resources"][logical_id]
            uri = {"Bucket": bucket, "Key": key}
            resource["Properties"][FOLDERS[resource["Type"]]] = uri
    return changed
