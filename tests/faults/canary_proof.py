"""B13: what people train on, ask and keep secret is in no log, row, event, message or report, whatever goes wrong."""

from __future__ import annotations

import io
import json
import random
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bedrock_simulator.event_stream import frame
from tunedrop.domain.checks.all_checks import CHECKS
from tunedrop_cli import main

from tests import builders
from tests.faults import canary_evaluations
from tests.faults.canaries import Flock
from tests.faults.canary_world import CanaryWorld, canary_world, failing, fault_of
from tests.integration.messages_world import Caller, ScriptedBedrock, chunk, make_caller, put_deployment
from tests.integration.uploads_world import good
from tests.proofs import Proof
from tests.unit.checks import bad_files
from tests.unit.messages.test_claude_mapping import ANSWER

_SENTENCE_ENDS = re.compile(rb'[?.!](?=["\',\t\r\n]|\\n|$)')
_LARGEST = 100_000
"""Bytes; what is larger says nothing that a small file does not, and takes seconds."""
ARN = "arn:aws:bedrock:us-west-2:123456789012:provisioned-model/abcdefghijkl"
OPERATIONS = json.loads((Path(__file__).parents[2] / "docs/openapi.json").read_text("utf-8"))["paths"]
_FIRST_CHUNK = {"candidate": 0, "chunk": 0, "attempt": 1}
SECRET_HEADERS = ("Authorization", "X-Amz-Security-Token", "Cookie", "X-Anything")


@dataclass(frozen=True, slots=True)
class PlantedFile:
    """A file of the corpus or of a check's example, with canaries at the ends of its sentences."""

    name: str
    extension: str
    content: bytes


def prove() -> Proof:
    """Every file, route, error and call."""
    return look_everywhere(None)


def look_everywhere(sample: int | None) -> Proof:
    """The same, of files and of the calls that fail only so many, the same ones each time."""
    chance = random.Random(1)
    with canary_world() as world:
        files = [planted for planted in _files(world.flock) if len(planted.content) <= _LARGEST]
        some = files if sample is None else chance.sample(files, sample)
        _upload_files(world, some)
        _upload_settings(world)
        requests = _ask_control_api(world)
        answers = _ask_for_messages(world)
        asked = canary_evaluations.evaluate(world)
        faults = _fail_everywhere(world, None if sample is None else chance, sample or 0)
        _use_the_command_line(world.flock, some)
        calls = world.calls
    return world.flock.proof(
        f"{len(some)} files, {requests} requests, {answers} Messages API calls, {asked} chunks of evaluations, "
        f"{faults} faults with words, {calls:,} calls of functions"
    )


# --- data


def _files(flock: Flock) -> Iterator[PlantedFile]:
    for case in bad_files.CASES:
        if case.size is None and case.train is None:
            yield _planted(flock, f"file {case.id}", case.extension, bad_files.made(case.content))
    for code, check in CHECKS.items():
        if (example := check.example) is not None and example.extension != "toml":
            lines = example.content() if example.alone else bad_files.after(example.content())
            yield _planted(flock, f"example of {code}", example.extension, lines)


def _planted(flock: Flock, name: str, extension: str, content: bytes) -> PlantedFile:
    word = flock.canary("content", name).encode()
    return PlantedFile(name, extension, _SENTENCE_ENDS.sub(lambda found: b", says " + word + found[0], content))


def _upload_files(world: CanaryWorld, files: Sequence[PlantedFile]) -> None:
    for number, each in enumerate(files):
        key = f"incoming/canary-{number}/train.{each.extension}"
        world.deliver(
            world.uploader.put(key, each.content, anything=world.flock.canary("content", f"metadata {number}"))
        )
    world.look("uploads of files")


def _upload_settings(world: CanaryWorld) -> None:
    flock, name = world.flock, world.flock.canary("name", "key of an upload")
    settings = {
        "whole": f"system = {json.dumps(flock.content('system in dataset.toml'))}\nowner = 'ada'\n".encode(),
        "broken": f'system = """{flock.content("system in a broken dataset.toml")}'.encode(),
        "wrong": f"owner = 5\nsystem = ['{flock.canary('content', 'system that is a list')}']\n".encode(),
        "latin": f"system = '{flock.canary('content', 'system in Latin-1')} \xe9'".encode("latin-1"),
        "file": b'system = { file = "system.txt" }\n',
    }
    for dataset, content in settings.items():
        at = f"incoming/settings-{dataset}"
        texts = (
            flock.content("system.txt").encode(),
            f"{flock.canary('content', 'broken system.txt')} \xff".encode("latin-1"),
        )
        for text in texts if dataset == "file" else ():
            world.deliver(world.uploader.put(f"{at}/system.txt", text))
        world.deliver(world.uploader.put(f"{at}/dataset.toml", content))
        own = flock.canary("content", f"metadata system, {dataset}")
        world.deliver(world.uploader.put(f"{at}/train.jsonl", good(40), system=f"Say {own}."))
        odd = flock.canary("content", f"metadata system that is not plain, {dataset}")
        world.deliver(world.uploader.put(f"{at}/validation.jsonl", good(40, 500), system=f"=?UTF-8?Q?{odd}?="))
    for key in (f"incoming/{name}", f"incoming/x/{name}.docx", f"incoming/x/train/{name}.jsonl", f"incoming/{name}/"):
        world.deliver(world.uploader.put(key, b"x"))
    gone = world.uploader.put(f"incoming/x/{name}.txt", b"x")
    world.uploader.erase(gone)
    world.deliver(gone)
    body = json.dumps({"schema": 9, "text": flock.canary("content", "message of another release")})
    world.call("dataset_uploaded", builders.sqs_event(body, "{" + flock.canary("content", "message that is no JSON")))
    world.look("uploads of settings and of strange keys")


# --- requests


def _ask_control_api(world: CanaryWorld) -> int:
    flock, number = world.flock, 0
    for path, methods in OPERATIONS.items():
        for method in methods:
            place = f"{method.upper()} {path}"
            known = re.sub(r"\{(\w+)\}", lambda found: str(world.populated.names[f"path.{found[1]}"][0]), path)
            headers = {name: flock.canary("secret", f"{name} of {place}") for name in SECRET_HEADERS}
            headers["Idempotency-Key"] = f"key-{number}"
            unknown = {"query": flock.canary("content", f"query of {place}")}
            wrong = {
                name: flock.canary("content", f"{name} of {place}") for name in ("dataset", "name", "split", "prompt")
            }
            nowhere = re.sub(r"\{\w+\}", flock.canary("content", f"path of {place}").lower(), path)
            for request in (
                builders.api_request(method.upper(), known, headers=headers, body=wrong),
                builders.api_request(method.upper(), known, headers=headers, query=unknown),
                builders.api_request(method.upper(), known, headers=headers, raw="{" + wrong["prompt"]),
                builders.api_request(method.upper(), nowhere, headers=headers),
            ):
                world.call("control_api", request)
                number += 1
            world.populated.restore()
    job = {"dataset": "support", "base_model": "claude-3-haiku", "version": 1}
    started = builders.api_request("POST", "/jobs", body=job, headers={**headers, "Idempotency-Key": "a-new-job"})
    assert builders.api_answer(world.call("control_api", started))[0] == 202
    body = {"name": "checkout", "deployments": ["support-prod"]}
    request = builders.api_request("POST", "/keys", body=body, headers={"Idempotency-Key": "a-new-key"})
    for _ in range(2):
        _, made = builders.api_answer(world.call("control_api", request))
        if made.get("secret"):
            flock.watch("secret", "API key", made["secret"])
    assert any(place == "API key" for _, place in flock.planted.values())
    world.look("requests to ControlApi")
    return number + 3


def _ask_for_messages(world: CanaryWorld) -> int:
    flock = world.flock
    caller = make_caller(world.stack)
    assert caller.secret
    flock.watch("secret", "API key of a caller", caller.secret)
    put_deployment(world.stack, ARN)
    bedrock = ScriptedBedrock().mounted()
    said = json.dumps(ANSWER).replace("Hello", flock.canary("content", "completion"))
    pieces = [chunk(each) for each in json.loads(said)]
    headers = {":exception-type": "modelStreamErrorException", ":content-type": "application/json"}
    words = {"message": flock.canary("exception", "words in a stream"), "originalMessage": "?"}
    broken = frame({**headers, ":message-type": "exception"}, json.dumps(words).encode())
    number = 0
    for scripted in (pieces, [*pieces[:2], broken], pieces[:2], [broken], [b"no event stream" + pieces[0]]):
        for body in _message_bodies(flock):
            bedrock.pieces = scripted
            _call(world, caller, body)
            number += 1
    for stranger in (flock.canary("secret", "API key that is none"), f"td_{flock.canary('secret', 'a wrong API key')}"):
        _call(world, Caller(stranger), next(_message_bodies(flock)))
    world.look("calls of the Messages API")
    return number + 2


def _message_bodies(flock: Flock) -> Iterator[Any]:
    ask = {
        "model": "support-bot",
        "max_tokens": 100,
        "system": flock.content("system of a call"),
        "messages": [{"role": "user", "content": flock.content("prompt of a call")}],
        "tools": [{"name": "look", "description": flock.content("description of a tool"), "input_schema": {}}],
        "stop_sequences": [flock.content("stop sequence")],
        "metadata": {"user_id": flock.canary("secret", "user of a call")},
    }
    yield ask
    yield ask | {"stream": True}
    yield ask | {"model": flock.canary("content", "deployment that is none").lower()}
    yield ask | {"messages": [{"role": flock.canary("content", "role of a call"), "content": 5}]}
    yield ask | {"max_tokens": flock.canary("content", "max_tokens that are none")}
    yield ask | {flock.canary("content", "field of a call that is unknown"): 1}
    yield json.dumps(ask)[:-20]


def _call(world: CanaryWorld, caller: Caller, body: Any) -> None:
    headers = {name.lower(): world.flock.canary("secret", f"{name} of a call") for name in SECRET_HEADERS[1:]}
    request = builders.event("messages_api_request") | {
        "headers": {"x-api-key": caller.secret, **headers},
        "body": body if isinstance(body, str) else json.dumps(body),
    }
    answer = world.call("messages_api", request)
    try:
        b"".join(getattr(answer, "body", ()))
    except Exception as error:  # noqa: BLE001 - the streaming runtime says its class only (streaming_runtime.py)
        world.output.write(type(error).__name__)


# --- faults


def _fail_everywhere(world: CanaryWorld, chance: random.Random | None, sample: int) -> int:
    """Let each AWS call of each function fail once for each kind of fault."""
    deeds = [
        (function, event, nth) for function, event in _deeds(world) for nth in range(_count(world, function, event))
    ]
    if chance:
        deeds = chance.sample(deeds, sample)
    for function, event, nth in deeds:
        for kind in ("AWS", "library"):
            with failing(nth, partial(fault_of, world.flock, kind, f"call {nth} of {function}")):
                world.call(function, event)
            world.populated.restore()
    world.look("calls of AWS that fail")
    return 2 * len(deeds)


def _deeds(world: CanaryWorld) -> Iterator[tuple[str, Any]]:
    names = world.populated.names
    job_id = names["path.job_id"][1]
    yield "dataset_uploaded", builders.sqs_event(world.uploader.put("incoming/faulty/train.jsonl", good(40)))
    yield "spending_requested", builders.sqs_event({"schema": 1, "kind": "advance_job", "job_id": job_id})
    for each in names["path.job_id"]:
        yield "job_state_changed", builders.sqs_event({"schema": 1, "kind": "follow_job", "job_id": each})
    for each in names["path.evaluation_id"]:
        ids = {"schema": 1, "evaluation_id": each}
        yield "evaluation_requested", builders.sqs_event({**ids, "kind": "advance_evaluation"})
        yield "evaluation_requested", builders.sqs_event({**ids, "kind": "ask_candidate", **_FIRST_CHUNK})
    yield "reconcile", builders.event("reconcile_schedule")
    yield "deletion_guard", {**builders.event("stack_deletion"), "ResponseURL": "nowhere"}
    for path, methods in OPERATIONS.items():
        known = re.sub(r"\{(\w+)\}", lambda found: str(names[f"path.{found[1]}"][0]), path)
        for method in methods:
            yield "control_api", builders.api_request(method.upper(), known, headers={"Idempotency-Key": "faulty"})
    job = {"dataset": "support", "base_model": "claude-3-haiku", "version": 1}
    yield "control_api", builders.api_request("POST", "/jobs", body=job, headers={"Idempotency-Key": "faulty"})
    key = {"name": "till", "deployments": ["support-prod"]}
    yield "control_api", builders.api_request("POST", "/keys", body=key, headers={"Idempotency-Key": "faulty"})


def _count(world: CanaryWorld, function: str, event: Any) -> int:
    with failing(-1, lambda _: AssertionError()) as names:
        world.call(function, event)
    world.populated.restore()
    return len(names)


# --- the command line


def _use_the_command_line(flock: Flock, files: Sequence[PlantedFile]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number, each in enumerate(files):
            path = Path(folder) / f"{number}.{each.extension}"
            path.write_bytes(each.content)
            for arguments in (
                ("check", path, "--model", "nova-lite", "--format", "json"),
                ("check", path, "--model", "claude-3-haiku"),
            ):
                flock.look("command line", _said(arguments), f"tunedrop check of {each.name}")


def _said(arguments: Sequence[object]) -> str:
    said = io.BytesIO()
    stream = io.TextIOWrapper(said, encoding="utf-8")
    with redirect_stdout(stream), redirect_stderr(stream):
        with suppress(SystemExit):
            main.main([str(argument) for argument in arguments])
        sys.stdout.flush()
    stream.detach()
    return said.getvalue().decode()
