"""An answer as one JSON message, folded from its events, for a caller that does not stream."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tunedrop.domain.messages.api_errors import broken
from tunedrop.domain.messages.message_events import Event, from_json


def folded(events: Iterable[Event]) -> dict[str, Any]:
    """Fold the events of one complete message into its JSON object. Raises ApiError for invalid tool input."""
    message: dict[str, Any] = {}
    blocks: list[_Block] = []
    for event in events:
        match event["type"]:
            case "message_start":
                message = {**event["message"]}
            case "content_block_start":
                blocks.append(_Block({**event["content_block"]}))
            case "content_block_delta":
                blocks[event["index"]].add(event["delta"])
            case "message_delta":
                message |= event["delta"]
                message["usage"] = {**message["usage"], **_told(event.get("usage"))}
    return {**message, "content": [block.whole() for block in blocks]}


def _told(usage: Any) -> Event:
    return {name: value for name, value in (usage or {}).items() if value is not None}


@dataclass(slots=True)
class _Block:
    """A content block while its deltas arrive; pieces are joined only once, so long answers stay linear."""

    start: dict[str, Any]
    pieces: dict[str, list[str]] = field(default_factory=dict)
    citations: list[Any] = field(default_factory=list)

    def add(self, delta: Event) -> None:
        for name in _GROWING:
            if isinstance(piece := delta.get(name), str):
                self.pieces.setdefault(name, []).append(piece)
        if "citation" in delta:
            self.citations.append(delta["citation"])

    def whole(self) -> dict[str, Any]:
        block = dict(self.start)
        for name, pieces in self.pieces.items():
            if name == "partial_json":
                block["input"] = _tool_input("".join(pieces))
            else:
                block[name] = (
                    "".join([begun, *pieces]) if isinstance(begun := block.get(name), str) else "".join(pieces)
                )
        if self.citations:
            block["citations"] = self.citations
        return block


_GROWING = ("text", "thinking", "signature", "partial_json")


def _tool_input(text: str) -> Any:
    try:
        return from_json(text or "{}")
    except ValueError:
        raise broken("a tool's input is not JSON") from None
