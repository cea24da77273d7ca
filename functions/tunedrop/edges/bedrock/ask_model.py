"""One question to one model, by Converse, which every model that can be tuned speaks. Each call may be billed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tunedrop.domain.evaluation.model_answers import GivenAnswer
from tunedrop.domain.evaluation.questions import Question
from tunedrop.edges import faults

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

_AGAIN = frozenset({"ModelNotReadyException", "ModelTimeoutException"})
"""Beside throttling and 5XX: the same question may be answered later."""
_UNMADE = frozenset(
    {
        "ConnectTimeoutError",
        "EndpointConnectionError",
        "ModelNotReadyException",
        "ServiceUnavailableException",
        "ThrottlingException",
    }
)
"""No model saw the question (docs/facts.md#errors). After any other error, or silence, an answer may be billed."""
_REFUSED = frozenset({"AccessDeniedException", "ResourceNotFoundException", "ValidationException"})
"""Nor did one see what is refused for good."""


class NoAnswerNow(Exception):
    """Bedrock is busy, silent or out of reach: the same question is to be asked later. `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def unmade(self) -> bool:
        """Whether it was refused before a model saw it, so that it costs nothing."""
        return self.code in _UNMADE


def is_unmade(answer: GivenAnswer) -> bool:
    """Whether the question was refused for good before a model saw it, so that it costs nothing."""
    return answer.failure in _REFUSED


def ask(runtime: BedrockRuntimeClient, model: str, question: Question, item: int, max_tokens: int) -> GivenAnswer:
    """The model's answer at temperature 0, or the failure that there is none. Raises NoAnswerNow."""
    arguments: Any = {
        "modelId": model,
        "messages": [{"role": role, "content": [{"text": text}]} for role, text in question.turns],
        "inferenceConfig": {"maxTokens": max_tokens, "temperature": 0.0},
    }
    if question.system:
        arguments["system"] = [{"text": question.system}]
    began = time.monotonic()
    try:
        said = runtime.converse(**arguments)
    except faults.FAULTS as error:
        if faults.may_pass(error) or faults.code_of(error) in _AGAIN:
            raise NoAnswerNow(faults.code_of(error)) from error
        return GivenAnswer.failed(item, faults.code_of(error))
    usage, message = said.get("usage", {}), said.get("output", {}).get("message", {})
    return GivenAnswer(
        item=item,
        text="".join(block.get("text", "") for block in message.get("content", ())),
        truncated=said.get("stopReason") == "max_tokens",
        input_tokens=usage.get("inputTokens", 0),
        output_tokens=usage.get("outputTokens", 0),
        latency_ms=said.get("metrics", {}).get("latencyMs", round((time.monotonic() - began) * 1_000)),
    )
