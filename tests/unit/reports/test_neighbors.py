"""A report's page leads to the reports beside it, and says what differs."""

from __future__ import annotations

from tunedrop.domain.reports import html_report, neighbors
from tunedrop.domain.reports.neighbors import Neighbor

from tests.unit.reports.json_reports import accepted, rejected
from tests.unit.reports.test_html_report import Page


def of(split="train", model="nova-lite", version=3, records=40, **counts):
    made = rejected() if counts else accepted()
    return made | {
        "dataset": "support-bot",
        "version": version,
        "split": split,
        "base_model": model,
        "records": records,
        "counts_by_code": counts,
    }


def page(report, beside) -> Page:
    return Page(html_report.render(report, beside=beside))


def links(found: Page) -> list[str | None]:
    return [value for name, value in found.attributes if name == "href"]


def test_the_pages_of_a_version_lead_to_each_other_as_they_lie_in_the_bucket():
    report, pro = of(), of(model="nova-pro", too_many_tokens=2)
    train = list(neighbors.of_version(report, {"train", "test"}, [report, pro], of(version=2)))
    assert [(each.words, each.page) for each in train] == [
        ("split test", "test.html"),
        ("nova-pro", "../nova-pro/train.html"),
        ("version 2, before", "../../2/nova-lite/train.html"),
    ]
    assert [each.report is None for each in train] == [True, False, False]
    assert links(page(report, train)) == [each.page for each in train]


def test_a_share_of_train_that_became_validation_is_led_to():
    train, share = of(), of(split="validation")
    (found,) = neighbors.of_version(train, {"train"}, [train, share], None)
    assert (found.page, found.report) == ("validation.html", share)


def test_what_changed_since_the_version_before_is_told_by_code_and_records():
    before = of(version=2, records=37, exact_duplicate=3, refusal=1, email_address=5)
    text = page(of(exact_duplicate=1, refusal=1, too_long=9), [Neighbor("version 2, before", "x.html", before)]).text
    assert "37 (+3 here)" in text
    assert "too_long 0 → 9, email_address 5 → 0, exact_duplicate 3 → 1" in text
    assert "refusal 1" not in text


def test_of_another_split_the_codes_are_not_compared():
    text = page(of(exact_duplicate=1), [Neighbor("split test", "test.html", of("test", records=7))]).text
    assert "exact_duplicate 0" not in text
    assert "7 (" not in text


def test_many_changes_are_cut_and_none_is_said():
    before = of(version=2, **{f"code_{number}": number for number in range(1, 12)})
    found = page(of(), [Neighbor("version 2, before", "x.html", before)]).text
    assert "code_11 11 → 0" in found
    assert "and 3 more" in found
    assert "none" in page(of(), [Neighbor("nova-pro", "x.html", of(model="nova-pro"))]).text


def test_a_page_alone_has_no_such_section():
    assert "Beside this report" not in page(of(), []).text


def test_a_neighbors_names_never_become_markup():
    evil = '"><script>alert(1)</script>'
    made = html_report.render(of(), beside=[Neighbor(evil, evil, of(model=evil) | {"verdict": evil})])
    assert b"<script" not in made


def test_excerpts_are_shown_where_a_finding_has_one_and_the_page_says_that_it_quotes():
    report = rejected()
    first, *rest = report["findings"]
    quoted = report | {"findings": [first | {"excerpt": ["user: <b>Why?</b>", "assistant: So."]}, *rest]}
    text = Page(html_report.render(quoted)).text
    assert "user: <b>Why?</b>assistant: So." in text
    assert "It quotes records" in text
    assert "It quotes records" not in Page(html_report.render(report)).text
