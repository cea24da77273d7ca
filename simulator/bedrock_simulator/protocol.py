"""The server side of REST-JSON, driven by botocore's own service model: routing, parsing, rendering."""

import base64
import binascii
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import unquote

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

from bedrock_simulator.constraints import violations
from bedrock_simulator.errors import ServiceError, invalid
from bedrock_simulator.exchange import Request, Response

MALFORMED = "Malformed input request, please reformat your input and try again."
_LABEL = re.compile(r"\{(\w+)\+?\}")


@dataclass(frozen=True, slots=True)
class _Route:
    method: str
    pattern: re.Pattern[str]
    literal_length: int
    operation: str


class RestJson:
    """The protocol of one service's operations."""

    def __init__(self, service: str) -> None:
        self._model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
        routes = map(self._route, self._model.operation_names)
        self._routes = sorted(routes, key=lambda route: -route.literal_length)

    def operation_model(self, operation: str) -> OperationModel:
        """An operation's description in the service model."""
        return self._model.operation_model(operation)

    def match(self, method: str, path: str) -> tuple[str, Mapping[str, str]] | None:
        """Route a request line to (operation, labels of its path); None if there is no such operation."""
        for route in self._routes:
            if route.method == method and (found := route.pattern.fullmatch(path)):
                return route.operation, {k: unquote(v) for k, v in found.groupdict().items()}
        return None

    def parse(self, operation: str, labels: Mapping[str, str], request: Request) -> dict[str, Any]:
        """Parse and validate a request's parameters. Raises ServiceError if one violates the service model."""
        shape: Any = self.operation_model(operation).input_shape
        if shape is None:
            return {}
        payload = shape.serialization.get("payload")
        document = {} if payload else _document(request.body)
        parameters = {payload: request.body} if payload and request.body else {}
        for name, member in shape.members.items():
            value = _located(name, member, labels, request, document)
            if value is not None:
                parameters[name] = value
        broken = list(violations(shape, parameters))
        if broken:
            count = f"{len(broken)} validation error{'s' if len(broken) > 1 else ''} detected: "
            raise invalid(count + "; ".join(broken))
        return parameters

    def status(self, operation: str) -> int:
        """The HTTP status of a successful answer."""
        return int(self.operation_model(operation).http.get("responseCode", 200))

    def _route(self, name: str) -> _Route:
        http = self._model.operation_model(name).http
        uri = http["requestUri"].partition("?")[0]
        pieces = _LABEL.split(uri)
        pattern = "".join(f"(?P<{piece}>.+)" if index % 2 else re.escape(piece) for index, piece in enumerate(pieces))
        return _Route(http["method"], re.compile(f"{pattern}/?"), sum(map(len, pieces[::2])), name)


def answer_headers() -> dict[str, str]:
    """The headers of every answer, with an id of its own."""
    return {
        "content-type": "application/json",
        "x-amzn-requestid": str(uuid.uuid4()),
        "x-bedrock-simulator": "true",
    }


def refusal(error: ServiceError, headers: Mapping[str, str]) -> Response:
    """The answer that a refused request gets."""
    return Response(error.status, {**headers, "x-amzn-errortype": error.code}, render_error(error))


@cache
def declared_errors(service: str, operation: str) -> frozenset[str]:
    """The codes of the errors that the service's model declares for an operation."""
    model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
    return frozenset(shape.name for shape in model.operation_model(operation).error_shapes)


@cache
def rest_json(service: str) -> RestJson:
    """The protocol of "bedrock" or "bedrock-runtime", cached because loading its model is slow."""
    return RestJson(service)


def _document(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        document = json.loads(body)
    except ValueError:
        raise invalid(MALFORMED) from None
    if not isinstance(document, dict):
        raise invalid(MALFORMED)
    return document


def _located(name: str, member: Any, labels: Mapping[str, str], request: Request, document: Mapping[str, Any]) -> Any:
    location = member.serialization.get("location")
    wire_name = member.serialization.get("name", name)
    if location == "uri":
        return labels.get(wire_name)
    if location == "header":
        return request.headers.get(wire_name.lower())
    if location == "querystring":
        values = request.query.get(wire_name)
        return _from_text(member, values[0]) if values else None
    return _from_json(member, document.get(wire_name))


def _from_text(member: Any, text: str) -> Any:
    try:
        if member.type_name in {"integer", "long"}:
            return int(text)
        if member.type_name == "boolean":
            return {"true": True, "false": False}[text.lower()]
        if member.type_name == "timestamp":
            return _timestamp(text)
    except (ValueError, KeyError):
        return text
    return text


def _timestamp(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _from_json(member: Any, value: Any) -> Any:
    """Convert a JSON value to its shape: decode blobs, drop unknown members."""
    if isinstance(value, dict) and not getattr(member, "is_document_type", False):
        return _from_object(member, value)
    if member.type_name == "list" and isinstance(value, list):
        return [_from_json(member.member, item) for item in value]
    if member.type_name == "blob" and isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error:
            return value
    return value


def _from_object(member: Any, value: dict[str, Any]) -> dict[str, Any]:
    if member.type_name == "map":
        return {key: _from_json(member.value, item) for key, item in value.items()}
    if member.type_name != "structure":
        return value
    members = {name: (m, value.get(name)) for name, m in member.members.items()}
    return {name: _from_json(m, item) for name, (m, item) in members.items() if item is not None}


def render(result: Mapping[str, Any]) -> bytes:
    """Encode the JSON body of an answer: None members left out, times in ISO 8601."""
    return json.dumps(_plain(result), ensure_ascii=False).encode()


def render_error(error: ServiceError) -> bytes:
    """Encode the JSON body of an error; JSON 1.1 clients read the code from `__type`."""
    document = {"__type": error.code, "message": error.message, **error.members}
    return json.dumps(document).encode()


def iso(moment: datetime) -> str:
    """A time as the service writes it: 2026-11-22T12:00:00.123Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return iso(value)
    return value
