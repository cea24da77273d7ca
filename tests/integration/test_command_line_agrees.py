"""The function and the command line at the same file: the same bytes prepared, the same findings, whatever the file."""

from __future__ import annotations

import csv
import gzip
import io
import json

import pytest
from tunedrop.domain.checks import examples
from tunedrop_cli import main

from tests.integration.uploads_world import good

ODD = '👩‍👩‍👧 e\u0301 a\u2028b שלום \u0007 \\ " /'
SETTINGS = 'base_models = ["{}"]\nsystem = "You are the help desk. 您好 🙂"\n'


def table() -> bytes:
    text = io.StringIO()
    rows = [(f"How do I reset lamp {number}?", f"Hold it.\nThen wait {number} s. {ODD}") for number in range(40)]
    csv.writer(text).writerows([("question", "answer"), *rows])
    return text.getvalue().encode()


UPLOADS = {
    "train.jsonl": good() + examples.line(ODD, f"{ODD} {ODD}").encode(),
    "train.json": json.dumps([json.loads(line) for line in good().splitlines()], indent=1).encode(),
    "train.csv.gz": gzip.compress(table(), mtime=0),
}


@pytest.fixture
def run(tmp_path, monkeypatch, capfdbinary):
    """`tunedrop` in a folder of its own: what it printed."""
    monkeypatch.chdir(tmp_path)

    def called(*arguments: str) -> bytes:
        capfdbinary.readouterr()
        main.main(list(arguments))
        return capfdbinary.readouterr().out

    return called


@pytest.mark.parametrize("base_model", ["claude-3-haiku", "nova-lite"])
@pytest.mark.parametrize("name", UPLOADS)
def test_what_convert_writes_is_what_an_upload_prepares(uploader, run, tmp_path, name, base_model):
    uploader.upload("incoming/support-bot/dataset.toml", SETTINGS.format(base_model))
    uploader.upload(f"incoming/support-bot/{name}", UPLOADS[name])
    (key,) = [each for each in uploader.keys("prepared/") if each.endswith(f"/{base_model}/train.jsonl")]
    (tmp_path / "dataset.toml").write_text(SETTINGS.format(base_model), "utf-8")
    (tmp_path / name).write_bytes(UPLOADS[name])
    run("convert", name, "out.jsonl", "--model", base_model)
    assert (tmp_path / "out.jsonl").read_bytes() == uploader.object(key)


@pytest.mark.parametrize("name", UPLOADS)
@pytest.mark.parametrize("more", [b"", b"oops"], ids=["good", "bad"])
def test_what_check_reports_is_what_an_upload_reports(uploader, run, tmp_path, name, more):
    content = UPLOADS[name] + more
    uploader.upload(f"incoming/support-bot/{name}", content)
    stored = uploader.report()
    (tmp_path / name).write_bytes(content)
    printed = json.loads(run("check", name, "--model", "claude-3-haiku", "--format", "json"))
    for report in (stored, printed):
        report |= {"dataset": None, "version": None, "output": None}
        for each in report["findings"]:
            each["source"] = each["source"].rpartition("/")[2]
        for each in report["files"]:
            each |= {"key": each["key"].rpartition("/")[2], "version_id": None}
    assert printed == stored
