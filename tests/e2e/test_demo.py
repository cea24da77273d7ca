"""`make demo`: the journey that a newcomer watches, and what it leaves behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from demo import worked_example
from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
SUMMARY = ROOT / "build" / "demo" / "summary.json"


def demo(*arguments):
    command = [sys.executable, "-m", "demo", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=4 * PATIENCE)


def test_the_demo_shows_the_whole_way_and_leaves_nothing_that_costs():
    SUMMARY.unlink(missing_ok=True)
    done = demo()
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads(SUMMARY.read_text())

    assert (summary["dataset"]["version"], summary["dataset"]["verdict"]) == (2, "accepted")
    assert summary["dataset"]["records"] == {"train": 200, "validation": 40}
    assert summary["job"]["status"] == "Completed"
    assert summary["metrics"]["training_points"] == summary["job"]["steps"]
    assert 0 < summary["metrics"]["validation_points"] <= 6
    assert summary["notification"]["type"] == "JobCompleted"
    assert summary["deployment"]["states"] == ["Creating", "Ready", "Releasing", "Released"]
    assert "Guide L-" in summary["answers"]["tuned"]
    assert "simulated" in summary["answers"]["base"]
    assert summary["live_throughputs"] == 0
    bought = [line for line in summary["ledger"] if line["kind"] == "provisioned_throughput"]
    assert len(bought) == 1
    assert bought[0]["ended_at"] is not None
    assert "\x1b[" not in done.stdout, "colours without a terminal"


def test_a_file_that_can_not_be_read_fails_the_demo_with_its_findings(tmp_path):
    own = tmp_path / "mine.jsonl"
    own.write_text('{"prompt": "Why?"}\n' * 40)
    done = demo("--train", own)

    assert done.returncode == 1
    assert "line 1" in done.stdout
    assert "rejected" in done.stdout
    assert "no cloud was started" in done.stdout
    assert "Start the embedded cloud" not in done.stdout


def test_fields_of_other_names_are_named_by_map_and_settings_beside_the_file_are_none_of_the_demo(tmp_path):
    own = tmp_path / "mine.csv"
    own.write_text("our question,reply\n" + "".join(f"What is {n}?,It is {n + 1} or so\n" for n in range(40)))
    (tmp_path / "dataset.toml").write_text("[mapping]\nprompt = 'reply'\ncompletion = 'our question'\n")
    refused = demo("--train", own)
    assert (refused.returncode, "no cloud was started" in refused.stdout) == (1, True)
    (own.parent / "validation.csv").write_text("our question,reply\n")  # rejected, so that no cloud is started
    both = ("--train", own, "--validation", own.parent / "validation.csv")
    mapped = demo(*both, "--map", "prompt='our question' completion=reply")
    assert mapped.returncode == 1
    assert "unknown_format" in refused.stdout
    assert "unknown_format" not in mapped.stdout


def test_a_map_that_says_nothing_is_answered_with_how_to_write_one(tmp_path):
    own = tmp_path / "mine.jsonl"
    own.write_text('{"prompt": "Why?"}\n')
    done = demo("--train", own, "--map", "question")
    assert done.returncode == 1
    assert "FIELD=NAME" in done.stderr
    assert "MAP" in demo("--map", "prompt=a completion=b").stderr


def test_a_file_that_is_not_there_is_named():
    done = demo("--train", "nowhere.jsonl")
    assert done.returncode != 0
    assert "nowhere.jsonl" in done.stderr


def test_an_example_that_is_not_there_is_answered_with_those_that_are():
    done = demo("--example", "nonsense")
    assert done.returncode != 0
    assert [name for name in worked_example.names() if name not in done.stderr] == []


def test_an_example_takes_no_data_of_your_own(tmp_path):
    own = tmp_path / "mine.jsonl"
    own.touch()
    done = demo("--example", "summaries", "--train", own)
    assert done.returncode != 0
    assert "EXAMPLE" in done.stderr
