"""Make the data of all examples anew, byte for byte: `python -m examples.make_data`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import NamedTuple, Protocol

from examples.texts import call_notes, facts, orders, tickets, tool_calls

FOLDER = Path(__file__).parent
UNSEEN = 0.2
"""The share of test records that are said in a way that no record of train is."""


class Record(NamedTuple):
    """What is asked, the right answer, and what `[fields] keep` keeps of test."""

    prompt: str
    completion: str
    kept: Mapping[str, object] = MappingProxyType({})


class Draw(Protocol):
    """Makes a question and its answer by chance."""

    def __call__(self, dice: Random, *, unseen: bool) -> tuple[str, str]:
        """Both; one that is `unseen` may be said in a way that train never has."""
        ...


@dataclass(frozen=True, slots=True)
class Splits:
    """An example's records; none asks what another one asks."""

    train: Sequence[Record]
    validation: Sequence[Record]
    test: Sequence[Record]


def drawn(draw: Draw, *, train: int, validation: int, test: int) -> Callable[[Random], Splits]:
    """How to draw so many records of each split."""

    def make(dice: Random) -> Splits:
        asked: set[str] = set()

        def some(count: int, share: float) -> list[Record]:
            found: list[Record] = []
            while len(found) < count:
                record = Record(*draw(dice, unseen=dice.random() < share))
                if record.prompt.casefold() not in asked:
                    asked.add(record.prompt.casefold())
                    found.append(record)
            return found

        return Splits(some(train, 0), some(validation, UNSEEN), some(test, UNSEEN))

    return make


def known(dice: Random) -> Splits:
    """Every fact of the company is in train; validation and test ask it in other ways."""
    every = list(facts.questions(dice))
    dice.shuffle(every)
    trained = [Record(asked.question, asked.answers[0]) for asked in every if not asked.is_kept]
    kept = [
        Record(asked.question, asked.answers[0], {"references": asked.answers[1:], "topic": asked.topic})
        for asked in every
        if asked.is_kept
    ]
    return Splits(trained, [Record(each.prompt, each.completion) for each in kept[400:]], kept[:400])


EXAMPLES: Mapping[str, Callable[[Random], Splits]] = {
    "ticket-routing": drawn(tickets.draw, train=500, validation=80, test=400),
    "structured-output": drawn(orders.draw, train=400, validation=80, test=400),
    "company-questions": known,
    "tool-calls": drawn(tool_calls.draw, train=240, validation=40, test=180),
    "summaries": drawn(call_notes.draw, train=240, validation=40, test=120),
}
"""Each example's splits, from dice that its name has shaken."""


def _line(example: str, record: Record) -> str:
    if example == "tool-calls":
        talk = tool_calls.conversation(record.prompt, record.completion)
        return json.dumps(talk, ensure_ascii=False, separators=(",", ":"))
    return json.dumps({"prompt": record.prompt, "completion": record.completion, **record.kept}, ensure_ascii=False)


def files() -> Iterator[tuple[Path, str]]:
    """Every file of data, with its content."""
    for name, make in EXAMPLES.items():
        splits = make(Random(name))  # noqa: S311 - the same data each time
        for split, records in (("train", splits.train), ("validation", splits.validation), ("test", splits.test)):
            lines = (_line(name, record) for record in records)
            yield FOLDER / name / f"{split}.jsonl", "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    for path, content in files():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, "utf-8")
