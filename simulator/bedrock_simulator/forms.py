"""What training data teaches of form: which words of a question belong into its answer, and where.

Of "Send it to Bern, please" with "city: Bern", and the same with Rome, it is "Send it to *, please" with "city: *".
A form counts only if the data agrees on it: prompts with the completions of others teach none.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product, takewhile
from typing import Final, Self

AGREE: Final = 0.8  # share of the examples that have a form's question and its answer, too
SUPPORT: Final = 2  # examples that show a form, at least
NEAR: Final = 2  # words beside a gap that may be enough to know it by
MOST_EXAMPLES: Final = 600
MOST_WORDS: Final = 200  # of a question
_WORD: Final = re.compile(r"[a-z0-9]+|[^\sa-z0-9]", re.IGNORECASE)

_Frame = tuple[str | None, ...]
"""Words in their order; None is a gap for any one word."""
Pair = tuple[str, str]


class _Text:
    """A text, its words in lower case, the same with one number for all, and where each of them stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.spans = [match.span() for match in _WORD.finditer(text)]
        self.words = tuple(text[start:end].lower() for start, end in self.spans)
        self.shape = tuple("0" if word.isdigit() else word for word in self.words)

    def part(self, first: int, last: int) -> str:
        """The text from one word to another."""
        return self.text[self.spans[first][0] : self.spans[last][1]]


@dataclass(frozen=True, slots=True)
class _Form:
    asked: _Frame
    answer: tuple[str | tuple[int, int], ...]
    """Text of its own, and the first and the last word of each part that comes from the question."""
    begins: bool = True
    """Whether a question begins with `asked`."""
    ends: bool = True

    def filled(self, question: _Text) -> str | None:
        """The answer to a question of this form; None if it has another one."""
        most = len(question.words) - len(self.asked)
        for start in range(max(most, 0) if self.ends else 0, min(most, 0 if self.begins else most) + 1):
            if self._fits(question.shape[start : start + len(self.asked)]):
                parts = (
                    part if isinstance(part, str) else question.part(*(start + at for at in part))
                    for part in self.answer
                )
                return "".join(parts)
        return None

    def looser(self) -> Iterator[Self]:
        """The form itself, and what is left of it without the words that are far before and after its gaps."""
        gaps = [at for at, word in enumerate(self.asked) if word is None]
        first, last = max(gaps[0] - NEAR, 0), min(gaps[-1] + NEAR, len(self.asked) - 1)
        for begins, ends in product((True, False), repeat=2):
            start, stop = 0 if begins else first, len(self.asked) if ends else last + 1
            answer = tuple(
                part if isinstance(part, str) else (part[0] - start, part[1] - start) for part in self.answer
            )
            yield replace(self, asked=self.asked[start:stop], answer=answer, begins=begins, ends=ends)

    def _fits(self, words: Sequence[str]) -> bool:
        return all(
            word.isalnum() if fixed is None else word == fixed for fixed, word in zip(self.asked, words, strict=True)
        )


class Forms:
    """The forms that examples agree on, and the answers that follow from them."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        texts = [(_Text(question), _Text(answer)) for question, answer in list(pairs)[:MOST_EXAMPLES]]
        texts = [each for each in texts if len(each[0].words) <= MOST_WORDS]
        self._forms = sorted(_agreed(_shown(texts), texts), key=lambda form: -len(form.asked))

    def answer(self, question: str) -> str | None:
        """The answer by the longest form that the question has; None if it has none."""
        asked = _Text(question)
        return next((said for form in self._forms if (said := form.filled(asked)) is not None), None)


def _shown(texts: Iterable[tuple[_Text, _Text]]) -> Iterator[_Form]:
    """The form of each example whose answer is like that of others but for words of its question."""
    alike: defaultdict[_Frame, list[tuple[_Text, _Text]]] = defaultdict(list)
    for question, answer in texts:
        asked = {word for word in question.words if word.isalnum()}
        alike[tuple(None if word in asked else word for word in answer.words)].append((question, answer))
    for frame, examples in alike.items():
        taken = [place for place, word in enumerate(frame) if word is None]
        varied = [place for place in taken if len({answer.words[place] for _, answer in examples}) > 1]
        yield from (_form(question, answer, varied) for question, answer in examples if varied)


def _form(question: _Text, answer: _Text, varied: Sequence[int]) -> _Form:
    """The form of one example; `varied` are the places of its answer where other examples have other words."""
    carried = {answer.words[place] for place in varied}
    asked = tuple(
        None if word in carried else shape for word, shape in zip(question.words, question.shape, strict=True)
    )
    parts: list[str | tuple[int, int]] = []
    told, place = 0, 0
    while place < len(answer.words):
        length = 1
        if place in varied:
            first, length = _source(asked, question.words, answer.words[place:])
            parts += [answer.text[told : answer.spans[place][0]], (first, first + length - 1)]
            told = answer.spans[place + length - 1][1]
        place += length
    return _Form(asked, (*parts, answer.text[told:]))


def _source(asked: _Frame, words: Sequence[str], said: Sequence[str]) -> tuple[int, int]:
    """Where in the gaps of a question an answer's words come from, and how many: the longest run, the first such."""
    runs = [(at, _common(asked[at:], words[at:], said)) for at, word in enumerate(words) if word == said[0]]
    return max(runs, key=lambda run: run[1])


def _common(asked: _Frame, words: Sequence[str], said: Sequence[str]) -> int:
    """How many words of gaps a question and an answer begin with alike."""
    alike = (gap is None and one == other for gap, one, other in zip(asked, words, said, strict=False))
    return sum(1 for _ in takewhile(bool, alike))


def _agreed(shown: Iterable[_Form], texts: Sequence[tuple[_Text, _Text]]) -> Iterator[_Form]:
    """The forms on which nearly all examples agree that have their questions."""
    for form, support in Counter(looser for each in shown for looser in each.looser()).items():
        if support < SUPPORT:
            continue
        fixed = {word for word in form.asked if word is not None}
        made = [(form.filled(question), answer.text) for question, answer in texts if fixed.issubset(question.shape)]
        fitting = [said == right for said, right in made if said is not None]
        if sum(fitting) >= AGREE * len(fitting):
            yield form
