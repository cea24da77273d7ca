"""Let a simulator in the same process answer botocore's clients, with real serialization and parsing."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.exceptions import ClientError, ReadTimeoutError

from bedrock_simulator.exchange import Chunk, Door, Request, Response
from bedrock_simulator.objects import ObjectsError

SERVICES = {
    "bedrock": "bedrock",
    "bedrock-runtime": "bedrock-runtime",
    "service-quotas": "servicequotas",
}
DEFAULT_ACCOUNT = "123456789012"


def mount(
    session_or_client: Any,
    simulator: Door,
    account: str = DEFAULT_ACCOUNT,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Let a simulator answer a client, or all future clients of a boto3 or botocore session.

    `sleep` paces streams and slow answers. A lost answer becomes botocore's ReadTimeoutError, which botocore retries
    as usual.
    """
    register = _registrar(session_or_client)
    for service, name in SERVICES.items():
        register(f"before-send.{service}", _handler(simulator, name, account, sleep))


def _registrar(session_or_client: Any) -> Callable[[str, Callable[..., Any]], None]:
    emitter = getattr(session_or_client, "events", None) or getattr(
        getattr(session_or_client, "meta", None), "events", session_or_client
    )
    register: Callable[[str, Callable[..., Any]], None] = emitter.register
    return register


def _handler(simulator: Door, service: str, account: str, sleep: Callable[[float], None]) -> Callable[..., AWSResponse]:
    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        response = simulator.handle(_request(request, service, account))
        if response.lost:
            raise ReadTimeoutError(endpoint_url=request.url)
        if response.delay_seconds:
            sleep(response.delay_seconds)
        raw = _Body(response.body, sleep)
        return AWSResponse(request.url, response.status, _headers(response), raw)

    return answer


def _request(request: AWSPreparedRequest, service: str, account: str) -> Request:
    url = urlsplit(request.url)
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    return Request(
        service=service,
        method=request.method,
        path=url.path,
        query=parse_qs(url.query, keep_blank_values=True),
        headers=headers,
        body=_body_bytes(request.body),
        account=account,
        region=region_of(headers.get("authorization", ""), url.hostname or ""),
    )


def _body_bytes(body: Any) -> bytes:
    content = body.read() if hasattr(body, "read") else body or b""
    return content.encode() if isinstance(content, str) else bytes(content)


def _headers(response: Response) -> Any:
    return HeadersDict(response.headers)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def region_of(authorization: str, host: str) -> str:
    """The Region in a signed request's credential scope, or else in the endpoint's host name."""
    scope = authorization.partition("Credential=")[2].split("/")
    return scope[2] if len(scope) > 2 else [*host.split("."), "", ""][1]


class _Body:
    """The raw body that AWSResponse reads: bytes, or chunks with their delays."""

    def __init__(self, body: bytes | Iterable[Chunk], sleep: Callable[[float], None]) -> None:
        self._pieces = _pieces(body, sleep)

    def stream(self, amt: int | None = None, decode_content: bool | None = None) -> Iterator[bytes]:
        """Yield the pieces as they come."""
        yield from self._pieces

    def read(self, amt: int | None = None) -> bytes:
        """Return everything that is left."""
        return b"".join(self._pieces)

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


def _pieces(body: bytes | Iterable[Chunk], sleep: Callable[[float], None]) -> Iterator[bytes]:
    if isinstance(body, bytes):
        yield body
        return
    for chunk in body:
        if chunk.delay_seconds:
            sleep(chunk.delay_seconds)
        yield chunk.data


class ClientObjects:
    """A job's objects in the S3 that a boto3 client calls, with the client's own permissions."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3

    def read(self, uri: str, *, role_arn: str, job_arn: str, account: str, region: str) -> bytes:
        """Get an object. Raises ObjectsError."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        try:
            data: bytes = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            raise ObjectsError(str(error)) from error
        return data

    def write(self, uri: str, data: bytes, *, role_arn: str, job_arn: str, account: str, region: str) -> None:
        """Put an object. Raises ObjectsError."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        try:
            self._s3.put_object(Bucket=bucket, Key=key, Body=data)
        except ClientError as error:
            raise ObjectsError(str(error)) from error
