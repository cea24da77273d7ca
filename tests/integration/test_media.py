"""Images that records refer to: looked at in the bucket, copied, and trained on from where only the stack writes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tunedrop.domain.versions import deletions

from tests.integration.uploads_world import SETTINGS, TRAIN, VALIDATION, version

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
CAT, DOG = "incoming/support-bot/media/cat.png", "incoming/support-bot/media/pets/dog.png"
COPIES = "prepared/support-bot/{}/media/"


def about(*names: str, count: int = 40) -> bytes:
    """Records about these images in turn."""
    made = []
    for number in range(count):
        image = {"type": "image_url", "image_url": {"url": f"media/{names[number % len(names)]}"}}
        asked = {"role": "user", "content": [image, {"type": "text", "text": f"What is {number} of it?"}]}
        made.append({"messages": [asked, {"role": "assistant", "content": f"It is part {number} of {number + 7}."}]})
    return b"".join(json.dumps(each).encode() + b"\n" for each in made)


@pytest.fixture
def nova(uploader):
    uploader.upload(SETTINGS, 'base_models = ["nova-lite"]\n[checks]\nignore = ["not_trained_here"]')
    return uploader


def report(uploader, number: int = 1, split: str = "train") -> dict[str, Any]:
    return uploader.report(number, "nova-lite", split)


def trained(uploader, number: int = 1) -> set[str]:
    lines = uploader.object(f"prepared/support-bot/{number}/nova-lite/train.jsonl").splitlines()
    blocks = [block for line in lines for block in json.loads(line)["messages"][0]["content"]]
    return {block["image"]["source"]["s3Location"]["uri"] for block in blocks if "image" in block}


def test_accepted_data_refers_to_copies_of_what_was_checked(nova, stack):
    for key, body in ((CAT, PNG), (DOG, PNG + b"dog")):
        assert nova.deliver(nova.put(key, body)) == []
    nova.upload(TRAIN, about("cat.png", "pets/dog.png"))
    told = report(nova)
    assert (told["verdict"], told["findings"]) == ("accepted", [])
    assert told["media"] == {"files": 2, "bytes": 2 * len(PNG) + 3}
    copies = f"s3://{stack.bucket}/prepared/support-bot/1/media/"
    assert trained(nova) == {f"{copies}cat.png", f"{copies}pets/dog.png"}
    assert nova.object(COPIES.format(1) + "pets/dog.png") == PNG + b"dog"
    assert stack.published()[-1][0] == "DatasetPrepared"


def test_a_file_that_is_replaced_changes_no_version_that_holds_it(nova, stack):
    nova.put(CAT, PNG + b"first")
    nova.upload(TRAIN, about("cat.png"))
    nova.put(CAT, PNG + b"second")
    nova.upload(VALIDATION, about("cat.png", count=9))
    assert report(nova, 2)["verdict"] == report(nova, 2, "validation")["verdict"] == "accepted"
    assert trained(nova, 2) == {f"s3://{stack.bucket}/{COPIES.format(2)}cat.png"}
    assert nova.object(COPIES.format(1) + "cat.png") == PNG + b"first"
    assert nova.object(COPIES.format(2) + "cat.png") == PNG + b"second"


def test_a_version_that_is_prepared_again_takes_the_copies_that_it_has(nova, stack):
    nova.put(CAT, PNG + b"first")
    nova.upload(TRAIN, about("cat.png"))
    nova.put(CAT, b"no image any more")
    asked = {"dataset": "support-bot", "version": 1, "base_model": "nova-pro", "job_id": "01"}
    assert nova.deliver({"kind": "prepare_version", "schema": 1, **asked}) == []
    assert nova.report(1, "nova-pro")["verdict"] == "accepted"
    assert nova.object(COPIES.format(1) + "cat.png") == PNG + b"first"


def test_what_is_missing_or_no_image_rejects_until_it_was_uploaded(nova, stack):
    nova.put(CAT, b"GIF89a" + bytes(20))
    nova.upload(TRAIN, about("cat.png", "pets/dog.png"))
    found = {each["code"]: each for each in report(nova)["findings"]}
    assert set(found) == {"unfit_media", "missing_media"}
    assert (found["missing_media"]["line"], found["unfit_media"]["line"]) == (2, 1)
    command = found["missing_media"]["hint"].removeprefix("Upload it: ").split()
    assert command[:3] == ["aws", "s3", "cp"]
    assert command[4] == f"s3://{stack.bucket}/{CAT.removesuffix('cat.png')}"
    kept = stack.s3.list_objects_v2(Bucket=stack.bucket, Prefix="prepared/").get("Contents", [])
    assert kept == []

    again = nova.put(TRAIN, about("cat.png", "pets/dog.png"))
    for key in (CAT, DOG):
        nova.put(key, PNG)
    assert nova.deliver(again) == []
    assert (version(stack, 2).status, report(nova, 2)["verdict"]) == ("accepted", "accepted")
    assert nova.deliver(again) == []
    assert nova.deliver(nova.put(TRAIN, about("cat.png", "pets/dog.png"))) == []
    assert stack.s3.list_objects_v2(Bucket=stack.bucket, Prefix="prepared/support-bot/3/")["KeyCount"] == 0


def test_the_event_that_made_a_rejected_version_makes_no_other_when_it_comes_twice(nova, stack):
    event = nova.put(TRAIN, about("cat.png"))
    assert nova.deliver(event) == nova.deliver(event) == []
    assert version(stack, 1).status == "rejected"
    assert stack.s3.list_objects_v2(Bucket=stack.bucket, Prefix="reports/support-bot/2/")["KeyCount"] == 0


def test_a_version_is_deleted_with_its_copies():
    assert COPIES.format(3).startswith(deletions.made("support-bot/3")[0])


def test_a_name_that_no_record_can_refer_to_is_refused_where_its_uploader_sees_it(uploader):
    uploader.upload("incoming/support-bot/media/a cat.png", PNG)
    told = json.loads(uploader.object("reports/support-bot/unrecognized/media/a cat.png.json"))
    assert told["findings"][0]["code"] == "unrecognized_key"
    assert "letters, digits" in told["findings"][0]["hint"]
