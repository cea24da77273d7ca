"""Examples of an evaluation: the reference and both answers side by side, with what differs marked. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tunedrop.domain.reports import answer_diff, markup, page_parts
from tunedrop.domain.reports.answer_diff import Piece
from tunedrop.domain.reports.markup import Markup, joined, tag

SHOWN = 10
"""Of each kind; the JSON report has more."""
SHORT = 60
"""Characters up to which what differs is marked however little both texts share."""

EvaluationFacts = Mapping[str, Any]


def gained(report: EvaluationFacts) -> Markup | None:
    """The records on which the judged candidate is better."""
    declared = report["declared"]
    title = f"{declared['candidate']} is better on {_records(declared['better'])}"
    return _section(report, "gained", title, declared["better"], "")


def lost(report: EvaluationFacts) -> Markup | None:
    """The records on which the other candidate is better."""
    declared = report["declared"]
    title = f"{declared['against']} is better on {_records(declared['worse'])}"
    return _section(report, "lost", title, declared["worse"], "")


def to_label(report: EvaluationFacts) -> Markup | None:
    """The records whose references a person should check."""
    words = (
        "Both candidates answered, differently, and neither gave the reference. It may be wrong, or one right answer "
        "of several; if it is right, both lack training records like it."
    )
    return _section(report, "to_label", "Records to look at next", None, words)


def _section(report: EvaluationFacts, name: str, title: str, count: int | None, words: str) -> Markup | None:
    examples = report["examples"][name][:SHOWN]
    if not examples:
        return None
    of = f"{len(examples)} of them are shown. " if count is not None and count > len(examples) else ""
    return page_parts.section(
        title,
        tag("p", f"{words} {of}".strip(), class_="quiet") if words or of else None,
        tag(
            "p",
            tag("mark", "Marked"),
            " is what the reference lacks, ",
            tag("del", "struck out"),
            " what only the reference has, in answers that are like it. Long texts are cut.",
            class_="quiet",
        ),
        *(_example(each) for each in examples),
        class_="long examples",
    )


def _example(example: EvaluationFacts) -> Markup:
    reference = example["reference"]
    answers = (
        _side(f"{name}, scored {example['scores'].get(name, 0):.3g}", _marked(answer, reference))
        for name, answer in example["answers"].items()
    )
    return tag(
        "article",
        tag("h3", f"Record {example['record']}"),
        block(example["prompt"], "prompt"),
        tag("div", _side("reference", _plain(reference)), *answers, class_="sides"),
    )


def block(text: str, class_: str) -> Markup:
    """Build a block of text with its own line ends."""
    return tag("pre", *_lines(text), class_=class_)


def side(title: str, text: str) -> Markup:
    """Build one of several texts that stand side by side."""
    return _side(title, _plain(text))


def _side(title: str, text: Markup) -> Markup:
    return tag("div", tag("h4", title), tag("pre", text))


def _plain(text: str) -> Markup:
    return joined(*_lines(text)) if text else tag("i", "empty")


def _marked(answer: str, reference: str) -> Markup:
    pieces = [*answer_diff.pieces(answer, reference)] if answer and reference else []
    readable = max(len(answer), len(reference)) <= SHORT or _are_alike(pieces)
    return joined(*map(_piece, pieces)) if pieces and readable else _plain(answer)


def _are_alike(pieces: Sequence[Piece]) -> bool:
    """Whether both texts share so much that what differs can be read between it."""
    shared = sum(len(each.text) for each in pieces if each.kind == "same")
    return 2 * shared >= sum(len(each.text) for each in pieces)


def _piece(piece: Piece) -> Markup:
    text = joined(*_lines(piece.text))
    match piece.kind:
        case "same":
            return text
        case "extra":
            return tag("mark", text)
        case "missing":
            return tag("del", text)


def _lines(text: str) -> Iterator[Markup | str]:
    """The text with its own line ends; whatever else is invisible is shown."""
    first, *rest = text.replace("\r\n", "\n").split("\n")
    yield first
    for line in rest:
        yield markup.LINE
        yield line


def _records(count: int) -> str:
    return f"{count:,} {'record' if count == 1 else 'records'}"
