"""Write the table of who may do what into docs/operations.md, from the template, the routes and the page's commands.

python -m tests.template.who_may_do_what
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.iam.evaluation import Request
from tests.template.conftest import DEFAULTS, chosen, read_template, translate
from tests.template.identities import OURS, Identity, identity
from tests.template.runbook import COMMANDS, PAGE, route_request
from tests.template.stack import PSEUDO, REGION, Stack, deployed

OPENAPI = Path(__file__).parents[2] / "docs" / "openapi.json"
BEGIN = "<!-- Written by `make docs` from template.yaml, openapi.json and this page's commands. -->"
END = "<!-- who may do what: end -->"
LEGEND = """"own": an uploader's dataset, [by tag](#tag-an-uploader); what has this stack's tag in Bedrock."""
_VIA_S3 = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
_READ = Request("kms:Decrypt", "<Key.Arn>", _VIA_S3)
DATA: dict[str, Sequence[Request]] = {
    "`s3` put under `incoming/<dataset>/`": COMMANDS["aws s3 cp (up)"],
    "`s3` get under `incoming/`": (Request("s3:GetObject", "<DataBucket.Arn>/incoming/support-bot/train.jsonl"), _READ),
    **{
        f"`s3` get under `{prefix}/`": (Request("s3:GetObject", f"<DataBucket.Arn>/{prefix}/support-bot/1/x"), _READ)
        for prefix in ("prepared", "reports", "evaluations", "outputs")
    },
    "`s3` delete": (Request("s3:DeleteObject", "<DataBucket.Arn>/incoming/support-bot/train.jsonl"),),
}


def table(stack: Stack) -> str:
    """Rows of routes, of the bucket, then of commands; a column for each identity."""
    header = ["route, object or command", *OURS]
    rows = [header, ["---"] * len(header)]
    people = [identity(stack, name) for name in OURS]
    rows += [[name, *(_word(person, requests) for person in people)] for name, requests in _asked()]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def page(text: str, stack: Stack) -> str:
    """The page with its table written anew."""
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    return f"{before}{BEGIN}\n{LEGEND}\n\n{table(stack)}{END}{after}"


def _asked() -> Iterator[tuple[str, Sequence[Request]]]:
    for path, methods in sorted(json.loads(OPENAPI.read_text("utf-8"))["paths"].items()):
        for method in sorted(methods):
            route = f"{method.upper()} {path}"
            yield f"`{route}`", (route_request(route),)
    yield from DATA.items()
    for name, requests in COMMANDS.items():
        if not name.endswith("(up)"):
            yield f"`{name}`", requests


def _word(person: Identity, requests: Sequence[Request]) -> str:
    """The cell: yes, own where only what carries a tag is meant, or nothing."""
    if not person.may(*requests):
        return ""
    if person.may(*(_of_others(each) for each in requests)):
        return "yes"
    return "own"


def _of_others(request: Request) -> Request:
    """The same of another dataset, and of what another stack made in Bedrock."""
    context = {key: str(value).replace(PSEUDO["AWS::StackId"], "another") for key, value in request.context.items()}
    resource = re.sub(r"support-bot", "another", request.resource)
    return Request(request.action, resource, context)


def current() -> Stack:
    """The template as it is deployed by default."""
    template = read_template()
    parameters = chosen(template, DEFAULTS)
    return deployed(translate(template, parameters), parameters)


if __name__ == "__main__":
    logging.disable(logging.WARNING)  # SAM's translator speaks of its own features
    PAGE.write_text(page(PAGE.read_text("utf-8"), current()), "utf-8")
