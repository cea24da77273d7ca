"""The life of data in a deployed stack: put by a link, reported by links, and erased."""

from __future__ import annotations

import hashlib
import json
import urllib.error
import urllib.request

import pytest
from tunedrop_cli.errors import Refused

from tests.waiting import PATIENCE

LINES = [{"prompt": f"How do I clean part {n}?", "completion": f"Unplug it and wipe part {n}."} for n in range(120)]
BODY = "".join(json.dumps(line) + "\n" for line in LINES).encode()


def put(link, body):
    request = urllib.request.Request(link["url"], body, link["headers"], method=link["method"])
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        assert answer.status == 200


def test_data_comes_by_a_link_and_goes_without_a_trace_of_its_content(west):
    wanted = {"split": "train", "extension": "jsonl", "bytes": len(BODY), "sha256": hashlib.sha256(BODY).hexdigest()}
    link = west.api.post("/datasets/short-life/uploads", wanted)
    with pytest.raises(urllib.error.HTTPError):
        put(link | {"url": link["url"].replace("short-life", "other-life")}, BODY)
    put(link, BODY)
    version = west.version("short-life", "train")
    assert version["status"] == "accepted"
    (item,) = version["preparations"]
    with urllib.request.urlopen(item["report_url"], timeout=PATIENCE) as report:
        assert json.loads(report.read())["records"] == 120
    with urllib.request.urlopen(item["page_url"], timeout=PATIENCE) as page:
        assert page.headers["Content-Type"].startswith("text/html")

    assert west.api.delete("/datasets/short-life", plan="true")["remaining"]["objects"] >= 4
    assert west.api.delete("/datasets/short-life")["state"] == "erasing"
    with pytest.raises(Refused, match="deleted"):
        west.api.get("/datasets/short-life")

    def erased():
        answer = west.api.delete("/datasets/short-life")
        return answer if answer["state"] == "erased" else None

    assert west.eventually(erased)["remaining"]["objects"] == 0
    (stone,) = west.api.get("/datasets/short-life/tombstones")["tombstones"]
    assert stone["files"][0]["sha256"] == wanted["sha256"]
    left = west.stack.client("s3").list_object_versions(Bucket=west.bucket)
    assert not [each["Key"] for each in left.get("Versions", []) if "/short-life/" in each["Key"]]
