"""Orders as people write them, and the same as JSON."""

from __future__ import annotations

import json
from random import Random

from examples.texts import larkspur
from examples.texts.larkspur import Phrases

_ONE = Phrases(
    3,
    "This is {person}. Please send {count} x {product} to {city}.",
    "Could you ship {count} x {product} to {city}? The order is for {person}.",
    "{person} here, I would like {count} x {product}, delivered to {city}.",
    "For {person} in {city}, please: {count} x {product}.",
)
_TWO = Phrases(
    3,
    "This is {person}. Please send {count} x {product} and {count2} x {product2} to {city}.",
    "Could you ship {count} x {product} plus {count2} x {product2} to {city}? The order is for {person}.",
    "{person} here, I would like {count} x {product} and also {count2} x {product2}, delivered to {city}.",
    "For {person} in {city}, please: {count} x {product}, {count2} x {product2}.",
)
_HURRIES = Phrases(2, "It is urgent.", "We need it by tomorrow, so please use express.", "As fast as you can, please.")
_PATIENCE = Phrases(2, "", "There is no hurry.", "Take your time.")
_GREETINGS = ("Hello,", "Good morning.", "")
_NOTES = ("", "", "Ring twice at the door.", "The invoice goes to the same address.")


def draw(dice: Random, *, unseen: bool) -> tuple[str, str]:
    """An order, and its JSON."""
    first, second = dice.sample(tuple(larkspur.PRODUCTS), 2)
    names = {"person": dice.choice(larkspur.PEOPLE), "city": dice.choice(larkspur.CITIES)}
    counts = dice.randint(1, 40), dice.randint(1, 40)
    several, hurry = dice.random() < 0.5, dice.random() < 0.4
    said = (_TWO if several else _ONE).draw(dice, unseen=unseen)
    speed = (_HURRIES if hurry else _PATIENCE).draw(dice, unseen=unseen)
    text = larkspur.joined([dice.choice(_GREETINGS), said, speed, dice.choice(_NOTES)])
    items = [{"product": first, "quantity": counts[0]}, {"product": second, "quantity": counts[1]}]
    order = {
        "customer": names["person"],
        "city": names["city"],
        "items": items if several else items[:1],
        "express": hurry,
    }
    asked = text.format(count=counts[0], product=first, count2=counts[1], product2=second, **names)
    return asked, json.dumps(order)
