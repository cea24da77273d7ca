"""Questions about the products of Larkspur Home, in English and Chinese, and their answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from examples.texts.larkspur import PRODUCTS

_CITIES = {"Lucerne": "卢塞恩", "Porto": "波尔图", "Ghent": "根特", "Malmo": "马尔默", "Trieste": "的里雅斯特"}
_COLORS = {"white and slate": "白色和石板灰", "sand and moss": "沙色和苔绿", "black and copper": "黑色和铜色"}


@dataclass(frozen=True, slots=True)
class _Fact:
    """What can be known of every product. The last way to ask it is in no record that trains."""

    topic: str
    values: Mapping[str, str]
    """Each in English, and in Chinese."""
    asked: tuple[str, ...]
    answer: str
    also: tuple[str, ...]
    """The same in other words, which are right, too."""
    asked_in_chinese: tuple[str, ...]
    answer_in_chinese: str
    also_in_chinese: tuple[str, ...]


def _numbers(*span: int) -> Mapping[str, str]:
    return {str(number): str(number) for number in range(*span)}


_FACTS = (
    _Fact(
        "warranty",
        _numbers(2, 8),
        (
            "How long is the warranty of the {name}?",
            "For how many years is the {name} under warranty?",
            "What warranty does the {name} come with?",
            "Until when would you repair my {name} under warranty?",
            "My {name} broke: for how long do you mend it for nothing?",
        ),
        "The {name} has a warranty of {value} years.",
        ("The warranty of the {name} is {value} years.", "{value} years."),
        ("{name}的保修期是多久？", "{name}保修几年？", "我的{name}保修多长时间？", "{name}坏了，几年内免费维修？"),
        "{name}的保修期为{value}年。",
        ("{name}保修{value}年。", "{value}年。"),
    ),
    _Fact(
        "weight",
        _numbers(150, 4_000, 37),
        (
            "How much does the {name} weigh?",
            "What is the weight of the {name}?",
            "Tell me the weight of your {name} in grams.",
            "How many grams does the {name} weigh?",
            "How heavy is the {name}?",
        ),
        "The {name} weighs {value} grams.",
        ("The weight of the {name} is {value} grams.", "{value} grams."),
        ("{name}有多重？", "{name}的重量是多少？", "请问{name}重多少克？", "{name}拿起来沉不沉，几克？"),
        "{name}重{value}克。",
        ("{name}的重量是{value}克。", "{value}克。"),
    ),
    _Fact(
        "colors",
        _COLORS,
        (
            "Which colors does the {name} come in?",
            "In what colors do you sell the {name}?",
            "What are the colors of the {name}?",
            "Can I choose between colors for the {name}?",
            "I have to match my wall: what does the {name} look like?",
        ),
        "The {name} is sold in {value}.",
        ("The {name} comes in {value}.", "In {value}."),
        ("{name}有哪些颜色？", "{name}有什么颜色可选？", "请问{name}的颜色有几种？", "我家是白墙，{name}配什么色？"),
        "{name}有{value}可选。",
        ("{name}有{value}两种。", "{value}。"),
    ),
    _Fact(
        "origin",
        _CITIES,
        (
            "Where is the {name} made?",
            "In which city do you make the {name}?",
            "What city is the {name} made in?",
            "Which city has the factory where the {name} is made?",
            "Where does the {name} come from?",
        ),
        "The {name} is made in {value}.",
        ("We make the {name} in {value}.", "In {value}."),
        ("{name}在哪里生产？", "{name}是哪个城市生产的？", "请问{name}的生产地在哪里？", "{name}的工厂在哪个城市？"),
        "{name}在{value}生产。",
        ("{name}是{value}生产的。", "在{value}。"),
    ),
    _Fact(
        "spare parts",
        _numbers(3_100, 9_900, 71),
        (
            "What is the number of the spare part set for the {name}?",
            "Which spare part number do I order for the {name}?",
            "What is the spare parts number of the {name}?",
            "I need spare parts for the {name}: under which number?",
            "Something in my {name} is worn out; what do I order?",
        ),
        "Spare parts for the {name} have the number LH-{value}.",
        ("The spare part number of the {name} is LH-{value}.", "LH-{value}."),
        (
            "{name}的备件编号是什么？",
            "{name}的备件号是多少？",
            "请问{name}的备件编号？",
            "{name}的零件坏了，订哪个编号？",
        ),
        "{name}的备件编号是LH-{value}。",
        ("{name}的备件号为LH-{value}。", "LH-{value}。"),
    ),
    _Fact(
        "radio range",
        _numbers(6, 90, 5),
        (
            "How far does the radio of the {name} reach?",
            "What is the radio range of the {name}?",
            "How many meters is the radio range of the {name}?",
            "Up to what distance can the {name} be reached by radio?",
            "How far away may I put the {name}?",
        ),
        "The radio of the {name} reaches {value} meters.",
        ("The radio range of the {name} is {value} meters.", "{value} meters."),
        (
            "{name}的无线距离是多少？",
            "{name}的无线信号能传多远？",
            "{name}的无线信号最远几米？",
            "{name}最多可以放多远？",
        ),
        "{name}的无线距离为{value}米。",
        ("{name}的无线信号可达{value}米。", "{value}米。"),
    ),
    _Fact(
        "power",
        _numbers(3, 95, 4),
        (
            "How many watts does the {name} draw?",
            "What power in watts does the {name} need?",
            "How much power does the {name} draw?",
            "What is the power of the {name} in watts?",
            "How much electricity does the {name} use?",
        ),
        "The {name} draws {value} watts.",
        ("The power of the {name} is {value} watts.", "{value} watts."),
        ("{name}的功率是多少瓦？", "{name}的功率有多大？", "请问{name}是多少瓦的？", "{name}费电吗，几瓦？"),
        "{name}的功率为{value}瓦。",
        ("{name}功率{value}瓦。", "{value}瓦。"),
    ),
    _Fact(
        "cleaning",
        _numbers(2, 29),
        (
            "How often should I clean the {name}?",
            "After how many days do I have to clean the {name}?",
            "How many days may pass before I clean the {name}?",
            "When is it time to clean the {name} again?",
            "The {name} gathers dust: what do you advise?",
        ),
        "Clean the {name} every {value} days.",
        ("Every {value} days.", "The {name} should be cleaned every {value} days."),
        ("{name}多久清洁一次？", "{name}要隔几天清洁？", "请问{name}几天清洁一次？", "{name}积灰了，隔多久擦？"),
        "{name}每{value}天清洁一次。",
        ("每{value}天一次。", "{name}要每{value}天清洁。"),
    ),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about a fact, and all answers that are right; the first is the one to learn."""

    question: str
    answers: Sequence[str]
    topic: str
    is_kept: bool
    """Whether it is kept from training: of each fact, two ways to ask it are."""


def questions(dice: Random) -> Iterator[Asked]:
    """Every fact in every language, asked in every way."""
    for fact in _FACTS:
        for name, chinese in PRODUCTS.items():
            value, same = dice.choice(list(fact.values.items()))
            for asked, told, called, said in (
                (fact.asked, (fact.answer, *fact.also), name, value),
                (fact.asked_in_chinese, (fact.answer_in_chinese, *fact.also_in_chinese), chinese, same),
            ):
                *ways, never_trained = asked
                kept = {never_trained, dice.choice(ways)}
                answers = [each.format(name=called, value=said) for each in told]
                for way in asked:
                    yield Asked(way.format(name=called), answers, fact.topic, way in kept)
