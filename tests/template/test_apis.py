"""Two REST APIs: one stage, one exposure and one error contract each."""

from __future__ import annotations

import json
import re

import pytest

from tests.template.conftest import chosen, translate
from tests.template.stack import deployed, statements, strings
from tests.waiting import eventually

API, STAGE, PERMISSION = "AWS::ApiGateway::RestApi", "AWS::ApiGateway::Stage", "AWS::Lambda::Permission"
INVOKE = "arn:aws:apigateway:us-west-2:lambda:path"
POLICY_LIMIT = 20_480  # bytes of a function's resource policy, AWS Lambda's quota; 15 KB leaves room for routes to come


def methods(api):
    return {
        (path, verb): method
        for path, verbs in api["Body"]["paths"].items()
        for verb, method in verbs.items()
        if verb != "options"
    }


def gateway_responses(api):
    return api["Body"]["x-amazon-apigateway-gateway-responses"]


@pytest.mark.parametrize(("api", "name"), [("ControlApi", "v1"), ("MessagesApi", "live")])
def test_an_api_has_one_stage(stack, api, name):
    stages = [stage for stage in stack.of(STAGE) if stack.referred(stage["RestApiId"]).id == api]
    assert [stage["StageName"] for stage in stages] == [name]


def test_both_apis_are_regional(stack):
    assert [api["EndpointConfiguration"] for api in stack.of(API)] == [{"Types": ["REGIONAL"]}] * 2


def test_no_integration_carries_credentials_of_its_caller(stack):
    for api in stack.of(API):
        assert "credentials" not in set(strings(api["Body"]))


def test_no_method_is_any(stack):
    verbs = {verb for api in stack.of(API) for _, verb in methods(api)}
    assert verbs == {"get", "post", "put", "patch", "delete", "head"}


def test_every_request_to_the_control_api_is_signed(stack):
    control = stack["ControlApi"]
    assert [route for route, method in methods(control).items() if method["security"] != [{"AWS_IAM": []}]] == []
    scheme = control["Body"]["components"]["securitySchemes"]["AWS_IAM"]
    assert scheme["x-amazon-apigateway-authtype"] == "awsSigv4"


def test_the_control_api_has_two_paths_for_a_noun_never_one_for_a_route(stack):
    paths = {path for path, _ in methods(stack["ControlApi"])}
    assert {path for path in paths if not re.fullmatch(r"/[a-z-]+(/\{proxy\+\})?", path)} == set()


def test_the_control_api_answers_what_the_design_names(stack):
    assert set(methods(stack["ControlApi"])) >= {
        ("/base-models", "get"),
        ("/jobs", "post"),
        ("/jobs", "get"),
        ("/jobs/{proxy+}", "get"),
        ("/jobs/{proxy+}", "post"),
        ("/deployments", "get"),
        ("/deployments/{proxy+}", "get"),
        ("/deployments/{proxy+}", "delete"),
        ("/keys", "post"),
        ("/keys", "get"),
        ("/keys/{proxy+}", "delete"),
        ("/datasets", "get"),
        ("/datasets/{proxy+}", "get"),
        ("/datasets/{proxy+}", "post"),
        ("/datasets/{proxy+}", "delete"),
    }


def test_the_messages_api_passes_every_method_on_and_leaves_the_key_to_the_function(stack):
    routes = methods(stack["MessagesApi"])
    assert set(routes) == {("/v1/{proxy+}", verb) for verb in ("get", "post", "put", "patch", "delete", "head")}
    assert all("security" not in method for method in routes.values())


def test_the_messages_route_streams_or_answers_in_one_piece_as_the_parameter_says(stack):
    method, *others = methods(stack["MessagesApi"]).values()
    assert all(other == method for other in others)
    integration = method["x-amazon-apigateway-integration"]
    function = "functions/<MessagesApiFunction.Arn>"
    streamed = ("STREAM", 300_000, f"{INVOKE}/2021-11-15/{function}/response-streaming-invocations")
    buffered = ("BUFFERED", 29_000, f"{INVOKE}/2015-03-31/{function}/invocations")
    expected = streamed if stack.parameters["MessagesResponse"] == "RESPONSE_STREAM" else buffered
    assert (integration["responseTransferMode"], integration["timeoutInMillis"], integration["uri"]) == expected
    assert (integration["type"], integration["httpMethod"]) == ("aws_proxy", "POST")


def deployment_of(translated, api):
    (stage,) = [
        each
        for each in translated["Resources"].values()
        if each["Type"] == STAGE and each["Properties"]["RestApiId"] == {"Ref": api}
    ]
    return stage["Properties"]["DeploymentId"]["Ref"]


def test_another_way_to_answer_reaches_the_stage_of_the_messages_api(template):
    def deployment(way):
        return deployment_of(translate(template, chosen(template, {"MessagesResponse": way})), "MessagesApi")

    streamed = deployment("RESPONSE_STREAM")
    eventually(lambda: deployment("BUFFERED") != streamed)  # AlwaysDeploy makes the id of the second


def depends_on_a_choice(node, parameters):
    match node:
        case {"Fn::If": _}:
            return True
        case {"Ref": name}:
            return name in parameters
        case {"Fn::Sub": text}:
            return any("${" + name + "}" in str(text) for name in parameters)
        case dict():
            return any(depends_on_a_choice(each, parameters) for each in node.values())
        case list():
            return any(depends_on_a_choice(each, parameters) for each in node)
    return False


def test_a_definition_that_a_parameter_changes_is_deployed_each_time(template, translated):
    """SAM hashes a definition before parameters and conditions are resolved (docs/facts.md#sam)."""
    always = {name for name, each in template["Resources"].items() if each["Properties"].get("AlwaysDeploy") is True}
    chosen_by_parameter = {
        name
        for name, each in translated["Resources"].items()
        if each["Type"] == API and depends_on_a_choice(each["Properties"]["Body"], template["Parameters"])
    }
    assert chosen_by_parameter == always == {"MessagesApi"}


def test_a_layer_version_is_the_same_for_every_choice(template, translated):
    """Its id is a hash of its properties too, and what SAM hashes is not yet resolved."""
    for each in translated["Resources"].values():
        if each["Type"] == "AWS::Lambda::LayerVersion":
            assert not depends_on_a_choice(each["Properties"], template["Parameters"])


def policy_of(stack, function):
    """The resource policy as Lambda writes it out, one statement for each permission."""
    return [
        {
            "Sid": permission.id,
            "Effect": "Allow",
            "Principal": {"Service": permission["Principal"]},
            "Action": permission["Action"],
            "Resource": "arn:aws:lambda:us-west-2:123456789012:function:" + "f" * 64,
            "Condition": {"ArnLike": {"AWS:SourceArn": permission["SourceArn"]}},
        }
        for permission in stack.of(PERMISSION)
        if stack.referred(permission["FunctionName"]) is function
    ]


def test_a_functions_resource_policy_stays_far_below_its_limit(stack):
    for function in stack.of("AWS::Lambda::Function"):
        assert len(json.dumps(policy_of(stack, function))) < 15 * 1024 < POLICY_LIMIT


def test_an_api_may_invoke_its_own_function_at_its_own_routes_only(stack):
    for api, function in (("ControlApi", "ControlApiFunction"), ("MessagesApi", "MessagesApiFunction")):
        sources = {
            permission["SourceArn"]
            for permission in stack.of(PERMISSION)
            if stack.referred(permission["FunctionName"]).id == function
        }
        allowed = {source.split("/", 2)[2] for source in sources}
        if "*/v1/*" in allowed:
            allowed = {f"{verb}/v1/*" for verb in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")}
        routes = {f"{verb.upper()}{path.replace('{proxy+}', '*')}" for path, verb in methods(stack[api])}
        assert allowed == routes
        assert all(f":<{api}>/" in source for source in sources)


ERRORS = {
    "ControlApi": {"error": {"code": "X", "message": "m", "details": {}, "request_id": "X"}},
    "MessagesApi": {"type": "error", "error": {"type": "t", "message": "m"}, "request_id": "X"},
}


@pytest.mark.parametrize("api", ERRORS)
@pytest.mark.parametrize("response", ["DEFAULT_4XX", "DEFAULT_5XX"])
def test_what_the_gateway_itself_refuses_speaks_the_apis_own_language(stack, api, response):
    text = gateway_responses(stack[api])[response]["responseTemplates"]["application/json"]
    filled = text.replace("$context.error.messageString", '"m"')
    filled = re.sub(r"\$context\.[A-Za-z.]+", "X", filled)
    body = json.loads(filled)
    if api == "MessagesApi":
        assert body["error"].pop("type") in {"invalid_request_error", "api_error"}
        body["error"]["type"] = "t"
    assert body == ERRORS[api]


@pytest.mark.parametrize(
    ("response", "status", "kind"),
    [
        ("ACCESS_DENIED", "403", "permission_error"),
        ("WAF_FILTERED", "403", "permission_error"),
        ("MISSING_AUTHENTICATION_TOKEN", "404", "not_found_error"),
        ("REQUEST_TOO_LARGE", "413", "request_too_large"),
    ],
)
def test_what_the_gateway_of_the_messages_api_refuses_has_the_contracts_type(stack, response, status, kind):
    answer = gateway_responses(stack["MessagesApi"])[response]
    assert str(answer["statusCode"]) == status
    assert f'"type":"{kind}"' in answer["responseTemplates"]["application/json"]


def test_a_throttled_caller_of_the_messages_api_is_told_when_to_come_back(stack):
    throttled = gateway_responses(stack["MessagesApi"])["THROTTLED"]
    assert str(throttled["statusCode"]) == "429"
    assert throttled["responseParameters"] == {"gatewayresponse.header.retry-after": "'1'"}
    assert "rate_limit_error" in throttled["responseTemplates"]["application/json"]


def test_every_stage_is_throttled_measured_and_logs_no_bodies(stack):
    for stage in stack.of(STAGE):
        (settings,) = stage["MethodSettings"]
        assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/*", "*")
        assert settings["ThrottlingRateLimit"] > 0
        assert settings["ThrottlingBurstLimit"] > 0
        assert settings["DataTraceEnabled"] is False
        assert stage["TracingEnabled"] is True


def test_access_logs_are_json_without_bodies_keys_or_queries(stack):
    logging = stack.parameters["ManageApiGatewayLogging"] == "true"
    assert ("ApiAccessLogGroup" in stack.resources) == logging
    assert ["AccessLogSetting" in stage.properties for stage in stack.of(STAGE)] == [logging] * 2
    for stage in stack.of(STAGE) if logging else ():
        log = stage["AccessLogSetting"]
        assert stack.referred(log["DestinationArn"]).type == "AWS::Logs::LogGroup"
        words = " ".join(json.loads(log["Format"]).values())
        assert not re.search("authorizer|identity.apiKey|requestOverride|integration.response|querystring", words)


def test_no_stage_logs_before_the_account_may(stack):
    managed = stack.parameters["ManageApiGatewayLogging"] == "true"
    assert ("ApiGatewayAccount" in stack.resources) == managed
    for stage in stack.of(STAGE):
        assert stage["Variables"]["logging"] == ("<ApiGatewayAccount>" if managed else "account")


def test_a_stack_leaves_the_accounts_own_settings_alone_and_may_use_the_role_that_is_there(template):
    choices = chosen(template, {})
    assert (choices["ManageApiGatewayLogging"], choices["AccessLogs"]) == ("false", "false")
    logging = deployed(translate(template, choices | {"AccessLogs": "true"}), choices | {"AccessLogs": "true"})
    assert "ApiGatewayAccount" not in logging.resources
    assert all(stage["AccessLogSetting"]["DestinationArn"] == "<ApiAccessLogGroup.Arn>" for stage in logging.of(STAGE))


def test_the_accounts_logging_role_outlives_the_stack(template):
    for name in ("ApiGatewayAccount", "ApiGatewayLoggingRole"):
        assert template["Resources"][name]["DeletionPolicy"] == "Retain"


def test_people_may_call_the_control_api_at_the_stage_that_is_deployed(stack):
    for policy in stack.of("AWS::IAM::ManagedPolicy"):
        for statement in statements(policy, policy["PolicyDocument"]):
            if "execute-api:Invoke" in statement.actions:
                assert all(resource.split(":", 5)[5].startswith("<ControlApi>/v1/") for resource in statement.resources)
