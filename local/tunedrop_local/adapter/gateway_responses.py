"""Seam: applies the gateway responses in an API's OpenAPI body, where SAM writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.services import apigateway_v1

from tunedrop_local.adapter import seams

EXTENSION = "x-amazon-apigateway-gateway-responses"


def install() -> None:
    """Stores an API's gateway responses right after its import."""
    import_api = seams.original(apigateway_v1, "_import_rest_api", "spec", "base_data")
    put = seams.original(apigateway_v1, "_put_gateway_response", "api_id", "response_type", "data")

    def import_with_responses(spec: Mapping[str, Any], base_data: Any = None) -> Any:
        api_id = import_api(spec, base_data)
        for response_type, response in (spec.get(EXTENSION) or {}).items():
            if (answer := put(api_id, response_type, response))[0] >= 400:
                raise ValueError(f"gateway response {response_type}: {answer[2]!r}")
        return api_id

    seams.replace(apigateway_v1, "_import_rest_api", import_with_responses, "spec", "base_data")
