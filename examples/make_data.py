"""Make the data of all examples anew, byte for byte: `python -m examples.make_data`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Protocol

from examples.texts import call_notes, facts, orders, tickets, tool_calls

FOLDER = Path(__file__).parent
UNSEEN = 0.2
"""The share of test records that are said in a way that no record of train is."""

Record = tuple[str, str]
"""What is asked, and the right answer."""


class Draw(Protocol):
    """Makes a record by chance."""

    def __call__(self, dice: Random, *, unseen: bool) -> Record:
        """A record; one that is `unseen` may be said in a way that train never has."""
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
                record = draw(dice, unseen=dice.random() < share)
                if record[0].casefold() not in asked:
                    asked.add(record[0].casefold())
                    found.append(record)
            return found

        return Splits(some(train, 0), some(validation, UNSEEN), some(test, UNSEEN))

    return make


def known(dice: Random) -> Splits:
    """Every fact of the company is in train; validation and test ask it in other ways."""
    every = list(facts.questions(dice))
    dice.shuffle(every)
    kept = [(asked, answer) for asked, answer, is_kept in every if is_kept]
    return Splits([(asked, answer) for asked, answer, is_kept in every if not is_kept], kept[400:], kept[:400])


EXAMPLES: Mapping[str, Callable[[Random], Splits]] = {
    "ticket-routing": drawn(tickets.draw, train=500, validation=80, test=400),
    "structured-output": drawn(orders.draw, train=400, validation=80, test=400),
    "company-questions": known,
    "tool-calls": drawn(tool_calls.draw, train=500, validation=80, test=400),
    "summaries": drawn(call_notes.draw, train=240, validation=40, test=120),
}
"""Each example's splits, from dice that its name has shaken."""


def files() -> Iterator[tuple[Path, str]]:
    """Every file of data, with its content."""
    for name, make in EXAMPLES.items():
        splits = make(Random(name))  # noqa: S311 - the same data each time
        for split, records in (("train", splits.train), ("validation", splits.validation), ("test", splits.test)):
            lines = (
                json.dumps({"prompt": prompt, "completion": completion}, ensure_ascii=False)
                for prompt, completion in records
            )
            yield FOLDER / name / f"{split}.jsonl", "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    for path, content in files():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, "utf-8")
