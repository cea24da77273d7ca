"""From a dropped file to a tuned model that answers, over HTTP, against the real template in the embedded cloud."""

from __future__ import annotations

import itertools
import json

import pytest

TOPICS = (
    ("reset the kettle", "Hold both buttons for five seconds."),
    ("descale the kettle", "Boil a spoon of citric acid, then rinse twice."),
    ("register the warranty", "Send us the serial number under the base."),
    ("order a spare lid", "The shop lists lids under spare parts."),
)
QUESTION = "Please tell me, how do I descale the kettle?"


def records(count, first=0):
    phrases = ("How do I {}?", "Please tell me, how do I {}?", "Can you explain how to {}?", "I want to {}. How?")
    for number in range(first, first + count):
        what, answer = TOPICS[number % len(TOPICS)]
        phrase = phrases[number // len(TOPICS) % len(phrases)]
        yield phrase.format(what) + f" (case {number})", answer


def prompts(count, first=0):
    return "\n".join(json.dumps({"prompt": prompt, "completion": text}) for prompt, text in records(count, first))


def conversations(count, first=0):
    """Claude messages with a system prompt."""
    return "\n".join(
        json.dumps(
            {
                "system": "You help with kettles.",
                "messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": text}],
            }
        )
        for prompt, text in records(count, first)
    )


def about_an_image(address):
    """A record in the same format that refers to a file."""
    image = {"type": "image_url", "image_url": {"url": address}}
    asked = {"role": "user", "content": [image, {"type": "text", "text": "Which of your kettles is this?"}]}
    return json.dumps({"messages": [asked, {"role": "assistant", "content": "The one with the red lid."}]})


def ask(traveller, deployment, **more):
    """The streamed answer, with a key that may call only this deployment."""
    key = traveller.api.post("/keys", {"name": "journey", "deployments": [deployment]})
    message = {"model": deployment, "max_tokens": 100, "messages": [{"role": "user", "content": QUESTION}]}
    with traveller.sdk(key["secret"]) as sdk:
        with sdk.messages.stream(**message, **more) as stream:
            text = "".join(stream.text_stream)
            final = stream.get_final_message()
        whole = sdk.messages.create(**message, **more)
    assert whole.content[0].text == text
    return key, text, final


def test_claude_3_haiku_is_trained_on_prompts_and_served_by_provisioned_throughput(west):
    import anthropic

    west.settle("haiku", 'base_models = ["claude-3-haiku"]\nowner = "kettles"\n')
    west.put("haiku/train.jsonl", prompts(80))
    west.put("haiku/validation.jsonl", prompts(40, first=200))
    version = west.version("haiku", "train", "validation", "dataset.toml")
    assert version["status"] == "accepted", west.read(version["preparations"][0]["report_key"])
    prepared = west.read(f"prepared/haiku/{version['version']}/claude-3-haiku/train.jsonl")
    assert [message["role"] for message in prepared[0]["messages"]] == ["user", "assistant"]

    job = west.job(
        dataset="haiku",
        base_model="claude-3-haiku",
        hyperparameters={"epochCount": 3, "batchSize": 8},
        deployment={"name": "haiku-prod", "hours": 1},
    )
    assert job["status"] == "Completed", job["failure"]
    assert job["owner"] == "kettles"
    assert west.metric_points(job) == {"training": 3 * 10, "validation": 3}

    ready = west.deployment("haiku-prod", "Ready")
    assert ":provisioned-model/" in ready["arn"]
    key, text, final = ask(west, "haiku-prod")
    assert "citric acid" in text
    assert (final.model, final.stop_reason) == ("haiku-prod", "end_turn")

    west.api.delete(f"/keys/{key['id']}")
    with west.sdk(key["secret"]) as sdk, pytest.raises(anthropic.AuthenticationError):
        sdk.messages.create(model="haiku-prod", max_tokens=5, messages=[{"role": "user", "content": "Still there?"}])
    west.api.delete("/deployments/haiku-prod", now="true")
    released = west.deployment("haiku-prod", "Released")
    assert [entry["state"] for entry in released["history"]] == ["Creating", "Ready", "Releasing", "Released"]
    assert [line for line in west.live() if line["tags"]["tunedrop:job"] == job["id"]] == []


def test_nova_lite_is_served_on_demand_through_converse_by_a_stack_that_buys_nothing(east):
    east.put("nova/media/kettle.gif", "GIF89a, or so it begins")
    east.put("nova/train.jsonl", conversations(40) + "\n" + about_an_image("media/kettle.gif"))
    version = east.version("nova", "train")
    assert version["base_models"] == ["nova-lite"]
    prepared = east.read(f"prepared/nova/{version['version']}/nova-lite/train.jsonl")
    assert prepared[0]["schemaVersion"] == "bedrock-conversation-2024"
    assert prepared[0]["system"] == [{"text": "You help with kettles."}]
    image = prepared[-1]["messages"][0]["content"][0]["image"]["source"]["s3Location"]["uri"]
    assert image == f"s3://{east.bucket}/prepared/nova/{version['version']}/media/kettle.gif"

    job = east.job(
        dataset="nova",
        base_model="nova-lite",
        hyperparameters={"epochCount": 2},
        deployment={"name": "nova-prod"},
    )
    assert job["status"] == "Completed", job["failure"]
    ready = east.deployment("nova-prod", "Ready")
    assert (ready["serving"], ready["model_units"], ready["expires_at"]) == ("on_demand", 0, None)
    assert ":custom-model-deployment/" in ready["arn"]
    _, text, final = ask(east, "nova-prod", system="You help with kettles.")
    assert "citric acid" in text
    assert final.usage.output_tokens > 0

    east.api.delete("/deployments/nova-prod", now="true")
    east.deployment("nova-prod", "Released")
    assert east.live() == []


def test_llama_3_1_8b_is_trained_on_prompts_as_they_are(west):
    west.settle("llama", 'base_models = ["llama-3-1-8b"]')
    west.put("llama/train.jsonl", prompts(120))
    version = west.version("llama", "train", "dataset.toml")
    assert version["base_models"] == ["llama-3-1-8b"]
    prepared = west.read(f"prepared/llama/{version['version']}/llama-3-1-8b/train.jsonl")
    assert set(prepared[0]) == {"prompt", "completion"}

    job = west.job(
        dataset="llama", base_model="llama-3-1-8b", hyperparameters={"epochCount": 5}, deployment={"name": "llama-prod"}
    )
    assert job["status"] == "Completed", job["failure"]
    assert west.metric_points(job)["training"] == 600
    west.deployment("llama-prod", "Ready")
    _, text, _ = ask(west, "llama-prod")
    assert "citric acid" in text

    (bought,) = [line for line in west.live() if line["tags"]["tunedrop:job"] == job["id"]]
    brake = west.stack.client("scheduler").get_schedule(Name=bought["name"])
    assert brake["ActionAfterCompletion"] == "DELETE"
    assert bought["resource_arn"] in brake["Target"]["Input"]
    west.api.delete("/deployments/llama-prod", now="true")
    west.deployment("llama-prod", "Released")


def test_reconcile_shows_what_stands(west):
    """The alarms on live and expired capacity have something to read."""

    def look():
        log = west.stack.cloud.function_log(west.stack.resource("ReconcileFunction"))
        return next((line for line in log.splitlines() if '"LiveModelUnits"' in line), None)

    shown = json.loads(west.eventually(look))
    assert shown["service"] == west.stack.name
    assert {"ReconcileCompleted", "LiveModelUnits", "ExpiredPurchases", "HourlyCost"} <= set(shown)


def test_a_job_is_followed_by_bedrocks_own_events_while_reconcile_sleeps(west):
    """Reconcile finds what events would have brought, so only without it is it seen that they come."""
    schedule = west.stack.resource("ReconcileFunctionEveryFiveMinutes")
    events = west.stack.client("events")
    west.put("events/train.jsonl", prompts(100))
    west.version("events", "train")
    tries = itertools.count()

    def unseen_by_reconcile():
        """A job; none where a look that Reconcile had begun before it was put to sleep still came upon the job."""
        wish = {"dataset": "events", "base_model": "llama-3-3-70b", "hyperparameters": {"epochCount": 1}}
        job = west.job(key=f"-{next(tries)}", **wish)
        return job if "reconcile" not in [entry["source"] for entry in job["timeline"]] else None

    events.disable_rule(Name=schedule)
    try:
        job = west.eventually(unseen_by_reconcile)
    finally:
        events.enable_rule(Name=schedule)
    assert job["status"] == "Completed", job["failure"]
    assert [entry["status"] for entry in job["timeline"]] == ["Requested", "InProgress", "Completed"]
    assert job["timeline"][-1]["source"] == "event"
