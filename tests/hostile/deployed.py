"""The same campaign, smaller, through the embedded cloud: each request signed, by a person with README's policies."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from requests import PreparedRequest
from requests.auth import AuthBase
from tunedrop_local import client

from tests.e2e.traveller import Traveller
from tests.hostile import campaign
from tests.hostile.campaign import Outcome
from tests.hostile.world import Names
from tests.integration.uploads_world import good

ROOT = Path(__file__).parents[2]
REGION = "us-west-2"


@dataclass(frozen=True, slots=True)
class Signed(AuthBase):
    """Signs as an SDK does: host, time and body, and a space in the query as %20."""

    credentials: Credentials

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        path, mark, query = str(request.url).partition("?")
        request.url = path + mark + query.replace("+", "%20")
        signed = AWSRequest(request.method, request.url, data=request.body)
        SigV4Auth(self.credentials, "execute-api", REGION).add_auth(signed)
        request.headers.update(dict(signed.headers))
        return request


def run(cases: int) -> Outcome:
    """So many cases for each operation, in a cloud of their own."""
    with (
        tempfile.TemporaryDirectory() as state,
        client.start(ROOT, Path(state), time_scale=3600) as cloud,
    ):
        traveller = Traveller.of(cloud.deploy("tunedrop", region=REGION))
        traveller.put("support-bot/train.jsonl", good(40).decode())
        traveller.version("support-bot", "train")
        person = Credentials(traveller.person.access_key_id, traveller.person.secret_access_key)
        names: Names = {
            "path.name": ["support-bot"],
            "path.number": [1],
            "body.dataset": ["support-bot"],
            "body.base_model": ["claude-3-haiku"],
        }
        return campaign.signed(traveller.stack.url("ControlApiUrl"), names, cases, Signed(person))
