"""How many tokens a request may have before anybody counts them: an estimate, on the high side for natural text. Pure.

Bedrock counts in truth, and what it counts is what a key is charged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from tunedrop.domain.messages.messages_request import MessageBlock, MessagesRequest
from tunedrop.domain.texts import tokens

PER_TURN = 8
"""For what marks a turn, or the system text."""
PER_IMAGE = 1_600
"""Claude's most, for images of the size that it looks at; Nova's are fewer for most images."""
BYTES_PER_TOKEN_OF_A_DOCUMENT = 4
"""Of base64. A document's text is smaller than its file, and its pages may be looked at as images."""


def estimate(asked: MessagesRequest) -> int:
    """Estimated tokens of system text, turns and tools."""
    system: Sequence[MessageBlock] = (
        ({"type": "text", "text": asked.system},) if isinstance(asked.system, str) else asked.system or ()
    )
    blocks = [*system, *(block for turn in asked.turns for block in turn.blocks)]
    counted = sum(_of_media(block) for block in blocks)
    texts = [text for block in blocks for text in _texts(block)]
    if asked.tools:
        texts.append(msgspec.json.encode(asked.tools).decode())
    return tokens.estimate(texts) + counted + PER_TURN * (len(asked.turns) + 1)


def _of_media(block: Mapping[str, object]) -> int:
    match block:
        case {"type": "image"}:
            return PER_IMAGE
        case {"type": "document", "source": {"data": str(data)}}:
            return len(data) // BYTES_PER_TOKEN_OF_A_DOCUMENT
        case {"type": "tool_result", "content": list(parts)}:
            return sum(_of_media(part) for part in parts if isinstance(part, dict))
    return 0


def _texts(block: Mapping[str, object]) -> Iterator[str]:
    match block:
        case {"type": "text", "text": str(text)} | {"type": "tool_result", "content": str(text)}:
            yield text
        case {"type": "tool_result", "content": list(parts)}:
            for part in parts:
                yield from _texts(part) if isinstance(part, dict) else ()
        case {"type": "image" | "document"}:
            return
        case _:
            yield msgspec.json.encode(block).decode()
