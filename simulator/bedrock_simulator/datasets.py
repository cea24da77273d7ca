"""Read training data as the service does inside a job, with its own validation of formats, roles and limits.

Written from docs/facts.md#records and docs/facts.md#data-limits, deliberately independent of the application's checks.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from bedrock_simulator.foundation_models import Family, Format

BYTES_PER_TOKEN: Final = 4
_ROLES: Final = ("user", "assistant")


class DataError(Exception):
    """The data violates a rule; the text names the line."""


@dataclass(frozen=True, slots=True)
class Example:
    """One record, reduced to what training needs.

    `context` is everything before the last answer, `question` the user turn right before it.
    """

    context: str
    question: str
    answer: str
    tokens: int
    media: tuple[str, ...] = ()
    """The S3 addresses of the files that it refers to."""


@dataclass(frozen=True, slots=True)
class _Turn:
    role: str
    text: str
    reasoning: str = ""
    media: tuple[str, ...] = ()


def count_tokens(text: str) -> int:
    """The simulated tokenizer's count: one token per four bytes."""
    return -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)


def read_examples(data: bytes, family: Family, name: str) -> list[Example]:
    """Read the examples of a JSON Lines file. Raises DataError, with `name` and line, for the first bad record."""
    lines = data.split(b"\n")
    while lines and not lines[-1].strip():
        lines.pop()
    return [_example(line, family, f"{name}, line {n}") for n, line in enumerate(lines, start=1)]


def check_counts(family: Family, limit: int, training: int, validation: int | None) -> None:
    """Check the numbers of records; `validation` is None without a validation set. Raises DataError."""
    total = training + (validation or 0)
    counted = total if family.minimum_counts_both else training
    if counted < family.minimum_records:
        raise DataError(f"Found {counted} records, but at least {family.minimum_records} are required.")
    least = family.minimum_validation_records
    if validation is not None and validation < least:
        raise DataError(f"Found {validation} validation records, but at least {least} are required.")
    limits = (
        ("training", training, family.maximum_training_records),
        ("validation", validation or 0, family.maximum_validation_records),
        ("training and validation", total, limit),
    )
    for name, count, maximum in limits:
        if maximum is not None and count > maximum:
            raise DataError(f"Found {count} {name} records, but at most {maximum} are allowed.")


def _example(line: bytes, family: Family, place: str) -> Example:
    try:
        record = json.loads(line.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise DataError(f"{place}: not a valid JSON object.") from None
    if not isinstance(record, dict):
        raise DataError(f"{place}: not a valid JSON object.")
    try:
        system, turns = _READERS[family.format](record, family)
        _check_turns(turns)
        _check_reserved(system, turns, family)
        return _reduced(system, turns, family)
    except DataError as error:
        raise DataError(f"{place}: {error}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _reduced(system: str, turns: Sequence[_Turn], family: Family) -> Example:
    *before, last = turns
    context = "\n".join([*([system] if system else []), *(turn.text for turn in before)])
    tokens = count_tokens(context) + count_tokens(last.text)
    if tokens > family.tokens_per_record:
        raise DataError(f"{tokens} tokens, but at most {family.tokens_per_record} are allowed.")
    return Example(context, before[-1].text, last.text, tokens, tuple(uri for turn in turns for uri in turn.media))


def _check_turns(turns: Sequence[_Turn]) -> None:
    if len(turns) < 2:
        raise DataError("at least two messages are required.")
    for index, turn in enumerate(turns):
        if turn.role != _ROLES[index % 2]:
            raise DataError(
                f"messages[{index}].role must be '{_ROLES[index % 2]}': roles alternate, starting with 'user'."
            )
    if turns[-1].role != "assistant":
        raise DataError("the last message must have the role 'assistant'.")


def _check_reserved(system: str, turns: Sequence[_Turn], family: Family) -> None:
    guarded = [system, *(text for turn in turns for text in (turn.text, turn.reasoning))]
    for word in family.reserved:
        if any(word in text for text in guarded):
            raise DataError(f"contains the reserved word {word!r}.")


def _only(keys: set[str], found: Mapping[str, Any], where: str) -> None:
    extra = sorted(set(found) - keys)
    if extra:
        raise DataError(f"extraneous key '{extra[0]}' in {where}.")


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise DataError(f"{where} must be a string.")
    if not value.strip():
        raise DataError(f"{where} must not be empty.")
    return value


def _messages(record: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    messages = record.get("messages")
    if not isinstance(messages, list):
        raise DataError("'messages' must be a list.")
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        if not isinstance(message, dict):
            raise DataError(f"{where} must be an object.")
        _only({"role", "content"}, message, where)
        if message.get("role") not in _ROLES:
            raise DataError(f"{where}.role must be one of: user, assistant.")
        yield where, message


def _read_messages(record: Mapping[str, Any], family: Family) -> tuple[str, list[_Turn]]:
    _only({"system", "messages"}, record, "the record")
    system = record.get("system", "")
    if not isinstance(system, str):
        raise DataError("system must be a string.")
    turns = [_Turn(m["role"], _text(m.get("content"), f"{where}.content")) for where, m in _messages(record)]
    return system, turns


def _read_conversation(record: Mapping[str, Any], family: Family) -> tuple[str, list[_Turn]]:
    _only({"schemaVersion", "system", "messages"}, record, "the record")
    system = _blocks(record["system"], "system", {"text"}) if "system" in record else ""
    return system, [_turn(message, f"{where}.content", family) for where, message in _messages(record)]


def _turn(message: Mapping[str, Any], where: str, family: Family) -> _Turn:
    text = _blocks(message.get("content"), where, _allowed(message, family))
    blocks = message["content"]
    files = [(block[kind], f"{where}.{kind}") for block in blocks for kind in family.media if kind in block]
    return _Turn(message["role"], text, _reasoning(blocks), tuple(_address(*file) for file in files))


def _address(block: object, where: str) -> str:
    match block:
        case {"format": str(), "source": {"s3Location": {"uri": str(uri)}}} if uri.startswith("s3://"):
            return uri
    raise DataError(f"{where} must have a format, and a source with an s3Location and its uri.")


def _allowed(message: Mapping[str, Any], family: Family) -> set[str]:
    if message["role"] == "user":
        return {"text", *family.media}
    return {"text", "reasoningContent"} if family.takes_reasoning else {"text"}


def _blocks(value: object, where: str, allowed: set[str]) -> str:
    if not isinstance(value, list) or not value:
        raise DataError(f"{where} must be a list of content blocks.")
    texts = []
    for index, block in enumerate(value):
        if not isinstance(block, dict) or len(block) != 1:
            raise DataError(f"{where}[{index}] must be an object with one key.")
        _only(allowed, block, f"{where}[{index}]")
        if "text" in block:
            texts.append(_text(block["text"], f"{where}[{index}].text"))
    return "\n".join(texts)


def _reasoning(blocks: list[dict[str, Any]]) -> str:
    thoughts = [block.get("reasoningContent") for block in blocks]
    texts = [thought.get("reasoningText") for thought in thoughts if isinstance(thought, dict)]
    return "\n".join(str(text.get("text")) for text in texts if isinstance(text, dict))


def _read_prompt_completion(record: Mapping[str, Any], family: Family) -> tuple[str, list[_Turn]]:
    _only({"prompt", "completion"}, record, "the record")
    prompt = _text(record.get("prompt"), "prompt")
    return "", [_Turn("user", prompt), _Turn("assistant", _text(record.get("completion"), "completion"))]


_Reader = Callable[[Mapping[str, Any], Family], tuple[str, list[_Turn]]]
_READERS: Final[Mapping[Format, _Reader]] = {
    "messages": _read_messages,
    "conversation": _read_conversation,
    "prompt_completion": _read_prompt_completion,
}
