"""Seam: the simulator answers as MiniStack's services bedrock, bedrock-runtime and servicequotas.

MiniStack verifies the signature first; then the caller's policies are evaluated on the true resources.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from bedrock_simulator import Chunk, Door, Event, FaultyEvents, ObjectsError, Request, Response, Simulator
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session
from ministack import app
from ministack.core import router
from ministack.core.responses import StreamingResponse, get_account_id, get_region, request_scope
from ministack.services import eventbridge

from tunedrop_local.activity import Activity
from tunedrop_local.adapter import policies, role_sessions, seams

SERVICES = ("bedrock", "bedrock-runtime", "servicequotas")
_log = logging.getLogger(__name__)
QUOTAS_TARGET = "ServiceQuotasV20190624"
LOST = "x-tunedrop-lost"
# A job fails if its data cannot be read, so a short timeout on a busy machine must not look like that.
_S3 = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}, read_timeout=300)


class Mount:
    """The simulator's door in MiniStack, and the thread that runs what is due."""

    def __init__(self, simulator: Simulator, door: Door, events: FaultyEvents, activity: Activity) -> None:
        self._simulator, self._door, self._events = simulator, door, events
        self._activity = activity
        self._stirred = threading.Event()

    def install(self) -> None:
        """Registers the services, including the target prefix by which Service Quotas is recognized."""
        if not isinstance(app.SERVICE_HANDLERS, dict):
            raise seams.SeamMissing("ministack.app.SERVICE_HANDLERS is no longer a dict")
        router.SERVICE_PATTERNS["servicequotas"] = {"target_prefixes": [QUOTAS_TARGET], "host_patterns": []}
        policies.install(SERVICES)
        for service in SERVICES:
            app.SERVICE_HANDLERS[service] = self._handler(service)

    def start(self) -> None:
        """Starts the thread that runs what is due."""
        threading.Thread(target=self._run, name="bedrock", daemon=True).start()

    def stir(self) -> None:
        """Wakes the thread: something may be due earlier than planned."""
        self._stirred.set()

    def _run(self) -> None:
        while True:
            self._stirred.clear()
            waits = [wait for wait in (self._simulator.run_due(), self._events_due()) if wait is not None]
            self._activity.touch()
            self._stirred.wait(min(waits, default=None))

    def _events_due(self) -> float | None:
        """Passes on the events that were held back; one that nobody takes does not end the thread."""
        try:
            return self._events.run_due()
        except Exception:  # noqa: BLE001 - whatever the bus says, without this thread no job goes on
            _log.exception("an event that was held back did not arrive")
            return 0

    def _handler(self, service: str) -> Any:
        async def handle(
            method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
        ) -> tuple[int, dict[str, str], Any]:
            request = Request(service, method, path, query, headers, body, get_account_id(), get_region())
            return await asyncio.to_thread(self._answer, request)

        return handle

    def _answer(self, request: Request) -> tuple[int, dict[str, str], Any]:
        checks = [
            policies.Check(each.action, each.resource_arn, _condition_keys(each.keys))
            for each in self._simulator.iam_context(request)
        ]
        refused = policies.refusal(request.service, checks, request.headers, str(uuid.uuid4()))
        if refused:
            return refused
        response = self._door.handle(request)
        self.stir()
        time.sleep(response.delay_seconds)
        return response.status, _headers(response), _body(response)


def _condition_keys(keys: Mapping[str, str | tuple[str, ...]]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in keys.items()}


def _headers(response: Response) -> dict[str, str]:
    return dict(response.headers) | ({LOST: "true"} if response.lost else {})


def _body(response: Response) -> Any:
    return response.body if isinstance(response.body, bytes) else StreamingResponse(_sender(response.body))


def _sender(chunks: Iterable[Chunk]) -> Any:
    async def send_chunks(send: Any, receive: Any) -> None:
        for chunk in chunks:
            await asyncio.sleep(chunk.delay_seconds)
            await send({"type": "http.response.body", "body": chunk.data, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    return send_chunks


def publish(event: Event) -> None:
    """Puts one of Bedrock's events on the default bus; MiniStack lets nobody else send events of AWS."""
    entry = {
        "Source": event.source,
        "DetailType": event.detail_type,
        "Resources": list(event.resources),
        "Detail": json.dumps(event.detail),
    }
    with request_scope(event.account, event.region):
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


class RoleObjects:
    """S3 as the customization job's service role sees it: requests over HTTP in a session of that role."""

    def __init__(self, endpoint: str) -> None:
        seams.original(eventbridge, "_put_events", "data", "allow_aws_source")
        self._endpoint, self._session = endpoint, Session()
        self._lock = threading.Lock()

    def read(self, uri: str, *, role_arn: str, job_arn: str, account: str, region: str) -> bytes:
        """The object's bytes. Raises ObjectsError with S3's own words."""
        bucket, key = _bucket_and_key(uri)
        client = self._client(role_arn, job_arn, account, region)
        try:
            return bytes(client.get_object(Bucket=bucket, Key=key)["Body"].read())
        except (ClientError, BotoCoreError) as error:
            raise ObjectsError(str(error)) from error

    def write(self, uri: str, data: bytes, *, role_arn: str, job_arn: str, account: str, region: str) -> None:
        """Writes an object. Raises ObjectsError with S3's own words."""
        bucket, key = _bucket_and_key(uri)
        client = self._client(role_arn, job_arn, account, region)
        try:
            client.put_object(Bucket=bucket, Key=key, Body=data)
        except (ClientError, BotoCoreError) as error:
            raise ObjectsError(str(error)) from error

    def _client(self, role_arn: str, job_arn: str, account: str, region: str) -> Any:
        context = {"aws:SourceAccount": account, "aws:SourceArn": job_arn}
        with request_scope(account, region):
            if not policies.trusts(role_arn, "bedrock.amazonaws.com", context):
                raise ObjectsError(f"Could not assume provided IAM role {role_arn}. Verify its trust policy.")
            credentials = role_sessions.credentials(role_arn, "bedrock", job_arn)
        with self._lock:  # making clients is not thread-safe
            return self._session.create_client("s3", region, endpoint_url=self._endpoint, config=_S3, **credentials)


def _bucket_and_key(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
