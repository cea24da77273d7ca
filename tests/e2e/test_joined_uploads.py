"""A split in several files, in a deployed stack: joined by `_commit`, and by a request."""

from __future__ import annotations

import json


def lines(start, count=20):
    pairs = [(f"How do I clean part {n}?", f"Unplug it and wipe part {n}.") for n in range(start, start + count)]
    return "".join(json.dumps({"prompt": ask, "completion": say}) + "\n" for ask, say in pairs)


def test_files_of_one_split_are_joined_by_a_commit_and_by_a_request(west):
    west.settle("joined-bot", 'base_models = ["claude-3-haiku"]')
    west.put("joined-bot/train/a.jsonl", lines(0))
    west.put("joined-bot/train/b.jsonl", lines(100))
    west.put("joined-bot/train/_commit", "")
    first = west.version("joined-bot", "train")
    assert (first["status"], first["files"]["train"]["joined"]) == ("accepted", 2)
    report = west.read(first["preparations"][0]["report_key"])
    assert [file["key"] for file in report["files"]] == [f"incoming/joined-bot/train/{name}.jsonl" for name in "ab"]
    assert report["records"] == 40

    west.put("joined-bot/train/c.jsonl", lines(200, 60))
    body = {"splits": {"train": ["incoming/joined-bot/train/c.jsonl", "incoming/joined-bot/train/a.jsonl"]}}
    taken = west.api.post("/datasets/joined-bot/versions", body, idempotency_key="joined-bot-second")

    def through():
        upload = west.api.get(f"/datasets/joined-bot/uploads/{taken['upload_id']}")
        return upload if upload["status"] == "done" else None

    number = west.eventually(through)["version"]
    second = west.api.get(f"/datasets/joined-bot/versions/{number}")
    assert (number, second["status"]) == (2, "accepted")
    assert [part["key"][-7:] for part in second["files"]["train"]["parts"]] == ["a.jsonl", "c.jsonl"]
    assert second["preparations"][0]["records"] == 80
