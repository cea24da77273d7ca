"""Functions: what they run, how long, with which surroundings, and where they log."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.template.stack import Resource, Stack, granted
from tests.template.wiring.finding import Code, Finding, handler_module, pointed

FUNCTION, LOG_GROUP, LAYER = "AWS::Lambda::Function", "AWS::Logs::LogGroup", "AWS::Lambda::LayerVersion"
LONGEST_SECONDS = 900
ENVIRONMENT_BYTES = 4096
CLIENTS = "tunedrop/edges/clients.py"
SERVICES = {  # client of edges/clients.py: what a role's actions begin with that needs it
    "s3": "s3:",
    "dynamodb": "dynamodb:",
    "sqs": "sqs:SendMessage",
    "events": "events:",
    "bedrock": "bedrock:Get",
    "spender": "bedrock:Create",
    "service_quotas": "servicequotas:",
    "cloudformation": "cloudformation:",
}


def check_handlers(stack: Stack, code: Code) -> Iterator[Finding]:
    """The handler is there, and each handler is deployed."""
    for function in stack.of(FUNCTION):
        name = str(function.properties.get("Handler", ".")).split(".")[1]
        if name not in {
            node.name for node in code.tree(handler_module(function)).body if isinstance(node, ast.FunctionDef)
        }:
            yield Finding(function.id, f"has no handler {function.properties.get('Handler')}")
    deployed = {handler_module(function) for function in stack.of(FUNCTION)}
    for path in sorted({path for path in code.texts if "/" not in path} - deployed):
        yield Finding(f"functions/{path}", "is deployed by no function")


def check_layers(stack: Stack, code: Code) -> Iterator[Finding]:
    """A layer fits the processor and the Python of the function that has it."""
    for function in stack.of(FUNCTION):
        layers = [pointed(stack, each) for each in function.properties.get("Layers", ())]
        if not layers:
            yield Finding(function.id, "has no layer: its packages are missing")
        for layer in (each for each in layers if each):
            if function.properties.get("Runtime") not in layer.properties.get("CompatibleRuntimes", ()):
                yield Finding(function.id, f"runs on a Python that {layer.id} is not built for")
            if not set(function.properties.get("Architectures", ["x86_64"])) <= set(
                layer.properties.get("CompatibleArchitectures", ())
            ):
                yield Finding(function.id, f"runs on a processor that {layer.id} is not built for")


def check_settings(stack: Stack, code: Code) -> Iterator[Finding]:
    """A function is given every variable that its settings read, and no other of ours."""
    asked = {word for word in code.strings() if word.startswith("TUNEDROP_")}
    for function in stack.of(FUNCTION):
        variables = function.properties.get("Environment", {}).get("Variables", {})
        given = {name for name in variables if name.startswith("TUNEDROP_")}
        if asked != given:
            yield Finding(function.id, f"is given other variables than it reads: {', '.join(sorted(asked ^ given))}")
        if sum(len(str(name)) + len(str(value)) for name, value in variables.items()) > ENVIRONMENT_BYTES - 1024:
            yield Finding(function.id, "has less than 1 KiB left of the 4 KiB that its variables may take")


def check_roles(stack: Stack, code: Code) -> Iterator[Finding]:
    """Each function has a role of its own."""
    seen: dict[str, str] = {}
    for function in stack.of(FUNCTION):
        role = str(function.properties.get("Role"))
        if pointed(stack, role) is None:
            yield Finding(function.id, "has no role of this stack")
        if role in seen:
            yield Finding(function.id, f"shares its role with {seen[role]}")
        seen[role] = function.id


def check_logs(stack: Stack, code: Code) -> Iterator[Finding]:
    """Each function logs into a group of its own, which its role may write and which forgets."""
    used: dict[str, str] = {}
    for function in stack.of(FUNCTION):
        group = pointed(stack, function.properties.get("LoggingConfig", {}).get("LogGroup"))
        if group is None or group.type != LOG_GROUP:
            yield Finding(function.id, "logs into a group that Lambda makes: never forgotten, not under our key")
            continue
        if group.id in used:
            yield Finding(function.id, f"logs into the group of {used[group.id]}")
        used[group.id] = function.id
        role = pointed(stack, function.properties.get("Role"))
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            if role and not any(each.allows(action, group.arn) for each in granted(role)):
                yield Finding(role.id, f"lacks {action} on {group.id}")
    for group in stack.of(LOG_GROUP):
        if str(group.properties.get("RetentionInDays")) != stack.parameters["LogRetentionDays"]:
            yield Finding(group.id, "keeps its logs for other days than LogRetentionDays says")


def check_limits(stack: Stack, code: Code) -> Iterator[Finding]:
    """Nothing runs longer than Lambda lets it."""
    for function in stack.of(FUNCTION):
        if not 3 < int(function.properties.get("Timeout", 3)) <= LONGEST_SECONDS:
            yield Finding(function.id, "has a time-out that Lambda doesn't take, or none")
        if function.properties.get("TracingConfig", {}).get("Mode") != "Active":
            yield Finding(function.id, "is not traced")


def check_waits(stack: Stack, code: Code) -> Iterator[Finding]:
    """A client gives up before its function is killed: else nobody learns which call hung."""
    reads = dict(read_seconds(code))
    for function in stack.of(FUNCTION):
        timeout, role = int(function.properties.get("Timeout", 3)), pointed(stack, function.properties.get("Role"))
        actions = {action for each in granted(role) for action in each.actions} if role else set()
        for client, prefix in SERVICES.items():
            if client in reads and reads[client] >= timeout and any(action.startswith(prefix) for action in actions):
                yield Finding(
                    function.id, f"is killed after {timeout} s, before {client}() gives up after {reads[client]:g} s"
                )
        if any(action.startswith("bedrock:InvokeModel") for action in actions):
            yield from _waits_for_models(stack, code, function, timeout)


def _waits_for_models(stack: Stack, code: Code, function: Resource, timeout: int) -> Iterator[Finding]:
    streams = stack.parameters["MessagesResponse"] == "RESPONSE_STREAM"
    name = "STREAMED_READ_SECONDS" if streams else "BUFFERED_READ_SECONDS"
    module = handler_module(function)
    seconds = code.number(module, name) or code.number(module, "READ_SECONDS")
    if seconds is None or seconds >= timeout:
        yield Finding(function.id, f"is killed after {timeout} s, before it gives up on a model after {seconds} s")


def read_seconds(code: Code) -> Iterator[tuple[str, float]]:
    """Each function of edges/clients.py with the seconds that one read may take, where they are a number."""
    for node in code.tree(CLIENTS).body:
        if isinstance(node, ast.FunctionDef):
            for each in ast.walk(node):
                if (
                    isinstance(each, ast.keyword)
                    and each.arg == "read_seconds"
                    and isinstance(each.value, ast.Constant)
                ):
                    yield node.name, float(str(each.value.value))


CHECKS = (check_handlers, check_layers, check_settings, check_roles, check_logs, check_limits, check_waits)
