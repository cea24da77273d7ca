"""`tunedrop evaluations` against ControlApi over real HTTP: from a plan to a verdict, and what a script may rely on."""

from __future__ import annotations

import csv
import json
import shlex
from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest
from tunedrop_cli import evaluation_watch, main, pauses

from tests.integration import evaluation_world
from tests.integration.bedrock_world import BOUGHT, TRAINED, World
from tests.integration.caller import call
from tests.integration.served_control_api import served

APPROVER = "arn:aws:sts::123456789012:assumed-role/Approvers/kim"

EVALUATE = "evaluations start support --candidate support-prod"


@pytest.fixture
def world(stack, environment) -> World:
    return evaluation_world.make(stack, environment)


@pytest.fixture
def api(world, environment):
    """ControlApi over HTTP, and the bucket where its links lead."""

    def read(key: str) -> bytes:
        return world.stack.s3.get_object(Bucket=world.stack.bucket, Key=key)["Body"].read()

    def store(key: str, content: bytes) -> None:
        world.stack.s3.put_object(Bucket=world.stack.bucket, Key=key, Body=content)

    with served(lambda: None, read, world.cloud, store) as made:
        environment.setenv("TUNEDROP_CONTROL_API_URL", made.url)
        environment.setenv("TUNEDROP_DATA_BUCKET", world.stack.bucket)
        yield made


@pytest.fixture
def say(api, capsys):
    """Run a command line; returns its exit code and what it printed."""

    def run(line: str) -> tuple[int, str]:
        code = main.main(shlex.split(line)[1:] if line.startswith("tunedrop ") else shlex.split(line))
        told = capsys.readouterr()
        return code, told.out + told.err

    return run


def proposed(said: str) -> str:
    """The command that was proposed last."""
    return [line for line in said.splitlines() if line.startswith("next")][-1].removeprefix("next").strip()


def completed(world: World, **more) -> str:
    found = evaluation_world.post(world, more)
    world.deliver()
    return str(found["id"])


def test_a_plan_asks_nobody_and_ends_in_the_command_that_starts_it_and_so_on_to_the_page(world, say, tmp_path):
    code, said = say(f"{EVALUATE} --gate better --plan")
    assert code == 0
    for words in (
        "support@1",
        "exact match",
        "3 points",
        "better; too little evidence is held for a person",
        "60 of 60 in test",
        "Nobody",
    ):
        assert words in said
    scored = say(f"{EVALUATE} --metric token_f1 --plan")[1]
    assert "where their scores of one record differ with a standard deviation of 30 points" in scored
    assert "differ on 10% of them" not in scored
    assert "No evaluation yet." in say("evaluations list")[1]

    code, said = say(proposed(said))
    assert (code, "Requested" in said) == (0, True)
    world.deliver()
    code, said = say(proposed(said))
    assert code == 0
    assert said.index("Completed") < said.index("better  support-prod is better than base")
    assert "better: passed" in said
    page = tmp_path / "page.html"
    command = proposed(said)
    assert command.startswith("tunedrop evaluations show ")
    code, said = say(f"{command[: command.index('--html')]} --html {page}")
    assert (code, page.read_bytes()[:9]) == (0, b"<!doctype")
    assert "better  " in said


def test_a_gate_that_has_not_passed_ends_in_1_whenever_a_script_looks(world, say):
    code, said = say("evaluations start support --candidate nova-lite --against nova-micro --gate better --json")
    assert code == 0
    evaluation = json.loads(said)["id"]
    assert say(f"evaluations show {evaluation}")[0] == 1, "it has not passed yet"
    assert "asks better" in say("evaluations list")[1]
    world.deliver()
    code, said = say(f"evaluations show {evaluation}")
    outcome = evaluation_world.get(world, evaluation)["outcome"]
    assert outcome in {"failed", "held"}
    assert code == 1
    assert "approve" not in said
    assert say(f"evaluations show {evaluation} --json")[0] == 1
    assert say(f"evaluations show {completed(world)}")[0] == 0, "no gate was asked for"


def test_progress_is_told_while_it_asks(world, say, monkeypatch):
    waiting = deque[Any]()

    def pass_on(_: float) -> None:
        waiting.extend(world.stack.messages(world.settings.evaluation_queue_url))
        if waiting:
            world.evaluate(waiting.popleft())

    monkeypatch.setattr(evaluation_watch, "time", SimpleNamespace(sleep=pass_on))
    code, said = say(f"{EVALUATE} --watch")
    assert code == 0
    told = [line.split("InProgress")[1].split()[0] for line in said.splitlines() if "of 180 answers" in line]
    counts = [int(each) for each in told]
    assert counts == sorted(set(counts))
    assert 3 <= len(counts) <= evaluation_watch.TOLD + 2
    assert said.index("of 180 answers") < said.index("Completed") < said.index("better  support-prod is better")


def test_a_stop_is_told_and_there_is_no_verdict(world, say):
    _, said = say(EVALUATE)
    evaluation = proposed(said).split()[3]
    code, said = say(f"evaluations stop {evaluation}")
    assert (code, "Stopping" in said) == (0, True)
    world.deliver()
    code, said = say(proposed(said))
    assert (code, "Stopped" in said) == (1, True)
    assert "verdict" not in said
    code, said = say(f"evaluations show {evaluation} --html page.html")
    assert (code, "no_report" in said) == (1, True)
    code, said = say("evaluations list")
    assert (code, said.count("support-prod"), said.count("Stopped")) == (0, 1, 1)


def test_names_that_are_not_there_are_answered_with_the_nearest(say):
    code, said = say("evaluations start support --candidate support-pord")
    assert (code, "Did you mean support-prod?" in said) == (1, True)
    code, said = say("evaluations start support --candidate support-prod --against nova-pr")
    assert (code, "Did you mean nova-pro?" in said) == (1, True)
    code, said = say("evaluations show 01")
    assert (code, "tunedrop evaluations list" in said) == (1, True)


def test_a_report_that_was_erased_leaves_the_verdict_that_the_row_holds(world, say):
    evaluation = completed(world)
    conclusion = evaluation_world.row(world, evaluation).conclusion
    assert conclusion is not None
    world.stack.s3.delete_object(Bucket=world.stack.bucket, Key=conclusion.report_key)
    code, said = say(f"evaluations show {evaluation}")
    assert code == 0
    assert "report_unread" in said
    assert conclusion.summary in said


def test_a_file_of_answers_is_uploaded_planned_and_judged_against(world, say, tmp_path):
    file = tmp_path / "old.jsonl"
    file.write_text("".join(json.dumps({"record": number + 1, "answer": "billing"}) + "\n" for number in range(60)))
    code, said = say(f"{EVALUATE} --answers {file} --against base --plan")
    assert code == 0
    assert "answers/old.jsonl, base" in said
    assert "60 lines: 60 answers, 0 records without one" in said
    code, said = say(proposed(said))
    assert code == 0
    world.deliver()
    code, said = say(proposed(said))
    assert (code, "better  support-prod is better than answers/old.jsonl" in said) == (0, True)
    code, said = say(f"{EVALUATE} --answers {tmp_path / 'none.jsonl'}")
    assert (code, "can't be read" in said) == (2, True)


def test_people_choose_blindly_and_what_they_chose_is_told_beside_what_the_metric_says(world, say, tmp_path):
    evaluation = completed(world)
    folder = tmp_path / "blind"
    code, said = say(f"evaluations show {evaluation} --sheet {folder}")
    assert (code, "60 records on sheet.html and sheet.csv" in said) == (0, True)
    page, sheet = (folder / "sheet.html").read_text(), (folder / "sheet.csv").read_text("utf-8-sig")
    assert "support-prod" not in page + sheet
    assert "base" not in sheet
    rows = list(csv.DictReader(sheet.splitlines()))
    labels = {evaluation_world.LABELS[number] for number in range(4)}
    for row in rows[:50]:
        row["choice"] = "A" if row["A"] in labels else "B"
    filled = folder / "filled.csv"
    with filled.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    command = proposed(said).replace("sheet.csv", "filled.csv")
    code, said = say(command)
    assert code == 0
    assert "support-prod 50 times, base 0 times, neither 0 times" in said
    assert "people prefer support-prod" in said
    assert "on 50 of 50" in said
    assert json.loads(say(f"{command} --json")[1])["ours"] == 50
    assert say(f"evaluations show {evaluation} --sheet {folder}")[0] == 2, "it is there already"
    filled.write_text("record,choice\n7,maybe\n")
    code, said = say(command)
    assert (code, "neither A, B nor tie" in said) == (2, True)


def test_there_is_no_sheet_before_there_are_answers(world, say, tmp_path):
    evaluation = evaluation_world.post(world)["id"]
    code, said = say(f"evaluations show {evaluation} --sheet {tmp_path / 'blind'}")
    assert (code, "no_report" in said) == (1, True)


def test_what_a_gate_holds_is_let_live_by_the_command_that_is_proposed(world, say, tmp_path):
    start = "jobs start support --model nova-lite --deploy support-next --gate better --max-records 2"
    code, said = say(f"{start} --plan")
    assert code == 0
    assert "--evaluate --gate better --max-records 2" in said
    assert say(start)[0] == 0
    world.deliver()
    world.wait(TRAINED)
    evaluation_id = world.purchase("support-next").gate.evaluation_id
    watched = f"jobs show {world.purchase('support-next').job_id} --watch"
    assert proposed(say(watched)[1]) == f"tunedrop evaluations show {evaluation_id} --watch"
    for seconds in (0, BOUGHT, 300):
        world.wait(seconds)
    assert proposed(say(watched)[1]) == "tunedrop deployments show support-next"
    job_id = world.purchase("support-next").job_id
    assert f"evaluation {evaluation_id} decides whether it goes live" in say(f"jobs show {job_id}")[1]
    assert "Held" in say("deployments list --state Held")[1]
    assert "support-next (Held)" in say("models list")[1]
    assert "support-next (Held)" in say(f"models show {world.purchase('support-next').job_id}")[1]
    code, said = say("deployments show support-next")
    assert code == 0
    for words in (
        f"held: better was asked for, of evaluation {evaluation_id}",
        "not enough evidence: Not decided whether support-next is better than base",
        "Another person than",
        f"tunedrop evaluations approve {evaluation_id} --reason WHY",
    ):
        assert words in said, said
    states = [
        line.split("  ")[1] for line in said.splitlines() if "judges it before anybody" in line or "gate holds" in line
    ]
    assert states == ["Evaluating", "Held"]
    assert proposed(said) == f"tunedrop evaluations show {evaluation_id}"
    code, said = say(f"evaluations show {evaluation_id}")
    assert (code, "held for 24 hours" in said) == (1, True)
    code, said = say(proposed(said).replace("WHY", "'two labels are wrong'"))
    assert (code, "own_request" in said) == (1, True), said
    path, body = f"/evaluations/{evaluation_id}/approve", {"reason": "two labels are wrong"}
    assert call("POST", path, body, key="approve", cloud=world.cloud, caller=APPROVER)[0] == 202
    world.deliver()
    said = say("deployments show support-next")[1]
    assert "Ready" in said
    assert "tunedrop evaluations approve" not in said
    assert "held, then approved: better was asked for" in said
    assert [line for line in said.splitlines() if line.startswith("next")] == [
        "next  tunedrop keys create --name support-next --deployment support-next"
    ]
    assert "held, then approved" in say("evaluations list")[1]
    for code, said in (
        say(f"evaluations show {evaluation_id}"),
        (
            say(f"evaluations show {evaluation_id} --html {tmp_path / 'page.html'}")[0],
            (tmp_path / "page.html").read_text(),
        ),
    ):
        assert code == 1, "its gate has not passed"
        assert "support-next lives, approved by" in said
        assert "two labels are wrong" in said
        assert "evaluations approve" not in said
        assert "is held" not in said


def test_what_a_gate_held_until_it_was_released_is_not_proposed_to_be_approved(world, say):
    assert say("jobs start support --model nova-lite --deploy support-next --gate better --max-records 2")[0] == 0
    world.deliver()
    for seconds in (TRAINED, 0, BOUGHT, 300):
        world.wait(seconds)
    evaluation_id = world.purchase("support-next").gate.evaluation_id
    assert "evaluations approve" in say(f"evaluations show {evaluation_id}")[1]
    assert say("deployments delete support-next --now")[0] == 0
    world.deliver()
    world.wait(300)
    said = say(f"evaluations show {evaluation_id}")[1]
    assert "support-next was held, and nobody let it live: it is Released." in said
    assert "evaluations approve" not in said


@pytest.mark.parametrize("asked", [
    {"max_records": 24, "metric": "exact_match"},  # the base model answers in sentences
    {"max_records": 12, "metric": "token_f1"},
    {"candidate": "nova-lite", "against": ["nova-micro"], "max_records": 6},
])  # fmt: skip
def test_every_command_that_a_report_proposes_runs_as_it_is_printed(world, say, tmp_path, monkeypatch, asked):
    monkeypatch.chdir(tmp_path)
    evaluation = completed(world, **asked)
    code, said = say(f"evaluations show {evaluation}")
    assert code == 0
    commands = [each.removeprefix("next").strip() for each in said.splitlines() if "  tunedrop " in each]
    assert commands
    for command in commands:  # a stack that is named is looked up in CloudFormation, which has none here
        code, said = say(command.partition(" --stack-name ")[0])
        assert code == 0, f"{command}: {said}"
    if asked.get("metric") == "exact_match":
        assert any("--against base:few_shot=5" in command for command in commands)


def test_a_live_name_is_put_to_a_gate_in_one_command(world, say):
    job_id = world.start().id
    world.deliver()
    world.wait(TRAINED)
    code, said = say(f"deployments put support-prod --job {job_id} --gate not_worse --against base --plan")
    assert (code, "buys a second unit, which takes over" in said) == (0, True), said
    code, said = say("jobs start support --model nova-lite --gate better")
    assert (code, "--deploy NAME" in said) == (2, True)


def watched_put(world: World, environment, meanwhile) -> int:
    """Put a second unit behind a gate that it does not pass, and follow that; returns the exit code."""
    job_id = world.start().id
    world.deliver()
    world.wait(TRAINED)
    with served(meanwhile, cloud=world.cloud) as api:
        environment.setenv("TUNEDROP_CONTROL_API_URL", api.url)
        environment.setattr(pauses, "LONGEST", 0.02)
        environment.setattr(pauses, "FIRST", 0.02)
        put = f"deployments put support-prod --job {job_id} --second-unit --gate better --max-records 2 --watch"
        return main.main(shlex.split(put))


def test_a_watched_put_fails_where_its_gate_lets_nothing_take_over_from_what_serves(world, environment, capsys):
    before = world.deployment().generation
    code = watched_put(world, environment, lambda: world.wait(BOUGHT))
    said = capsys.readouterr()
    assert "does not take over" in said.out, said
    (evaluation,) = (each["id"] for each in call("GET", "/evaluations", cloud=world.cloud)[1]["evaluations"])
    assert proposed(said.out) == f"tunedrop evaluations show {evaluation}"
    assert (code, world.deployment().state, world.deployment().generation) == (1, "Ready", before)


def test_a_watched_put_of_what_somebody_releases_meanwhile_does_not_say_that_it_goes_on(world, environment, capsys):
    was_put = deque[bool](maxlen=1)

    def release_once_the_second_unit_has_ended() -> None:
        world.wait(BOUGHT)
        if world.deployment().beside:
            was_put.append(True)
        elif was_put:
            world.release("support-prod")
            world.wait(BOUGHT)

    code = watched_put(world, environment, release_once_the_second_unit_has_ended)
    said = capsys.readouterr().out
    assert (code, world.deployment().state) == (1, "Released")
    assert "goes on with" not in said
    assert "Released" in said


def test_two_tuned_models_are_judged_against_each_other_and_their_jobs_and_models_say_so(world, say, tmp_path):
    first = world.deployment().job_id
    second = world.start(deployment="support-next").id
    world.deliver()
    for seconds in (TRAINED, 0, BOUGHT):
        world.wait(seconds)
    found = evaluation_world.post(world, {"candidate": "support-next", "against": ["support-prod", "base"]})
    world.deliver()
    told = evaluation_world.get(world, found["id"])
    sides = [(each["candidate_job_id"], each["against_job_id"]) for each in told["contrasts"]]
    assert sides == [(second, first), (second, None)]
    assert told["contrasts"][0]["verdict"] == told["verdict"]

    code, said = say(f"jobs compare {first} {second}")
    assert code == 0
    assert "By evaluation," in said
    assert "support-next" in said
    page = tmp_path / "compared.html"
    assert say(f"jobs compare {first} {second} --html {page}")[0] == 0
    assert "By evaluation" in page.read_text("utf-8")

    for job_id, contrasts in ((first, 1), (second, 2)):
        name = world.job(job_id).name
        (judged,) = json.loads(say(f"models show {name} --json")[1])["evaluations"]
        assert (judged["evaluation_id"], len(judged["contrasts"])) == (found["id"], contrasts)
        code, said = say(f"models show {name}")
        assert proposed(said) == f"tunedrop evaluations show {found['id']}"
        assert "support-next" in said
        assert found["id"] in say(f"jobs show {job_id}")[1]
    listed = json.loads(say("models list --json")[1])
    assert {each["evaluations"] for each in listed} == {None}
