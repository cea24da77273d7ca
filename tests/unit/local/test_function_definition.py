"""What a function's process is started with."""

from __future__ import annotations

import pytest
from tunedrop_local.function_host import Definition
from tunedrop_local.runtime_api import Invocation


@pytest.fixture
def definition(tmp_path):
    layer = tmp_path / "layer"
    (layer / "tools").mkdir(parents=True)
    (layer / "tools" / "wrap").touch()

    def make(**variables):
        return Definition(
            name="f", arn="arn", handler="app.handler", python=tmp_path / "bin" / "python", task_root=tmp_path / "task",
            layers=(layer,), variables=variables,
        )  # fmt: skip

    return make


def test_the_official_runtime_client_runs_the_handler(definition, tmp_path):
    assert definition().command() == [str(tmp_path / "bin" / "python"), "-m", "awslambdaric", "app.handler"]


def test_an_exec_wrapper_gets_the_runtimes_command(definition, tmp_path):
    wrapped = definition(AWS_LAMBDA_EXEC_WRAPPER="/var/task/streaming_bootstrap")
    assert wrapped.command() == [str(tmp_path / "task" / "streaming_bootstrap"), *definition().command()]


def test_an_exec_wrapper_may_lie_in_a_layer(definition, tmp_path):
    assert definition(AWS_LAMBDA_EXEC_WRAPPER="/opt/tools/wrap").command()[0] == str(
        tmp_path / "layer" / "tools" / "wrap"
    )


def test_a_function_cannot_change_what_lambda_reserves(definition):
    environment = definition(AWS_LAMBDA_FUNCTION_NAME="other", PATH="/evil", OWN="kept").environment()
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "f"
    assert "/evil" not in environment["PATH"]
    assert environment["OWN"] == "kept"


def test_the_task_comes_before_the_layers(definition, tmp_path):
    assert definition().environment()["PYTHONPATH"] == f"{tmp_path}/task:{tmp_path}/layer/python"


def test_the_first_word_of_an_invocation_counts():
    invocation = Invocation(b"{}", "arn", "id")
    invocation.settle(b"answer")
    invocation.fail("Runtime.ExitError", "it exited after its answer")
    assert (invocation.result.body, invocation.result.error) == (b"answer", False)
