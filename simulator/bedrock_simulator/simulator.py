"""The simulator: one door for requests, an agenda that runs as the clock moves, no threads of its own."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bedrock_simulator import iam, job_failures, persistence, quotas
from bedrock_simulator.clock import Clock, SystemClock
from bedrock_simulator.configuration import Configuration
from bedrock_simulator.entities import Due
from bedrock_simulator.errors import ServiceError
from bedrock_simulator.exchange import IamContext, Publish, Request, Response
from bedrock_simulator.job_steps import give_up
from bedrock_simulator.knowledge import Knowledge
from bedrock_simulator.ledger import LedgerEntry, ledger
from bedrock_simulator.objects import Objects
from bedrock_simulator.operations import CONTROL, RUNTIME, STEPS
from bedrock_simulator.protocol import answer_headers, refusal, render, rest_json
from bedrock_simulator.world import Call, Commit, World

BUSY_SECONDS = 0.05  # when to look again while another thread runs the agenda
logger = logging.getLogger(__name__)


class Simulator:
    """A simulated Bedrock for any number of accounts and Regions.

    It reads and writes objects and publishes events outside its lock, so that a host may call back while it does.
    """

    def __init__(
        self,
        *,
        objects: Objects,
        publish: Publish,
        clock: Clock | None = None,
        configuration: Configuration | None = None,
    ) -> None:
        self._objects = objects
        self._publish = publish
        self._clock = clock or SystemClock()
        self._world = World(configuration or Configuration())
        self._lock = threading.Lock()
        self._agenda_lock = threading.Lock()

    @property
    def configuration(self) -> Configuration:
        """The current configuration."""
        return self._world.configuration

    def reconfigure(self, configuration: Configuration) -> None:
        """Change quotas, lifecycles or speeds from now on; scheduled steps keep their time."""
        with self._lock:
            self._world.configuration = configuration

    def teach(self, knowledge: Knowledge) -> None:
        """Replace what the world and its models know; repeated calls are counted anew."""
        with self._lock:
            self._world.configuration = replace(self._world.configuration, knowledge=knowledge)
            self._world.asked.clear()

    def fail_next_job(self, cause: str) -> None:
        """Let the next job that is created fail, of a cause in `job_failures`; more wait in line. Raises ValueError."""
        job_failures.check(cause)
        with self._lock:
            self._world.failing.append(cause)

    def fail_no_job(self) -> None:
        """Forget the failures of jobs that were not created yet."""
        with self._lock:
            self._world.failing.clear()

    def handle(self, request: Request) -> Response:
        """Run whatever is due, then answer one request."""
        self.run_due()
        with self._lock:
            response = self._answer(request)
        self._send_events()
        return response

    def run_due(self) -> float | None:
        """Run the agenda up to now.

        Returns the real seconds until the next entry, or None if there is none. If another thread is already running
        the agenda, returns at once, with a short time after which to call again.
        """
        if self._agenda_lock.acquire(blocking=False):
            try:
                self._carry_out()
            finally:
                self._agenda_lock.release()
            return self._seconds_to_next()
        seconds = self._seconds_to_next()
        return seconds if seconds is None else max(seconds, BUSY_SECONDS)

    def _seconds_to_next(self) -> float | None:
        with self._lock:
            first = self._world.agenda.first()
        return max(0.0, (first.at - self._clock.now()).total_seconds()) if first else None

    def _carry_out(self) -> None:
        now = self._clock.now()
        while True:
            with self._lock:
                due = self._world.agenda.due(now)
            if due is None:
                return
            commit = self._work(due)
            with self._lock:
                if self._world.agenda.take(due):
                    commit()
            self._send_events()

    def _work(self, due: Due) -> Commit:
        try:
            return STEPS[due.step](self._world, due, self._objects)
        except Exception:
            logger.exception("Step %s broke", due.step)
            return give_up(self._world, due)

    def _send_events(self) -> None:
        while self._world.outbox:
            try:
                event = self._world.outbox.popleft()
            except IndexError:  # another thread took the last event
                return
            try:
                self._publish(event)
            except Exception:  # delivery is best effort (docs/facts.md#job-events)
                logger.exception("An event was lost")

    def _answer(self, request: Request) -> Response:
        headers = answer_headers()
        try:
            if request.service == "servicequotas":
                body = render(quotas.answer(request, self._world.configuration.quotas))
                return Response(200, headers | {"content-type": "application/x-amz-json-1.1"}, body)
            return self._routed(request, headers)
        except ServiceError as error:
            return refusal(error, headers)

    def _routed(self, request: Request, headers: Mapping[str, str]) -> Response:
        protocol = rest_json(request.service)
        found = protocol.match(request.method, request.path)
        operation = found[0] if found else ""
        if found is None or operation not in CONTROL.keys() | RUNTIME.keys():
            raise ServiceError(
                "UnknownOperationException",
                f"Not simulated: {operation or f'{request.method} {request.path}'}",
            )
        call = self._call(request, protocol.parse(*found, request), self._clock.now())
        status = protocol.status(operation)
        if operation in RUNTIME:
            reply = RUNTIME[operation](call)
            return Response(status, {**headers, **reply.headers}, reply.body)
        return Response(status, headers, render(CONTROL[operation](call)))

    def _call(self, request: Request, parameters: Mapping[str, Any], now: datetime) -> Call:
        return Call(self._world, parameters, request.account, request.region, now, request.lag_seconds)

    def iam_context(self, request: Request) -> tuple[IamContext, ...]:
        """The permissions a request needs, all of them; empty for an unknown operation.

        Changes nothing, and does not raise on bad parameters.
        """
        with self._lock:
            return iam.contexts(self._world, request)

    def ledger(self) -> tuple[LedgerEntry, ...]:
        """Run whatever is due; return what was bought and trained so far, in the order of purchase."""
        self.run_due()
        with self._lock:
            return ledger(self._world, self._clock.now())

    def snapshot(self) -> bytes:
        """Serialize all state to JSON, for `restore` after a restart."""
        with self._lock:
            return persistence.dump(self._world)

    def restore(self, data: bytes) -> None:
        """Replace all state with that of a snapshot; the configuration is kept. Raises ValueError."""
        with self._lock:
            self._world = persistence.load(data, self._world.configuration)
