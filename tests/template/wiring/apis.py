"""Both REST APIs: who gets in, how long an answer may take, and what is written of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.template.stack import Resource, Stack
from tests.template.wiring.finding import Code, Finding, pointed, under

API, STAGE, PERMISSION = "AWS::ApiGateway::RestApi", "AWS::ApiGateway::Stage", "AWS::Lambda::Permission"
GATEWAY_MS = 29_000
"""What API Gateway waits for an answer in one piece, unless a quota was raised."""
EVERY_METHOD = ("get", "post", "put", "patch", "delete", "head")
OPEN = {("MessagesApi", "/v1/{proxy+}", verb) for verb in EVERY_METHOD}
"""Its function checks the API key itself."""
INTEGRATION = "x-amazon-apigateway-integration"
NEVER_LOGGED = r"authorizer|identity\.apiKey|requestOverride|integration\.response|querystring|requestHeader"


def methods(api: Resource) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, verb and definition of each method; `options` answers browsers and reaches no function."""
    for path, verbs in under(api.properties, "Body", "paths", default={}).items():
        yield from ((path, verb, method) for verb, method in verbs.items() if verb != "options")


def check_auth(stack: Stack, code: Code) -> Iterator[Finding]:
    """Every method is signed, but the ones whose function checks a key; nothing answers any method or path."""
    for api in stack.of(API):
        schemes = under(api.properties, "Body", "components", "securitySchemes", default={})
        for path, verb, method in methods(api):
            route = f"{verb.upper()} {path}"
            if verb == "x-amazon-apigateway-any-method":
                yield Finding(api.id, f"{path} answers any method")
            if (api.id, path, verb) in OPEN:
                continue
            security = method.get("security") or under(api.properties, "Body", "security", default=())
            if list(security) != [{"AWS_IAM": []}]:
                yield Finding(api.id, f"{route} takes requests that nobody signed")
            elif under(schemes, "AWS_IAM", "x-amazon-apigateway-authtype") != "awsSigv4":
                yield Finding(api.id, f"{route} names a signature that the API doesn't define")


def check_time_chain(stack: Stack, code: Code) -> Iterator[Finding]:
    """The function answers before its gateway gives up, and the gateway can wait as long as the method says."""
    for api in stack.of(API):
        for path, verb, method in methods(api):
            integration = method.get(INTEGRATION, {})
            function = _function(stack, integration)
            if function is None:
                yield Finding(api.id, f"{verb.upper()} {path} leads to no function of this stack")
                continue
            streams = integration.get("responseTransferMode") == "STREAM"
            waits = int(integration.get("timeoutInMillis", GATEWAY_MS))
            if not streams and waits > GATEWAY_MS:
                yield Finding(api.id, f"{verb.upper()} {path} waits longer than API Gateway takes")
            works = int(function.properties.get("Timeout", 3)) * 1000
            if works > waits or (works == waits and not streams):
                yield Finding(function.id, f"may work {works} ms while {api.id} gives up after {waits} ms")


def check_modes(stack: Stack, code: Code) -> Iterator[Finding]:
    """How the gateway reads an answer, how it calls the function, and how the function writes it agree."""
    for api in stack.of(API):
        for path, verb, method in methods(api):
            integration = method.get(INTEGRATION, {})
            streams = integration.get("responseTransferMode") == "STREAM"
            if integration.get("type") != "aws_proxy" or integration.get("httpMethod") != "POST":
                yield Finding(api.id, f"{verb.upper()} {path} is no Lambda proxy")
            if "credentials" in integration:
                yield Finding(api.id, f"{verb.upper()} {path} carries credentials to its function")
            if streams != str(integration.get("uri")).endswith("/response-streaming-invocations"):
                yield Finding(api.id, f"{verb.upper()} {path} calls its function in another mode than it reads")
            function = _function(stack, integration)
            variables = under(function.properties if function else {}, "Environment", "Variables", default={})
            if function and streams != ("AWS_LAMBDA_EXEC_WRAPPER" in variables):
                yield Finding(function.id, f"answers in another mode than {api.id} reads")


def check_permissions(stack: Stack, code: Code) -> Iterator[Finding]:
    """API Gateway may invoke each method's function, for that API, and for no route that is not there."""
    for api in stack.of(API):
        wanted = {(f"{verb.upper()}{path.replace('{proxy+}', '*')}", _function(stack, method.get(INTEGRATION, {})))
                  for path, verb, method in methods(api)}  # fmt: skip
        allowed = set()
        for permission in stack.of(PERMISSION):
            source = str(permission.properties.get("SourceArn"))
            if permission["Principal"] == "apigateway.amazonaws.com" and f":<{api.id}>/" in source:
                verb, _, rest = source.split("/", 2)[-1].partition("/")
                verbs = [each.upper() for each in EVERY_METHOD] if verb == "*" else [verb]
                allowed |= {(f"{each}/{rest}", pointed(stack, permission["FunctionName"])) for each in verbs}
        for route, function in wanted:
            if (route, function) not in allowed:
                yield Finding(api.id, f"may not invoke the function of {route}")
        for route, _ in allowed - wanted:
            yield Finding(api.id, f"may invoke a function at {route}, which is no route")


def check_stages(stack: Stack, code: Code) -> Iterator[Finding]:
    """A stage belongs to its API, is throttled, measured and traced, and writes no bodies, keys or queries."""
    for api in stack.of(API):
        stages = [stage for stage in stack.of(STAGE) if pointed(stack, stage.properties.get("RestApiId")) is api]
        if len(stages) != 1:
            yield Finding(api.id, f"has {len(stages)} stages")
        for stage in stages:
            deployment = pointed(stack, stage.properties.get("DeploymentId"))
            if deployment is None or pointed(stack, deployment.properties.get("RestApiId")) is not api:
                yield Finding(stage.id, "shows the deployment of no API, or of another one")
            yield from _stage(stack, stage)


def _stage(stack: Stack, stage: Resource) -> Iterator[Finding]:
    if stage.properties.get("TracingEnabled") is not True:
        yield Finding(stage.id, "is not traced")
    every = [each for each in stage.properties.get("MethodSettings", ())
             if (each.get("ResourcePath"), each.get("HttpMethod")) == ("/*", "*")]  # fmt: skip
    if not every or not all(
        int(each.get(f"Throttling{name}Limit", 0)) > 0 for each in every for name in ("Rate", "Burst")
    ):
        yield Finding(stage.id, "is not throttled")
    if len(stage.properties.get("MethodSettings", ())) > 1:
        yield Finding(stage.id, "has settings of its own for one method, whose throttle nobody looks at")
    for each in stage.properties.get("MethodSettings", ()):
        if each.get("DataTraceEnabled") is not False:
            yield Finding(stage.id, "may write requests and answers into logs (DataTraceEnabled)")
    log = stage.properties.get("AccessLogSetting", {})
    group = pointed(stack, log.get("DestinationArn"))
    unasked = not log and stack.parameters.get("AccessLogs") == "false"
    if not unasked and (group is None or group.type != "AWS::Logs::LogGroup"):
        yield Finding(stage.id, "writes no access log into a group of this stack")
    if re.search(NEVER_LOGGED, str(log.get("Format"))):
        yield Finding(stage.id, "writes keys, bodies or queries into its access log")


def check_errors(stack: Stack, code: Code) -> Iterator[Finding]:
    """What the gateway itself refuses is told in the API's own words."""
    for api in stack.of(API):
        own = under(api.properties, "Body", "x-amazon-apigateway-gateway-responses", default={})
        for kind in ("DEFAULT_4XX", "DEFAULT_5XX"):
            if "$context.error" not in str(under(own, kind, "responseTemplates", "application/json")):
                yield Finding(api.id, f"answers {kind} in API Gateway's words")


def _function(stack: Stack, integration: dict[str, Any]) -> Resource | None:
    found = re.search(r"functions/<([^.>]+)", str(integration.get("uri")))
    function = stack.resources.get(found[1]) if found else None
    return function if function and function.type == "AWS::Lambda::Function" else None


CHECKS = (check_auth, check_time_chain, check_modes, check_permissions, check_stages, check_errors)
