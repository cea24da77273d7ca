"""Tickets to a help desk, and the queue that each belongs to."""

from __future__ import annotations

from random import Random

from examples.texts import larkspur
from examples.texts.larkspur import Phrases

_QUEUES = {
    "billing": Phrases(
        6,
        "I was charged twice for my {product}.",
        "The invoice for the {product} shows the wrong amount.",
        "Please send me a receipt for the {product} with our tax number.",
        "My card was declined although the {product} is paid for.",
        "The discount code did not come off the price of the {product}.",
        "When will the money for the {product} be back in my bank account?",
        "The sum you took for the {product} is higher than what the shop said.",
        "There are two payments for one {product} on my bank statement.",
    ),
    "delivery": Phrases(
        6,
        "My parcel with the {product} has not arrived.",
        "The tracking of the {product} has not moved since Monday.",
        "The courier left the {product} at the wrong house.",
        "Can you deliver the {product} to another address?",
        "Only half of the shipment came, the {product} was not in it.",
        "The box of the {product} was open when the courier brought it.",
        "I am still waiting for the {product}, where is the van?",
        "Nobody was at home when the {product} came; will they try again?",
    ),
    "returns": Phrases(
        6,
        "I want to send the {product} back.",
        "Where do I get a return label for the {product}?",
        "The {product} is the wrong color, can I exchange it?",
        "How many days do I have to return the {product}?",
        "You received my returned {product}, what happens now?",
        "May I return the {product} without its box?",
        "I changed my mind about the {product} and would like to give it back.",
        "Please swap my {product} for the white one.",
    ),
    "technical": Phrases(
        6,
        "The {product} does not connect to the network.",
        "After the update my {product} keeps restarting.",
        "The app shows error 17 for the {product}.",
        "The {product} makes a clicking noise and stops.",
        "How do I reset the {product} to factory settings?",
        "The battery of the {product} is empty within an hour.",
        "My {product} has gone silent and its light blinks red.",
        "Since yesterday the {product} ignores every command.",
    ),
    "account": Phrases(
        6,
        "I cannot log in to see my {product}.",
        "The password link for my account does not work, and the {product} is locked out.",
        "Please change the e-mail address of the account that has my {product}.",
        "How do I add my partner to the account with the {product}?",
        "I lost the phone with the login codes for my {product}.",
        "Delete my account, I have sold the {product}.",
        "Two-step login keeps sending me away when I want to open the {product}.",
        "Somebody else seems to be signed in as me and moves the {product}.",
    ),
    "sales": Phrases(
        6,
        "Which {product} fits a small flat?",
        "Does the {product} work with speakers of other brands?",
        "When is the {product} in stock again?",
        "Do you offer a lower price for twenty of the {product}?",
        "What is the difference between the {product} and the older model?",
        "Can the {product} stand outside in the garden?",
        "I am thinking of buying the {product}; would it do for two rooms?",
        "Do schools get the {product} for less?",
    ),
    "out_of_scope": Phrases(
        6,
        "Can you write a poem about autumn for me?",
        "What will the weather be like on Sunday?",
        "I would like to apply for a job as a driver.",
        "Please help my son with his homework in geometry.",
        "Who won the football match last night?",
        "We sell search engine advertising and would like to call you.",
        "Translate this letter to my landlord into Spanish.",
        "Which tablets help against a headache?",
    ),
}
QUEUES = tuple(_QUEUES)
_OPENINGS = ("Hello,", "Good morning.", "Dear team,", "Hi there!", "This is {person} from {city}.", "")
_ASIDES = (
    *("I have been a customer since 2019.", "My neighbor recommended you.", "I wrote last week and heard nothing."),
    *("The delivery was fast, by the way.", "I paid by card.", "My account is in order.", "", "", "", "", "", ""),
)
_CLOSINGS = ("Thank you.", "Please answer soon.", "Kind regards, {person}", "What should I do?", "")


def draw(dice: Random, *, unseen: bool) -> tuple[str, str]:
    """A ticket and its queue."""
    queue = dice.choice(QUEUES)
    trouble = _QUEUES[queue].draw(dice, unseen=unseen)
    text = larkspur.joined([dice.choice(_OPENINGS), trouble, dice.choice(_ASIDES), dice.choice(_CLOSINGS)])
    names = {"product": larkspur.product(dice), "person": dice.choice(larkspur.PEOPLE)}
    return text.format(city=dice.choice(larkspur.CITIES), **names), queue
