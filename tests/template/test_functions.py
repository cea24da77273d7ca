"""Functions: each handler can be imported, runs where its packages were built for, and is told what it asks for."""

from __future__ import annotations

import importlib
import inspect
import re
from datetime import timedelta
from pathlib import Path

import pytest
from tunedrop.domain.serving import purchase_states
from tunedrop.edges import clients, settings

from tests.template.stack import NAME, PSEUDO

ROOT = Path(__file__).parents[2]
FUNCTION = "AWS::Lambda::Function"
HANDLERS = re.findall(r"^ +Handler: (\S+)$", (ROOT / "template.yaml").read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_handler_can_be_imported_by_its_name_in_lambda(handler):
    module, name = handler.split(".")
    assert callable(getattr(importlib.import_module(module), name))


def test_the_handlers_are_the_modules_of_functions(stack):
    deployed = {function["Handler"].split(".")[0] for function in stack.of(FUNCTION)}
    assert deployed == {path.stem for path in (ROOT / "functions").glob("*.py")}
    assert len(HANDLERS) == len(deployed)


def test_every_function_runs_on_arm64(stack):
    for function in stack.of(FUNCTION):
        assert function["Architectures"] == ["arm64"]
        assert function["Runtime"] == "python3.13"


def test_every_function_has_the_common_layer_and_only_the_reader_of_parquet_its_own(stack):
    common, parquet = stack.of("AWS::Lambda::LayerVersion")
    for function in stack.of(FUNCTION):
        own = [parquet] if function["Handler"] == "dataset_uploaded.handler" else []
        assert [stack.referred(each) for each in function["Layers"]] == [common, *own]


def test_every_variable_that_the_settings_read_is_given(stack):
    asked = set(re.findall(r'"(TUNEDROP_[A-Z_]+)"', inspect.getsource(settings)))
    for function in stack.of(FUNCTION):
        given = {name for name in function["Environment"]["Variables"] if name.startswith("TUNEDROP_")}
        assert given == asked


def test_the_settings_accept_what_the_template_gives(stack):
    for function in stack.of(FUNCTION):
        variables = {name: str(value) for name, value in function["Environment"]["Variables"].items()}
        read = settings.Settings.from_environment({**variables, "AWS_REGION": "us-west-2"})
        assert read.stack_name == NAME
        assert read.max_model_units == int(stack.parameters["MaxModelUnits"])
        assert read.model_key_arn == ("<Key.Arn>" if stack.parameters["EncryptCustomModels"] == "true" else None)
        assert read.response_streaming == (stack.parameters["MessagesResponse"] == "RESPONSE_STREAM")
        assert read.default_base_model == (stack.parameters["DefaultBaseModel"] or "llama-3-3-70b")


def as_long_as_can_be(value, stack):
    """The value with the longest name that CloudFormation makes in the place of each reference."""
    longest = {"<DataBucket>": 63, "<Key.Arn>": 80, "<BedrockRole.Arn>": 96}  # a table's and a queue's are not longer
    text = re.sub("<[A-Za-z.]+>", lambda found: "x" * longest.get(found[0], 160), value)
    return text.replace(PSEUDO["AWS::StackId"], "x" * 230).replace(PSEUDO["AWS::StackName"], "x" * 128)


def test_the_environment_fits_into_lambdas_4_kb_with_the_longest_prices_and_names(template, stack):
    room = template["Parameters"]["Prices"]["MaxLength"] - len(stack.parameters["Prices"])
    for function in stack.of(FUNCTION):
        variables = function["Environment"]["Variables"].items()
        used = sum(len(name) + len(as_long_as_can_be(str(value), stack)) for name, value in variables)
        assert used + room < 4096


def test_the_streaming_bootstrap_is_used_exactly_where_the_route_streams(stack):
    streaming = stack.parameters["MessagesResponse"] == "RESPONSE_STREAM"
    for function in stack.of(FUNCTION):
        wrapper = function["Environment"]["Variables"].get("AWS_LAMBDA_EXEC_WRAPPER")
        expected = "/var/task/streaming_bootstrap" if function.id == "MessagesApiFunction" and streaming else None
        assert wrapper == expected


def test_the_streaming_bootstrap_is_there_and_executable():
    bootstrap = ROOT / "functions" / "streaming_bootstrap"
    assert bootstrap.stat().st_mode & 0o111
    assert bootstrap.read_text("utf-8").startswith("#!")


def test_no_send_of_a_purchase_can_still_be_on_its_way_when_the_next_is_decided(stack):
    (spending,) = (each for each in stack.of(FUNCTION) if each["Handler"] == "spending_requested.handler")
    assert timedelta(seconds=spending["Timeout"]) < purchase_states.SETTLE


def test_all_attempts_to_copy_an_object_end_before_the_function_that_copies(stack, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    config = clients.s3_copying.__wrapped__().meta.config
    longest = config.retries["total_max_attempts"] * (config.connect_timeout + config.read_timeout)
    assert config.read_timeout >= 300  # 5 GB at 17 MB/s
    assert longest < stack["DatasetUploadedFunction"]["Timeout"]
