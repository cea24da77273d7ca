"""What the layers hold of others: the bill of materials and the notices are those of the locks as they are now."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from layers import third_party
from tests.template.test_layer import pins

SBOM = json.loads(third_party.SBOM.read_text("utf-8"))
PACKAGES = {component["name"]: component for component in SBOM["components"] if component["type"] == "library"}


def test_both_are_as_make_docs_writes_them():
    assert third_party.sbom() == SBOM
    assert third_party.notices() == third_party.NOTICES.read_text("utf-8")


def test_the_bill_lists_what_the_locks_pin():
    locked = pins("layer") | pins("parquet")
    assert {name: {component["version"]} for name, component in PACKAGES.items()} == locked


def test_each_reference_leads_to_one_component():
    parts = [part for component in SBOM["components"] for part in (component, *component.get("components", ()))]
    refs = Counter(part["bom-ref"] for part in (*parts, SBOM["metadata"]["component"]))
    assert set(refs.values()) == {1}
    named = {ref for each in SBOM["dependencies"] for ref in (each["ref"], *each["dependsOn"])}
    assert named <= refs.keys()


def test_what_was_compiled_in_is_listed_where_the_wheel_says_it():
    crates = {name: len(component.get("components", ())) for name, component in PACKAGES.items()}
    assert crates["pydantic-core"] > 50
    assert crates["cramjam"] > 20


@pytest.mark.parametrize("name", PACKAGES)
def test_each_package_has_a_license_and_its_text(name):
    assert PACKAGES[name]["licenses"]
    assert f"\n{name} {PACKAGES[name]['version']}: LICEN" in third_party.NOTICES.read_text("utf-8")


def test_another_version_here_than_in_the_lock_is_told(tmp_path, monkeypatch):
    (tmp_path / "parquet").mkdir()
    (tmp_path / "parquet/requirements.txt").write_text("cramjam==0.0.1 \\\n    --hash=sha256:00\n")
    monkeypatch.setattr(third_party, "HERE", tmp_path)
    with pytest.raises(third_party.OtherVersion, match=r"cramjam is .* here and 0\.0\.1 in the layer parquet"):
        third_party.packages("parquet")
