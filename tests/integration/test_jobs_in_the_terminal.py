"""`tunedrop jobs` and its neighbors against ControlApi over real HTTP: what a person types, and what is printed."""

from __future__ import annotations

import csv
import itertools
import json
import os
import shlex
import signal
import sys
from types import SimpleNamespace

import pytest
from tunedrop.edges.settings import settings
from tunedrop_cli import main

from tests.integration import bedrock_world
from tests.integration.bedrock_world import TRAINED
from tests.integration.served_control_api import served


@pytest.fixture
def world(stack, environment):
    return bedrock_world.make(stack, environment)


@pytest.fixture
def api(world, environment):
    """ControlApi over HTTP, and the bucket where its links lead; what was asked of it shows in `asked`."""
    stack = world.stack
    with served(lambda: None, lambda key: stack.s3.get_object(Bucket=stack.bucket, Key=key)["Body"].read()) as made:
        environment.setenv("TUNEDROP_CONTROL_API_URL", made.url)
        yield made


@pytest.fixture
def say(api, capsys):
    """Run a command line; returns its exit code and what it printed to standard output."""

    def run(line: str) -> tuple[int, str]:
        code = main.main(shlex.split(line)[1:] if line.startswith("tunedrop ") else shlex.split(line))
        return code, capsys.readouterr().out

    return run


def completed(world, **request):
    job = world.start(**request)
    world.deliver()
    world.wait(TRAINED)
    assert world.job(job.id).status == "Completed", world.job(job.id).failure
    return world.job(job.id)


def next_command(said: str) -> str:
    """The last command that was proposed."""
    return [line for line in said.splitlines() if line.startswith("next")][-1].removeprefix("next").strip()


def test_a_job_is_started_shown_and_listed_without_knowing_the_api(world, say):
    code, said = say("jobs start support@1 --model claude-3-haiku --set epochCount=2 --deploy support-prod")
    assert code == 0
    assert "support@1" in said
    assert "epochCount=2" in said
    world.deliver()
    world.wait(TRAINED)
    (job,) = json.loads(say("jobs list --json")[1])
    code, said = say(f"jobs show {job['id']}")
    assert code == 0
    for word in ("Requested", "InProgress", "Completed", "known by", "training loss", "validation loss"):
        assert word in said
    assert "support-prod, provisioned throughput" in said
    code, said = say("jobs list")
    assert code == 0
    assert job["id"] in said
    assert "support@1" in said


def test_lists_are_filtered(world, say):
    done = completed(world)
    waiting = world.start()
    assert [job["id"] for job in json.loads(say("jobs list --status Completed --json")[1])] == [done.id]
    assert [job["id"] for job in json.loads(say("jobs list --status Requested --json")[1])] == [waiting.id]
    assert json.loads(say("jobs list --dataset another --json")[1]) == []
    assert json.loads(say("jobs list --model nova-lite --json")[1]) == []
    assert "There is no dataset another." in say("jobs list --dataset another")[1]


def test_a_watched_job_is_told_state_by_state_and_its_end_is_the_exit_code(world, api, say):
    job = world.start()
    steps = iter((world.deliver, world.deliver, lambda: world.wait(TRAINED)))

    def go_on() -> None:
        for step in itertools.islice(steps, 1):
            step()

    api.before = go_on
    code, said = say(f"jobs show {job.id} --watch")
    assert code == 0
    told = [line.split()[2] for line in said.splitlines() if line[:2] == "20"]
    assert told[:4] == ["Requested", "InProgress", "phase:", "Completed"]
    assert said.count("Bedrock writes a job's losses when the job ends") == 1


def test_a_watched_job_that_fails_is_exit_code_1_and_says_why(world, api, say):
    job = world.start()
    api.before = lambda: world.stop(job.id) and world.deliver()
    code, said = say(f"jobs show {job.id} --watch")
    assert code == 1
    assert "Stopped" in said


def test_a_watch_that_is_interrupted_says_how_to_go_on_to_the_same_files(world, api, say, capsys, tmp_path):
    job = world.start()
    looks = itertools.count()

    def interrupt() -> None:
        if next(looks) == 1:
            os.kill(os.getpid(), signal.SIGINT)

    interrupted = f"jobs show {job.id} --watch --html {tmp_path}/report.html"
    api.before = interrupt
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's job in the background ignores it
    try:
        assert main.main(shlex.split(interrupted)) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert next_command(capsys.readouterr().err) == f"tunedrop {interrupted}"


def test_a_job_is_stopped(world, say):
    job = world.start()
    world.deliver()
    code, said = say(f"jobs stop {job.id}")
    assert code == 0
    assert job.id in said
    assert next_command(said) == f"tunedrop jobs show {job.id} --watch"
    assert world.job(job.id).stop_requested


def test_all_losses_become_a_file_that_is_never_overwritten(world, say, tmp_path, capsys):
    job, target = completed(world), tmp_path / "losses.csv"
    assert say(f"jobs show {job.id} --csv {target}")[0] == 0
    rows = list(csv.DictReader(target.read_text().splitlines()))
    assert len([row for row in rows if row["split"] == "training"]) == job.metric_counts["training"]
    assert len([row for row in rows if row["split"] == "validation"]) == job.metric_counts["validation"]
    assert all(float(row["loss"]) > 0 for row in rows)
    assert say(f"jobs show {job.id} --csv {target}")[0] == 2
    assert say(f"jobs show {job.id} --csv -")[1].splitlines()[0] == "split,step,epoch,loss,perplexity"


def test_a_jobs_report_becomes_a_page_once_there_is_one_and_never_over_a_file(world, say, capsys, tmp_path):
    page = tmp_path / "report.html"
    running = world.start()
    assert main.main(shlex.split(f"jobs show {running.id} --html {page}")) == 1
    assert "say --watch too" in capsys.readouterr().err
    assert not page.exists()
    world.deliver()
    world.wait(TRAINED)
    code, said = say(f"jobs show {running.id} --html {page} --csv {tmp_path}/losses.csv")
    assert code == 0
    assert "Completed" in said
    assert page.read_text().startswith("<!doctype html>")
    assert running.id in page.read_text()
    assert (tmp_path / "losses.csv").exists()
    before = page.read_bytes()
    assert say(f"jobs show {running.id} --html {page}")[0] == 2
    assert page.read_bytes() == before


@pytest.mark.parametrize("line", ["show {} --csv - --json", "show {} --html -", "compare one another --html -"])
def test_two_things_on_standard_output_are_wrong_usage(world, say, line):
    assert say("jobs " + line.replace("{}", completed(world).id)) == (2, "")


def test_without_mlflows_client_it_is_said_how_to_install_it_before_anything_is_asked(api, say, capsys):
    assert main.main(shlex.split("jobs show x --watch --mlflow http://127.0.0.1:9")) == 2
    assert capsys.readouterr().err == "tunedrop: --mlflow needs MLflow's client: pip install 'tunedrop[mlflow]'\n"
    assert api.asked == []


class _MLflowException(Exception):
    pass


class _SilentMLflow:
    """Stands in for MLflow's client where its server does not answer; it says so as the real one does."""

    def __init__(self, uri):
        self._uri = uri

    def get_experiment_by_name(self, name):
        raise _MLflowException(f"API request to {self._uri}/api/2.0/mlflow failed: connection refused")


def test_a_tracking_server_that_is_down_does_not_end_the_watch_and_its_password_is_not_printed(
    world, api, say, capsys, monkeypatch
):
    monkeypatch.setitem(sys.modules, "mlflow", SimpleNamespace(MlflowClient=_SilentMLflow))
    monkeypatch.setitem(sys.modules, "mlflow.exceptions", SimpleNamespace(MlflowException=_MLflowException))
    job = world.start()
    steps = iter((world.deliver, world.deliver, lambda: world.wait(TRAINED)))
    api.before = lambda: [step() for step in itertools.islice(steps, 1)]
    line = f"jobs show {job.id} --watch --mlflow http://dana:se@cret@127.0.0.1:9"
    assert main.main(shlex.split(line)) == 1  # the run is what was asked for, and there is none
    written = capsys.readouterr()
    assert "Completed" in written.out
    assert "It is tried again" in written.err
    assert written.err.endswith("API request to http://127.0.0.1:9/api/2.0/mlflow failed: connection refused\n")
    assert "cret" not in written.out + written.err


def test_jobs_are_compared_on_a_page_too(world, say, tmp_path):
    jobs = [completed(world, hyperparameters={"epochCount": count}).id for count in (1, 2)]
    page = tmp_path / "comparison.html"
    code, said = say(f"jobs compare {' '.join(jobs)} --over tokens --html {page}")
    assert code == 0
    assert "training loss over tokens" in said
    for words in (*jobs, "a: epochCount=1", "Training losses by tokens", "Validation losses by tokens"):
        assert words in page.read_text()


def test_a_list_that_goes_on_says_so_and_a_higher_limit_pages_on(world, api, say, capsys):
    for _ in range(3):
        world.start()
    assert main.main(shlex.split("jobs list --limit 2")) == 0
    assert "There are more; these are the first 2. --limit N lists N of them." in capsys.readouterr().err
    assert main.main(shlex.split("jobs list --limit 3")) == 0
    assert "There are more" not in capsys.readouterr().err
    assert say("datasets list --limit 500")[0] == 0
    assert api.asked[-1] == "GET /datasets?limit=100"


def test_jobs_are_compared_by_what_differs_and_by_their_losses(world, say):
    short, long = (
        completed(world, hyperparameters={"epochCount": 1}),
        completed(world, hyperparameters={"epochCount": 4}),
    )
    code, said = say(f"jobs compare {short.id} {long.id}")
    assert code == 0
    assert "epochCount" in said
    assert "learningRateMultiplier" not in said, "what is the same in both says nothing"
    assert "training loss over steps" in said
    assert "a epochCount=1   b epochCount=4" in said
    told = json.loads(say(f"jobs compare {short.id} {long.id} --json")[1])
    assert told["differences"]["epochCount"] == ["1", "4"]
    assert say(f"jobs compare {short.id} {short.id}")[0] == 2


def test_a_plan_starts_nothing_and_its_command_starts_exactly_that(world, say):
    code, said = say("jobs start support --model claude-3-haiku --set epochCount=3 --deploy support-prod --plan")
    assert code == 0
    for words in ("support@1", "epochCount=3", "tokens (estimated)", "Nothing was started", "unknown (no price)"):
        assert words in said, said
    assert json.loads(say("jobs list --json")[1]) == []
    assert world.simulator.ledger() == ()
    code, said = say(next_command(said))
    assert code == 0
    (job,) = json.loads(say("jobs list --json")[1])
    assert job["hyperparameters"]["epochCount"] == "3"
    assert job["deployment"]["name"] == "support-prod"


def test_a_plan_above_the_cap_is_confirmed_by_the_command_that_is_printed(stack, environment, capsys):
    environment.setenv("TUNEDROP_MAX_TRAINED_TOKENS_PER_JOB", "10")
    settings.cache_clear()
    bedrock_world.make(stack, environment)
    with served(lambda: None) as api:
        environment.setenv("TUNEDROP_CONTROL_API_URL", api.url)
        assert main.main(shlex.split("jobs start support --model claude-3-haiku")) == 1
        said = capsys.readouterr()
        assert "plan_confirmation_required" in said.err
        assert main.main(shlex.split(next_command(said.out))[1:]) == 0


def test_a_sweep_is_planned_as_a_whole_and_started_under_its_cost(world, say, capsys):
    line = "jobs start support --model claude-3-haiku --sweep epochCount=1,2 --sweep learningRateMultiplier=0.5,1"
    code, said = say(f"{line} --plan")
    assert code == 0
    assert "4 jobs on support@1, in all: unknown (no price)" in said
    assert "say --yes instead of --plan" in said, "no cost stays under --max-cost without a price"
    assert main.main(shlex.split(line)) == 2
    assert "--max-cost" in capsys.readouterr().err
    assert main.main(shlex.split(f"{line} --max-cost 5")) == 1
    assert "cost_unknown" in capsys.readouterr().err
    assert json.loads(say("jobs list --json")[1]) == [], "nothing was started"

    code, said = say(f"{line} --yes")
    assert code == 0
    assert "4 jobs were started" in said
    compare = next_command(said)
    for _ in range(4):
        world.deliver()
        world.wait(TRAINED)
    code, said = say(compare)
    assert code == 0
    assert "epochCount" in said
    assert "One run each" in said
    (label,) = {job["sweep"] for job in json.loads(say("jobs list --json")[1])}
    assert len(json.loads(say(f"jobs list --sweep {label} --json")[1])) == 4


def test_numbers_with_an_exponent_are_written_out(world, say):
    assert say("jobs start support --model claude-3-haiku --set earlyStoppingThreshold=1e-2")[0] == 0
    (job,) = json.loads(say("jobs list --json")[1])
    assert job["hyperparameters"]["earlyStoppingThreshold"] == "0.01"


@pytest.mark.parametrize(
    "options",
    [
        "--sweep epochCount=1",
        "--sweep epochCount=1,2 --repeats 4",
        "--sweep epochCount=1,",
        "--sweep a=1,2 --watch --plan",
    ],
)
def test_a_sweep_that_can_not_be_is_wrong_usage(say, options):
    assert say(f"jobs start support --model claude-3-haiku --yes {options}")[0] == 2


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("jobs show nothing", 1, "There is no job 'nothing'. tunedrop jobs list shows what there is."),
        ("datasets show suport", 1, "Did you mean support? tunedrop datasets list shows what there is."),
        ("jobs start suport@1 --model claude-3-haiku", 1, "Did you mean support?"),
        ("deployments show none", 1, "tunedrop deployments list shows"),
        ("keys revoke none", 1, "tunedrop keys list shows"),
        ("jobs start 'two words@x' --model nova-lite", 2, "NAME@VERSION"),
        ("jobs start support --model claude-3-haiku --set epochCount", 2, "NAME=VALUE"),
        ("jobs start support --model claude-3-haiku --hours 3", 2, "--deploy"),
        ("jobs start support --model claude-3-haiku --set epochCount=99", 1, "epochCount"),
        ("datasets show nothing", 1, "unknown_dataset"),
        ("datasets delete support", 2, "--plan"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(say, capsys, line, code, words):
    assert main.main(shlex.split(line)) == code
    said = capsys.readouterr().err
    assert words in said
    assert len(said.splitlines()) == 1


def test_base_models_are_listed_with_why_they_cannot_be_trained_here(say):
    code, said = say("base-models")
    assert code == 0
    rows = {line.split()[0]: line for line in said.splitlines()}
    assert rows["claude-3-haiku"].split()[1] == "yes"
    assert "us-east-1" in rows["nova-lite"]
    code, said = say("base-models claude-3-haiku")
    assert code == 0
    assert "epochCount" in said
    assert say("base-models nova-lite")[0] == 1


def test_datasets_are_listed_shown_and_erased(world, say):
    code, said = say("datasets list")
    assert code == 0
    assert said.splitlines()[1].split()[:2] == ["support", "1"]
    code, said = say("datasets show support")
    assert code == 0
    assert "accepted support@1" in said
    code, said = say("datasets delete support --plan")
    assert code == 0
    assert "planned" in said
    assert next_command(said) == "tunedrop datasets delete support --yes"
    assert "support" in say("datasets list")[1], "a plan erases nothing"
    code, said = say(next_command(said))
    assert code == 0
    assert "erasing" in said


def test_a_version_that_is_none_never_means_the_whole_dataset(world, say, capsys):
    with pytest.raises(SystemExit) as wrong:
        main.main(shlex.split("datasets delete support --version 0 --yes"))
    assert wrong.value.code == 2
    assert "1 or more" in capsys.readouterr().err
    assert "support" in say("datasets list")[1]


@pytest.mark.parametrize("options", ["--yes", "--repeats 2"])
def test_what_only_a_sweep_understands_is_not_passed_over(say, options):
    assert say(f"jobs start support --model claude-3-haiku {options}")[0] == 2


@pytest.mark.parametrize("amount", ["nan", "inf", "0", "-1", "much"])
def test_a_cost_that_is_no_amount_is_wrong_usage(say, amount):
    with pytest.raises(SystemExit):
        say(f"jobs start support --model claude-3-haiku --max-cost {amount}")


def test_one_job_stays_under_its_cost_too(world, say, capsys):
    assert main.main(shlex.split("jobs start support --model claude-3-haiku --max-cost 5")) == 1
    assert "cost_unknown" in capsys.readouterr().err
    assert json.loads(say("jobs list --json")[1]) == []


def test_a_start_whose_answer_got_lost_is_repeated_under_its_key_and_starts_nothing_twice(world, say):
    key = "jobs start support --model claude-3-haiku --idempotency-key once"
    assert say(key)[0] == 0
    assert say(key)[0] == 0
    assert len(json.loads(say("jobs list --json")[1])) == 1


def test_the_ends_of_time_are_taken_and_a_range_of_nothing_is_empty(api):
    for query in ("created_after=0001-01-01T00:00:00%2B14:00", "created_before=9999-12-31T23:59:59-14:00"):
        assert api.answer("GET", f"/jobs?{query}", None, None)[0] == 200
    empty = api.answer(
        "GET", "/jobs?created_after=2027-01-01T00:00:00Z&created_before=2026-01-01T00:00:00Z", None, None
    )
    assert empty == (200, {"jobs": [], "cursor": None})


def test_a_sweep_is_followed_to_the_end_of_its_last_job(world, say, api):
    def go_on() -> None:
        world.deliver()
        world.wait(TRAINED)

    api.before = go_on
    code, said = say("jobs start support --model claude-3-haiku --sweep epochCount=1,2 --yes --watch")
    assert (code, said.count("Completed")) == (0, 2)
    assert next_command(said).startswith("tunedrop jobs compare --sweep")
