"""Notes that an agent took during a call, and their summary in one sentence."""

from __future__ import annotations

from random import Random

from examples.texts import larkspur
from examples.texts.larkspur import Phrases

_BEGAN = Phrases(
    2,
    "{person} called from {city} at {hour}.",
    "Call at {hour}, {person} from {city}.",
    "At {hour} I spoke to {person}, who lives in {city}.",
)
_BOUGHT = (
    "Bought the {product} from us {weeks} weeks ago.",
    "The {product} has been in use for {weeks} weeks.",
    "Has owned the {product} for {weeks} weeks.",
)
_TROUBLES = {
    "does not start": "Nothing happens when it is switched on.",
    "loses its connection": "It drops out of the network every evening.",
    "is too loud": "It hums so that nobody can sleep.",
    "is damaged": "There is a crack along the side.",
}
_WISHES = {
    "a refund": "Wants the money back.",
    "a replacement": "Wants a new one sent.",
    "a repair": "Would like us to mend it.",
}


def draw(dice: Random, *, unseen: bool) -> tuple[str, str]:
    """The notes, and the summary."""
    trouble, wish = dice.choice(tuple(_TROUBLES)), dice.choice(tuple(_WISHES))
    names = {
        "person": dice.choice(larkspur.PEOPLE),
        "product": larkspur.product(dice),
        "city": dice.choice(larkspur.CITIES),
        "hour": f"{dice.randint(8, 17)}:{dice.randint(10, 59)}",
        "weeks": dice.randint(2, 40),
    }
    told = (_BEGAN.draw(dice, unseen=unseen), dice.choice(_BOUGHT), _TROUBLES[trouble], _WISHES[wish])
    notes = larkspur.joined(told)
    summary = "{person} from {city} says that the {product} " + f"{trouble}, and asks for {wish}."
    return notes.format(**names), summary.format(**names)
