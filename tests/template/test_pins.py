"""What an update of a stack that holds data must not replace, as release 0.1.0 made it; kept in pins.json.

CloudFormation replaces a resource when its logical id, its type or a create-only property changes; which properties
are create-only says the resource provider's own schema, of which cfn-lint brings a copy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from tests.template.conftest import DEFAULTS, chosen, read_template, translate
from tests.template.stack import REGION

PINS = Path(__file__).with_name("pins.json")
RECORD = "python -m tests.template.test_pins"

HOLDS_DATA = frozenset({"AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::S3::Bucket", "AWS::SQS::Queue"})
REPLACED_WITH_ITS_CONTENT = frozenset({"AWS::ApiGateway::Deployment", "AWS::Lambda::LayerVersion"})
"""SAM ends their ids in a hash of the content, so that each change makes a new one: pinned without it, and without
properties."""
COSTLY_BESIDE = {  # no schema calls these create-only
    # An edited attribute replaces the table; an edited index is built anew, and nothing is listed until it is there.
    "AWS::DynamoDB::Table": ("AttributeDefinitions", "GlobalSecondaryIndexes"),
    "AWS::KMS::Key": ("KeySpec", "KeyUsage", "MultiRegion", "Origin"),  # the update is refused
}
KEPT_AS_THEY_ARE = ("Condition", "DeletionPolicy", "UpdateReplacePolicy")

Pins = Mapping[str, Mapping[str, Any]]


def test_an_update_replaces_nothing_that_stands(translated):
    changes = list(_changes(json.loads(PINS.read_text("utf-8")), _pins(translated)))
    assert not changes, "\n".join(["", *changes, f"Where that is meant, record it: {RECORD}"])


@pytest.mark.parametrize(
    ("slip", "told"),
    [
        (lambda pins: pins | {"RowTable": pins.pop("StateTable")}, "StateTable (AWS::DynamoDB::Table, HOLDS DATA)"),
        (lambda pins: pins | {"DataBucket": {**pins["DataBucket"], "BucketName": "mine"}}, "BucketName"),
        (lambda pins: pins | {"Key": {**pins["Key"], "DeletionPolicy": "Delete"}}, "DeletionPolicy"),
    ],
    ids=["another logical id", "a name", "no longer retained"],
)
def test_a_slip_is_told_with_what_it_would_cost(slip, told):
    pins = json.loads(PINS.read_text("utf-8"))
    assert any(told in change for change in _changes(pins, slip(dict(pins))))


def _pins(translated: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return dict(_pin(name, body) for name, body in translated["Resources"].items())


def _pin(name: str, body: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    kind, properties = body["Type"], body.get("Properties", {})
    kept = {"Type": kind} | {each: body[each] for each in KEPT_AS_THEY_ARE if each in body}
    if kind in REPLACED_WITH_ITS_CONTENT:
        return re.sub(r"[0-9a-f]{10}$", "<hash of its content>", name), kept
    found = {each: properties[each] for each in sorted(_replacing(kind)) if each in properties}
    return name, kept | found


def _replacing(kind: str) -> set[str]:
    """Names of properties; of a create-only member of a property, that property."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    paths = [*schema.get("createOnlyProperties", ()), *schema.get("conditionalCreateOnlyProperties", ())]
    return {path.split("/")[2] for path in paths} | set(COSTLY_BESIDE.get(kind, ()))


def _changes(before: Pins, after: Pins) -> Iterator[str]:
    for name in sorted(before.keys() | after.keys()):
        if name not in before:
            yield f"{name} ({after[name]['Type']}) is new."
        elif name not in after:
            yield f"{_told(name, before)} would be removed, or replaced by one of another logical id."
        else:
            for each in sorted(before[name].keys() | after[name].keys()):
                was, now = before[name].get(each), after[name].get(each)
                if was != now:
                    effect = "would be kept otherwise" if each in KEPT_AS_THEY_ARE else "would be REPLACED"
                    yield f"{_told(name, before)} {effect}: {each} was {json.dumps(was)}, is {json.dumps(now)}."


def _told(name: str, pins: Pins) -> str:
    kind = pins[name]["Type"]
    return f"{name} ({kind}{', HOLDS DATA' if kind in HOLDS_DATA else ''})"


def _record() -> None:
    template = read_template()
    pins = _pins(translate(template, chosen(template, DEFAULTS)))
    PINS.write_text(json.dumps(pins, indent=2, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    _record()
