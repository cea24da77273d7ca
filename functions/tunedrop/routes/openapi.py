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
_METHODS = ("get", "post", "delete")


def document() -> str:
    """The OpenAPI document of ControlApi as JSON text: the same routes give the same bytes."""
    schema = app.get_openapi_schema(title="Tunedrop ControlApi", version=__version__, description=_DESCRIPTION)
    found: dict[str, Any] = json.loads(schema.model_dump_json(by_alias=True, exclude_none=True))
    found.pop("servers", None)
    schemas = found["components"]["schemas"]
    schemas |= _definitions()
    for path in found["paths"].values():
        for method in _METHODS:
            if method in path:
                path[method]["responses"] = _with_errors(path[method]["responses"])
    for unused in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        schemas.pop(unused, None)
    return json.dumps(found, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _definitions() -> dict[str, Any]:
    error = ErrorAnswer.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**error.pop("$defs"), "ErrorAnswer": error}


def _with_errors(responses: dict[str, Any]) -> dict[str, Any]:
    """A route's responses, with all errors in the application's own format instead of the framework's."""
    told = {status: answer for status, answer in responses.items() if status.startswith("2")}
    bare = any("content" not in answer for status, answer in told.items() if status != "200")
    if bare and "200" in told:  # the framework adds a 200 to the status that the route declares
        content = told.pop("200")["content"]
        told = {status: answer | {"content": content} for status, answer in told.items()}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}
    return {**told, "default": {"description": "What was refused, and why", "content": content}}


if __name__ == "__main__":
    sys.stdout.write(document())
