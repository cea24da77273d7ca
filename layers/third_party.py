"""What the Lambda layers hold of others: a bill of materials (CycloneDX), and the notices that licenses ask for.

`make docs` writes both, from the layers' locks and from the metadata of the same versions in the development
environment. What a wheel has compiled in is listed as far as the wheel says so itself (PEP 770).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tunedrop import __version__

HERE = Path(__file__).parent
SBOM, NOTICES = HERE / "sbom.cdx.json", HERE / "NOTICES.txt"
OPENING = """Tunedrop's Lambda layers hold these packages, unchanged. What some of them have compiled in is listed in
sbom.cdx.json. Written by `make docs`.
"""
LICENSES = HERE / "licenses"
"""By the name of a package whose wheel lacks its license: that of its source, as it stands there."""
LAYERS = ("dependencies", "parquet")
"""Folders with a requirements.txt each."""
RUNTIME = {
    "python_version": "3.13", "python_full_version": "3.13.0", "implementation_name": "cpython",
    "platform_python_implementation": "CPython", "sys_platform": "linux", "platform_system": "Linux",
    "platform_machine": "aarch64", "os_name": "posix", "extra": "",
}  # fmt: skip
"""Where layers run, as markers of requirements ask for it."""


class OtherVersion(Exception):
    """The development environment does not hold what a layer's lock says."""


@dataclass(frozen=True, slots=True)
class Package:
    """One package of a layer, as it is installed here."""

    name: str
    found: metadata.Distribution

    @property
    def purl(self) -> str:
        """Its package URL, which names it in the bill of materials."""
        return f"pkg:pypi/{self.name}@{self.found.version}"

    def files(self, folder: str) -> Iterator[metadata.PackagePath]:
        """Files of its metadata whose path matches."""
        found = (path for path in self.found.files or () if re.search(rf"\.dist-info/{folder}", path.as_posix()))
        yield from sorted(found)


def packages(layer: str) -> list[Package]:
    """What a layer's lock pins. Raises OtherVersion."""
    pins = re.findall(r"^([a-z0-9-]+)==(\S+)", (HERE / layer / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    found = [Package(name, metadata.distribution(name)) for name, _ in pins]
    for (name, version), package in zip(pins, found, strict=True):
        if package.found.version != version:
            raise OtherVersion(f"{name} is {package.found.version} here and {version} in the layer {layer}")
    return found


def licenses(package: Package) -> list[dict[str, Any]]:
    """As CycloneDX has them: one SPDX expression where the package gives one, else the names that it gives."""
    given = package.found.metadata.json
    declared = str(given.get("license_expression") or given.get("license") or "")
    try:
        return [{"expression": canonicalize_license_expression(declared)}]
    except InvalidLicenseExpression:
        named = [each for each in given.get("classifier", ()) if each.startswith("License ::")]
        return [{"license": {"name": each.rpartition(" :: ")[2]}} for each in named]


def _crates(package: Package) -> Iterator[dict[str, Any]]:
    """What the package's own bill of materials lists."""
    for path in package.files("sboms/"):
        for part in json.loads(path.read_text("utf-8"))["components"]:
            kept = {
                name: part[name] for name in ("type", "name", "version", "hashes", "licenses", "purl") if name in part
            }
            yield {"bom-ref": f"{package.purl}/{part['purl']}", **kept}


def _component(package: Package) -> dict[str, Any]:
    crates = list(_crates(package))
    return {
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.found.version,
        "licenses": licenses(package),
        "purl": package.purl,
        **({"components": crates} if crates else {}),
    }


def _needs(package: Package, known: dict[str, Package]) -> list[str]:
    """Package URLs of what it requires where layers run."""
    asked = (Requirement(each) for each in package.found.requires or ())
    names = {canonicalize_name(each.name) for each in asked if each.marker is None or each.marker.evaluate(RUNTIME)}
    return sorted(known[name].purl for name in names if name in known)


def sbom() -> dict[str, Any]:
    """CycloneDX 1.6; without a time and a serial number, so that the same locks give the same bytes."""
    layers = {layer: packages(layer) for layer in LAYERS}
    known = {package.name: package for held in layers.values() for package in held}
    roots = [{"type": "application", "bom-ref": f"layer:{layer}", "name": f"layers/{layer}"} for layer in LAYERS]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "bom-ref": "tunedrop", "name": "tunedrop", "version": __version__}
        },
        "components": [*roots, *(_component(known[name]) for name in sorted(known))],
        "dependencies": [
            {"ref": "tunedrop", "dependsOn": [root["bom-ref"] for root in roots]},
            *({"ref": f"layer:{layer}", "dependsOn": [each.purl for each in held]} for layer, held in layers.items()),
            *({"ref": known[name].purl, "dependsOn": _needs(known[name], known)} for name in sorted(known)),
        ],
    }


def notices() -> str:
    """Every package with its license and the texts it comes with; a text that several share stands once."""
    held = sorted((package for layer in LAYERS for package in packages(layer)), key=lambda each: each.name)
    texts: dict[str, list[str]] = {}
    for package in held:
        own = LICENSES / package.name / "LICENSE"
        paths: list[metadata.PackagePath | Path] = list(package.files(r"(licenses/)?(LICEN[CS]E|NOTICE)"))
        for path in paths + [own] * own.exists():
            text = "\n".join(line.rstrip() for line in path.read_text("utf-8").strip().splitlines())
            texts.setdefault(text, []).append(f"{package.name} {package.found.version}: {path.name}")
    rows = (f"{each.name} {each.found.version}: {_words(each)}" for each in held)
    line = "-" * 100
    parts = (f"{line}\n{chr(10).join(owners)}\n{line}\n\n{text}\n" for text, owners in texts.items())
    return "\n".join((OPENING, *rows, "", *parts))


def _words(package: Package) -> str:
    return ", ".join(each.get("expression") or each["license"]["name"] for each in licenses(package))


def main() -> None:
    """Write both."""
    SBOM.write_text(json.dumps(sbom(), indent=1) + "\n", "utf-8")
    NOTICES.write_text(notices(), "utf-8")


if __name__ == "__main__":
    main()
