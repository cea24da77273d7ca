"""Text metrics: values worked out by hand, Chinese and full-width text, and what holds of every pair of texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.evaluation import answer_texts, label_metrics, text_metrics
from tunedrop.domain.evaluation.label_metrics import UNKNOWN

METRICS = (text_metrics.exact_match, text_metrics.token_f1, text_metrics.rouge_l, text_metrics.chrf)


def test_width_case_and_white_space_make_no_difference():
    assert text_metrics.exact_match(" ＡＢＣ，１２３\n", "abc,123") == 1
    assert text_metrics.exact_match("abc", "abd") == 0


def test_a_chinese_character_is_a_token_of_its_own():
    assert answer_texts.tokens("退款refund 5天。") == ["退", "款", "refund", "5", "天"]


def test_token_f1_counts_what_is_in_common_whatever_the_order():
    assert text_metrics.token_f1("a b c", "c b x y") == pytest.approx(4 / 7)


def test_rouge_l_counts_what_is_in_common_in_order():
    assert text_metrics.rouge_l("a b c", "c b x y") == pytest.approx(2 / 7)
    assert text_metrics.rouge_l("the cat sat", "the big cat sat down") == pytest.approx(6 / 8)


def test_two_nearly_equal_chinese_sentences_are_near():
    one, other = "退款将在五个工作日内退回您的银行卡。", "退款会在五个工作日内退还到您的银行卡"
    assert text_metrics.rouge_l(one, other) > 0.8
    assert text_metrics.chrf(one, other) > 0.4


@pytest.mark.parametrize("metric", METRICS)
@given(text=st.text(max_size=40))
def test_a_text_with_anything_in_it_is_all_of_itself(metric, text):
    assert metric(text, text) == pytest.approx(1) or not "".join(text.split())


@pytest.mark.parametrize("metric", METRICS)
@given(one=st.text(max_size=40), other=st.text(max_size=40))
def test_every_metric_is_between_0_and_1(metric, one, other):
    assert 0 <= metric(one, other) <= 1 + 1e-12


def test_an_empty_answer_is_nothing_of_a_reference():
    assert [metric("", "refund") for metric in METRICS] == [0, 0, 0, 0]


def test_confusion_says_what_was_taken_for_what_and_what_is_no_label():
    found = label_metrics.confusion([("Billing", "billing"), ("billing", "tech"), ("I think tech", "tech")])
    assert found.labels == ("tech", "billing")
    assert found.counts == {("billing", "billing"): 1, ("tech", "billing"): 1, ("tech", UNKNOWN): 1}
    assert found.unknown == 1
    assert found.macro_f1 == pytest.approx((2 / 3 + 0) / 2)


def test_a_label_inside_a_sentence_is_contained_but_not_inside_a_word():
    assert label_metrics.contains_label("The label is: Billing.", "billing") == 1
    assert label_metrics.contains_label("rebilling", "billing") == 0


@given(st.text(max_size=30), st.text(max_size=12))
def test_form_forgiven_no_right_answer_becomes_wrong(answer, reference):
    """Else a difference of form would be told where there is none: a reference may end in a full stop itself."""
    for said in (reference, f" {reference.upper()}", answer):
        right = text_metrics.exact_match(said, reference)
        assert label_metrics.contains_label(said, reference) >= right
    assert label_metrics.contains_label("So: it weighs 3 grams, says the box.", "It weighs 3 grams.") == 1


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Where is my parcel? 包裹", "Latin"),
        ("我的包裹在哪里 DHL", "Han"),
        ("にもつはどこですか", "Japanese"),
        ("Где посылка", "Cyrillic"),
        ("42 !", "none"),
    ],
)
def test_a_text_is_of_the_script_of_most_of_its_letters(text, script):
    assert answer_texts.script(text) == script
