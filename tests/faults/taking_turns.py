"""Many requests at once, one step at a time: at each call to AWS another of them goes on, drawn by a seed."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import BaseRouter
from tunedrop.routes.application import app

from tests.faults.injector import INJECTOR, Answer, Attempt, Interference, Watch

STACK_BYTES = 2**20


class AtEachCall(Mapping[int, Interference]):
    """A plan that has the same in store for every call."""

    def __init__(self, interfere: Interference) -> None:
        self._interfere = interfere

    def __getitem__(self, index: int) -> Interference:
        return self._interfere

    def __iter__(self) -> Iterator[int]:
        return iter(())

    def __len__(self) -> int:
        return 0


class _Turns:
    """Who may go on: one thread at a time, the others wait for their turn."""

    def __init__(self, number: int, chance: random.Random) -> None:
        self._mine = [threading.Semaphore(0) for _ in range(number)]
        self._waiting = list(range(number))
        self._chance = chance
        self._here = threading.local()

    def begin(self) -> None:
        """Give the first turn."""
        self._pass_on()

    def take(self, number: int) -> None:
        """Wait for the first turn of this thread."""
        self._here.number = number
        self._mine[number].acquire()

    def end(self) -> None:
        """This thread is over."""
        if self._waiting:
            self._pass_on()

    def at_a_call(self, _: Attempt, answered: Callable[[], Answer]) -> Answer:
        """Before each call, somebody goes on: perhaps another request, in a process of its own."""
        served = vars(BaseRouter).get("current_event"), vars(BaseRouter).get("lambda_context"), dict(app.context)
        self._waiting.append(self._here.number)
        self._pass_on()
        self._mine[self._here.number].acquire()
        BaseRouter.current_event, BaseRouter.lambda_context = served[0], served[1]  # type: ignore[assignment]
        app.context.clear()
        app.context.update(served[2])
        return answered()

    def _pass_on(self) -> None:
        self._mine[self._waiting.pop(self._chance.randrange(len(self._waiting)))].release()


def at_once(requests: Sequence[Callable[[], Any]], seed: int) -> list[Any]:
    """What each request returns, all of them begun before any ends; the same seed takes the same turns."""
    turns = _Turns(len(requests), random.Random(seed))
    answers: list[Any] = [None] * len(requests)

    def run(number: int) -> None:
        turns.take(number)
        try:
            answers[number] = requests[number]()
        finally:
            turns.end()

    before = threading.stack_size(STACK_BYTES)
    try:
        threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(len(requests))]
        for thread in threads:
            thread.start()
    finally:
        threading.stack_size(before)
    with INJECTOR.watched(Watch(AtEachCall(turns.at_a_call))):
        turns.begin()
        for thread in threads:
            thread.join()
    return answers
