"""Questions with good and bad answers, and what trains after a person has done what a hint says."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tunedrop.domain.checks.findings import Finding

from tests.unit.checks.splits import run

PLACES = ("Oslo", "Lima", "Quito", "Cairo", "Delhi", "Tunis", "Hanoi", "Accra", "Minsk", "Sofia", "Seoul", "Rabat")
QUESTIONS = tuple(f"How do I get from {here} to {there}?" for here in PLACES for there in PLACES[:4] if here != there)
_ADVICE = (
    "Take the night train number {}.",
    "Train {} goes there without a change.",
    "Number {} leaves in the morning.",
    "By sea: ferry {} sails on Fridays.",
)
_SHRUGS = (
    "I would not know, ask somebody else: {}.",
    "No idea, try desk {}.",
    "Who goes there? Not me in {} years.",
    "Look it up on page {} of some guide.",
)
GOOD = tuple(_ADVICE[number % 4].format(number) for number in range(len(QUESTIONS)))
BAD = tuple(_SHRUGS[number % 4].format(number) for number in range(len(QUESTIONS)))


def lines(records: Iterable[object]) -> bytes:
    """JSON Lines."""
    return b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records)


def only_finding(content: bytes, code: str, extension: str = "jsonl") -> Finding:
    """The first finding of a file of which nothing but this code is said."""
    result, _ = run(content, extension=extension)
    assert set(result.counts) == {code}, result.counts
    return result.findings[0]


def trained(content: bytes, extension: str = "jsonl") -> list[list[str]]:
    """The texts of each prepared record of a file that is accepted without a word: questions and answers in turn."""
    result, written = run(content, base_model="nova-lite", extension=extension)
    assert result.accepted, result.findings[:3]
    assert not result.counts
    return [
        [block["text"] for message in json.loads(line)["messages"] for block in message["content"]]
        for line in written.splitlines()
    ]


def pairs(answers: Sequence[str] = GOOD) -> list[list[str]]:
    """What should train: each question with its answer."""
    return [[question, answer] for question, answer in zip(QUESTIONS, answers, strict=True)]


def asked(question: str) -> dict[str, str]:
    return {"role": "user", "content": question}


def said(answer: str) -> dict[str, str]:
    return {"role": "assistant", "content": answer}


def human(question: str) -> dict[str, str]:
    return {"from": "human", "value": question}


def gpt(answer: str) -> dict[str, str]:
    return {"from": "gpt", "value": answer}


def picked(record: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The named fields of a record and nothing else."""
    return {name: record[name] for name in names}
