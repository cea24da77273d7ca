"""The layers: third-party packages only, locked, for the processor and the Python that the functions run on."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = {"DependenciesLayer": ("dependencies", "layer"), "ParquetLayer": ("parquet", "parquet")}  # folder and lock
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCKS = sorted(path.stem for path in (ROOT / "requirements").glob("*.txt"))
MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}


def pins(lock: str) -> dict[str, set[str]]:
    """Package to the versions that a lock pins (two where a marker chooses)."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(
        r"^([a-z0-9-]+)==(\S+)", (ROOT / f"requirements/{lock}.txt").read_text(), re.MULTILINE
    ):
        found.setdefault(name, set()).add(version)
    return found


@pytest.fixture(params=LAYERS)
def layer(request) -> str:
    """Logical id; a test that takes it runs for each layer."""
    return request.param


def makefile(layer: str) -> str:
    return (ROOT / "layers" / LAYERS[layer][0] / "Makefile").read_text("utf-8")


def default(layer: str, variable: str) -> str:
    found = re.search(rf"^{variable} \?= (\S+)$", makefile(layer), re.MULTILINE)
    assert found is not None
    return found[1]


def test_each_layer_of_the_template_is_tested_here(template):
    types = {name: each["Type"] for name, each in template["Resources"].items()}
    assert {name for name, type_ in types.items() if type_ == "AWS::Serverless::LayerVersion"} == set(LAYERS)


def test_a_layer_is_built_for_the_processor_of_the_functions(template, layer):
    (architecture,) = template["Globals"]["Function"]["Architectures"]
    assert default(layer, "LAYER_PLATFORM") == f"{MACHINES[architecture]}-manylinux_2_28"
    resource = template["Resources"][layer]
    assert resource["Metadata"] == {"BuildMethod": "makefile", "BuildArchitecture": architecture}
    assert resource["Properties"]["CompatibleArchitectures"] == [architecture]


def test_a_layer_is_built_for_the_python_of_the_functions(template, layer):
    runtime = template["Globals"]["Function"]["Runtime"]
    assert f"python{default(layer, 'LAYER_PYTHON')}" == runtime
    assert template["Resources"][layer]["Properties"]["CompatibleRuntimes"] == [runtime]


def test_a_makefile_has_the_target_that_sam_calls(template, layer):
    assert template["Resources"][layer]["Properties"]["ContentUri"] == f"layers/{LAYERS[layer][0]}"
    assert re.search(rf"^build-{layer}:$", makefile(layer), re.MULTILINE)


def test_a_layer_installs_only_wheels_whose_hashes_are_locked(layer):
    for flag in ("--require-hashes", "--only-binary :all:", "--no-deps", "--no-installer-metadata"):
        assert flag in makefile(layer)


def test_a_layer_holds_what_its_lock_says(layer):
    folder, lock = LAYERS[layer]
    built = (ROOT / "layers" / folder / "requirements.txt").read_bytes()
    assert built == (ROOT / f"requirements/{lock}.txt").read_bytes()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_a_hash_for_every_pin_and_names_no_address(lock):
    text = (ROOT / f"requirements/{lock}.txt").read_text("utf-8")
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE)


def requirements(group: str | None) -> list[str]:
    if group is None:
        return list(PROJECT["project"]["dependencies"])
    asked = PROJECT["dependency-groups"][group]
    included = [each for entry in asked if isinstance(entry, dict) for each in requirements(entry["include-group"])]
    return included + [entry for entry in asked if isinstance(entry, str)]


ASKED = {
    "layer": requirements("lambda"),
    "parquet": requirements("parquet"),
    "dev": requirements(None) + requirements("dev"),
    "local": requirements("local"),
    "sam": requirements("sam"),
    "gates": requirements("gates"),
    "mlflow": requirements("mlflow-server"),
    "oracles": requirements("oracles"),
    "writers": requirements("writers"),
    "peers": requirements("peers"),
}


@pytest.mark.parametrize(("lock", "requirement"), [(lock, each) for lock, asked in ASKED.items() for each in asked])
def test_what_the_project_asks_for_is_locked_at_a_version_that_it_accepts(lock, requirement):
    name, _, specifier = re.match(r"([A-Za-z0-9.-]+)(\[[^\]]*\])?(.*)", requirement).groups()
    for version in pins(lock)[name.lower()]:
        assert accepts(specifier, version), f"{name} {version}"


def accepts(specifier: str, version: str) -> bool:
    """`==1.2`, `>=1.2,<2` and nothing at all: all that pyproject.toml uses."""
    for operator, bound in re.findall(r"(==|>=|<)([^,]+)", specifier):
        left, right = number(version), number(bound)
        if not {"==": version == bound, ">=": left >= right, "<": left < right}[operator]:
            return False
    return True


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


@pytest.mark.parametrize("lock", ["layer", "parquet"])
def test_the_tests_run_on_the_very_versions_that_a_layer_holds(lock):
    tested = pins("dev")
    assert {name: versions for name, versions in pins(lock).items() if tested[name] != versions} == {}


def test_no_layer_holds_what_only_development_needs():
    held = set(pins("layer")) | set(pins("parquet"))
    assert not {"pytest", "moto", "numpy", "ruff", "aws-xray-sdk", "ministack", "arro3-core", "arro3-io"} & held


def test_a_package_is_in_one_layer_only():
    assert not set(pins("layer")) & set(pins("parquet"))


def test_each_environment_has_its_lock():
    assert sorted(ASKED) == LOCKS
