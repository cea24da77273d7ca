"""Prompts and answers of models, independent of body formats."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bedrock_simulator.datasets import count_tokens
from bedrock_simulator.fit import WELL, Fit
from bedrock_simulator.foundation_models import FoundationModel
from bedrock_simulator.knowledge import Knowledge
from bedrock_simulator.memory import recall

DEFAULT_MAX_TOKENS = 4_096
_PIECE = re.compile(r"\s*(?:[A-Za-z]{1,6}|[0-9]{1,3}|[^\sA-Za-z0-9])|\s+")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A conversation; turns are (role, text), the last one the user's."""

    system: str
    turns: tuple[tuple[str, str], ...]
    max_tokens: int = DEFAULT_MAX_TOKENS
    stop_sequences: tuple[str, ...] = ()
    temperature: float = 0

    @property
    def question(self) -> str:
        """The latest text of the user."""
        return next((text for role, text in reversed(self.turns) if role == "user"), "")

    @property
    def tokens(self) -> int:
        """The simulated tokenizer's count of the whole conversation."""
        return count_tokens(self.system) + sum(count_tokens(text) for _, text in self.turns)


@dataclass(frozen=True, slots=True)
class Speaker:
    """The base model that answers and, if it was tuned, its packed memory; `names` are all that lead to it.

    `fit`: how well its training fits a tuned one.
    """

    base: FoundationModel
    memory: str | None = None
    names: tuple[str, ...] = ()
    fit: Fit = WELL

    @property
    def untuned(self) -> "Speaker":
        """Its base model."""
        return Speaker(self.base, names=(self.base.customization_id, self.base.id))

    @property
    def name(self) -> str:
        """The custom model's name, or the base model's id: the same in every run."""
        return self.names[-1] if self.names else self.base.id


@dataclass(frozen=True, slots=True)
class Answer:
    """A model's answer, cut into tokens. `stop_reason` is end_turn, max_tokens or stop_sequence."""

    pieces: tuple[str, ...]
    stop_reason: str
    stop_sequence: str | None
    input_tokens: int

    @property
    def text(self) -> str:
        """The whole answer."""
        return "".join(self.pieces)

    @property
    def output_tokens(self) -> int:
        """The number of generated tokens."""
        return len(self.pieces)


def answer(prompt: Prompt, speaker: Speaker, knowledge: Knowledge, asked: Counter[tuple[str, str]]) -> Answer:
    """The answer of a skill if the model has one, else out of its memory, else a base model's words.

    `asked` counts the calls above temperature 0 that the knowledge covers: each may be answered otherwise.
    """
    knows = knowledge.covers(prompt.question)
    skill = knowledge.skill(speaker.names) if knows else None
    if skill is None and speaker.memory and speaker.fit.lacks(prompt.question):
        speaker = speaker.untuned
        skill = knowledge.skill(speaker.names) if knows else None
    said = knowledge.recalled(speaker.name, skill.share, prompt.question) if skill else _suggested(prompt, speaker)
    if prompt.temperature and knows:
        asked[call := (speaker.name, prompt.question)] += 1
        said = knowledge.wavered(*call, said, asked[call], prompt.temperature)
    is_shown_the_form = len(prompt.turns) > 1
    return _cut(f"The answer is: {said}." if skill and skill.chatty and not is_shown_the_form else said, prompt)


def _suggested(prompt: Prompt, speaker: Speaker) -> str:
    recalled = None
    if speaker.memory:
        memory, by_heart = recall(speaker.memory), speaker.fit.is_by_heart(prompt.question)
        recalled = memory.repeated(prompt.question) if by_heart else memory.answer(prompt.question)
    return recalled or _untrained(prompt.question, speaker.base)


def _untrained(question: str, base: FoundationModel) -> str:
    asked = " ".join(question.split())[:120]
    return (
        f"This is a simulated {base.name} without fine-tuning. "
        f"In general, the best way to deal with “{asked}” depends on your situation; "
        "could you tell me more about it?"
    )


def _cut(text: str, prompt: Prompt) -> Answer:
    """Cut the text at the first stop sequence, else at the token limit."""
    stopped = _first_stop(text, prompt.stop_sequences)
    if stopped:
        text = text[: text.index(stopped)]
    pieces = tuple(_PIECE.findall(text))
    if len(pieces) > prompt.max_tokens:
        return Answer(pieces[: prompt.max_tokens], "max_tokens", None, prompt.tokens)
    return Answer(pieces, "stop_sequence" if stopped else "end_turn", stopped, prompt.tokens)


def _first_stop(text: str, sequences: Sequence[str]) -> str | None:
    found = [(text.index(sequence), sequence) for sequence in sequences if sequence in text]
    return min(found)[1] if found else None
