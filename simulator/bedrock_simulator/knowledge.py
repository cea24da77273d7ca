"""What the world knows and which share of it each model has, so that a comparison of models can be planted.

A model knows a question when Phi(sqrt(r) * common(question) + sqrt(1 - r) * own(model, question)) is below its share,
where both are standard normal, drawn from a hash: what is hard for one model is harder for all. The same question gets
the same answer each time; another `seed` is another draw of the same skills.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from types import MappingProxyType
from typing import Any, Final

CORRELATION: Final = 0.6
NOISE: Final = 0.05  # share of answers that are others in repeated calls at temperature 1
_NORMAL: Final = NormalDist()


@dataclass(frozen=True, slots=True)
class Skill:
    """The share of the knowledge that a model has, from 0 to 1. A chatty one puts words around its answers."""

    share: float
    chatty: bool = False

    def __post_init__(self) -> None:
        _check_share(self.share, "share")
        if not isinstance(self.chatty, bool):
            raise TypeError("chatty is true or false")


class Knowledge:
    """Questions with their right answers, and the skills of models by name; questions match but for white space."""

    def __init__(
        self,
        pairs: Iterable[tuple[str, str]] = (),
        skills: Mapping[str, Skill] = MappingProxyType({}),
        noise: float = NOISE,
        seed: int = 1,
    ) -> None:
        """Of two pairs with one question the first counts. Raises ValueError if no answer could be wrong."""
        _check_share(noise, "noise")
        self._right: dict[str, str] = {}
        for question, answer in pairs:
            self._right.setdefault(_plain(question), answer)
        self._answers = tuple(dict.fromkeys(self._right.values()))
        if len(self._answers) == 1:
            raise ValueError("knowledge needs two different answers at least, or no model could be wrong")
        self._skills, self._noise, self._seed = dict(skills), noise, seed

    def covers(self, question: str) -> bool:
        """Whether the question is one of the pairs'."""
        return _plain(question) in self._right

    def skill(self, names: Sequence[str]) -> Skill | None:
        """The skill of a model, by the first of its names that has one."""
        return next((self._skills[name] for name in names if name in self._skills), None)

    def recalled(self, model: str, share: float, question: str) -> str:
        """The right answer if the model knows it, else that of another question. Only for questions it `covers`."""
        asked = _plain(question)
        right = self._right[asked]
        common, own = self._normal("common", asked), self._normal("own", model, asked)
        knows = _NORMAL.cdf(math.sqrt(CORRELATION) * common + math.sqrt(1 - CORRELATION) * own) < share
        return right if knows else self._another(right, "wrong", model, asked)

    def wavered(self, model: str, question: str, said: str, call: int, temperature: float) -> str:
        """What the model says in its `call`-th answer to the question: mostly what it would say at temperature 0."""
        asked = _plain(question)
        if self._uniform("noise", model, asked, call) >= self._noise * temperature:
            return said
        return self._another(said, "instead", model, asked, call)

    def _another(self, answer: str, *words: object) -> str:
        others = [each for each in self._answers if each != answer]
        return others[int(self._uniform(*words) * len(others))]

    def _normal(self, *words: object) -> float:
        return _NORMAL.inv_cdf(self._uniform(*words))

    def _uniform(self, *words: object) -> float:
        """A number between 0 and 1, neither included, that depends on nothing but the words and the seed."""
        digest = hashlib.blake2b(repr((self._seed, *words)).encode(), digest_size=8).digest()
        return ((int.from_bytes(digest) >> 12) + 0.5) / 2**52


def read(document: object) -> Knowledge:
    """Read knowledge from JSON: `pairs` of `question` and `answer`, `skills` by model, `noise`, `seed`; all optional.

    Raises ValueError, or TypeError for a value of another type.
    """
    fields = _members(document, {"pairs", "skills", "noise", "seed"}, "knowledge")
    pairs, seed = fields.pop("pairs", []), fields.get("seed", 1)
    if not isinstance(pairs, list):
        raise TypeError("pairs are a list")
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise TypeError("seed is a whole number")
    skills = fields.pop("skills", {})
    if not isinstance(skills, dict):
        raise TypeError("skills are an object, by model")
    named = {
        name: Skill(**_members(skill, {"share", "chatty"}, "a skill", {"share"})) for name, skill in skills.items()
    }
    return Knowledge([_pair(each) for each in pairs], named, **fields)


def _pair(document: object) -> tuple[str, str]:
    names = {"question", "answer"}
    pair = _members(document, names, "a pair", names)
    question, answer = pair["question"], pair["answer"]
    if not isinstance(question, str) or not isinstance(answer, str):
        raise TypeError("question and answer are text")
    return question, answer


def _members(document: object, known: set[str], what: str, needed: Iterable[str] = ()) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise TypeError(f"{what} is one JSON object")
    if unknown := document.keys() - known:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}; {what} has {', '.join(sorted(known))}")
    if missing := set(needed) - document.keys():
        raise ValueError(f"{what} needs {', '.join(sorted(missing))}")
    return dict(document)


def _check_share(value: object, name: str) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"{name} is a number")
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is between 0 and 1")


def _plain(text: str) -> str:
    return " ".join(text.split())
