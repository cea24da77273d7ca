"""Code blocks of README and docs do what they say, against a deployed stack."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
import uuid
from pathlib import Path

import pytest
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.versions import dataset_toml

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "examples").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def blocks(language):
    found = [(page, text) for page in PAGES for kind, text in BLOCK.findall(page.read_text()) if kind == language]
    return [pytest.param(text, id=f"{page.stem}-{number}") for number, (page, text) in enumerate(found)]


def bodies(path):
    """JSON bodies that a documented curl command posts to a path."""
    found = []
    for page in PAGES:
        for kind, text in BLOCK.findall(page.read_text()):
            if kind == "sh" and "curl" in text and path in text:
                words = shlex.split(text.replace("\\\n", " "))
                found.append(pytest.param(json.loads(words[words.index("-d") + 1]), id=page.stem))
    return found


@pytest.fixture(scope="module")
def support_bot(west):
    """The deployment that the pages speak of, on the demo's own data."""
    west.settle("support-bot", 'base_models = ["llama-3-1-8b"]')
    west.put("support-bot/train.jsonl", (ROOT / "demo" / "data" / "train.jsonl").read_text())
    west.version("support-bot", "train", "dataset.toml")
    west.job(dataset="support-bot", base_model="llama-3-1-8b", deployment={"name": "support-bot-prod", "hours": 1})
    west.deployment("support-bot-prod", "Ready")
    yield west.api.post("/keys", {"name": "docs", "deployments": ["support-bot-prod"]})["secret"]
    west.api.delete("/deployments/support-bot-prod", now="true")
    west.deployment("support-bot-prod", "Released")


@pytest.mark.parametrize("text", blocks("python"))
def test_python_blocks_run(west, support_bot, text):
    said = io.StringIO()
    names = {"MESSAGES_API_URL": west.stack.url("MessagesApiUrl"), "TUNEDROP_API_KEY": support_bot}
    with contextlib.redirect_stdout(said):
        exec(compile(text, "docs", "exec"), names)  # noqa: S102 - our own pages
    if "client" in names:
        names["client"].close()
    assert "Guide L-" in said.getvalue()


@pytest.mark.parametrize("body", bodies("/v1/messages"))
def test_documented_messages_are_answered(west, support_bot, body):
    status, answer = west.post_message(body, {"x-api-key": support_bot})
    assert (status, answer["type"], answer["model"]) == (200, "message", "support-bot-prod")


@pytest.mark.parametrize("body", bodies("/jobs"))
def test_documented_jobs_are_understood(east, body):
    east.put("support-bot/train.jsonl", (ROOT / "demo" / "data" / "train.jsonl").read_text())
    east.version("support-bot", "train")
    started = east.api.post("/jobs", body, idempotency_key=str(uuid.uuid4()))
    assert started["status"] == "Requested"
    east.deployment("support-bot-prod", "Ready")
    east.api.delete("/deployments/support-bot-prod", now="true")
    east.deployment("support-bot-prod", "Released")


@pytest.mark.parametrize("text", blocks("toml"))
def test_documented_settings_have_no_defect(text):
    assert dataset_toml.parse(text.encode(), list(catalogue.catalogue())).defects == ()


@pytest.mark.parametrize("text", blocks("json"))
def test_json_blocks_are_json(text):
    json.loads(text)


def test_the_pages_have_code_to_run():
    assert all([blocks("python"), blocks("toml"), blocks("json"), bodies("/jobs"), bodies("/v1/messages")])


def test_links_between_pages_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]*)(?:#[^)]*)?\)", re.sub(r"`[^`]*`", "", page.read_text())):
            assert not target or (page.parent / target).exists(), f"{page.name}: {target}"
