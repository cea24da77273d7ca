"""End things one after the other, and wait until nothing lists them any more."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from tunedrop_cli import pauses
from tunedrop_cli.cleaning import by_the_stack, in_bedrock, retained
from tunedrop_cli.cleaning.scope import Scope
from tunedrop_cli.cleaning.things import Thing

OF_THE_STACK, OF_BEDROCK = 1200.0, 3600.0
"""Seconds to wait until the stack has ended its own, and then until Bedrock lists nothing of it any more."""
TRIES_OF_A_MODEL = 12
"""How often a custom model is deleted that something serves, as Bedrock says: for 40 seconds."""


@dataclass(slots=True)
class Ending:
    """Ends what is in scope; what was refused for good is not asked again."""

    scope: Scope
    say: Callable[[str], None]
    refused: dict[str, str] = field(default_factory=dict)
    """Why something stays, by its id."""
    ended: dict[str, Thing] = field(default_factory=dict)
    _left: set[str] = field(default_factory=set)
    """What the stack can't end."""
    _tries: Counter[str] = field(default_factory=Counter)

    def everything(self) -> None:
        """What the stack ends itself, then what Bedrock still lists, then data. Raises Refused and ClientError."""
        if self.scope.stands:
            self._until_none(self._ask_the_stack, OF_THE_STACK)
        self._until_none(self._ask_bedrock, OF_BEDROCK)
        self._delete(self.scope.data())

    def why(self, thing: Thing) -> str | None:
        """Why it stays, by the name that it has in Bedrock or for the stack; None: nobody refused to end it."""
        return next((self.refused[each] for each in (thing.id, *thing.arns) if each in self.refused), None)

    def _ask_the_stack(self) -> Sequence[Thing]:
        """Models come last here, too; those that something keeps are left for Bedrock to say by what."""
        api = self.scope.reached.api()
        things = [thing for thing in self.scope.by_the_stack() if thing.id not in {*self.refused, *self._left}]
        turn = [each for each in things if each.kind != by_the_stack.MODEL] or things
        for thing in turn:
            words = by_the_stack.end(api, thing) if thing.id not in self.ended else None
            if words and thing.kind == by_the_stack.MODEL:
                self._left.add(thing.id)
            elif words:
                self._refuse(thing, words)
        self._note(thing for thing in turn if thing.id not in {*self.refused, *self._left})
        return [thing for thing in things if thing.id not in {*self.refused, *self._left}]

    def _ask_bedrock(self) -> Sequence[Thing]:
        """Models come last: one that something serves can't be deleted."""
        left = [thing for thing in self.scope.left_in_bedrock() if thing.id not in self.refused]
        for thing in [each for each in left if each.kind != "custom model"] or left:
            if thing.state in by_the_stack.ENDS_ALREADY:
                continue
            if thing.state.startswith(in_bedrock.COMMITTED):
                self._refuse(thing, f"it is {thing.state}; nobody can end it earlier")
                continue
            refusal = in_bedrock.end(self.scope.bedrock, thing)
            if refusal and not (refusal.may_pass and self._is_worth_another_try(thing)):
                self._refuse(thing, refusal.words)
        remaining = [thing for thing in left if thing.id not in self.refused]
        self._note(remaining)
        return remaining

    def _is_worth_another_try(self, thing: Thing) -> bool:
        """What is being made can be ended soon; what serves a model, once all of ours has gone, is another's."""
        self._tries[thing.id] += 1
        return thing.kind != "custom model" or self._tries[thing.id] < TRIES_OF_A_MODEL

    def _delete(self, data: Iterable[Thing]) -> None:
        for thing in data:
            if thing.state == retained.KEY and self.refused:
                self._refuse(thing, "something that it may encrypt is still there")
            elif words := retained.end(self.scope.reached.session, thing):
                self._refuse(thing, words)
            else:
                self._note([thing])

    def _note(self, things: Iterable[Thing]) -> None:
        self.ended |= {thing.id: thing for thing in things if thing.id not in self.ended}

    def _refuse(self, thing: Thing, words: str) -> None:
        self.refused[thing.id] = words
        self.ended.pop(thing.id, None)
        self.say(f"{thing.kind} {thing.name} stays: {words}")

    def _until_none(self, go_on: Callable[[], Sequence[Thing]], patience: float) -> None:
        told = ""
        until = time.monotonic() + patience
        for pause in pauses.growing():
            left = go_on() if time.monotonic() < until else ()
            if not left:
                return
            words = ", ".join(f"{thing.kind} {thing.name} ({thing.state})" for thing in left)
            if words != told:
                self.say(f"ending {words}")
                told = words
            time.sleep(pause)
