"""Answers that break off in a split whose others end in full stops; without that rule, nothing is told."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from tunedrop.domain.checks import examples
from tunedrop.domain.checks.endings import Endings
from tunedrop.domain.records.check_policy import Policy

from tests.unit.checks.records import conversation
from tests.unit.checks.splits import run

WHOLE = [f"To reset number {n}, hold its dial for ten seconds until the light is out." for n in range(100)]
BROKEN = [
    "To connect it to the network, open the app, choose the room and then press on",
    "It is covered by the guarantee.\n\nPlease keep the receipt of the shop where you have bou",
]


def broken(answers: Iterable[str]) -> list[int | None]:
    """Numbers of the records that are told."""
    endings = Endings()
    for number, answer in enumerate(answers, 1):
        endings.look(conversation("And then?", answer), number, number)
    return [defect.record for defect in endings.finish()]


@pytest.mark.parametrize("answer", BROKEN)
def test_an_answer_that_breaks_off_among_whole_ones_is_found(answer):
    assert broken([*WHOLE[:40], answer, *WHOLE[40:]]) == [41]
    assert broken([answer, *WHOLE[:20]]) == [1]


def test_an_unspaced_script_has_full_stops_too():
    whole = [f"按住第{n}个旋钮十秒钟，直到指示灯变绿为止。" for n in range(40)]
    assert broken([*whole, "首先请打开应用程序，然后选择房间并且按住这个旋钮直到"]) == [41]


@pytest.mark.parametrize(
    "answer",
    [
        "Not available",
        "Yes",
        "- a list\n- of things that do not end in a full stop at all",
        "1. Read the manual of the machine that you want to have repaired",
        "All of this was written by hand in the year of the flood by Ann",
        '{"product": "dial", "is": ["broken", "and", "sent", "back", "to", "the", "shop"]}',
        "Press the button that is beside the dial on the left side of it (twice)",
        "He said: \u201cHold the dial for ten seconds and wait.\u201d",
        "It costs a bit less than all of the others that we have, about 17",
        "",
    ],
)
def test_lists_labels_names_and_structures_break_nothing_off(answer):
    assert broken([*WHOLE, answer]) == []


def test_where_others_end_without_a_full_stop_too_nothing_is_told():
    assert broken([*WHOLE, BROKEN[0], "Yes", "No"]) == []
    assert broken([*WHOLE[:19], BROKEN[0]]) == []
    assert broken([*WHOLE, *BROKEN * 3]) == []


def test_memory_is_bounded_where_nothing_ends_in_a_full_stop():
    endings = Endings()
    for number in range(5_000):
        endings.look(conversation("And then?", BROKEN[0]), number, number)
    for number, answer in enumerate(WHOLE * 1_000):
        endings.look(conversation("And then?", answer), number, number)
    assert list(endings.finish()) == []


def test_what_is_found_by_itself_is_not_told_twice():
    cut = "The bird is gone, and its memory reminds all of us of the importance of"
    assert broken([*WHOLE, cut]) == []


def test_a_report_names_record_and_line():
    lines = "".join(f"{examples.line(f'What is {n}?', answer)}\n" for n, answer in enumerate([*WHOLE, BROKEN[0]]))
    result, _ = run(lines.encode())
    assert [(f.code, f.record, f.line) for f in result.findings if f.severity == "warning"] == [
        ("truncated_answer", 101, 101)
    ]


@pytest.mark.parametrize("level", ["all", "errors"])
def test_a_policy_that_makes_it_an_error_rejects_at_every_level(level):
    lines = "".join(f"{examples.line(f'What is {n}?', answer)}\n" for n, answer in enumerate([*WHOLE, BROKEN[0]]))
    result, _ = run(lines.encode(), policy=Policy(error=frozenset({"truncated_answer"})), level=level)
    assert not result.accepted
