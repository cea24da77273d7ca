"""An evaluation's report: sentences, JSON and page claim what the verdict does and no more, whatever was answered."""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import asdict, replace
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tunedrop.domain.evaluation import label_metrics
from tunedrop.domain.evaluation.contrasts import Pair
from tunedrop.domain.evaluation.evaluation_request import StartEvaluation
from tunedrop.domain.evaluation.evaluation_result import CandidateResult, Occasion
from tunedrop.domain.evaluation.paired_tests import Interval
from tunedrop.domain.reports import (
    answer_diff,
    confusion_table,
    evaluation_forest,
    evaluation_page,
    evaluation_report,
    evaluation_words,
    forest_plot,
)
from tunedrop.domain.reports.forest_plot import Bar, Group
from tunedrop_cli import evaluations as evaluation_commands

from tests import next_commands
from tests.unit.reports import evaluations
from tests.unit.reports.evaluations import COUNTS, OURS, STACK, THEIRS, candidate, example, judged, pairs, result

HOSTILE = "</pre></td><script>alert(1)</script><img src=x onerror=y>\"'\x1b[2J"
SENTENCES = {
    "better": (
        "support-prod is better than claude-3-haiku by 10 points of exact match: 95% interval 5.8 to 14.4, 400 records."
    ),
    "worse": (
        "support-prod is worse than claude-3-haiku by 10 points of exact match: 95% interval 5.8 to 14.4, 400 records."
    ),
    "equivalent": (
        "support-prod and claude-3-haiku differ by less than 3 points of exact match: difference 0, "
        "90% interval -0.8 to 0.8, 1,000 records."
    ),
    "insufficient_evidence": (
        "Not decided whether support-prod is better than claude-3-haiku: 4 points higher in exact match, "
        "95% interval -2.3 to 10.4, 200 records. About 979 records would show a true difference of 4 points "
        "in four of five evaluations; these were 200."
    ),
    "suspect": (
        "Nothing is decided: 99.8% of the answers of support-prod and claude-3-haiku are the same to the letter, "
        "so one model probably answered for both."
    ),
    "incomplete": (
        "Nothing is decided: 3% of the records lack an answer of support-prod or claude-3-haiku, and at most 2% may."
    ),
}
GATES = {
    "passed": "Gate passed: better was asked for.",
    "failed": "Gate failed: better was asked for.",
    "held": "Gate held: better was asked for, and is not decided.",
}
TEXTS = st.text(max_size=80) | st.text("ab 天地\n.", max_size=60)


class Page(HTMLParser):
    """A page's text, the names of its elements, and how many of each."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.text, self.elements = "", list[str]()
        self.feed(page.decode())

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, _: object) -> None:
        self.elements.append(tag)


def page_of(some) -> Page:
    return Page(evaluation_page.render(evaluation_report.build(some, STACK)))


@pytest.mark.parametrize("verdict", COUNTS)
def test_each_verdict_is_a_sentence_with_its_interval_and_records(verdict):
    some = result(verdict)
    assert evaluation_words.summary(some) == f"{SENTENCES[verdict]} {GATES[some.outcome]}"


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.06, "6 points"), (0.01, "1 point"), (-0.0234, "-2.3 points"), (0.0004, "0.04 points"), (-0.0, "0 points")],
)
def test_points_tell_a_small_difference_from_none(value, words):
    assert evaluation_words.points(value) == words


def test_a_gate_that_let_too_little_evidence_pass_says_so():
    let = result("insufficient_evidence", outcome="passed")
    assert evaluation_words.gate(let) == (
        "Gate passed without enough evidence, as on_insufficient says; better was asked for."
    )
    not_worse = result("equivalent", gate="not_worse")
    assert evaluation_words.gate(not_worse) == "Gate passed: at most 3 points worse was asked for."
    assert (
        evaluation_words.gate(result("worse", gate="none")) == "No gate was asked for, so this verdict stops nothing."
    )


def test_records_that_belong_together_are_told_as_groups():
    grouped = judged(pairs(60, 20, 320, group=4))
    assert evaluation_words.counted(grouped.contrast) == "400 records in 100 groups"
    codes = [caveat["code"] for caveat in evaluation_report.build(result("better", declared=grouped), STACK)["caveats"]]
    assert "groups" in codes


def test_the_report_is_json_that_says_what_decides_and_what_only_describes():
    report = evaluation_report.build(result("better"), STACK)
    assert json.loads(evaluation_report.encode(report)) == json.loads(json.dumps(report))
    assert (report["schema"], report["verdict"], report["gate"]["outcome"]) == (1, "better", "passed")
    assert report["declared"]["interval_95"]["low"] == pytest.approx(0.0577, abs=1e-3)
    assert {each["verdict"] for each in (*report["secondary"], *report["slices"])} == {None}
    assert [each["verdict"] for each in report["others"]] == ["insufficient_evidence"]


def test_whoever_may_not_read_data_gets_the_report_without_prompts_and_answers():
    secret = example("1", "the reference", "our answer", "their answer", prompt="the prompt")
    some = result("worse", gained=(secret,), lost=(secret,), to_label=(secret,))
    facts, whole = (json.dumps(build(some, STACK)) for build in (evaluation_report.facts, evaluation_report.build))
    for text in ("the reference", "our answer", "their answer", "the prompt"):
        assert text in whole
        assert text not in facts


@pytest.mark.parametrize("verdict", COUNTS)
def test_the_page_of_each_verdict_says_it_first_and_the_gate_next(verdict):
    some = result(verdict)
    report, page = evaluation_report.build(some, STACK), page_of(some)
    body = page.text[page.text.index("Tunedrop evaluation report") :]
    for before, after in (
        (evaluation_words.VERDICTS[verdict], report["declared"]["words"]),
        (report["declared"]["words"], report["gate"]["words"]),
        (report["gate"]["words"], "What to do next"),
        ("What to do next", "How large the difference may be"),
    ):
        assert body.index(before) < body.index(after)
    assert all(step["words"] in page.text for step in report["next_steps"])
    assert all(caveat["words"] in page.text for caveat in report["caveats"])


@pytest.mark.parametrize("verdict", COUNTS)
def test_every_table_has_a_caption_and_every_picture_a_title_and_words(verdict):
    elements = page_of(result(verdict)).elements
    assert elements.count("table") == elements.count("caption") == (4 if verdict == "insufficient_evidence" else 3)
    assert elements.count("svg") == elements.count("desc") == 2


def test_the_page_of_too_little_evidence_says_what_would_do_and_which_records_to_look_at():
    some = result(left_out={"max_records": 50})
    page = page_of(some).text
    for words in (
        (
            "These 200 records show a true difference of 9 points or more in four of five evaluations, as 20% of them "
            "were scored differently by the two. The plan, which can't know that, assumed 10% and said 6.5 points."
        ),
        "that one is better, if it truly is by 5 points626426",
        "Raise max_records: 50 records of the test split were not asked",
        "Add about 729 more records",
        "Check the references of records 31, 64:",
    ):
        assert words in page
    assert page.index("What would have been enough") < page.index("Records to look at next") < page.index("Candidates")


def test_what_records_could_show_is_told_by_what_it_was_reckoned_with():
    scores = judged([*pairs(20, 14, 166), *pairs(3, 1, 0)], binary=False).contrast
    assert evaluation_words.shown(scores).endswith(
        ", as the two's scores of one record differ with a standard deviation of 43.1 points. The plan, which can't "
        "know that, assumed 30 points and said 7 points."
    )
    alike = evaluation_words.shown(judged(pairs(0, 0, 200)).contrast)
    assert "as none of them was scored differently by the two, so 10% of others are assumed to be." in alike


@pytest.mark.parametrize("verdict", sorted(COUNTS.keys() - {"insufficient_evidence"}))
def test_what_would_have_been_enough_is_no_question_where_it_was_decided(verdict):
    assert "What would have been enough" not in page_of(result(verdict)).text


def test_the_page_says_who_asked_when_of_which_job_and_how_many_records_were_left_out_also_none():
    ours = evaluations.candidate(
        OURS, 0.8, job_id="01jdjob", hyperparameters={"epochCount": "2", "learningRate": "1e-05"}
    )
    asked = Occasion("arn:aws:iam::123456789012:user/dana", datetime(2026, 11, 30, 19, 20, tzinfo=UTC))
    some = result("better", occasion=asked, candidates=(ours, evaluations.candidate(THEIRS, 0.7)))
    page = page_of(replace(some, left_out={"duplicates": 2})).text
    for words in (
        "asked for on 2026-11-30 at 19:20 UTC by arn:aws:iam::123456789012:user/dana.",
        "its model is of job 01jdjob: epochCount 2, learningRate 1e-05",
        (
            "Records: 400 of 402 in test. "
            "Left out: 0 in train too, 2 that repeat others, 0 not of text alone, 0 above max_records."
        ),
    ):
        assert words in page


def commands_of(some) -> list[argparse.Namespace]:
    steps = evaluation_report.build(some, STACK)["next_steps"]
    return [next_commands.parsed(step["command"]) for step in steps if step["command"]]


def against(score: float, **more) -> tuple[CandidateResult, ...]:
    own = {"exact_match": 0.8, "valid_json": 1.0} if "scores" in more else {"exact_match": 0.8}
    return evaluations.candidate(OURS, 0.8, job_id="01jdjob", scores=own), evaluations.candidate(THEIRS, score, **more)


AGAIN = StartEvaluation(
    "support", OURS, (THEIRS, "llama-3-3-70b"), 3, "exact_match", 0.05, "not_worse", "deploy", 200, "customer",
    accept_unknown_price=True,
)  # fmt: skip
WHOLE = {
    name: list(value) if isinstance(value, tuple) else value
    for name, value in asdict(AGAIN).items()
    if value is not None
}


CHATTY = {"exact_match": 0.0, "valid_json": 0.02}


@pytest.mark.parametrize("verdict", ["better", "insufficient_evidence"])
def test_a_base_model_that_fails_by_form_is_told_with_the_plan_against_one_that_was_shown_it(verdict):
    some = result(verdict, candidates=against(0.0, scores=CHATTY), form_gap=None, occasion=Occasion(again=AGAIN))
    report = evaluation_report.build(some, STACK)
    assert any(step["words"].startswith(f"{THEIRS} fails by form: 98% of its") for step in report["next_steps"])
    assert "form_of_rival" in [caveat["code"] for caveat in report["caveats"]]
    (asked,) = commands_of(some)
    assert (asked.action, asked.plan) == ("start", True)
    assert evaluation_commands.body(asked) == {**WHOLE, "against": [f"{THEIRS}:few_shot=5", *WHOLE["against"]]}


def test_of_as_many_rivals_as_there_may_be_the_one_that_fails_by_form_makes_room():
    again = replace(AGAIN, against=(THEIRS, "answers/a.jsonl", "answers/b.jsonl", "nova-pro"))
    some = result("better", candidates=against(0.0, scores=CHATTY), form_gap=None, occasion=Occasion(again=again))
    (asked,) = commands_of(some)
    assert asked.against == [f"{THEIRS}:few_shot=5", *again.against[1:]]


def test_what_the_labels_are_a_base_model_may_not_know_either():
    labels = label_metrics.confusion([("billing", "billing")] * 3 + [("It is billing.", "billing")])
    some = result("better", candidates=against(0.4, confusion=labels))
    assert "25% of its answers are none of the labels" in page_of(some).text


@pytest.mark.parametrize(
    "rival",
    [{"few_shot": 5, "scores": CHATTY}, {"job_id": "01jdother", "scores": CHATTY}, {"asked": False, "scores": CHATTY}],
)
def test_who_was_shown_the_form_or_trained_on_it_is_never_told_to_be_shown_it(rival):
    some = result("better", candidates=against(0.0, **rival), form_gap=None, occasion=Occasion(again=AGAIN))
    assert not commands_of(some)
    assert "fails by form" not in page_of(some).text


def test_a_candidate_that_its_gate_took_away_is_not_to_be_asked_again():
    some = result("better", candidates=against(0.0, scores=CHATTY), form_gap=None)
    assert "fails by form" in page_of(some).text
    assert not commands_of(some)


def test_what_the_gate_holds_comes_first_with_the_command_that_lets_it_live():
    held = result(occasion=Occasion(held="support-prod"), left_out={"max_records": 50})
    first = evaluation_report.build(held, STACK)["next_steps"][0]
    assert first["words"].startswith("support-prod was held when this was written: for 24 hours, then it is released.")
    assert commands_of(held)[0].action == "approve"


def test_records_that_were_not_asked_are_asked_by_the_plan_that_the_page_shows():
    (asked,) = commands_of(result(occasion=Occasion(again=AGAIN), left_out={"max_records": 50}))
    assert evaluation_commands.body(asked) == {**WHOLE, "max_records": 250}


def test_where_likeness_decides_people_are_asked_to_choose():
    (sheet,) = commands_of(result(metric="token_f1"))
    assert (sheet.action, sheet.sheet) == ("show", "blind-01jdexample")


def test_answers_that_share_little_with_the_reference_are_shown_as_they_are():
    reference = json.dumps({"customer": "Ines Duarte", "city": "Oulu", "items": [{"product": "lamp", "quantity": 28}]})
    told = "This is a base model. In general, the best way depends on your situation; could you tell me more of it?"
    like = reference.replace("28", "29")
    page = evaluation_page.render(
        evaluation_report.build(
            result("better", gained=(example("1", reference, like, told),), lost=(), to_label=()), STACK
        )
    ).decode()
    assert told in page
    assert "<mark>29</mark>" in page


@pytest.mark.parametrize(("layout", "over_the_plot"), [("wide", "told"), ("narrow", "told|legend")])
def test_no_line_of_the_plot_runs_through_its_words(layout, over_the_plot):
    page = evaluation_page.render(evaluation_report.build(result(), STACK)).decode()
    drawn = next(each for each in page.split("<svg")[1:] if f'class="chart forest {layout}"' in each)
    ground = re.findall(r'<(?:line|rect) [^>]*class="(?:zero|grid|band)"[^>]*>', drawn)
    places = [dict(re.findall(r'(\w+)="([\d.]+)"', each)) for each in ground]
    spans = [(float(each["y1"]), float(each["y2"])) for each in places if "y2" in each]
    words = [float(y) for y in re.findall(rf'<text [^>]*y="([\d.]+)" class="(?:{over_the_plot})"', drawn)]
    assert len(words) >= 3
    assert len(spans) >= 10
    assert not [(y, span) for y in words for span in spans if span[0] < y and y - 9 < span[1]]


def test_on_a_narrow_screen_each_cell_of_a_long_table_has_its_own_head():
    page = evaluation_page.render(evaluation_report.build(result(), STACK)).decode()
    for head in ("95% interval", "more than now", OURS):
        assert f'data-head="{head}"' in page


def test_a_difference_of_form_is_told_with_whom_a_better_prompt_would_help():
    words = [caveat["words"] for caveat in evaluation_report.build(result("better"), STACK)["caveats"]]
    assert any("the difference is 7.5 points instead of 10" in each and THEIRS in each for each in words)
    against_ours = evaluation_report.build(result("worse", form_gap=-0.04), STACK)["caveats"][0]["words"]
    assert "the difference is -6 points instead of -10" in against_ours
    assert OURS in against_ours


def test_text_from_outside_stays_text():
    names = {"candidate": HOSTILE, "against": f"{HOSTILE}2", "slice": HOSTILE, "metric": HOSTILE}
    declared = judged(pairs(*COUNTS["insufficient_evidence"]), **names)
    confusion = label_metrics.confusion([(HOSTILE, HOSTILE), ("x", HOSTILE)])
    hostile = example(HOSTILE, HOSTILE, f"a {HOSTILE}", "b", prompt=f"{HOSTILE}\nsecond line")
    page = page_of(
        result(
            dataset=HOSTILE,
            evaluation_id=HOSTILE,
            declared=declared,
            slices=(declared,),
            candidates=(replace(evaluations.candidate(HOSTILE, 0.5, confusion=confusion), model=HOSTILE),),
            gained=(hostile,),
            lost=(hostile,),
            to_label=(hostile,),
            left_out={HOSTILE: 3},
            currency=HOSTILE,
            cost=1.0,
        )
    )
    assert not {"script", "img"} & set(page.elements)
    assert page.elements.count("td") > 30
    assert "\x1b" not in page.text
    assert page.text.count("<script>alert(1)</script>") > 20
    assert "\nsecond line" in page.text


@settings(max_examples=20)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.booleans(), st.integers(0, 9)), min_size=1, max_size=30),
    st.booleans(),
    st.sampled_from([0.0, 0.03, 0.5]),
    st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=3),
)
def test_whatever_was_answered_there_is_a_page(scores, binary, margin, texts):
    some = [
        Pair(round(a) if binary else a, round(b) if binary else b, same, False, str(group))
        for a, b, same, group in scores
    ]
    found = judged(some, binary=binary, margin=margin)
    shown = tuple(example(str(number), *three) for number, three in enumerate(texts))
    report = evaluation_report.build(
        result(declared=found, others=(found,), slices=(), margin=margin, gained=shown, lost=(), to_label=shown), STACK
    )
    assert json.loads(evaluation_report.encode(report))["verdict"] == found.verdict
    page = evaluation_page.render(report)
    assert page == evaluation_page.render(report)
    assert not re.search(rb"\b(nan|inf)\b", page)


@given(TEXTS, TEXTS)
def test_what_is_marked_in_an_answer_and_struck_out_give_both_texts_back(answer, reference):
    found = list(answer_diff.pieces(answer, reference))
    assert "".join(piece.text for piece in found if piece.kind != "missing") == answer
    assert "".join(piece.text for piece in found if piece.kind != "extra") == reference


def test_only_the_words_that_differ_are_marked():
    assert [*answer_diff.pieces('{"qty": 3}', '{"qty": 2}')] == [
        ("same", '{"qty": '),
        ("missing", "2"),
        ("extra", "3"),
        ("same", "}"),
    ]
    assert [piece.text for piece in answer_diff.pieces("三到七天", "三到五天") if piece.kind != "same"] == ["五", "七"]


def test_rare_labels_share_a_row_and_no_record_is_lost():
    right = [f"label {number}" for number in range(30) for _ in range(30 - number)]
    answers = [f"label {number % 30}" if number % 4 else "Sure!" for number in range(len(right))]
    confusion = label_metrics.confusion(list(zip(answers, right, strict=True)))
    report = evaluation_report.build(
        result(candidates=(evaluations.candidate(OURS, 0.5, confusion=confusion),)), STACK
    )["confusion"][0]
    section = str(confusion_table.section(report))
    cells = [int(count) for count in re.findall(r'<td class="[^"]*">(\d+)</td>', section)]
    assert sum(cells) == len(right)
    assert section.count("<tr>") == 1 + confusion_table.MOST_LABELS + 1
    hits = len([1 for a, b in zip(answers, right, strict=True) if a == b and int(b.split()[1]) >= 10])
    assert f"with rarer labels, {hits} are." in section


def test_the_plot_draws_an_interval_where_the_axis_says_and_an_arrow_beyond_it():
    bars = [Bar("all", 5.0, Interval(-10, 20), "5"), Bar("none", 0.0, None, "0")]
    wide = Group("parts", [Bar("part", 15.0, Interval(-90, 90), "15")], wide=True)
    drawn = str(forest_plot.figure([Group("", bars), wide], 3.0, "what it shows")).split("</svg>")[0]
    zero = float(re.search(r'<line x1="([\d.]+)"[^>]*class="zero"', drawn)[1])
    first, part = (
        [*map(float, found)] for found in re.findall(r'<line x1="([\d.]+)" x2="([\d.]+)"[^>]*class="interval"', drawn)
    )
    assert (first[1] - zero) / (zero - first[0]) == pytest.approx(2, abs=0.02)
    assert part == [218.0, 578.0]
    assert drawn.count('class="interval"') == 2 * 3
    assert drawn.count("v10") == 2
    assert drawn.count('class="at"') == 3


def test_a_gate_of_not_worse_that_fails_within_its_margin_says_how_much_worse_it_may_be():
    told = evaluation_words.gate(replace(result("worse"), gate="not_worse", outcome="failed", margin=0.12))
    assert told.startswith("Gate failed: at most 12 points worse was asked for, and it may be 13.")


@pytest.mark.parametrize(("ours", "theirs"), [(0.9475, 0.925), (0.9475, 0.895), (0.6125, 0.5), (0.895, 0.9475)])
def test_two_scores_and_their_difference_add_up_as_they_are_shown(ours, theirs):
    shown = Decimal(evaluation_words.score(ours)) - Decimal(evaluation_words.score(theirs))
    assert shown == Decimal(evaluation_words.number(ours - theirs))


def test_what_candidates_cost_is_told_in_one_precision_and_never_of_a_file_of_answers():
    asked = (candidate("prod", 0.7, cost=1.5), candidate("base", 0.6), candidate("answers/old.jsonl", 0.6, cost=None))
    assert "cost1.50000.0213-" in "".join(page_of(result("better", candidates=asked)).text.split())


def test_where_an_interval_and_p_disagree_the_page_says_which_counts():
    odd = judged(pairs(5, 0, 45), slice="label billing")
    assert evaluation_forest.AT_ODDS in page_of(result(slices=(odd,))).text
    assert evaluation_forest.AT_ODDS not in page_of(result("better")).text
