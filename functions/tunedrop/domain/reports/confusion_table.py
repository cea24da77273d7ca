"""Which label was answered where which was right, as a table. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tunedrop.domain.evaluation.label_metrics import UNKNOWN
from tunedrop.domain.reports import evaluation_words, page_parts
from tunedrop.domain.reports.markup import Markup, tag

MOST_LABELS = 10
"""Shown each on its own; the rarer ones are shown together."""
LONGEST = 30
_OTHERS = "(rarer labels)"
_SHADES = 4


def section(confusion: Mapping[str, Any]) -> Markup | None:
    """Build the section about one candidate; None without labels."""
    labels: Sequence[str] = confusion["labels"]
    shown = list(labels[:MOST_LABELS])
    counts: Counter[tuple[str, str]] = Counter()
    for each in confusion["counts"]:
        right, answered = (_grouped(each[side], shown) for side in ("right", "answered"))
        counts[right, answered] += each["records"]
    rows = [*shown, *([_OTHERS] if len(labels) > MOST_LABELS else [])]
    if not rows:
        return None
    columns = [*rows, *([UNKNOWN] if any(answered == UNKNOWN for _, answered in counts) else [])]
    name = confusion["candidate"]
    caption = f"Records by right label (rows) and what {name} answered (columns)"
    head = tag("tr", tag("th", "right label", scope="col"), *(_head(label, "col") for label in columns))
    body = (_row(label, columns, counts) for label in rows)
    return page_parts.section(
        f"Labels: what {name} takes for what",
        page_parts.scrolled(tag("caption", caption), tag("thead", head), tag("tbody", *body), caption=caption),
        tag("p", f"Right answers are on the diagonal. {_rarer(confusion, shown)}", class_="quiet"),
        tag(
            "p",
            f"Macro-F1 {evaluation_words.score(confusion['macro_f1'])}: each label counts the same.",
            class_="quiet",
        ),
        class_="long confusion",
    )


def _rarer(confusion: Mapping[str, Any], shown: Sequence[str]) -> str:
    """How many of the answers that the table shows together are right; empty where it shows each on its own."""
    rarer = [each for each in confusion["counts"] if each["right"] not in shown]
    right = sum(each["records"] for each in rarer if each["answered"] == each["right"])
    return f"Of {sum(each['records'] for each in rarer):,} records with rarer labels, {right:,} are." if rarer else ""


def _grouped(label: str, shown: Sequence[str]) -> str:
    return label if label in shown or label == UNKNOWN else _OTHERS


def _head(label: str, scope: str) -> Markup:
    cut = label if len(label) <= LONGEST else f"{label[: LONGEST - 1]}…"
    return tag("th", cut, scope=scope, class_="number" if scope == "col" else None)


def _row(right: str, columns: Sequence[str], counts: Mapping[tuple[str, str], int]) -> Markup:
    total = sum(counts.get((right, answered), 0) for answered in columns)
    cells = (_cell(counts.get((right, answered), 0), total, _kind(right, answered)) for answered in columns)
    return tag("tr", _head(right, "row"), *cells)


def _kind(right: str, answered: str) -> str:
    """Rarer labels that are taken for each other stand where right answers of theirs do: neither color fits."""
    return "miss" if right != answered else "mixed" if right == _OTHERS else "hit"


def _cell(count: int, total: int, kind: str) -> Markup:
    shade = -(-_SHADES * count // total) if total else 0
    return tag("td", f"{count:,}" if count else "·", class_=f"number {kind} shade{shade}")
