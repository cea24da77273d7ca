"""SAM CLI takes the template as it is: valid, and built without Docker and without the functions' own Python."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import sam

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shipped() -> Path:
    return sam.build()


def test_sam_finds_the_template_valid_and_without_lint():
    assert "is a valid SAM Template" in sam.run("validate", "--lint")


def test_the_layer_holds_extensions_for_arm64_and_the_functions_python_only(shipped):
    extensions = [path.name for path in (shipped / "DependenciesLayer").rglob("*.so*")]
    assert len(extensions) >= 4
    assert [name for name in extensions if not name.endswith(".cpython-313-aarch64-linux-gnu.so")] == []


def test_the_layers_packages_are_those_of_the_lock(shipped):
    locked = dict(
        re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements/layer.txt").read_text("utf-8"), re.MULTILINE)
    )
    found = dict(
        path.name.removesuffix(".dist-info").rsplit("-", 1)
        for path in shipped.glob("DependenciesLayer/python/*.dist-info")
    )
    assert {name.lower().replace("_", "-"): version for name, version in found.items()} == locked


def test_the_layer_has_nothing_that_differs_from_build_to_build(shipped):
    differing = {"direct_url.json", "INSTALLER", "REQUESTED"}
    names = {path.name for path in (shipped / "DependenciesLayer").rglob("*")}
    assert not names & differing
    assert not {name for name in names if name.endswith(".pyc")}


def test_the_layer_fits_into_lambda(shipped):
    size = sum(path.stat().st_size for path in (shipped / "DependenciesLayer").rglob("*") if path.is_file())
    assert size < 100 * 1024**2  # with the functions' code at most 250 MB


def test_a_functions_artifact_is_our_own_code_without_any_cache(shipped):
    built, ours = files(shipped / "ControlApiFunction"), files(ROOT / "functions")
    caches = {path for path in ours if path.startswith(".") or path.endswith(".pyc")}
    assert built == ours - caches
    assert {Path(path).suffix for path in built} <= {"", ".py", ".toml", ".json", ".typed"}


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_streaming_bootstrap_is_still_executable(shipped):
    assert (shipped / "MessagesApiFunction" / "streaming_bootstrap").stat().st_mode & 0o111
