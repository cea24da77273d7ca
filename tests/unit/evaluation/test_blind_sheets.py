"""Blind sheets: nothing on them says whose an answer is, and choices come back to the right candidate."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.evaluation import blind_sheets, example_lines
from tunedrop.domain.evaluation.answer_metrics import METRICS
from tunedrop.domain.reports import blind_page
from tunedrop.errors import InvalidInput

from tests.unit.evaluation.asked import answered, question, sheet
from tests.unit.reports.test_html_report import HOSTILE, Page

OURS, THEIRS = "support-prod", "base"


def example(record: int, ours: str, theirs: str, **more: Any) -> dict[str, Any]:
    answers = {
        name: {"text": text, "score": score, "truncated": False, "failure": more.get("failure")}
        for name, text, score in ((OURS, ours, more.get("score", 1.0)), (THEIRS, theirs, 0.0))
    }
    return {"record": record, "messages": [{"role": "user", "content": more.get("prompt", "Why?")}], "answers": answers}


def pairs(examples: list[dict[str, Any]], evaluation: str = "01") -> list[blind_sheets.BlindPair]:
    return blind_sheets.pairs(evaluation, examples, OURS, THEIRS)


def filled(*rows: str, head: str = "record,choice") -> bytes:
    return "\n".join((head, *rows)).encode()


def test_sides_and_order_change_from_record_to_record_and_are_the_same_each_time():
    some = [example(number, "ours", "theirs") for number in range(1, 201)]
    first, again, other = pairs(some), pairs(some[::-1]), pairs(some, "02")
    assert first == again
    assert [pair.record for pair in first] != [pair.record for pair in other]
    assert [pair.record for pair in first] != sorted(pair.record for pair in first)
    assert 70 <= sum(pair.ours == "A" for pair in first) <= 130
    for pair in first:
        assert pair.texts["AB".index(pair.ours)] == "ours"


def test_only_records_on_which_people_can_choose_are_on_it_and_not_too_many():
    some = [example(1, "same", " same\n"), example(2, "a", "", failure="no_answer"), example(3, "a", "b")]
    assert [pair.record for pair in pairs(some)] == [3]
    assert len(pairs([example(number, "a", "b") for number in range(300)])) == blind_sheets.MOST


@given(st.lists(st.sampled_from([1, -1, 0]), min_size=1, max_size=40))
def test_choices_come_back_to_the_candidate_whose_answer_it_is(wishes):
    made = pairs([example(number, "ours", "theirs", score=float(number % 2)) for number in range(len(wishes))])
    rows = list(csv.DictReader(io.StringIO(blind_sheets.table(made).decode("utf-8-sig"))))
    for row in rows:
        wish = wishes[int(row["record"])]
        wanted = "ours" if wish > 0 else "theirs"
        row["choice"] = "Tie" if not wish else " a " if row["A"] == wanted else "B"
    back = filled(*(f"{row['record']};{row['choice']}" for row in rows), head="record;choice")
    told = blind_sheets.preference(made, blind_sheets.choices(back))
    assert (told.ours, told.theirs, told.ties) == (wishes.count(1), wishes.count(-1), wishes.count(0))
    scored = [wish for number, wish in enumerate(wishes) if number % 2 and wish]
    assert (told.agree, told.compared) == (scored.count(1), len(scored))


def test_six_choices_alike_are_more_than_chance_and_five_are_not():
    made = pairs([example(number, "ours", "theirs") for number in range(6)])
    every = {pair.record: pair.ours for pair in made}
    assert blind_sheets.preference(made, every).p == 0.03125
    every.popitem()
    assert blind_sheets.preference(made, every).p == 0.0625


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (filled("1,C"), "neither A, B nor tie"),
        (filled("1,A", "1,A"), "two choices"),
        (filled("2,A"), "not on this evaluation's sheet"),
        (filled("one,A"), "line 2 names no record"),
        (filled("A", head="choice"), "no columns record and choice"),
        (b"", "no columns record and choice"),
        ("record,choice\n1,é".encode("latin-1"), "not UTF-8"),
    ],
)
def test_labels_that_cannot_be_read_say_why(raw, words):
    with pytest.raises(InvalidInput, match=words):
        blind_sheets.preference(pairs([example(1, "a", "b")]), blind_sheets.choices(raw))


@given(st.binary(max_size=80))
def test_no_file_of_labels_makes_it_fail_otherwise(raw):
    for each in (raw, b"record,choice\n" + raw):
        try:
            chosen = blind_sheets.choices(each)
        except InvalidInput:
            continue
        assert set(chosen.values()) <= {"A", "B", "tie"}


def test_a_line_without_a_choice_is_no_label():
    assert blind_sheets.choices(filled("1,", "2, ", "3,=")) == {3: "tie"}


def test_a_spreadsheet_runs_no_answer():
    made = pairs([example(1, "=HYPERLINK()", "@b", prompt="+1")])
    (row,) = csv.DictReader(io.StringIO(blind_sheets.table(made).decode("utf-8-sig")))
    assert {row[name][0] for name in ("prompt", "A", "B")} == {"'"}


@pytest.mark.parametrize("text", HOSTILE)
def test_no_answer_becomes_markup_and_no_page_says_whose_it_is(text):
    page = blind_page.render("01", pairs([example(1, text, "theirs", prompt=text)]), "sheet.csv")
    assert {"script", "img", "svg"}.isdisjoint(Page(page).elements)
    assert OURS.encode() not in page


def test_every_example_has_its_answers_with_their_scores():
    made = sheet(
        [question(0), question(1)], [answered(0, "billing"), answered(1, "x")], [answered(0, "y", truncated=True)]
    )
    first, second = example_lines.decode(example_lines.encode(made, METRICS["exact_match"]))
    assert (first["record"], first["references"], first["messages"][0]["content"]) == (0, ["billing"], "Ticket 0")
    assert first["answers"][OURS] == {"text": "billing", "score": 1.0, "truncated": False, "failure": None}
    assert (first["answers"][THEIRS]["truncated"], second["answers"][THEIRS]["failure"]) == (True, "no_answer")
