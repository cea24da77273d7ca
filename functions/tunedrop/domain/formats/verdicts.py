"""Recognize marks of good and bad beside an answer: a label, score, rating, thumb or accept-reject mark.

Whoever took such a mark away would train on answers that somebody marked as bad.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from functools import lru_cache
from typing import Any

from tunedrop.domain.records.defects import Defect, shown

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_MEASURES = frozenset(
    {"score", "scores", "rating", "ratings", "reward", "rewards", "vote", "votes", "upvotes", "stars"}
)
"""Words that measure whatever stands before them."""
_ANY = _MEASURES | frozenset(
    {"thumb", "thumbs", "upvote", "upvoted", "downvote", "downvotes", "downvoted", "liked", "kto", "csat", "useful"}
    | {"like", "likes", "dislike", "disliked", "prefer", "preferred", "preference", "desirable", "undesirable"}
    | {"accept", "accepted", "acceptable", "reject", "rejected", "approve", "approved", "good", "bad", "best", "better"}
    | {"helpful", "unhelpful", "helpfulness", "correct", "incorrect", "correctness", "wrong", "verdict", "judgment"}
    | {"judgement", "judge", "judged", "feedback", "rated", "grade", "graded", "quality", "winner", "label", "labels"}
    | {"unsafe", "harmful", "harmless", "toxic", "hallucination", "hallucinated", "coherence", "verbosity"}
    | {"chosen", "selected", "picked", "satisfaction", "satisfied", "usefulness", "positive", "negative"}
    | {"passed", "failed"}
)
"""Words that make a mark of any boolean, number or word of judgment, if all other words of the name are beside them."""
_OF_ANSWERS = frozenset(
    {"answer", "answers", "response", "responses", "reply", "replies", "completion", "completions", "output", "outputs"}
    | {"generation", "summary"}
)
_OF_CASES = frozenset({"rank", "ranking", "pass", "fail", "safe", "sentiment", "resolved", "solved"})
"""Words that do so beside one of an answer only: otherwise they may say as much of a customer, a text or a ticket."""
_BESIDE = _OF_ANSWERS | frozenset(
    {"is", "was", "has", "not", "non", "no", "up", "down", "tag", "flag", "text", "comment", "comments", "reason"}
    | {"user", "human", "annotator", "reviewer", "rater", "expert", "llm", "ai", "gpt", "model", "assistant", "bot"}
    | {"chat", "conversation", "message", "turn", "overall", "total", "avg", "average", "mean", "final", "net", "value"}
    | {"count", "num", "number", "a", "b", "eval", "evaluation", "review", "preferences", "critique"}
)
"""Words that leave a mark what it is: who judges, what is judged, and how that is counted."""
_CUSTOMERS = frozenset({"customer", "client", "agent"})
"""Whose own words may be feedback on anything."""
_REFERS = frozenset(
    {"id", "ids", "uuid", "at", "on", "by", "before", "after", "until", "since", "date", "time", "year", "url", "link"}
)
"""Last words of names that hold something else about a judgment."""
LONGEST = 64
"""Characters of a name that is looked at. Longer ones are no words, and would fill the memory of those that are."""
ANSWER_LISTS = frozenset(
    {"candidates", "completions", "responses", "answers", "outputs", "generations", "replies", "summaries"}
)
"""Fields that may hold several answers to one question."""
_ALWAYS = frozenset({"feedback", "verdict", "judgment", "judgement", "critique", "preference", "preferences", "kto"})
"""Words of a field's name that make a mark of anything but null: a text, too, says how good the answer is."""
_WORDS_ONLY = frozenset(
    {"status", "decision", "outcome", "result", "review", "reviewed", "evaluation", "eval", "annotation", "answer"}
    | {"mark", "tag", "state", "human", "annotator", "reviewer", "reaction", "emoji", "opinion", "flag", "flagged"}
)
"""Words of a field's name that make a mark of a word of judgment only, as do those above in any other name."""
_CLEAR = frozenset(
    {"accept", "accepted", "approve", "approved", "good", "chosen", "preferred", "desirable", "thumbs up", "thumbs_up"}
    | {"thumbsup", "thumbs-up", "thumb_up", "up", "upvote", "upvoted", "like", "liked", "correct", "pass", "passed"}
    | {"reject", "rejected", "disapproved", "declined", "bad", "undesirable", "non-preferred", "non_preferred"}
    | {"not_preferred", "thumbs down", "thumbs_down", "thumbsdown", "thumbs-down", "thumb_down", "down", "downvote"}
    | {"downvoted", "dislike", "disliked", "incorrect", "wrong", "fail", "failed", "👍", "👎", "✅", "❌", "+1", "-1"}
    | {"helpful", "unhelpful", "not helpful", "not_helpful", "harmful", "unsafe", "ignore"}
)
_WORDS = _CLEAR | frozenset(
    {"true", "false", "yes", "no", "y", "n", "positive", "negative", "neutral", "high", "medium", "low", "poor", "fair"}
    | {"great", "excellent", "win", "lose", "loss", "tie", "better", "worse", "best", "worst", "safe", "right"}
)
_NUMBER = re.compile(r"[-+]?\d{1,6}(?:\.\d{1,20})?(?:\s*/\s*\d{1,3})?")
_METADATA = ("metadata", "meta")
_ALL_LEARNED = "Fine-tuning learns every answer of a file as a good one."


@lru_cache(4096)
def _strength(name: str) -> int:
    """3 if a field's name makes any value a mark, 2 if any judging value, 1 if only a word of judgment, else 0."""
    listed = [part.casefold() for part in _PARTS.findall(name)]
    words = {word for word in listed if not word.isdecimal()}
    of_answer = not words.isdisjoint(_OF_ANSWERS)
    if not words or (listed[-1] in _REFERS and not of_answer):
        return 0
    judging = _ANY | _ALWAYS | (_OF_CASES if of_answer else frozenset())
    others = words - judging - _BESIDE - _REFERS
    if words & _ALWAYS and not others:
        return 3
    if words & judging and (others <= _CUSTOMERS or listed[-1] in _MEASURES):
        return 2
    return 1 if words & (judging | _OF_CASES | _WORDS_ONLY) else 0


def may_mark(name: str) -> bool:
    """Whether a field of this name may say how good an answer is, or hold a field that does."""
    if len(name) > LONGEST:
        return False
    return name.casefold() in ANSWER_LISTS or name in _METADATA or _strength(name) > 0


def is_mark(name: str, value: Any) -> bool:
    """Whether a field beside an answer says how good the answer is. Null says nothing."""
    if len(name) > LONGEST:
        return False
    if name.casefold() in ANSWER_LISTS and is_ranked(value):
        return True
    strength = _strength(name)
    if strength == 3 or value is None:
        return value not in (None, "", [], {})
    if strength < 2 and isinstance(value, dict):
        return _inner(value) is not None
    if strength == 2 and _is_year(value) and _MEASURES.isdisjoint(map(str.casefold, _PARTS.findall(name))):
        return False
    return strength > 0 and _judges(value, strength)


def _is_year(value: Any) -> bool:
    return not isinstance(value, bool) and re.fullmatch(r"(?:19|20)\d\d", str(value).strip()) is not None


def _inner(about: Mapping[str, Any]) -> str | None:
    """The first mark of an object that is not named after one. Numbers are left alone: most measure something else."""
    said = (name for name, value in about.items() if isinstance(value, bool) or not isinstance(value, int | float))
    return next((name for name in said if is_mark(name, about[name])), None)


def is_ranked(value: Any) -> bool:
    """Whether a list holds several objects, and one of them a mark."""
    if not isinstance(value, list) or len(value) < 2:
        return False
    return any(isinstance(each, dict) and any(map(_ranks, each, each.values())) for each in value)


def _ranks(name: str, value: Any) -> bool:
    """Whether a field of one of several answers is a mark, or the place of the answer among them."""
    return is_mark(name, value) or (name.casefold() in {"rank", "ranking"} and isinstance(value, int | float))


def _judges(value: Any, strength: int) -> bool:
    match value:
        case bool() | int() | float():
            return strength == 2
        case str():
            said = value.strip().casefold()
            return said in _CLEAR or (strength == 2 and (said in _WORDS or _NUMBER.fullmatch(said) is not None))
        case dict():
            return strength == 2 and _says(value)
        case list():
            return strength == 2 and any(_says(each if isinstance(each, dict) else {"": each}) for each in value)
    return False


def _says(about: Mapping[str, Any]) -> bool:
    """Whether a value of an object judges; no deeper, so that it takes linear time."""
    shallow = [(name, value) for name, value in about.items() if not isinstance(value, dict | list)]
    return any(is_mark(name, value) or _judges(value, 2) for name, value in shallow)


def beside(found: Mapping[str, Any], names: Iterable[str], path: str, kept: str = "") -> Defect | None:
    """The defect of an object in which one of these fields is a mark; None if none is.

    `kept` says how to write what is kept, where the object's fields have names of their own.
    """
    name = next((name for name in names if is_mark(name, found[name])), None)
    return None if name is None else defect(found, *_innermost(name, found[name]), path, kept)


def _innermost(name: str, value: Any) -> tuple[str, Any]:
    """A mark's name and value; those of the one inside if it is an object that holds one."""
    if not isinstance(value, dict):
        return name, value
    inner = _inner(value) or next((each for each in value if is_mark(each, value[each])), None)
    return (name, value) if inner is None else (f"{name}.{inner}", value[inner])


def in_metadata(found: Mapping[str, Any], allowed: Container[str], path: str) -> Defect | None:
    """The same for fields of `metadata`, where numbers are left alone: most measure something else."""
    for outer in _METADATA:
        about = found.get(outer) if outer in allowed else None
        if isinstance(about, dict) and (name := _inner(about)):
            return defect(found, f"{outer}.{name}", about[name], path)
    return None


def defect(found: Mapping[str, Any], name: str, value: Any, path: str, kept: str = "") -> Defect:
    """The defect of an object whose field `name` is a mark. Its hint keeps what is marked as good, and only that."""
    if isinstance(value, list) and name.casefold() in ANSWER_LISTS:
        return _several(name, path, kept or f"{'this message' if 'role' in found else 'each record'} as {_form(found)}")
    each = "each message" if "role" in found or "from" in found else "each"
    return Defect(
        "preference_data",
        f"The field {shown(name)} says how good the answer is, as feedback and reward data do.",
        path,
        hint=f"{_ALL_LEARNED} {_selected(name, value)}, {kept or f'{each} as {_form(found)}'} and nothing else.",
    )


def _several(name: str, path: str, kept: str) -> Defect:
    return Defect(
        "preference_data",
        f"The field {shown(name)} holds several answers, with marks of how good each is.",
        path,
        hint="Fine-tuning learns from one good answer: keep the better one, "
        f"and write {kept} with it and nothing else.",
    )


def _selected(name: str, value: Any) -> str:
    field = shown(name)
    if isinstance(value, bool) or (isinstance(value, str) and value.strip().casefold() in {"true", "false"}):
        return f"Write a new file of only the records whose {field} means a good answer ({_good(name)})"
    if isinstance(value, str) and not _NUMBER.fullmatch(value.strip()):
        return f"Write a new file of only the records that {field} marks as good"
    return f"Decide from which {field} on an answer is good, and write a new file of only those records"


_BAD = frozenset(
    {"bad", "reject", "rejected", "dislike", "disliked", "downvote", "downvoted", "undesirable", "unhelpful", "wrong"}
    | {"incorrect", "unsafe", "harmful", "toxic", "hallucination", "hallucinated", "negative", "failed", "fail", "down"}
)


def _good(name: str) -> str:
    parts = {part.casefold() for part in _PARTS.findall(name)}
    return "false" if not parts.isdisjoint(_BAD) else "true"


def _form(found: Mapping[str, Any]) -> str:
    if "role" in found or "from" in found:
        return '{"role": "…", "content": "…"}' if "role" in found else '{"from": "…", "value": "…"}'
    turns = next((name for name in ("messages", "conversations", "conversation") if name in found), None)
    if turns:
        return f'{{"{turns}": […]}}'
    return '{"prompt": "…", "completion": "…"}'
