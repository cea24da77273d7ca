"""`tunedrop push`: a folder becomes one version, by ControlApi over real HTTP or by S3's events alone."""

from __future__ import annotations

from typing import Any

import dataset_uploaded
import pytest
from moto.backends import get_backend
from tunedrop.domain.checks import examples
from tunedrop_cli import main

from tests import builders
from tests.integration.served_control_api import served
from tests.integration.test_media import PNG, about
from tests.integration.uploads_world import ACCOUNT, version

GOOD = examples.good(60)()


class Deliveries:
    """S3's events and queued messages on their way to dataset_uploaded."""

    def __init__(self, stack) -> None:
        self.stack = stack
        self._delivered: set[str] = set()

    def deliver(self) -> None:
        """Everything that waits."""
        kept = get_backend("s3")[ACCOUNT]["aws"].buckets[self.stack.bucket].keys
        uploads = [found for key in kept for found in kept.getlist(key) if found.name.startswith("incoming/")]
        for found in sorted(uploads, key=lambda each: each.last_modified):  # finer than S3 says it
            if found.version_id not in self._delivered:
                self._delivered.add(found.version_id)
                self._bring(builders.object_created(found.name, version_id=found.version_id, size=found.size))
        for message in self.stack.messages(self.stack.upload_queue_url):
            self._bring(message)

    def _bring(self, message: dict[str, Any]) -> None:
        answer = dataset_uploaded.handler(builders.sqs_event(message), builders.LambdaContext())
        assert answer["batchItemFailures"] == []


@pytest.fixture
def deliveries(stack):
    return Deliveries(stack)


@pytest.fixture
def cloud(deliveries, environment):
    """ControlApi over HTTP; before each answer, whatever waits is delivered."""
    with served(deliveries.deliver) as made:
        environment.setenv("TUNEDROP_CONTROL_API_URL", made.url)
        yield made


@pytest.fixture
def folder(tmp_path):
    """`folder(name=content, ...)` makes support-bot/ with these files; `__` in a name is a folder."""
    root = tmp_path / "support-bot"

    def make(files: dict[str, bytes]) -> str:
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return str(root)

    return make


def test_all_splits_and_settings_become_one_version(cloud, folder, stack, capsys):
    path = folder(
        {
            "train.jsonl": GOOD,
            "validation/a.jsonl": examples.good(20, 500)(),
            "validation/b.jsonl": examples.good(20, 700)(),
            "test.jsonl": examples.good(5, 900)(),
            "dataset.toml": b'base_models = ["claude-3-haiku"]\nsystem = { file = "system.txt" }',
            "system.txt": b"Be kind.",
            "notes.docx": b"mine",
        }
    )
    assert main.main(["push", path, "--wait"]) == 0
    said = capsys.readouterr()
    assert "accepted support-bot@1" in said.out
    assert "tunedrop jobs start support-bot@1 --model claude-3-haiku --plan" in said.out
    assert "notes.docx" in said.err
    made = version(stack, 1)
    assert set(made.files) == {"train", "validation", "test", "dataset.toml", "system.txt"}
    assert made.base_models == ("claude-3-haiku",)
    assert [item.records for item in made.preparations] == [60, 40, 5]


def test_where_a_job_starts_by_itself_no_other_one_is_proposed(cloud, folder, capsys):
    settings = b'base_models = ["claude-3-haiku"]\n[job]\nstart = "on_accept"\nbase_model = "claude-3-haiku"'
    assert main.main(["push", folder({"train.jsonl": GOOD, "dataset.toml": settings}), "--wait"]) == 0
    said = capsys.readouterr().out
    assert "tunedrop jobs list --dataset support-bot" in said
    assert "jobs start" not in said


def test_a_changed_split_makes_one_more_version_that_holds_the_others(cloud, folder, stack):
    path = folder({"train.jsonl": GOOD, "validation.jsonl": examples.good(40, 500)()})
    assert main.main(["push", path, "--wait"]) == 0
    folder({"validation.jsonl": examples.good(41, 500)()})
    assert main.main(["push", path, "--wait"]) == 0
    made = version(stack, 2)
    assert [item.records for item in made.preparations] == [60, 41]


def test_the_same_bytes_again_make_no_version_and_say_so(cloud, folder, stack, capsys):
    path = folder({"train.jsonl": GOOD, "dataset.toml": b'owner = "me"'})
    assert main.main(["push", path, "--wait"]) == 0
    assert main.main(["push", path, "--wait"]) == 0
    assert "the same bytes" in capsys.readouterr().out
    assert (
        stack.s3.list_object_versions(Bucket=stack.bucket, Prefix="incoming/support-bot/dataset.toml")["Versions"][1:]
        == []
    )


def test_what_is_rejected_here_is_not_uploaded(cloud, folder, stack, capsys):
    path = folder({"train.jsonl": GOOD + b"oops\n"})
    assert main.main(["push", path]) == 1
    assert "invalid_json" in capsys.readouterr().err
    assert "Contents" not in stack.s3.list_objects_v2(Bucket=stack.bucket)


def test_a_schema_that_is_none_is_not_uploaded_and_answers_that_break_one_are_told(cloud, folder, stack, capsys):
    path = folder({"train.jsonl": GOOD, "schema.json": b'{"type": "nothing"}'})
    assert main.main(["push", path]) == 1
    assert "invalid_schema" in capsys.readouterr().err
    assert "Contents" not in stack.s3.list_objects_v2(Bucket=stack.bucket)
    asked = b'{"prompt": "Which lamp is meant by order 7?", "completion": "{\\"item\\": 7}"}\n'
    folder({"test.jsonl": asked, "schema.json": b'{"properties": {"item": {"type": "string"}}}'})
    assert main.main(["push", path]) == 0
    assert "The right answer of 1 record is not valid by schema.json" in capsys.readouterr().err


def test_each_base_model_that_would_reject_it_is_named_before_anything_is_uploaded(cloud, folder, capsys):
    settings = b'base_models = ["claude-3-haiku", "nova-lite"]'
    assert main.main(["push", folder({"train.jsonl": GOOD + b"oops\n", "dataset.toml": settings})]) == 1
    said = capsys.readouterr().err
    assert "rejected for claude-3-haiku" in said
    assert "  rejected  nova-lite         invalid_json, once (line 61): " in said


def test_what_the_stack_rejects_is_exit_code_1(cloud, folder, capsys):
    path = folder({"train.jsonl": GOOD + b"oops\n"})
    assert main.main(["push", path, "--no-check", "--wait"]) == 1
    said = capsys.readouterr().out
    assert "rejected support-bot@1" in said
    assert "reports/support-bot/1/claude-3-haiku/train.html?" in said
    assert "invalid_json" in said


def test_what_several_base_models_have_in_common_is_said_once(cloud, folder, capsys):
    settings = b'base_models = ["claude-3-haiku", "nova-lite"]'
    path = folder({"train.jsonl": GOOD + b"oops\n", "dataset.toml": settings})
    assert main.main(["push", path, "--no-check", "--wait"]) == 1
    said = capsys.readouterr().out
    assert (
        said.count("invalid_json, once in train for claude-3-haiku, nova-lite, first on line 61: ")
        == said.count("invalid_json")
        == 1
    )
    assert "61 records, 1 error, 0 warnings" in said


def test_by_events_the_only_version_that_is_prepared_holds_everything(cloud, deliveries, folder, stack):
    path = folder(
        {
            "train/a.jsonl": examples.good(30)(),
            "train/b.jsonl": examples.good(30, 300)(),
            "validation.jsonl": examples.good(40, 500)(),
            "dataset.toml": b'base_models = ["claude-3-haiku"]',
        }
    )
    assert main.main(["push", path, "--by-events"]) == 0
    deliveries.deliver()
    assert [version(stack, number).status for number in (1, 2)] == ["incomplete", "accepted"]
    assert set(version(stack, 2).files) == {"train", "validation", "dataset.toml"}


def test_a_commit_never_joins_what_somebody_else_left_there(cloud, folder, stack, capsys):
    stack.s3.put_object(Bucket=stack.bucket, Key="incoming/support-bot/train/old.jsonl", Body=GOOD)
    path = folder({"train/a.jsonl": GOOD})
    assert main.main(["push", path, "--by-events"]) == 2
    assert "old.jsonl" in capsys.readouterr().err


def test_without_control_api_the_splits_commit_by_themselves(stack, folder, capsys):
    path = folder({"train.jsonl": GOOD})
    assert main.main(["push", path, "--url", "http://127.0.0.1:9"]) == 0
    assert "commits by itself" in capsys.readouterr().err
    assert stack.s3.list_objects_v2(Bucket=stack.bucket)["KeyCount"] == 1


def test_images_are_uploaded_before_the_data_that_refers_to_them(deliveries, folder, stack, capsys):
    path = folder(
        {
            "train.jsonl": about("cat.png", "pets/dog.png"),
            "media/cat.png": PNG,
            "media/pets/dog.png": PNG,
            "media/.DS_Store": b"mine",
            "dataset.toml": b'base_models = ["nova-lite"]',
        }
    )
    assert main.main(["push", path, "--by-events"]) == 0
    sent = [line.partition(" → ")[0] for line in capsys.readouterr().err.splitlines() if " → " in line]
    assert [name.removeprefix(f"{path}/") for name in sent] == [
        "media/cat.png",
        "media/pets/dog.png",
        "dataset.toml",
        "train.jsonl",
    ]
    deliveries.deliver()
    assert version(stack).status == "accepted"


def test_a_name_that_no_record_can_refer_to_is_told_before_anything_is_uploaded(folder, stack, capsys):
    path = folder({"train.jsonl": GOOD, "media/a cat.png": PNG})
    assert main.main(["push", path, "--by-events"]) == 2
    assert "can't be uploaded" in capsys.readouterr().err
    assert stack.s3.list_objects_v2(Bucket=stack.bucket)["KeyCount"] == 0
