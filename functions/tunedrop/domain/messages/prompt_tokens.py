"""Estimate the input tokens of a request. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tunedrop.domain.base_models.catalogue import MediaKind, find
from tunedrop.domain.messages.messages_request import MessageBlock, MessagesRequest
from tunedrop.domain.texts import tokens

MOST_OF_AN_IMAGE = 1_600
"""Tokens of an image or a document where the catalogue has no figure."""
_KINDS: tuple[MediaKind, ...] = ("image", "document")


def estimate(request: MessagesRequest, base_model: str) -> int:
    """Estimated input tokens of the request to a deployment of that base model."""
    blocks = list(_blocks(request))
    media = find(base_model).media
    files = sum(
        (media[kind].tokens if kind in media else 0) or MOST_OF_AN_IMAGE
        for kind in _KINDS
        for block in blocks
        if block.get("type") == kind
    )
    return max(1, tokens.estimate(_texts(request, blocks)) + files)


def _blocks(request: MessagesRequest) -> Iterator[MessageBlock]:
    for turn in request.turns:
        for block in turn.blocks:
            inner = block.get("content")
            if block["type"] == "tool_result" and isinstance(inner, list):
                yield from (each for each in inner if isinstance(each, dict))
            yield block


def _texts(request: MessagesRequest, blocks: list[MessageBlock]) -> Iterator[str]:
    if isinstance(request.system, str):
        yield request.system
    else:
        yield from (block["text"] for block in request.system or ())
    yield from (json.dumps(tool, ensure_ascii=False) for tool in request.tools or ())
    for block in blocks:
        if isinstance(text := block.get("text"), str):
            yield text
        if block.get("type") == "tool_use":
            yield json.dumps(block.get("input"), ensure_ascii=False)
        if block.get("type") == "tool_result" and isinstance(said := block.get("content"), str):
            yield said
