"""What people say to a speaker at home, in English and Chinese, and the calls of tools that it should make.

A record is a conversation as OpenAI's fine-tuning takes it, definitions of the tools included.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from random import Random

from examples.texts.larkspur import Phrases

_Call = Mapping[str, object]
_ROOMS = (
    *("kitchen", "bedroom", "hall", "office", "bathroom", "cellar", "attic", "nursery", "garage", "library"),
    *("pantry", "workshop"),
)
_CHINESE_ROOMS = ("厨房", "卧室", "客厅", "书房", "浴室", "阳台", "车库", "餐厅")
_LABELS = ("pasta", "tea", "laundry", "bread", "homework", "rice", "nap", "eggs")
_HEAT = Phrases(
    3,
    "Set the {room} to {celsius} degrees.",
    "Make the {room} {celsius} degrees warm, please.",
    "I would like {celsius} degrees in the {room}.",
    "It should be {celsius} degrees in the {room} from now on.",
)
_LIGHT = Phrases(
    3,
    "Turn the light in the {room} {state}.",
    "Please switch {state} the {room} light.",
    "Light {state} in the {room}.",
    "The {room} light should be {state}.",
)
_TIMER = Phrases(
    3,
    "Start a timer of {minutes} minutes for the {label}.",
    "Remind me of the {label} in {minutes} minutes.",
    "{minutes} minutes for the {label}, please.",
    "Give the {label} {minutes} minutes.",
)
_CHINESE_HEAT = Phrases(2, "把{room}调到{celsius}度。", "{room}的温度设为{celsius}度。", "我想让{room}有{celsius}度。")
_NOTHING = Phrases(
    7,
    "Thank you, that is all.",
    "Good night.",
    "What do you think of my new sofa?",
    "Never mind, I found it.",
    "You are doing a fine job.",
    "I was only talking to the cat.",
    "How are you today?",
    "Forget what I said.",
    "It was a long day at work.",
)
_DONE = "Done."
_ALL_RIGHT = "All right."
_BEFORE = "To begin with, {celsius} degrees in the {room}."
"""What some conversations begin with, and none ends with."""
_BEGUN = 0.25
"""The share of conversations in which a call was made before."""
_LEADS = ("", "Hey!", "Listen.", "One more thing.", "Me again.", "Okay.", "Speaker!", "Thanks.", "Good.", "Fine.")


def _heated(room: str, celsius: int) -> _Call:
    return {"name": "set_temperature", "arguments": {"room": room, "celsius": celsius}}


def _heat(dice: Random, *, unseen: bool) -> tuple[str, list[_Call]]:
    room, celsius = dice.choice(_ROOMS), dice.randint(15, 26)
    return _HEAT.draw(dice, unseen=unseen).format(room=room, celsius=celsius), [_heated(room, celsius)]


def _light(dice: Random, *, unseen: bool) -> tuple[str, list[_Call]]:
    room, state = dice.choice(_ROOMS), dice.choice(("on", "off"))
    calls: list[_Call] = [{"name": "switch_light", "arguments": {"room": room, "state": state}}]
    return _LIGHT.draw(dice, unseen=unseen).format(room=room, state=state), calls


def _timer(dice: Random, *, unseen: bool) -> tuple[str, list[_Call]]:
    label, minutes = dice.choice(_LABELS), dice.randint(2, 90)
    calls: list[_Call] = [{"name": "start_timer", "arguments": {"label": label, "minutes": minutes}}]
    return _TIMER.draw(dice, unseen=unseen).format(label=label, minutes=minutes), calls


def _in_chinese(dice: Random, *, unseen: bool) -> tuple[str, list[_Call]]:
    room, celsius = dice.choice(_CHINESE_ROOMS), dice.randint(15, 26)
    return _CHINESE_HEAT.draw(dice, unseen=unseen).format(room=room, celsius=celsius), [_heated(room, celsius)]


def _parallel(dice: Random, *, unseen: bool) -> tuple[str, list[_Call]]:
    """One tool, for two rooms."""
    (first, second), celsius = dice.sample(_ROOMS, 2), dice.randint(15, 26)
    said = _HEAT.draw(dice, unseen=unseen).format(room=f"{first} and the {second}", celsius=celsius)
    return said, [_heated(first, celsius), _heated(second, celsius)]


def _several(dice: Random, *, unseen: bool) -> tuple[str, list[_Call]]:
    """Two tools, one after the other."""
    light, timer = _light(dice, unseen=False), _timer(dice, unseen=unseen)
    return f"{light[0]} {timer[0]}", [*light[1], *timer[1]]


def _nothing(dice: Random, *, unseen: bool) -> tuple[str, list[_Call]]:
    return _NOTHING.draw(dice, unseen=unseen), []


_KINDS = (_heat, _light, _timer, _in_chinese, _parallel, _several, _nothing)
_HOW_OFTEN = (5, 5, 5, 2, 3, 4, 2)


def draw(dice: Random, *, unseen: bool) -> tuple[str, str]:
    """What is said, and a JSON list of the calls; it is empty where nothing should be called."""
    (kind,) = dice.choices(_KINDS, _HOW_OFTEN)
    said, calls = kind(dice, unseen=unseen)
    lead = "" if kind is _in_chinese else dice.choice(_LEADS)
    return f"{lead} {said}".strip(), json.dumps(calls, ensure_ascii=False)


def conversation(said: str, calls: str) -> Mapping[str, object]:
    """The record of what is said and of the calls that are the answer to it; some were called before."""
    dice = Random(said)  # noqa: S311 - the same conversation each time
    made = json.loads(calls)
    answer = _calling(made, 1) if made else {"role": "assistant", "content": _ALL_RIGHT}
    before = _begun(dice) if dice.random() < _BEGUN else []
    return {"messages": [*before, {"role": "user", "content": said}, answer], "tools": _TOOLS}


def _begun(dice: Random) -> list[Mapping[str, object]]:
    room, celsius = dice.choice(_ROOMS), dice.randint(15, 26)
    return [
        {"role": "user", "content": _BEFORE.format(room=room, celsius=celsius)},
        _calling([_heated(room, celsius)], 0),
        {"role": "tool", "tool_call_id": "call_0", "content": '{"ok": true}'},
        {"role": "assistant", "content": _DONE},
    ]


def _calling(calls: Sequence[_Call], first: int) -> Mapping[str, object]:
    return {"role": "assistant", "tool_calls": [_called(call, number) for number, call in enumerate(calls, first)]}


def _called(call: _Call, number: int) -> Mapping[str, object]:
    arguments = json.dumps(call["arguments"], ensure_ascii=False)
    return {
        "id": f"call_{number}",
        "type": "function",
        "function": {"name": call["name"], "arguments": arguments},
    }


def _defined(name: str, **arguments: Mapping[str, object]) -> Mapping[str, object]:
    schema = {"type": "object", "properties": arguments}
    return {"type": "function", "function": {"name": name, "parameters": schema}}


_WORD, _NUMBER = {"type": "string"}, {"type": "integer"}
_TOOLS = [
    _defined("set_temperature", room=_WORD, celsius=_NUMBER),
    _defined("switch_light", room=_WORD, state={"enum": ["on", "off"]}),
    _defined("start_timer", label=_WORD, minutes=_NUMBER),
]
