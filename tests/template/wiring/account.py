"""What the stack takes of the account: of a new one, of a common one, and for what gives capacity back."""

from __future__ import annotations

from collections.abc import Iterator

from tests.template.stack import Resource, Stack, granted
from tests.template.wiring.finding import Code, Finding, pointed, under
from tests.template.wiring.keeping import SET_FOR_THE_ACCOUNT

FUNCTION, MAPPING, STAGE = "AWS::Lambda::Function", "AWS::Lambda::EventSourceMapping", "AWS::ApiGateway::Stage"
EXECUTIONS_OF_A_NEW_ACCOUNT, EXECUTIONS = 10, 1000
LEFT_FOR_APIS = 2
"""Of a new account's executions: with fewer, nobody could release a deployment while all queues are full."""
WISHED = "EvaluationRequestedFunction"
"""Runs only where somebody asked for an evaluation, who can stop it: it may take what is left for the APIs."""
CALL_SECONDS = 30
"""A call of the Control API lasts 28 at most, one of a model seldom longer; longer ones need ReserveConcurrency."""
MEMORY_OF_A_NEW_ACCOUNT = 3008  # MB
GIVES_BACK = "bedrock:DeleteProvisionedModelThroughput"


def check_new_account(stack: Stack, code: Code) -> Iterator[Finding]:
    """The default template needs no quota that a new account lacks, and sets nothing for the whole account.

    A new account may run 10 functions at once, of which it may reserve none, and give one 3,008 MB at most.
    """
    if not stack.by_default:
        return
    for function in stack.of("AWS::Lambda::Function"):
        if "ReservedConcurrentExecutions" in function.properties:
            yield Finding(function.id, "reserves executions, which a new account can't")
        if int(function.properties.get("MemorySize", 128)) > MEMORY_OF_A_NEW_ACCOUNT:
            yield Finding(function.id, f"asks for more than the {MEMORY_OF_A_NEW_ACCOUNT} MB of a new account")
    for resource in stack.of("AWS::Lambda::Alias", "AWS::Lambda::Version"):
        if "ProvisionedConcurrencyConfig" in resource.properties:
            yield Finding(resource.id, "keeps functions warm, which a new account can't and which costs")
    for resource in stack.of(*SET_FOR_THE_ACCOUNT):
        yield Finding(resource.id, "overwrites a setting of the whole account although nobody asked for it")


def check_room(stack: Stack, code: Code) -> Iterator[Finding]:
    """Full queues leave a new account's APIs some room; floods of calls leave the queues of a common one theirs."""
    at_once = {
        each["FunctionName"]: int(under(each.properties, "ScalingConfig", "MaximumConcurrency", default=EXECUTIONS))
        for each in stack.of(MAPPING)
    }
    behind = sum(at_once.values()) + len(_scheduled(stack))
    unasked = behind - at_once.get(f"<{WISHED}>", 0)
    if behind > EXECUTIONS_OF_A_NEW_ACCOUNT or unasked > EXECUTIONS_OF_A_NEW_ACCOUNT - LEFT_FOR_APIS:
        yield Finding("the queues", f"may take {behind} of the {EXECUTIONS_OF_A_NEW_ACCOUNT} of a new account")
    flood = sum(_flood(stage) for stage in stack.of(STAGE))
    if flood + behind > EXECUTIONS:
        yield Finding("the APIs", f"may take {flood} of the {EXECUTIONS} executions that accounts have")


def _flood(stage: Resource) -> int:
    """How many calls of `CALL_SECONDS` a stage's throttles let run at once."""
    limits = stage.properties["MethodSettings"][0]
    return int(limits.get("ThrottlingRateLimit", EXECUTIONS)) * CALL_SECONDS + int(limits["ThrottlingBurstLimit"])


def check_own_executions(stack: Stack, code: Code) -> Iterator[Finding]:
    """With ReserveConcurrency, what gives capacity back can always run, and nothing else takes of the account."""
    if stack.parameters["ReserveConcurrency"] != "true":
        return
    brakes = {each.id for each in (*_scheduled(stack), *_giving_back(stack))}
    for function in stack.of(FUNCTION):
        if (function.id in brakes) != ("ReservedConcurrentExecutions" in function.properties):
            needs = "gives capacity back and has none" if function.id in brakes else "has some and gives nothing back"
            yield Finding(function.id, f"executions of its own: {needs}")


def _scheduled(stack: Stack) -> list[Resource]:
    """Functions that a schedule starts."""
    rules = [rule for rule in stack.of("AWS::Events::Rule") if "ScheduleExpression" in rule.properties]
    found = [pointed(stack, target.get("Arn")) for rule in rules for target in rule.properties.get("Targets", ())]
    return [each for each in found if each]


def _giving_back(stack: Stack) -> list[Resource]:
    """Functions whose role may end what bills by the hour."""
    roles = {
        role.id for role in stack.of("AWS::IAM::Role") if any(GIVES_BACK in each.actions for each in granted(role))
    }
    functions = [(each, pointed(stack, each.properties.get("Role"))) for each in stack.of(FUNCTION)]
    return [function for function, role in functions if role and role.id in roles]


CHECKS = (check_new_account, check_room, check_own_executions)
