"""An unchanged train split in a deployed stack, whose role may copy it: carried over, not read again."""

from __future__ import annotations

import json


def lines(start, count=40):
    pairs = [(f"Where is the valve of sink {n}?", f"Under sink {n}, at the wall.") for n in range(start, start + count)]
    return "".join(json.dumps({"prompt": ask, "completion": say}) + "\n" for ask, say in pairs)


def test_a_validation_split_leaves_train_unread_and_is_compared_with_it(west):
    west.put("carried-bot/dataset.toml", 'base_models = ["claude-3-haiku"]')
    west.put("carried-bot/train.jsonl", lines(0))
    first = west.version("carried-bot", "train")
    west.put("carried-bot/validation.jsonl", lines(38))
    second = west.version("carried-bot", "train", "validation")
    train, validation = (west.read(item["report_key"]) for item in second["preparations"])
    assert (train["version"], train["verdict"]) == (second["version"], "accepted") == (2, "accepted")
    assert train["output"]["sha256"] == west.read(first["preparations"][0]["report_key"])["output"]["sha256"]
    assert validation["counts_by_code"] == {"split_overlap": 2}
    log = west.stack.cloud.function_log(west.stack.resource("DatasetUploadedFunction"))
    told = [line for line in log.splitlines() if '"carried-bot"' in line]
    assert any("train carried over" in line for line in told)
    assert not any("train is read again" in line for line in told)
