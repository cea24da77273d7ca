"""The HTML report: it says what the JSON says, needs nothing else, and nothing in the data becomes markup."""

from __future__ import annotations

from datetime import date
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tunedrop.domain.reports import html_report, markup

from tests.unit.reports.json_reports import accepted, finding, rejected

HOSTILE = [
    "</style><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='alert(1)",
    "<!-- --> ]]> <![CDATA[",
    "&lt;script&gt;",
    "\u202e\u2066gnp.exe\u200b",
    "\x00\x1b[31m\r\n",
    "\ud800",
    "javascript:alert(1)",
    "</title><svg onload=alert(1)>",
]


class Page(HTMLParser):
    """What a browser would make of it: elements, attributes, text."""

    def __init__(self, page: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = self.title = ""
        self.heads: dict[str, list[str]] = {"cost": []}
        """Of each table the heads of its columns, by the heading above it; "cost" is that of the costs."""
        self._above = ""
        self.open: list[str] = []
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] == ["title"] and "svg" not in self.open:
            self.title += data
        if "h2" in self.open or "h3" in self.open:
            self._above = "cost" if data == "Tokens and cost" else data
        if self.open[-1:] == ["th"]:
            self.heads.setdefault(self._above, []).append(data)
        if "style" not in self.open:
            self.text += data


def everywhere(text: str) -> dict:
    """A report that holds a text wherever data, file names or other releases can put one."""
    spot = finding(text, source=text, path=text, message=text, hint=text, severity=text)
    return rejected() | {
        "dataset": text,
        "split": text,
        "base_model": text,
        "verdict": text,
        "format": text,
        "tunedrop": text,
        "files": [{"key": text, "version_id": text, "bytes": 1, "sha256": text}],
        "output": {"key": text, "sha256": text, "records": 1},
        "findings": [spot],
        "counts_by_code": {text: 1},
        "normalised": [{"what": text, "count": 1}],
        "policy": {text: [text], f"{text}-": text},
        "tokens": rejected()["tokens"] | {"estimator": text},
        "cost": rejected()["cost"] | {"currency": text},
    }


SHAPE = Page(html_report.render(everywhere("x")))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_data_becomes_markup(text):
    page = html_report.render(everywhere(text))
    assert Page(page).elements == SHAPE.elements
    assert {name for name, _ in Page(page).attributes} == {name for name, _ in SHAPE.attributes}


@given(some.text(min_size=1).filter(lambda text: text != "$"))  # that path is of the whole record, and is left out
def test_no_text_whatever_becomes_markup(text):
    page = html_report.render(everywhere(text))
    assert page.count(b"<") == html_report.render(everywhere("x")).count(b"<")
    assert Page(page).elements == SHAPE.elements


def test_what_nobody_would_see_is_shown_as_an_escape():
    page = html_report.render(everywhere("a\u202eb\u200bc\x1bd\ud83de")).decode()
    assert "a\\u202eb\\u200bc\\x1bd\\ud83de" in page
    assert not any(character in page for character in "\u202e\u200b\x1b")


def test_it_holds_what_the_report_says():
    text = Page(html_report.render(rejected())).text
    for said in (
        "support-bot@3",
        "rejected",
        "Claude 3 Haiku",
        "1,834",
        "empty_text",
        "the first 10 of 120",
        "$.messages[2].content",
        "incoming/support-bot/train.jsonl",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY",
        "byte_order_mark",
        "368,422",
        "1.47 USD",
        "estimated tokens per record",
        "tunedrop check --model claude-3-haiku --split train train.jsonl",
        "default",
    ):
        assert said in text, said


@pytest.mark.parametrize(("count", "said"), [(100_000, "All of them"), (100_001, "The first 100,000 of 100,001")])
def test_it_says_how_many_findings_lie_beside_it(count, said):
    counted = {"exact_duplicate": 7, "empty_text": count}
    report = rejected() | {"counts_by_code": counted, "policy": {"name": "custom", "ignore": ["exact_duplicate"]}}
    assert f"{said}, beside this page" in html_report.render(report).decode()


def test_a_price_that_is_not_configured_is_unknown():
    page = Page(html_report.render(accepted()))
    assert "unknown" in page.text
    assert "0.00" not in page.text


def test_an_accepted_version_says_how_to_start_the_job():
    stored = accepted() | {"dataset": "support-bot", "version": 3}
    assert "tunedrop jobs start support-bot@3 --model" in Page(html_report.render(stored)).text


def test_a_report_without_what_newer_releases_add_renders():
    old = {name: value for name, value in rejected().items() if name != "lengths"}
    assert "svg" not in Page(html_report.render(old)).elements


def test_a_local_file_has_its_name_and_no_path_but_in_the_command_that_checks_it():
    path = "/home/ada/secret/q3/train.jsonl"
    local = rejected() | {"dataset": None, "version": None, "files": [rejected()["files"][0] | {"key": path}]}
    local["findings"] = [each | {"source": path} for each in local["findings"]]
    page = Page(html_report.render(local, date(2026, 11, 30)))
    assert page.title == "train.jsonl, train, claude-3-haiku, 2026-11-30: rejected"
    assert "Checked on 2026-11-30." in page.text
    assert page.text.count("/home/ada") == page.text.count(
        f"tunedrop check --model claude-3-haiku --split train {path}"
    )


def test_files_of_several_folders_keep_what_distinguishes_them():
    files = [{"key": f"/home/ada/{name}", "version_id": None} for name in ("a/one.jsonl", "b/one.jsonl")]
    text = Page(html_report.render(accepted() | {"files": files})).text
    assert "a/one.jsonl, b/one.jsonl" in text
    assert "/home" not in text


@pytest.mark.parametrize(
    ("split", "model", "said"),
    [
        ("train", "claude-3-haiku", "32 to 10,000 allowed"),
        ("validation", "claude-3-haiku", "32 to 1,000 allowed"),
        ("validation", "nova-2-lite", "never sent"),
        ("test", "claude-3-haiku", ""),
    ],
)
def test_what_is_allowed_stands_beside_what_was_counted(split, model, said):
    text = Page(html_report.render(rejected() | {"split": split, "base_model": model})).text
    assert f"1,834records{said}" in text.replace("\n", "")
    assert "tokens in the longest recordat most 32,000" in text


def test_columns_that_say_nothing_are_left_out():
    heads = Page(html_report.render(rejected())).heads
    assert heads["empty_text"] == ["line", "path", "what"]
    assert heads["exact_duplicate"] == ["line", "what"]
    assert "amount" in heads["cost"]
    assert "amount" not in Page(html_report.render(accepted())).heads["cost"]


def test_what_repetition_costs_is_said_in_money_or_tokens():
    repeated = {"records": 100, "tokens": 18_421, "near": 2}
    text = Page(html_report.render(rejected() | {"repeated": repeated})).text
    assert "100 records repeat others: 10% of the tokens teach nothing new, and cost 0.15 USD in 2 epochs." in text
    assert "2 records are nearly the same as others." in text
    assert "and cost 36,842 tokens in 2 epochs." in Page(html_report.render(accepted() | {"repeated": repeated})).text


def test_a_histogram_begins_where_the_records_do():
    bins = [{"from": 10 * n, "to": 10 * n + 9, "records": 5 * (n > 3)} for n in range(8)]
    text = Page(html_report.render(rejected() | {"lengths": bins})).text
    assert "40 to 49 tokens: 5 records" in text
    assert "30 to 39" not in text


@pytest.mark.parametrize(("records", "said"), [(50, "15 points or more"), (3, "no difference between")])
def test_a_test_split_says_what_it_can_show(records, said):
    found = {"records": records, "points": 15}
    text = Page(html_report.render(accepted() | {"split": "test", "smallest_difference": found})).text
    assert f"{records} records of test" in text
    assert said in text


def test_the_page_needs_no_network_and_runs_nothing():
    page = Page(html_report.render(rejected()))
    assert not {"script", "link", "iframe", "img", "object", "form", "base"} & set(page.elements)
    assert not {"src", "href", "style", "action"} & {name for name, _ in page.attributes}
    assert b"url(" not in html_report.render(rejected())
    assert b"@import" not in html_report.render(rejected())
    assert any("default-src 'none'" in (value or "") for _, value in page.attributes)


def test_the_same_report_is_the_same_page():
    assert html_report.render(rejected()) == html_report.render(rejected())


def test_an_attribute_can_not_be_left_by_a_quote():
    assert markup.tag("p", title="\"'<>&") == '<p title="&quot;&#x27;&lt;&gt;&amp;"></p>'
