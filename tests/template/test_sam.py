"""SAM CLI takes the template as it is: valid, and built without Docker and without the functions' own Python."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests import sam

ROOT = Path(__file__).parents[2]
LAYERS = {"DependenciesLayer": "layer", "ParquetLayer": "parquet"}  # lock of each
FOLDERS = {"DependenciesLayer": "dependencies", "ParquetLayer": "parquet"}


@pytest.fixture(scope="module")
def shipped() -> Path:
    return sam.build()


@pytest.fixture(scope="module")
def built_here() -> Path:
    """For this machine and its Python."""
    return sam.build(sam.HERE)


def test_sam_finds_the_template_valid_and_without_lint():
    assert "is a valid SAM Template" in sam.run("validate", "--lint")


def test_what_is_sent_has_neither_alias_nor_merge_which_cloudformation_refuses(shipped):
    written, sent = ((folder / "template.yaml").read_text("utf-8") for folder in (ROOT, shipped))
    assert aliases_and_merges(written)
    assert aliases_and_merges(sent) == []


AARCH64 = b"\xb7\x00"
"""What an ELF file for it says at byte 18."""


def aliases_and_merges(text: str) -> list[str]:
    events = list(yaml.parse(text, Loader=yaml.SafeLoader))
    aliases = [f"*{event.anchor}" for event in events if isinstance(event, yaml.AliasEvent)]
    return aliases + [event.value for event in events if isinstance(event, yaml.ScalarEvent) and event.value == "<<"]


@pytest.mark.parametrize(("layer", "extensions"), [("DependenciesLayer", 4), ("ParquetLayer", 1)])
def test_a_layer_holds_extensions_for_arm64_and_the_functions_python_only(shipped, layer, extensions):
    found = list((shipped / layer).rglob("*.so*"))
    assert len(found) >= extensions
    kinds = (".cpython-313-aarch64-linux-gnu.so", ".abi3.so")
    assert [path.name for path in found if not path.name.endswith(kinds)] == []
    assert {path.read_bytes()[18:20] for path in found} == {AARCH64}


@pytest.mark.parametrize(("layer", "lock"), LAYERS.items())
def test_a_layers_packages_are_those_of_its_lock(shipped, layer, lock):
    text = (ROOT / f"requirements/{lock}.txt").read_text("utf-8")
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))
    found = dict(
        path.name.removesuffix(".dist-info").rsplit("-", 1) for path in shipped.glob(f"{layer}/python/*.dist-info")
    )
    assert {name.lower().replace("_", "-"): version for name, version in found.items()} == locked


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_has_nothing_that_differs_from_build_to_build(shipped, layer):
    differing = {"direct_url.json", "INSTALLER", "REQUESTED"}
    names = {path.name for path in (shipped / layer).rglob("*")}
    assert not names & differing


@pytest.mark.parametrize("part", [*LAYERS, "MessagesApiFunction"])
def test_each_module_comes_with_bytecode_that_python_never_compares_with_its_source(built_here, part):
    sources = [path for path in (built_here / part).rglob("*.py") if path.name != "__init__.py" or path.stat().st_size]
    tag = sys.implementation.cache_tag
    for source in sources:
        compiled = source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc"
        assert compiled.read_bytes()[4:8] == b"\x01\0\0\0", "unchecked, by hash"
    assert sources


def test_the_bytecode_is_what_a_cold_start_loads(built_here, tmp_path):
    """Python says where it took each module from, and writes none, as where nothing can be written."""
    code, layer = built_here / "MessagesApiFunction", built_here / "DependenciesLayer" / "python"
    program = f"import sys; sys.path[:0] = [{str(code)!r}, {str(layer)!r}]; import messages_api"
    variables = {
        "POWERTOOLS_SERVICE_NAME": "x",
        "POWERTOOLS_METRICS_NAMESPACE": "x",
        "AWS_DEFAULT_REGION": "us-west-2",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-s", "-S", "-v", "-c", program]
    done = subprocess.run(command, env=variables, cwd=tmp_path, capture_output=True, text=True, check=True)
    compiled = re.findall(r"^# code object from '?([^'\n]+)'?$", done.stderr, re.MULTILINE)
    ours = [line for line in compiled if line.startswith((str(code), str(layer)))]
    from_source = [line for line in ours if not line.endswith(".pyc")]
    assert from_source == []
    assert len(ours) > 300


@pytest.mark.parametrize("part", [*LAYERS, "MessagesApiFunction"])
def test_a_second_build_has_the_same_bytes(built_here, part, tmp_path):
    folder = ROOT / ("functions" if part.endswith("Function") else f"layers/{FOLDERS[part]}")
    made = tmp_path / "made"
    made.mkdir()
    variables = {**sam.environment(), **dict(sam.HERE), "ARTIFACTS_DIR": str(made)}
    subprocess.run(["make", "--silent", f"build-{part}"], cwd=folder, env=variables, check=True)
    assert digests(made) == digests(built_here / part)


def digests(folder: Path) -> dict[str, str]:
    """Of the files that a function or layer is zipped from, less scripts for a shell, which name who built them."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and "bin" not in path.relative_to(folder).parts and path.name != "RECORD"
    }


def test_the_layers_and_the_code_fit_into_lambda_with_room_to_grow(shipped):
    assert size(shipped / "DependenciesLayer") < 100 * 2**20
    assert size(shipped / "ParquetLayer") < 10 * 2**20
    together = sum(size(shipped / name) for name in [*LAYERS, "DatasetUploadedFunction"])
    assert together < 250 * 2**20  # Lambda's limit, unzipped


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_a_functions_artifact_is_our_own_code_and_its_bytecode(shipped):
    built, ours = files(shipped / "ControlApiFunction"), files(ROOT / "functions")
    left_out = {path for path in ours if path.startswith(".") or path.endswith(".pyc") or path == "Makefile"}
    tags = {path.split(".")[-2] for path in built if path.endswith(".pyc")}
    assert {path for path in built if not path.endswith(".pyc")} == ours - left_out
    assert tags <= {"cpython-313"}, "compiled by the functions' own Python, or not at all"
    assert {Path(path).suffix for path in built} <= {"", ".css", ".py", ".toml", ".json", ".typed"}


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_streaming_bootstrap_is_still_executable(shipped):
    assert (shipped / "MessagesApiFunction" / "streaming_bootstrap").stat().st_mode & 0o111
