"""The application in front of MiniStack: control paths, pretended TLS, closed back doors, lost answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ministack import app

from tunedrop_local.activity import Activity
from tunedrop_local.adapter.bedrock import LOST

Scope = Mapping[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

CONTROL = "/_tunedrop/"
APIS = "/_aws/execute-api/"
EVERYDAY_SCOPES = frozenset(
    {"bedrock", "dynamodb", "events", "lambda", "logs", "monitoring", "s3", "servicequotas", "sns", "sqs", "sts"}
)
"""What requests to the EVERYDAY services are signed for; no other changes."""
#: MiniStack serves these to anybody, including paths that read or wipe its state. Only those in OPEN are needed.
BACK_DOORS = ("/_ministack/", "/_localstack/", "/_aws/")
OPEN = (
    APIS,
    "/_ministack/cfn-response/",
    "/_ministack/health",
    "/_ministack/lambda-",
    "/_ministack/ready",
)


def front(control: Asgi, activity: Activity) -> Asgi:
    """Returns the application to serve, which gives `control` its paths and MiniStack the rest."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app.app(scope, receive, send)
            return
        path: str = scope["path"]
        if path.startswith(CONTROL):
            await control(scope, receive, send)
            return
        if path.startswith(BACK_DOORS) and not path.startswith(OPEN):
            await _not_found(send)
            return
        # Loopback passes as TLS, so that policies demanding aws:SecureTransport allow it without a certificate.
        headers = [*scope["headers"], (b"x-forwarded-proto", b"https")]
        try:
            await app.app({**scope, "headers": headers}, receive, _losing(send, receive))
        finally:
            activity.touch(beyond=not _is_everyday(path, dict(scope["headers"]).get(b"authorization", b"")))

    return serve


def _is_everyday(path: str, authorization: bytes) -> bool:
    """Whether a request changes no other services than those that a deployed stack uses."""
    scope = authorization.partition(b"Credential=")[2].split(b"/", 4)
    return path.startswith(APIS) or (len(scope) > 4 and scope[3].decode() in EVERYDAY_SCOPES)


async def _not_found(send: Send) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _losing(send: Send, receive: Receive) -> Send:
    """Never sends answers marked as lost: the caller waits for its own timeout, as with a lost packet."""

    async def losing(message: Message) -> None:
        if (LOST.encode(), b"true") in message.get("headers", ()):
            while (await receive())["type"] != "http.disconnect":
                pass
            raise ConnectionAbortedError("the answer was lost on purpose")
        await send(message)

    return losing
