"""Generate docs/openapi.json from the routes.

python -m tunedrop.routes.openapi > docs/openapi.json
"""

from __future__ import annotations

import json
import sys
from typing import Any

from tunedrop import __version__
from tunedrop.routes.application import app
from tunedrop.routes.error_answers import ErrorAnswer

_DESCRIPTION = (
    "Every request is signed (SigV4, service execute-api). All errors have the same format, and their codes are stable."
)
_METHODS = {"get", "post", "put", "delete"}

_REFUSALS = {
    "400": "The request can't be parsed, or its Idempotency-Key is missing or invalid",
    "403": "API Gateway: not signed, or not allowed by IAM",
    "404": "It does not exist",
    "409": "Its state, a cap or a quota forbids this, or the first request with this Idempotency-Key is in progress",
    "413": "The body is too large",
    "415": "The body is declared to be something else than JSON",
    "422": "A value is invalid, or a query parameter unknown",
    "429": "API Gateway: too many requests at once",
    "500": "A defect of Tunedrop's; the same request may be sent again",
    "503": "AWS did not answer in time; the same request may be sent again",
    "504": "API Gateway: no answer within its time",
}
_OF_ALL = ("403", "413", "415", "422", "429", "500", "503", "504")


def document() -> str:
    """The OpenAPI document of ControlApi as JSON text: the same routes give the same bytes."""
    schema = app.get_openapi_schema(title="Tunedrop ControlApi", version=__version__, description=_DESCRIPTION)
    found: dict[str, Any] = json.loads(schema.model_dump_json(by_alias=True, exclude_none=True))
    found.pop("servers", None)
    schemas = found["components"]["schemas"]
    schemas |= _definitions()
    found["components"]["responses"] = _refusals()
    for path, methods in found["paths"].items():
        for method in _METHODS & methods.keys():
            methods[method]["responses"] = _with_refusals(methods[method]["responses"], method, path)
            for parameter in methods[method].get("parameters", ()):
                parameter["schema"] = _without_null(parameter["schema"])
    for unused in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        schemas.pop(unused, None)
    return json.dumps(found, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _definitions() -> dict[str, Any]:
    error = ErrorAnswer.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**error.pop("$defs"), "ErrorAnswer": error}


def _with_refusals(responses: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    """A route's responses, with each refusal that can occur, in the application's format instead of the framework's.

    A route declares what is particular to it, such as a 409 to a DELETE.
    """
    told = {status: answer for status, answer in responses.items() if status.startswith("2")}
    refused = {*_OF_ALL, *(status for status in responses if status in _REFUSALS)}
    refused |= {"400", "409"} if method in {"post", "put"} else set()
    refused |= {"404"} if "{" in path else set()
    return told | {status: {"$ref": f"#/components/responses/Error{status}"} for status in refused}


def _refusals() -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}
    return {f"Error{status}": {"description": words, "content": content} for status, words in _REFUSALS.items()}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter that may be left out: a query or a header has no null."""
    possible = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    return {**{name: value for name, value in schema.items() if name != "anyOf"}, **possible[0]} if possible else schema


if __name__ == "__main__":
    sys.stdout.write(document())
