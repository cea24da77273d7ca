"""Larkspur Home, a company made up for this project: what it sells, and who writes to it."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

PRODUCTS = {
    "Aster lamp": "紫菀台灯",
    "Briar thermostat": "蔷薇温控器",
    "Clover sensor": "苜蓿传感器",
    "Dahlia speaker": "丽花音箱",
    "Elder camera": "接骨木摄像头",
    "Fern humidifier": "蕨叶加湿器",
    "Gorse doorbell": "金雀门铃",
    "Heather blind": "石楠卷帘",
    "Iris kettle": "鸢尾水壶",
    "Juniper lock": "杜松门锁",
    "Linden vacuum": "椴树扫地机",
    "Maple heater": "枫叶取暖器",
    "Nettle plug": "荨麻插座",
    "Olive scale": "橄榄体重秤",
}
"""English name to Chinese name."""
PEOPLE = (
    *("Amara Osei", "Bruno Keller", "Chiara Rossi", "Dmitri Volkov", "Elif Demir", "Farid Haddad", "Greta Lind"),
    *("Hugo Martin", "Ines Duarte", "Jonas Berg", "Kavya Rao", "Lena Vogel", "Mateo Cruz", "Nadia Petrova"),
    *("Oskar Nowak", "Priya Nair", "Quentin Roy", "Rosa Silva", "Samir Khan", "Tove Dahl", "Uma Patel", "Viktor Horn"),
)
CITIES = (
    *("Aarhus", "Basel", "Cork", "Dresden", "Evora", "Freiburg", "Ghent", "Haarlem", "Innsbruck", "Jena"),
    *("Krakow", "Lucerne", "Malmo", "Nantes", "Oulu", "Porto", "Rostock", "Salzburg", "Trieste", "Utrecht"),
)


class Phrases:
    """Ways to say something; those after the first `seen` are in no record that trains."""

    def __init__(self, seen: int, *texts: str) -> None:
        self._seen, self._texts = seen, texts

    def draw(self, dice: Random, *, unseen: bool) -> str:
        """One of them."""
        return dice.choice(self._texts if unseen else self._texts[: self._seen])


def product(dice: Random) -> str:
    """The English name of a product."""
    return dice.choice(tuple(PRODUCTS))


def joined(parts: Sequence[str]) -> str:
    """The parts that hold something, with a space between them."""
    return " ".join(part for part in parts if part)
