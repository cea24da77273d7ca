"""An unchanged train split in a deployed stack, whose role may copy it: carried over, not read again."""

from __future__ import annotations

import json


def lines(start, count=40):
    pairs = [(f"Where is the valve of sink {n}?", f"Under sink {n}, at the wall.") for n in range(start, start + count)]
    return "".join(json.dumps({"prompt": ask, "completion": say}) + "\n" for ask, say in pairs)


def test_a_validation_split_leaves_train_unread_and_is_compared_with_it(west):
    west.settle("carried-bot", 'base_models = ["claude-3-haiku"]')
    west.put("carried-bot/train.jsonl", lines(0))
    first = west.version("carried-bot", "train")
    west.put("carried-bot/validation.jsonl", lines(38))
    second = west.version("carried-bot", "train", "validation")
    train, validation = (west.read(item["report_key"]) for item in second["preparations"])
    assert (train["version"], train["verdict"]) == (second["version"], "accepted") == (2, "accepted")
    assert train["output"]["sha256"] == west.read(first["preparations"][0]["report_key"])["output"]["sha256"]
    assert validation["counts_by_code"] == {"split_overlap": 2, "common_prefix": 1}
    name = west.stack.resource("DatasetUploadedFunction")

    def told(words):
        lines = west.stack.cloud.function_log(name).splitlines()
        return [line for line in lines if '"carried-bot"' in line and words in line]

    assert west.eventually(lambda: told("train carried over"))
    assert not told("train is read again")
