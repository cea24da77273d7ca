"""What CloudFormation says of an account's stacks, those that stand, and those that were deleted.

Moto's own needs packages that nothing else here needs.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from botocore.awsrequest import AWSResponse

from tests.faults.injector import INJECTOR, Attempt, response
from tests.template.stack import ACCOUNT, REGION

VARIABLE = "AWS_ENDPOINT_URL_CLOUDFORMATION"
DELETED = "DELETE_COMPLETE"


@dataclass(slots=True)
class Stacks:
    """Names and statuses by ARN."""

    names: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(0xA0000000))

    def create(self, name: str) -> str:
        """A stack of that name; its ARN."""
        stack_id = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/{next(self.numbers):x}-1111-2222-3333-4444"
        return self.add(stack_id)

    def add(self, stack_id: str) -> str:
        """A stack with that ARN."""
        self.names[stack_id], self.statuses[stack_id] = stack_id.split("/")[1], "CREATE_COMPLETE"
        return stack_id

    def delete(self, stack_id: str) -> None:
        """The stack is gone."""
        self.statuses[stack_id] = DELETED

    def answer(self, asked: Mapping[str, str]) -> tuple[int, str]:
        """Status and body."""
        if asked["Action"] == "ListStacks":
            ids = [stack_id for stack_id, status in self.statuses.items() if status == DELETED]
            return 200, _answer("ListStacks", "StackSummaries", "".join(map(self._member, ids)))
        wanted = asked["StackName"]
        standing = [each for each, name in self.names.items() if name == wanted and self.statuses[each] != DELETED]
        for stack_id in [wanted] if wanted in self.names else standing:
            return 200, _answer("DescribeStacks", "Stacks", self._member(stack_id))
        words = f"<Code>ValidationError</Code><Message>Stack with id {wanted} does not exist</Message>"
        return 400, f"<ErrorResponse><Error><Type>Sender</Type>{words}</Error></ErrorResponse>"

    def _member(self, stack_id: str) -> str:
        facts = {
            "StackId": stack_id,
            "StackName": self.names[stack_id],
            "StackStatus": self.statuses[stack_id],
            "CreationTime": "2026-11-22T12:00:00Z",
        }
        return f"<member>{''.join(f'<{name}>{value}</{name}>' for name, value in facts.items())}</member>"


def _answer(operation: str, member: str, content: str) -> str:
    result = f"<{operation}Result><{member}>{content}</{member}></{operation}Result>"
    return f"<{operation}Response>{result}</{operation}Response>"


def mount() -> Stacks:
    """An account without stacks, which the application's clients ask from now on."""
    made = Stacks()

    def answer(attempt: Attempt) -> AWSResponse:
        status, content = made.answer(_asked(attempt.request.body))
        return response(attempt, status, {}, content)

    INJECTOR.servers["cloudformation"] = answer
    return made


def _asked(body: Any) -> Mapping[str, str]:
    text = body.decode() if isinstance(body, bytes) else body
    return {name: values[0] for name, values in parse_qs(text).items()}


@contextmanager
def served(stacks: Stacks) -> Iterator[str]:
    """Answer everybody else over HTTP, too, at this URL, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, content = stacks.answer(_asked(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
