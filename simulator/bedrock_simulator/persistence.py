"""Serialize the world to JSON and back: dataclasses by their fields, times in ISO 8601."""

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final

from bedrock_simulator.agenda import Agenda
from bedrock_simulator.configuration import Configuration
from bedrock_simulator.entities import Bill, CustomModel, Deployment, Due, Job, Outcome, Throughput
from bedrock_simulator.world import World

SCHEMA: Final = 1
_TABLES: Final[Mapping[str, type]] = {
    "jobs": Job,
    "models": CustomModel,
    "throughputs": Throughput,
    "deployments": Deployment,
    "outcomes": Outcome,
    "bills": Bill,
}


def dump(world: World) -> bytes:
    """Serialize a world. Events not sent yet are lost, as real ones may be."""
    tables: dict[str, Any] = {name: _encode(getattr(world, name)) for name in _TABLES}
    document = {
        "schema": SCHEMA,
        "serial": world.serial,
        "tags": world.tags,
        "tokens": world.tokens,
        "agenda": _encode(world.agenda.entries()),
        **tables,
    }
    return json.dumps(document).encode()


def load(data: bytes, configuration: Configuration) -> World:
    """Restore a world from a dump. Raises ValueError if its schema is not ours."""
    document = json.loads(data)
    if document.get("schema") != SCHEMA:
        raise ValueError(f"snapshot has schema {document.get('schema')!r}, expected {SCHEMA}")
    tables: dict[str, Any] = {
        name: {arn: _decode(kind, row) for arn, row in document[name].items()} for name, kind in _TABLES.items()
    }
    return World(
        configuration,
        agenda=Agenda(_decode(Due, entry) for entry in document["agenda"]),
        tags=document["tags"],
        tokens=document["tokens"],
        serial=document["serial"],
        **tables,
    )


def _encode(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {f.name: _encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _encode(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    return value


@cache
def _field_types(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _decode(kind: Any, value: Any) -> Any:
    if dataclasses.is_dataclass(kind):
        hints = _field_types(typing.cast("type", kind))
        return typing.cast("type", kind)(**{name: _decode(hints[name], v) for name, v in value.items()})
    if isinstance(kind, types.UnionType):
        present = next(member for member in typing.get_args(kind) if member is not types.NoneType)
        return None if value is None else _decode(present, value)
    if typing.get_origin(kind) is tuple:
        return tuple(value)
    return datetime.fromisoformat(value) if kind is datetime else value
