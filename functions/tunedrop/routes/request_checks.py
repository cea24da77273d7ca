"""What is looked at before a request reaches its route: its size, its type, and that it asks for nothing unknown."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

from tunedrop.domain.records import duplicate_keys
from tunedrop.domain.records.defects import shown
from tunedrop.errors import InvalidInput, NotFound

MOST_BYTES = 1_500_000
"""A request that joins 1,000 files to each of three splits has about 1 MB; nothing needs more."""
MOST_KEYS = 12_000
"""Of one body, in all its objects, and as many elements in all its lists: that same request has 6,000 of each."""
JSON = "application/json"
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";\s]*)', re.IGNORECASE)
_READ = frozenset({"utf-8", "utf8", "us-ascii"})


def admit(event: Mapping[str, Any]) -> dict[str, Any]:
    """The Lambda proxy event, if its body may be parsed.

    Raises InvalidInput `body_too_large` (413), `unsupported_media_type` (415).
    """
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    if body := event.get("body"):
        _check_body(body, headers.get("content-type", JSON), headers.get("content-encoding", "identity"))
    # Powertools knows JSON by its exact name only, and takes a body without a type for JSON.
    return {**event, "headers": {name: value for name, value in headers.items() if name != "content-type"}}


def _check_body(body: str, kind: str, encoding: str) -> None:
    size = len(body.encode("utf-8", "surrogatepass"))
    if size > MOST_BYTES:
        words = f"The body has {size:,} bytes; {MOST_BYTES:,} are allowed."
        raise InvalidInput("body_too_large", words, maximum=MOST_BYTES)
    charset = _CHARSET.search(kind)
    if kind.partition(";")[0].strip().lower() != JSON or (charset and charset[1].lower() not in _READ):
        raise InvalidInput("unsupported_media_type", f"A body is {JSON} in UTF-8; send it so, not as {shown(kind)}.")
    if encoding.strip().lower() != "identity":
        raise InvalidInput("unsupported_media_type", f"A body is sent as it is, not as {shown(encoding)}.")


def parse_json(text: str) -> Any:
    """The JSON of a body, without NaN, infinities, repeated keys or halves of surrogate pairs.

    Raises InvalidInput `malformed_json` (400), `body_too_large` (413).
    """
    if text.count(":") > MOST_KEYS or text.count(",") > MOST_KEYS:
        words = f"The body has too many keys or elements; {MOST_KEYS:,} are allowed."
        raise InvalidInput("body_too_large", words, maximum=MOST_KEYS)
    try:
        value = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_without_repeats)
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise InvalidInput("malformed_json", "The body is nested too deeply.") from None
    except UnicodeEncodeError:
        raise InvalidInput("malformed_json", "The body has half of a surrogate pair, which is no character.") from None
    except ValueError as error:
        raise InvalidInput("malformed_json", f"The body is not valid JSON: {error}.") from None
    return value


def refuse_unknown_parameters(app: APIGatewayRestResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """A middleware of every route: a query parameter that the OpenAPI document does not name there is refused.

    So is a body where none is read, and a path that IAM holds for another one than its route does. What nothing knows
    may be a plan or a dry run misspelt, and must not spend or delete.
    """
    route, event = app.context["_route"], app.current_event
    if route not in routes_of(app):  # there is none: that is told first
        return next_middleware(app)
    if event.path.endswith(("/", "\n")):  # a policy that denies the one lets the other through
        raise NotFound(
            "unknown_route", f"There is no {route.method} {shown(event.path)}. docs/api.md lists what there is."
        )
    if not route.dependant.body_params and (event.body or "").strip() not in ("", "{}"):
        words = f"{route.method} {route.openapi_path} reads no body; parameters stand in its query."
        raise InvalidInput("unknown_body", words)
    known = [parameter.alias for parameter in route.dependant.query_params]
    sent = app.current_event.multi_value_query_string_parameters or app.current_event.query_string_parameters or {}
    unknown = sorted(set(sent) - set(known))
    if unknown:
        takes = f"It takes {', '.join(known)}." if known else "It takes none."
        raise InvalidInput(
            "unknown_parameter",
            f"{route.method} {route.openapi_path} knows no query parameter {shown(unknown[0])}. {takes}",
            field=unknown[0][:80],
            known=known,
        )
    return next_middleware(app)


def routes_of(app: APIGatewayRestResolver) -> list[Route]:
    """All routes, for which Powertools has no public name."""
    return [*app._static_routes, *app._dynamic_routes]  # noqa: SLF001


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidInput("malformed_json", duplicate_keys.defect(pairs).message)
    return found
