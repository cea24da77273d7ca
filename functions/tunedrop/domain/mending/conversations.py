"""Write a conversation as its format does: the fields of turns, the names of speakers, texts or blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tunedrop.domain.formats import converse, pairs, shapes, sharegpt, speakers
from tunedrop.domain.records.strict_json import JsonObject

_SPEAKER = ("role", "from", "speaker", "author", "sender")
_SAID = ("content", "value", "text", "message", "utterance")
"""Fields of a turn that say who speaks, and what. One of each is enough to know."""
_OPENAI, _SHAREGPT = ("role", "content"), ("from", "value")

_SHAREGPT_NAMES = {"user": "human", "assistant": "gpt", "system": "system"}


def mend(document: JsonObject, mends: list[str]) -> None:
    """Mend the lists of turns of an object, and its system text, in place; notes the mends."""
    for name in sharegpt.NAMES:
        if isinstance(turns := document.get(name), list):
            turns = [turn for item in turns for turn in _parted(item, mends)]
            document[name] = _spoken(_alike(turns, mends), mends)
    is_chat = isinstance(document.get("messages"), list)
    if is_chat and converse.detect(document):
        _write(document, "system", _as_blocks, mends)
        for turn in _objects(document["messages"]):
            _write(turn, "content", _as_blocks, mends)
    elif is_chat:
        _write(document, "system", _as_text, mends)
        for turn in _objects(document["messages"]):
            _write(turn, "content", _as_content, mends)


def _objects(items: list[Any]) -> Iterator[JsonObject]:
    return (item for item in items if isinstance(item, dict))


def _parted(item: Any, mends: list[str]) -> Iterator[Any]:
    """A turn; two of them for an object with one question and its answer, such as {"input": …, "output": …}."""
    names = shapes.folded(item) if isinstance(item, Mapping) else frozenset()
    found = pairs.found(names)
    if found is None or len(item) != 2 or not all(isinstance(text, str) for text in item.values()):
        yield item
        return
    mends.append("pair_parted")
    said = {shapes.fold(name): text for name, text in item.items()}
    yield {"role": "user", "content": said[found[0]]}
    yield {"role": "assistant", "content": said[found[1]]}


def _alike(turns: list[Any], mends: list[str]) -> list[Any]:
    """Name the fields of all turns as ShareGPT does if one of them is ShareGPT's, else as OpenAI does."""
    named = [_fields(turn) if isinstance(turn, Mapping) else None for turn in turns]
    target = _SHAREGPT if any(found and tuple(map(shapes.fold, found)) == _SHAREGPT for found in named) else _OPENAI
    return [
        _renamed(turn, dict(zip(found, target, strict=True)), mends) if found else turn
        for turn, found in zip(turns, named, strict=True)
    ]


def _fields(turn: Mapping[str, Any]) -> tuple[str, str] | None:
    """The turn's fields for who speaks and what, if it has exactly one of each."""
    speakers = [name for name, value in turn.items() if shapes.fold(name) in _SPEAKER and isinstance(value, str)]
    texts = [name for name, value in turn.items() if shapes.fold(name) in _SAID and isinstance(value, str | list)]
    return (speakers[0], texts[0]) if len(speakers) == len(texts) == 1 else None


def _renamed(turn: Mapping[str, Any], names: Mapping[str, str], mends: list[str]) -> JsonObject:
    if any(old != new for old, new in names.items()) and not (set(names.values()) - names.keys()) & turn.keys():
        mends.append("field_renamed")
        return {names.get(name, name): value for name, value in turn.items()}
    return dict(turn)


def _spoken(turns: list[Any], mends: list[str]) -> list[Any]:
    """Name the speakers as the formats do; a turn's null fields go."""
    known = speakers.sides(voice for turn in turns if isinstance(turn, Mapping) and (voice := _voice(turn)))
    return [dict(_turn(turn, known, mends)) if isinstance(turn, Mapping) else turn for turn in turns]


def _voice(turn: Mapping[str, Any]) -> str:
    name = turn.get("role", turn.get("from"))
    return name if isinstance(name, str) else ""


def _turn(turn: Mapping[str, Any], known: Mapping[str, str], mends: list[str]) -> Iterator[tuple[str, Any]]:
    voice = speakers.fold(_voice(turn))
    role = known.get(voice)
    for name, value in turn.items():
        if name == "role" and role:
            right = role
        elif name == "from" and role and "role" not in turn:
            # A name that its reader knows, such as chatgpt, stays.
            right = voice if voice in sharegpt.ROLES else _SHAREGPT_NAMES[role]
        elif value is None and name not in {"role", "content", "from", "value"}:
            mends.append("field_removed")
            continue
        else:
            yield name, value
            continue
        if right != value:
            mends.append("role_renamed")
        yield name, right


def _write(found: JsonObject, name: str, form: Any, mends: list[str]) -> None:
    if name in found and (written := form(found[name])) != found[name]:
        mends.append("form_corrected")
        found[name] = written


def _as_blocks(value: Any) -> Any:
    """Converse's blocks: a text, a single block, or a list of either, each as an object with only its text."""
    if isinstance(value, str | Mapping):
        value = [value]
    if not isinstance(value, list):
        return value
    blocks = [{"text": item} if isinstance(item, str) else _text_only(item) for item in value]
    return blocks if all(isinstance(block, Mapping) for block in blocks) else value


def _text_only(block: Any) -> Any:
    """A text block as Converse writes it: Anthropic's has a type beside its text."""
    is_typed = isinstance(block, Mapping) and block.keys() == {"type", "text"} and block["type"] == "text"
    return {"text": block["text"]} if is_typed else block


def _as_content(value: Any) -> Any:
    """Anthropic's and OpenAI's content: a text, or a list of blocks with their type."""
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list):
        return value
    return [{"type": "text", "text": item} if isinstance(item, str) else item for item in value]


def _as_text(value: Any) -> Any:
    """A system text: the text of its only block."""
    blocks = value if isinstance(value, list) else [value]
    block = _text_only(blocks[0]) if len(blocks) == 1 else None
    if isinstance(block, str):
        return block
    is_text = isinstance(block, Mapping) and block.keys() == {"text"} and isinstance(block["text"], str)
    return block["text"] if is_text and isinstance(block, Mapping) else value
