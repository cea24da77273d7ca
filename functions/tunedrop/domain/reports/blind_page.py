"""A blind sheet as a page to read beside its CSV: answers A and B to each question, and not whose they are. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tunedrop.domain.evaluation.blind_sheets import BlindPair
from tunedrop.domain.reports import evaluation_examples, evaluation_page, markup, page_parts
from tunedrop.domain.reports.markup import joined, tag


def render(evaluation_id: str, sheet: Sequence[BlindPair], table: str) -> bytes:
    """Render the page; the same sheet gives the same bytes. `table`: the name of the CSV file beside it."""
    head = tag(
        "header",
        tag("div", "Tunedrop evaluation", class_="brand"),
        tag("h1", "Which answer is better?"),
        tag(
            "p",
            f"For each record, write A, B or tie into the column choice of {table}. Which model gave which changes "
            "from record to record. Leave it empty where you can't say: that is no tie.",
            class_="lead",
        ),
        tag("p", f"{len(sheet):,} records of evaluation {evaluation_id}, in an order of their own."),
    )
    articles = (
        tag(
            "article",
            tag("h3", f"Record {pair.record}"),
            evaluation_examples.block(pair.prompt, "prompt"),
            tag(
                "div", *(evaluation_examples.side(*each) for each in zip("AB", pair.texts, strict=True)), class_="sides"
            ),
        )
        for pair in sheet
    )
    body = tag("main", head, page_parts.section("Records", *articles, class_="long examples"))
    sheets = joined(*map(markup.style, (page_parts.sheet(), evaluation_page.sheet())))
    return markup.document(f"Blind sheet of evaluation {evaluation_id}", head=sheets, body=body)
