"""Control paths for tests and the demo, beyond AWS: the ledger, lifecycles, knowledge, faults, policy decisions."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

PREFIX = "/_tunedrop/"
TOKEN_HEADER = b"x-tunedrop-token"


class World(Protocol):
    """What `Control` needs from the simulator and the adapter."""

    def ledger(self) -> list[dict[str, Any]]:
        """Returns what was bought and trained."""
        ...

    def set_lifecycle(self, wish: Mapping[str, Any]) -> None:
        """Sets a base model's lifecycle: `model_id`, `status`, optionally `legacy_time` and `end_of_life`."""
        ...

    def set_knowledge(self, wish: Mapping[str, Any]) -> None:
        """Sets what the world and its models know, as `bedrock_simulator.knowledge.read` takes it."""
        ...

    def add_fault(self, wish: Mapping[str, Any]) -> None:
        """Adds a fault of calls, events or jobs, as `bedrock_simulator.fault_wishes` takes them."""
        ...

    def clear_faults(self) -> None:
        """Removes all faults."""
        ...

    def record_decisions(self, *, on: bool) -> None:
        """Starts a new recording of policy decisions, or stops it."""
        ...

    def decisions(self) -> list[dict[str, str]]:
        """Returns the recorded decisions."""
        ...

    def save(self) -> None:
        """Writes the state now."""
        ...


@dataclass(frozen=True, slots=True)
class Control:
    """The ASGI application of `/_tunedrop/`. All routes but health need the state folder's token."""

    world: World
    token: str
    about: Mapping[str, Any]

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Serves one request."""
        body = await _read(receive)
        # On another thread, because what is due may call this same server.
        status, answer = await asyncio.to_thread(
            self.answer, scope["method"], scope["path"], dict(scope["headers"]), body
        )
        await _send(send, status, answer)

    def answer(self, method: str, path: str, headers: Mapping[bytes, bytes], body: bytes) -> tuple[int, Any]:
        """Answers a request with a status and a value for JSON."""
        name = f"{method} {path.removeprefix(PREFIX)}"
        if name == "GET health":
            return 200, dict(self.about)
        if not hmac.compare_digest(headers.get(TOKEN_HEADER, b""), self.token.encode()):
            return 403, {"error": "the header x-tunedrop-token is missing or wrong"}
        action = self._routes().get(name)
        if action is None:
            return 404, {"error": f"no such route: {name}", "known": sorted(self._routes())}
        try:
            return 200, action(json.loads(body or b"{}"))
        except (KeyError, TypeError, ValueError) as error:
            return 400, {"error": f"{type(error).__name__}: {error}"}

    def _routes(self) -> dict[str, Callable[[Any], Any]]:
        world = self.world
        return {
            "GET ledger": lambda _: world.ledger(),
            "PUT lifecycle": world.set_lifecycle,
            "PUT knowledge": world.set_knowledge,
            "POST faults": world.add_fault,
            "DELETE faults": lambda _: world.clear_faults(),
            "GET iam-decisions": lambda _: world.decisions(),
            "PUT iam-decisions": lambda wish: world.record_decisions(on=bool(wish["on"])),
            "POST save": lambda _: world.save(),
        }


Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def _read(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


async def _send(send: Send, status: int, answer: Any) -> None:
    headers = [(b"content-type", b"application/json")]
    body = json.dumps(answer, default=_plain).encode()
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "__dataclass_fields__"):
        return asdict(value)  # type: ignore[call-overload]
    raise TypeError(f"{type(value).__name__} has no JSON form")
