"""The bodies of InvokeModel, one dialect per publisher, for requests, answers and streams.

Claude's is documented (docs/facts.md#claude-on-bedrock); the streams of Nova and Llama follow public examples.
"""

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

from bedrock_simulator.errors import invalid
from bedrock_simulator.prompts import DEFAULT_MAX_TOKENS, Answer, Prompt

ANTHROPIC_VERSION: Final = "bedrock-2023-05-31"  # docs/facts.md#claude-on-bedrock
# Bedrock takes the model and the streaming from the path and refuses them in the body.
NOT_IN_CLAUDE_BODY: Final = ("model", "stream")
Document = dict[str, Any]


class Dialect(Protocol):
    """One body format."""

    def prompt(self, body: Mapping[str, Any]) -> Prompt:
        """Read a request's body. Raises ValidationException if it violates a rule."""
        ...

    def answer(self, answer: Answer, model_id: str) -> Document:
        """Build the body of a whole answer."""
        ...

    def events(self, answer: Answer, model_id: str) -> Iterator[Document]:
        """Yield the chunks of a streamed answer."""
        ...


def parse(body: bytes) -> Document:
    """Parse a body that must be a JSON object. Raises ValidationException."""
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise invalid("Malformed input request, please reformat your input and try again.")
    return document


def _required(body: Mapping[str, Any], *names: str) -> None:
    for name in names:
        if name not in body:
            raise invalid(f"#: required key [{name}] not found")


def _positive(value: object, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise invalid(f"{name}: must be greater than or equal to 1")
    return value


def _temperature(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise invalid("temperature: must be a number between 0 and 1")
    return value


def _stops(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) and text for text in value):
        raise invalid("stop sequences: Input should be a valid list of non-empty strings")
    return tuple(value)


def block_text(content: object, where: str) -> str:
    """The text of a content field: a string, or the text blocks of a list. Raises ValidationException."""
    if isinstance(content, str):
        return _not_blank(content, where)
    if not isinstance(content, list) or not content or not all(isinstance(b, dict) for b in content):
        raise invalid(f"{where}: Input should be a valid string or list of content blocks")
    texts = [block["text"] for block in content if isinstance(block.get("text"), str)]
    return "\n".join(_not_blank(text, where) for text in texts)


def _not_blank(text: str, where: str) -> str:
    if not text.strip():
        raise invalid(f"{where}: text must contain non-whitespace text")
    return text


def read_turns(messages: object) -> tuple[tuple[str, str], ...]:
    """Read a list of messages as (role, text); the first must be the user's. Raises ValidationException."""
    if not isinstance(messages, list) or not messages:
        raise invalid("messages: at least one message is required")
    turns = []
    for index, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        if role not in {"user", "assistant"}:
            raise invalid(f"messages.{index}.role: Input should be 'user' or 'assistant'")
        turns.append((role, block_text(message.get("content"), f"messages.{index}.content")))
    if turns[0][0] != "user":
        raise invalid('messages: first message must use the "user" role')
    return tuple(turns)


class Claude:
    """The Anthropic Messages API."""

    def prompt(self, body: Mapping[str, Any]) -> Prompt:
        """Read anthropic_version, max_tokens, messages, system, stop_sequences, temperature."""
        _required(body, "anthropic_version", "max_tokens", "messages")
        if body["anthropic_version"] != ANTHROPIC_VERSION:
            raise invalid(f"anthropic_version: Input should be '{ANTHROPIC_VERSION}'")
        for name in NOT_IN_CLAUDE_BODY:
            if name in body:
                raise invalid(f"{name}: Extra inputs are not permitted")
        system = block_text(body["system"], "system") if body.get("system") else ""
        return Prompt(
            system=system,
            turns=read_turns(body["messages"]),
            max_tokens=_positive(body["max_tokens"], "max_tokens"),
            stop_sequences=_stops(body.get("stop_sequences", [])),
            temperature=_temperature(body.get("temperature", 0)),
        )

    def answer(self, answer: Answer, model_id: str) -> Document:
        """Build a message."""
        return self._message(model_id) | {
            "content": [{"type": "text", "text": answer.text}],
            "stop_reason": answer.stop_reason,
            "stop_sequence": answer.stop_sequence,
            "usage": {"input_tokens": answer.input_tokens, "output_tokens": answer.output_tokens},
        }

    def _message(self, model_id: str) -> Document:
        return {
            "id": f"msg_bdrk_{uuid.uuid4().hex[:24]}",
            "type": "message",
            "role": "assistant",
            "model": model_id,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
        }

    def events(self, answer: Answer, model_id: str) -> Iterator[Document]:
        """Yield message_start, one content block, message_delta, message_stop."""
        usage = {"input_tokens": answer.input_tokens, "output_tokens": 1}
        yield {"type": "message_start", "message": self._message(model_id) | {"usage": usage}}
        empty = {"type": "text", "text": ""}
        yield {"type": "content_block_start", "index": 0, "content_block": empty}
        for piece in answer.pieces:
            delta = {"type": "text_delta", "text": piece}
            yield {"type": "content_block_delta", "index": 0, "delta": delta}
        yield {"type": "content_block_stop", "index": 0}
        yield {
            "type": "message_delta",
            "delta": {"stop_reason": answer.stop_reason, "stop_sequence": answer.stop_sequence},
            "usage": {"output_tokens": answer.output_tokens},
        }
        yield {"type": "message_stop"}


class Nova:
    """Amazon Nova's body: Converse's shape with a schema version."""

    def prompt(self, body: Mapping[str, Any]) -> Prompt:
        """Read messages, system, inferenceConfig."""
        _required(body, "messages")
        limits = body.get("inferenceConfig", {})
        if not isinstance(limits, dict):
            raise invalid("inferenceConfig: expected an object")
        limit = limits.get("maxTokens", limits.get("max_new_tokens", DEFAULT_MAX_TOKENS))
        return Prompt(
            system=block_text(body["system"], "system") if body.get("system") else "",
            turns=read_turns(body["messages"]),
            max_tokens=_positive(limit, "maxTokens"),
            stop_sequences=_stops(limits.get("stopSequences", [])),
            temperature=_temperature(limits.get("temperature", 0)),
        )

    def _usage(self, answer: Answer) -> Document:
        return {
            "inputTokens": answer.input_tokens,
            "outputTokens": answer.output_tokens,
            "totalTokens": answer.input_tokens + answer.output_tokens,
        }

    def answer(self, answer: Answer, model_id: str) -> Document:
        """Build a message under `output`."""
        message = {"content": [{"text": answer.text}], "role": "assistant"}
        return {
            "output": {"message": message},
            "stopReason": answer.stop_reason,
            "usage": self._usage(answer),
        }

    def events(self, answer: Answer, model_id: str) -> Iterator[Document]:
        """Yield messageStart, contentBlockDelta, contentBlockStop, messageStop, metadata."""
        yield {"messageStart": {"role": "assistant"}}
        for piece in answer.pieces:
            yield {"contentBlockDelta": {"delta": {"text": piece}, "contentBlockIndex": 0}}
        yield {"contentBlockStop": {"contentBlockIndex": 0}}
        yield {"messageStop": {"stopReason": answer.stop_reason}}
        yield {"metadata": {"usage": self._usage(answer), "metrics": {}}}


class Llama:
    """Meta Llama's body: a prompt, a generation."""

    def prompt(self, body: Mapping[str, Any]) -> Prompt:
        """Read prompt, max_gen_len and temperature."""
        _required(body, "prompt")
        if not isinstance(body["prompt"], str) or not body["prompt"]:
            raise invalid("prompt: expected a non-empty string")
        limit = _positive(body.get("max_gen_len", 512), "max_gen_len")
        return Prompt("", (("user", body["prompt"]),), limit, temperature=_temperature(body.get("temperature", 0)))

    def _stop_reason(self, answer: Answer) -> str:
        return "length" if answer.stop_reason == "max_tokens" else "stop"

    def answer(self, answer: Answer, model_id: str) -> Document:
        """Build a generation with its token counts."""
        return {
            "generation": answer.text,
            "prompt_token_count": answer.input_tokens,
            "generation_token_count": answer.output_tokens,
            "stop_reason": self._stop_reason(answer),
        }

    def events(self, answer: Answer, model_id: str) -> Iterator[Document]:
        """Yield a chunk per token, then an empty one with the stop reason."""
        for index, piece in enumerate(("", *answer.pieces)):
            count = None if index else answer.input_tokens
            yield {
                "generation": piece,
                "prompt_token_count": count,
                "generation_token_count": index,
                "stop_reason": None,
            }
        yield {
            "generation": "",
            "prompt_token_count": None,
            "generation_token_count": answer.output_tokens,
            "stop_reason": self._stop_reason(answer),
        }


DIALECTS: Final[Mapping[str, Dialect]] = {"anthropic": Claude(), "amazon": Nova(), "meta": Llama()}
