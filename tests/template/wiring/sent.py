"""What the sources do with money and with what they hear: no test of a call shows that none is repeated or logged."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.template.stack import Stack
from tests.template.wiring.finding import Code, Finding, handler_module, pointed
from tests.template.wiring.functions import CLIENTS

SENT_ONCE = ("spender", "bedrock_runtime")
"""Clients whose every attempt may be billed."""
SPENDS = "spending_requested.py"
BUILDS_PURCHASES = ("tunedrop/domain/serving/purchase_request.py", "tunedrop/domain/training/job_request.py")
TOKEN = "clientRequestToken"


def check_sent_once(stack: Stack, code: Code) -> Iterator[Finding]:
    """The SDK sends what may be billed once."""
    for node in code.tree(CLIENTS).body:
        if isinstance(node, ast.FunctionDef) and node.name in SENT_ONCE and "attempts=1," not in ast.unparse(node):
            yield Finding(f"functions/{CLIENTS}", f"{node.name}() may be sent, and billed, several times")


def check_one_spends(stack: Stack, code: Code) -> Iterator[Finding]:
    """One handler alone takes the client that spends."""
    for path, text in code.texts.items():
        if ("clients.spender(" in text) != (path == SPENDS):
            yield Finding(f"functions/{path}", f"takes clients.spender(), or is {SPENDS} and doesn't")


def check_tokens(stack: Stack, code: Code) -> Iterator[Finding]:
    """Whatever is bought has a token by which Bedrock knows the same purchase again."""
    for path in BUILDS_PURCHASES:
        for node in code.tree(path).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("create") and TOKEN not in ast.unparse(node):
                yield Finding(f"functions/{path}", f"{node.name}() builds a request without {TOKEN}")


def check_handlers_tell(stack: Stack, code: Code) -> Iterator[Finding]:
    """What works off queues and schedules publishes its metrics, and no handler logs its event."""
    read = [each.properties.get("FunctionName") for each in stack.of("AWS::Lambda::EventSourceMapping")]
    due = [target.get("Arn") for rule in stack.of("AWS::Events::Rule") for target in rule.properties.get("Targets", ())]
    started = {found.id for each in (*read, *due) if (found := pointed(stack, each))}
    for function in stack.of("AWS::Lambda::Function"):
        for node in code.tree(handler_module(function)).body:
            if isinstance(node, ast.FunctionDef) and node.name == "handler":
                around = " ".join(ast.unparse(each) for each in node.decorator_list)
                if function.id in started and "metrics.log_metrics" not in around:
                    yield Finding(function.id, "never publishes its metrics: its alarms are deaf")
                if "log_event=True" in around:
                    yield Finding(function.id, "logs its events whole")


CHECKS = (check_sent_once, check_one_spends, check_tokens, check_handlers_tell)
