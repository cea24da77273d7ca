"""The static gates of `make prove`: cfn-lint, bandit, detect-secrets, and the licenses of what the layers ship.

The tools have an environment of their own, `.venv-gates`. What they may say is in gates.toml, each with its reason.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.template.wiring.prover import translated

ROOT = Path(__file__).parents[1]
TOOLS = ROOT / ".venv-gates" / "bin"
SOURCES = ("functions", "cli", "bootstrap", "layers", "local", "simulator/bedrock_simulator", "demo")
HASHES = ("HexHighEntropyString", "Base64HighEntropyString")
"""Left out of detect-secrets: locks, bills of materials and rows of tests are full of hashes."""
LICENSES = frozenset({
    "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Apache Software License", "BSD-3-Clause", "BSD License", "MIT",
    "PSF-2.0", "Unicode-3.0", "Unicode-DFS-2016", "Zlib",
})  # fmt: skip
"""What may ship in a layer: permissive ones."""

Place = tuple[str, str, str]
"""Gate, rule and file (or package)."""


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """One thing that a gate says."""

    place: Place
    words: str

    def __str__(self) -> str:
        return f"{' '.join(self.place)}: {self.words}"


class GateFailed(Exception):
    """A tool didn't run; the message is what it said."""


def hits() -> list[Hit]:
    """What all gates say."""
    return [hit for gate in GATES for hit in gate()]


def suppressions() -> dict[Place, str]:
    """What may be said, with the reason."""
    entries = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))["suppressed"]
    return {(each["gate"], each["rule"], each["file"]): each["reason"] for each in entries}


def stale(said: list[Hit]) -> list[Place]:
    """Suppressions of what nothing says any more."""
    return sorted(set(suppressions()) - {hit.place for hit in said})


def lint_template() -> Iterator[Hit]:
    """cfn-lint on the template as it is written, and as CloudFormation gets it with each set of parameters."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {ROOT / "template.yaml": "template.yaml"}
        for number, template in enumerate(translated().templates):
            path = Path(folder) / f"{number}.json"
            path.write_text(json.dumps(template), "utf-8")
            paths[path] = "translated"
        for each in _run("cfn-lint", "--format", "json", "--", *map(str, paths)):
            yield Hit(("cfn-lint", each["Rule"]["Id"], paths[Path(each["Filename"]).absolute()]), each["Message"])


def scan_code() -> Iterator[Hit]:
    """Bandit on what ships and what makes it, from medium severity up; ruff's S rules hold the rest in `make check`."""
    for each in _run("bandit", "--quiet", "-ll", "--format", "json", "--recursive", *SOURCES)["results"]:
        yield Hit(("bandit", each["test_id"], each["filename"]), f"line {each['line_number']}: {each['issue_text']}")


def scan_secrets() -> Iterator[Hit]:
    """detect-secrets on every file that git keeps, without the guesses from entropy."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [path for path in listed.split("\0") if path and not path.endswith((".cdx.json", "requirements.txt"))]
    without = [option for name in HASHES for option in ("--disable-plugin", name)]
    for path, found in _run("detect-secrets", "scan", *without, *files)["results"].items():
        yield from (Hit(("detect-secrets", each["type"], path), f"line {each['line_number']}") for each in found)


def read_licenses() -> Iterator[Hit]:
    """The licenses of what the layers ship, by their bill of materials, compiled-in crates included."""
    bill = json.loads((ROOT / "layers/sbom.cdx.json").read_text("utf-8"))
    packages = [each for each in bill["components"] if each["type"] == "library"]
    for component in [part for each in packages for part in (each, *each.get("components", ()))]:
        if not any(_permitted(each) for each in component.get("licenses", ())):
            yield Hit(("licenses", "not permitted", component["name"]), json.dumps(component.get("licenses")))


def _permitted(entry: dict[str, Any]) -> bool:
    """Whether one choice of each part is permitted; the expressions are ANDs of ORs."""
    named = entry.get("expression") or entry["license"].get("id") or entry["license"].get("name", "")
    return all(not LICENSES.isdisjoint(part.strip("() ").split(" OR ")) for part in named.split(" AND "))


GATES = (lint_template, scan_code, scan_secrets, read_licenses)


def _run(tool: str, *arguments: str) -> Any:
    """The JSON that a tool prints, whatever its exit status says of its findings."""
    done = subprocess.run([TOOLS / tool, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError as error:
        raise GateFailed(f"{tool}: {done.stdout[:500]}{done.stderr[:2000]}") from error
