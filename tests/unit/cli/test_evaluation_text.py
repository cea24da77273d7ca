"""An evaluation on a terminal: the verdict first, and a picture of intervals that is true to them."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from tunedrop.domain.evaluation.evaluation_result import Occasion
from tunedrop.domain.evaluation.paired_tests import Interval
from tunedrop.domain.reports import evaluation_forest, evaluation_report, evaluation_words
from tunedrop_cli import evaluation_text

from tests.unit.reports.evaluations import COUNTS, STACK, candidate, judged, pairs, result


def facts(*verdict: str, **more):
    return evaluation_report.facts(result(*verdict, **more), STACK)


def printed(report) -> str:
    written = io.StringIO()
    evaluation_text.whole(Console(file=written, highlight=False, soft_wrap=True, markup=False, emoji=False), report)
    return written.getvalue()


@pytest.mark.parametrize("verdict", COUNTS)
def test_the_verdict_comes_first_and_the_next_steps_last(verdict):
    report = facts(verdict)
    text = printed(report)
    assert text.startswith(f"{evaluation_words.VERDICTS[verdict]}  {report['summary']}\n")
    last = report["next_steps"][-1]
    assert text.rstrip().endswith(last["command"] or last["words"])
    assert all(caveat["words"] in text for caveat in report["caveats"])


def test_candidates_and_metrics_are_a_table_with_cost_and_latency():
    text = printed(facts("better"))
    rows = {line.split("  ")[0]: line.split() for line in text.splitlines()}
    assert rows["exact match"][-2:] == ["75.0", "60.0"]
    assert rows["cost"][1:3] == ["0.0213", "USD"]
    assert rows["latency p50, p95"][-4:] == ["412", "ms,", "1,309", "ms"]
    assert "60 better, 20 worse, 320 as good" in text


def test_what_candidates_cost_is_told_in_one_precision_and_never_of_a_file_of_answers():
    asked = (candidate("prod", 0.7, cost=1.5), candidate("base", 0.6), candidate("answers/old.jsonl", 0.6, cost=None))
    report = facts("better", candidates=asked)
    (row,) = (line.split() for line in printed(report).splitlines() if line.startswith("cost  "))
    assert row == ["cost", "1.5000", "USD", "0.0213", "USD", "-"]


def test_where_an_interval_and_p_disagree_it_is_said_which_counts():
    odd = judged(pairs(5, 0, 45), slice="label billing")
    report = facts(slices=(odd,))
    interval = report["slices"][0]["interval_95"]
    assert interval["low"] > 0, "it leaves out 0"
    assert evaluation_forest.AT_ODDS in printed(report)
    assert evaluation_forest.AT_ODDS not in printed(facts("better"))


def test_too_little_evidence_says_how_many_records_would_do():
    text = printed(facts())
    assert "that one is better, if it truly is by 10 points" in text
    assert "to show in four of five evaluations" not in printed(facts("better"))


@pytest.mark.parametrize("verdict", COUNTS)
def test_an_interval_is_drawn_on_the_side_of_no_difference_where_it_lies(verdict):
    report = facts(verdict)
    first = next(evaluation_text.forest(report))
    drawn = first[first.index("exact match") + len("exact match") : first.rindex("  ")]
    interval, low, high = report["declared"]["interval_95"], drawn.index("["), drawn.index("]")
    zero = drawn.find("|")
    assert low < drawn.index("o") < high
    if interval["low"] > 0:
        assert -1 < zero < low
    elif interval["high"] < 0:
        assert high < zero
    else:
        assert low < zero < high or zero == -1  # covered by the difference


def test_what_goes_on_beyond_the_picture_is_an_arrow():
    part = judged(pairs(3, 5, 4), slice="length: long")
    assert part.contrast.interval == Interval(pytest.approx(-0.553, abs=1e-3), pytest.approx(0.286, abs=1e-3))
    last = list(evaluation_text.forest(facts(slices=(part,))))[-2]
    assert last.startswith("  length: long")
    assert ("<" in last, ">" in last, "]" in last) == (True, True, False)


def test_one_record_is_told_without_an_interval():
    alone = judged(pairs(1, 0, 0), binary=False)
    text = printed(facts(declared=alone, others=(), secondary=(), slices=()))
    assert "too few for an interval" in text
    assert "o" in next(evaluation_text.forest(facts(declared=alone, others=(), secondary=(), slices=())))


def test_names_cannot_control_the_terminal():
    hostile = "label: \x1b[2J\x07"
    text = printed(facts(slices=(judged(pairs(20, 14, 166), slice=hostile),), dataset=hostile))
    assert "\x1b" not in text
    assert "\\x1b[2J\\x07" in text


def test_what_the_gate_holds_is_not_told_by_the_report_which_does_not_know_whether_it_still_waits():
    held = facts(occasion=Occasion(held="support-prod"))
    first, *others = held["next_steps"]
    assert first["words"].startswith("support-prod was held when this was written")
    assert first["words"] not in printed(held)
    assert all(step["words"] in printed(held) for step in others)
    assert first["words"] in printed({**held, "next_steps": [{**first, "approves": False}]}), "the flag alone says it"
