"""`check --html`: pages that lead to each other, and quote records only where that is asked for."""

from __future__ import annotations

import gzip
import json
import re

import pytest
from tunedrop.domain.checks import examples

GOOD = examples.good(60)()
CANARY = "canary-4f1d"
BAD = json.dumps({"prompt": f"Ask {CANARY} at x@realmail.com", "completion": " "}).encode() + b"\n"


def test_every_page_leads_to_the_others_that_are_there(tunedrop, put, tmp_path):
    put("train.jsonl", GOOD)
    put("validation.jsonl", examples.good(40, 500)())
    models = ("--model", "claude-3-haiku", "--model", "nova-lite")
    tunedrop("check", "--train", "train.jsonl", "--validation", "validation.jsonl", *models, "--html", "my r.html")
    pages = {path.name: path.read_text() for path in tmp_path.glob("*.html")}
    assert len(pages) == 4
    led = re.findall(r'href="([^"]+)"', pages["my r.nova-lite.train.html"])
    assert led == ["my%20r.nova-lite.validation.html", "my%20r.claude-3-haiku.train.html"]
    for page in pages.values():
        assert all(name.replace("%20", " ") in pages for name in re.findall(r'href="([^"]+)"', page))


@pytest.mark.parametrize("extension", ["jsonl", "jsonl.gz"])
def test_a_page_quotes_records_only_where_excerpts_are_asked_for(tunedrop, put, tmp_path, extension):
    content = GOOD + BAD
    put(f"train.{extension}", gzip.compress(content) if extension.endswith("gz") else content)
    check = ("check", f"train.{extension}", "--model", "nova-lite", "--html", "r.html", "--report", "r.json")
    tunedrop(*check)
    assert CANARY not in (tmp_path / "r.html").read_text()
    ran = tunedrop(*check, "--excerpts")
    page = (tmp_path / "r.html").read_text()
    assert f"<p>user: Ask {CANARY} at x@realmail.com</p>" in page
    assert "It quotes records" in page
    assert CANARY not in ran.text + (tmp_path / "r.json").read_text()


def test_a_share_of_train_is_quoted_from_trains_file(tunedrop, put, tmp_path):
    put("train.jsonl", GOOD + BAD * 9)
    tunedrop(
        "check", "train.jsonl", "--model", "nova-lite", "--validation-share", "0.5", "--html", "r.html", "--excerpts"
    )
    assert CANARY in "".join(path.read_text() for path in tmp_path.glob("r.*.html"))


def test_long_texts_are_cut(tunedrop, put, tmp_path):
    put("train.jsonl", GOOD + json.dumps({"prompt": "word " * 99 + CANARY, "completion": " So."}).encode())
    tunedrop("check", "train.jsonl", "--model", "nova-lite", "--html", "r.html", "--excerpts")
    page = (tmp_path / "r.html").read_text()
    assert "assistant:  So." in page
    assert CANARY not in page


def test_excerpts_need_a_page(tunedrop, put):
    put("train.jsonl", GOOD)
    ran = tunedrop("check", "train.jsonl", "--excerpts")
    assert ran.code == 2
    assert "--html" in ran.err
