"""`--write`: upload a small dataset in every way, hear of it, and erase it again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from tunedrop_cli.doctor import sample
from tunedrop_cli.doctor.fact_checks import TELL_US
from tunedrop_cli.doctor.outcomes import CannotTell, Missing, Outcome, attention, failed, ok
from tunedrop_cli.doctor.trip import ENDED, Step, Trip
from tunedrop_cli.doctor.writing import send, until

VERDICT_WITHIN = 20 * 60.0
HEARD_WITHIN = 5 * 60.0
ERASED_WITHIN = 30 * 60.0
SEND_US = "Please send us the report."
PREFIXES = ("incoming", "prepared", "reports")


def listen(trip: Trip) -> Outcome:
    """Subscribe a queue of this trip's own to the notifications."""
    topic = trip.writer.output("NotificationTopicArn")
    url = trip.writer.act("sqs", "create_queue", QueueName=f"tunedrop-{trip.name}")["QueueUrl"]
    trip.queue = {"url": url}
    attributes = trip.writer.ask("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["QueueArn"])
    arn = attributes["Attributes"]["QueueArn"]
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    trip.writer.act("sqs", "set_queue_attributes", QueueUrl=url, Attributes={"Policy": policy})
    made = trip.writer.act("sns", "subscribe", TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    trip.queue["subscription"] = made["SubscriptionArn"]
    return ok("a queue of this run's own hears the notifications")


def upload_link(trip: Trip) -> Outcome:
    """Upload settings and train by links: each takes only what it was signed for, and only once."""
    toml = f'base_models = ["{trip.base_model.name}"]\nowner = "tunedrop doctor"\n'.encode()
    if (status := send(_link(trip, toml, file="dataset.toml"), toml)) != 200:
        return failed(f"S3 answers {status} to the link for dataset.toml", "See the permissions of ControlApiRole.")
    until(lambda: _is_known(trip), within=VERDICT_WITHIN, what="dataset.toml")
    text = b"You help people with their appliances."
    unused = _link(trip, text, file="system.txt")
    body = sample.lines(records_of(trip))
    link = _link(trip, body, split="train", extension="jsonl")
    statuses = {
        "another length": send(unused, text + b"!"),
        "other content": send(unused, text.swapcase()),
        "its own file": send(link, body),
        "its own file again": send(link, body),
    }
    values = {"statuses": statuses}
    if statuses["its own file"] != 200:
        seen = f"S3 answers {statuses['its own file']} to a link's own file"
        return failed(seen, "See the permissions of ControlApiRole.", values=values)
    if loose := [what for what, status in statuses.items() if what != "its own file" and status < 400]:
        return attention(f"a link also takes {' and '.join(loose)}", TELL_US, values=values)
    return ok("a link takes its own file, once, and no other", values=values)


def records_of(trip: Trip) -> int:
    """The fewest records that the base model trains on."""
    limits = trip.base_model.limits
    return max(limits.train_records.minimum, limits.total_records.minimum)


def _link(trip: Trip, body: bytes, **wanted: str) -> Mapping[str, Any]:
    asked = {**wanted, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    return dict(trip.writer.post(f"{trip.dataset}/uploads", asked))


def _is_known(trip: Trip) -> bool:
    try:
        return bool(trip.writer.get(trip.dataset))
    except Missing:
        return False


def _version(trip: Trip, key: str, *, after: int = 0) -> dict[str, Any]:
    """The version that holds this file, once it has its verdict."""

    def look() -> dict[str, Any] | None:
        try:
            number = trip.writer.get(trip.dataset)["latest_version"]
            if number <= after:
                return None
            version = dict(trip.writer.get(f"{trip.dataset}/versions/{number}"))
        except Missing:
            return None
        held = any(file["key"].endswith(key) for file in version["files"].values())
        return version if held and version["status"] in {"accepted", "rejected"} else None

    return until(look, within=VERDICT_WITHIN, what=f"the verdict on {key}")


def _accepted(version: Mapping[str, Any], words: str) -> Outcome:
    splits = {each["split"]: each["records"] for each in version["preparations"]}
    values = {"version": version["version"], "records": splits}
    if version["status"] != "accepted":
        codes = ", ".join(each["code"] for each in version["top_findings"])
        return failed(f"version {version['version']} was rejected: {codes}", SEND_US, values=values)
    return ok(words, values=values)


def verdict(trip: Trip) -> Outcome:
    """Whether the upload became an accepted version: S3's event, both queues, the function, the tables."""
    version = _version(trip, "train.jsonl")
    trip.version = version["version"]
    trip.tokens = sum(each["tokens"] for each in version["preparations"])
    return _accepted(version, "the upload became an accepted version")


def notification(trip: Trip) -> Outcome:
    """Whether the notification arrives: EventBridge may publish to the encrypted topic."""

    def look() -> dict[str, Any] | None:
        answer = trip.writer.act("sqs", "receive_message", QueueUrl=trip.queue["url"], WaitTimeSeconds=5)
        for message in answer.get("Messages", []):
            event = json.loads(json.loads(message["Body"])["Message"])
            if event["detail-type"] == "DatasetPrepared" and event["detail"].get("dataset") == trip.name:
                return dict(event)
        return None

    if "subscription" not in trip.queue:
        raise CannotTell("no queue listens")
    try:
        event = until(look, within=HEARD_WITHIN, what="the notification")
    except CannotTell as late:
        advice = "See the dead letters of NotificationRule: a policy of the key or the topic may not allow EventBridge."
        return failed(str(late), advice)
    return ok("the notification DatasetPrepared arrived", values={"time": event["time"]})


def upload_again(trip: Trip) -> Outcome:
    """Replace train by a link, which signs If-Match: ControlApi's role must be allowed to."""
    body = sample.lines(records_of(trip))
    status = send(_link(trip, body, split="train", extension="jsonl"), body)
    if status != 200:
        return failed(f"S3 answers {status} to a link that replaces", "See ControlApiRole.", values={"status": status})
    return ok("a link replaces the file that it was signed for", values={"status": status})


def carried(trip: Trip) -> Outcome:
    """Add validation: the new version has train's report at once, copied within S3."""
    if not trip.base_model.validation:
        raise CannotTell(f"{trip.base_model.name} takes no validation")
    records = records_of(trip)
    count = trip.base_model.limits.validation_records.minimum
    body = sample.lines(max(count, 8), first=2 * records)
    if (status := send(_link(trip, body, split="validation", extension="jsonl"), body)) != 200:
        return failed(f"S3 answers {status} to the link for validation")
    version = _version(trip, "validation.jsonl", after=trip.version)
    return _accepted(version, "validation joined the accepted train, which was copied within S3")


def parquet(trip: Trip) -> Outcome:
    """Upload a Parquet file, which needs the layer's own library for arm64."""
    if records_of(trip) > sample.PARQUET_RECORDS:
        raise CannotTell(f"{trip.base_model.name} asks for more records than the sample has")
    body = sample.parquet()
    if (status := send(_link(trip, body, split="train", extension="parquet"), body)) != 200:
        return failed(f"S3 answers {status} to the link for a Parquet file")
    return _accepted(_version(trip, "train.parquet", after=trip.version), "a Parquet file was read")


def hush(trip: Trip) -> Outcome:
    """Take the queue away again, also that of an earlier run."""
    name, topic = f"tunedrop-{trip.name}", trip.writer.output("NotificationTopicArn")
    for each in trip.writer.every("sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=topic):
        if each["Endpoint"].endswith(f":{name}"):
            trip.writer.act("sns", "unsubscribe", SubscriptionArn=each["SubscriptionArn"])
    try:
        url = trip.writer.ask("sqs", "get_queue_url", QueueName=name)["QueueUrl"]
    except Missing:
        return ok("there is no queue to delete")
    trip.writer.act("sqs", "delete_queue", QueueUrl=url)
    return ok("the queue and its subscription are gone")


def erased(trip: Trip) -> Outcome:
    """Erase the dataset, as its plan says, and look for what is left."""
    if trip.job and trip.job["status"] not in ENDED:
        raise CannotTell(f"a job reads the dataset {trip.name}: DELETE {trip.dataset} when it has ended")
    if not _is_known(trip):
        return ok("there is no dataset to erase")
    planned = until(
        lambda: trip.writer.delete(trip.dataset, plan="true"),
        within=VERDICT_WITHIN,
        what="the verdict on the last upload",
    )
    until(lambda: trip.writer.delete(trip.dataset)["state"] == "erased", within=ERASED_WITHIN, what="the erasure")
    left = [key for prefix in PREFIXES for key in _left(trip, f"{prefix}/{trip.name}/")]
    values = {"planned": planned["remaining"], "left": left}
    if left:
        return failed(f"{len(left)} objects are left of the erased dataset", SEND_US, values=values)
    return ok(f"{planned['remaining']['objects']} objects were erased, and nothing is left", values=values)


def _left(trip: Trip, prefix: str) -> list[str]:
    found = trip.writer.ask("s3", "list_object_versions", Bucket=trip.writer.resource("DataBucket"), Prefix=prefix)
    return [each["Key"] for kind in ("Versions", "DeleteMarkers") for each in found.get(kind, [])]


UPLOADING = (
    Step("listen", listen),
    Step("upload-link", upload_link, needed=True),
    Step("verdict", verdict, needed=True),
    Step("notification", notification),
    Step("upload-again", upload_again),
    Step("carried", carried),
    Step("parquet", parquet),
)
CLEARING = (Step("hush", hush, last=True), Step("erased", erased, last=True))
