"""Recognize records that hold several answers to compare: chosen and rejected, A and B, or a ranked list."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from tunedrop.domain.formats import pairs, verdicts
from tunedrop.domain.records.defects import Defect, shown

_SIDES = re.compile(
    r"chosen|reject(?:ed)?|(?:dis|non|un)?preferred|accepted|winner|winning|loser|losing|worse|better|pos|positive|neg|"
    "negative"
)
_PARTS = re.compile(r"[^a-z]+")
_NUMBERED = re.compile(r"(.*?)[_\- ]?(?:[a-d]|[jk]|[wl]|x|y|\d{1,2}|win|lose|good|bad|pos|neg|positive|negative)")
_ONE_OF_SEVERAL = frozenset(
    {*pairs.ANSWERS, "model", "human_ref", "conversation", "candidate", "choice", "summary", "generation", "messages"}
    | {"answer_text", "response_text", "y", "text_answer", "model_answer", "model_response", "reference"}
)
_MOST = 40
"""Names of a record among which several answers are looked for."""
_ORDER = "Fine-tuning learns from one good answer"


def identify(document: Mapping[str, Any], names: Mapping[str, str]) -> Defect | None:
    """The defect of a record with several answers to compare; None if it is of another kind.

    `names` are the fields that no format knows, folded to lower case, and as they are written.
    """
    names = {name: written for name, written in names.items() if len(name) <= verdicts.LONGEST}
    sides = [names[name] for name in names if _is_side(name) and isinstance(document[names[name]], str | list | dict)]
    several = [names[name] for name in _numbered(tuple(names))] if len(names) <= _MOST else []
    talks = [document[name] for name in several if _is_talk(document[name])]
    if sides:
        how = _better(document, talks) if talks else _one(document)
        return _defect(f"The record holds preferences ({', '.join(map(shown, sides))}), not one answer.", how)
    if len(several) > 1:
        listed = ", ".join(map(shown, several[:4]))
        return _defect(f"The record holds several answers ({listed}), not one to learn.", _better(document, talks))
    ranked = next((name for name in _listed(document) if verdicts.is_ranked(document[name])), None)
    ranked = ranked or next((name for name in _listed(document) if _judged_beside(document, names)), None)
    if ranked is not None:
        return _defect(f"The field {shown(ranked)} holds several answers, with marks of how good each is.", _BETTER)
    return None


def _defect(message: str, hint: str) -> Defect:
    return Defect("preference_data", message, hint=f"{_ORDER}: {hint}")


@lru_cache(4096)
def _is_side(name: str) -> bool:
    return any(_SIDES.fullmatch(part) for part in _PARTS.split(name))


@lru_cache(4096)
def _numbered(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names that differ only in a letter or a number at their end, such as response_a and response_b."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in names:
        match = _NUMBERED.fullmatch(name)
        if match and match[1] in _ONE_OF_SEVERAL:
            found[match[1]].append(name)
    return max(map(tuple, found.values()), key=len, default=())


def _listed(document: Mapping[str, Any]) -> Iterable[str]:
    return (name for name in document if name.casefold() in verdicts.ANSWER_LISTS and isinstance(document[name], list))


def _judged_beside(document: Mapping[str, Any], names: Mapping[str, str]) -> bool:
    return any(verdicts.is_mark(name, document[name]) for name in names.values())


_BETTER = (
    'keep the better one, and write each record as {"prompt": "…", "completion": "…"} with that answer and nothing '
    "else."
)


def _is_talk(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _better(document: Mapping[str, Any], talks: list[list[Any]]) -> str:
    """What to write of several answers, which may each be a whole conversation."""
    if not talks:
        return _BETTER
    if all(len(talk) == 1 for talk in talks) and _asked_apart(document):
        return _PLACED.replace("the chosen", "the better")
    name = "conversations" if "from" in talks[0][0] else "messages"
    return (
        f'write each record as {{"{name}": […]}} with the turns of the better conversation and nothing else; leave out '
        "those of which neither is better."
    )


def _one(document: Mapping[str, Any]) -> str:
    """What to write instead, by what the chosen answer is."""
    chosen = next((value for name, value in document.items() if _is_good(name.casefold())), "")
    first = chosen[0] if isinstance(chosen, list) and chosen else chosen
    if isinstance(first, dict) and "role" in first:
        return _PLACED if _asked_apart(document) and len(chosen) == 1 else _WHOLE
    if isinstance(first, dict) and "from" in first:
        return 'write each record as {"conversations": […, the chosen answer]} and nothing else.'
    if isinstance(chosen, str) and "\n\nAssistant:" in chosen:
        return f"{_WHOLE[:-1]}, a message for each Human: and each Assistant: in it."
    return 'write each record as {"prompt": "…", "completion": "…"} with the chosen answer and nothing else.'


_WHOLE = 'write each record as {"messages": […]} with the messages of the chosen conversation and nothing else.'
_PLACED = 'write each record as {"messages": […, the chosen answer]} with the question\'s messages and nothing else.'


def _is_good(name: str) -> bool:
    return any(
        part in {"chosen", "preferred", "accepted", "winner", "better", "pos", "positive"}
        for part in _PARTS.split(name)
    ) and ("non" not in _PARTS.split(name))


def _asked_apart(document: Mapping[str, Any]) -> bool:
    return any(name in document for name in ("prompt", "messages", "input", "question", "instruction"))
