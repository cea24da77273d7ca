"""The two wheels, each in an environment that holds nothing else: what they bring, what they need, that they work."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from pathlib import Path

import arro3.core
import arro3.io
import pytest

ROOT = Path(__file__).parents[2]
UV = ROOT / ".venv/bin/uv"
TRAIN = ROOT / "demo/data/train.jsonl"


@dataclass(frozen=True)
class Wheel:
    path: Path

    @property
    def names(self) -> set[str]:
        """Its files, without its metadata."""
        with zipfile.ZipFile(self.path) as members:
            return {name for name in members.namelist() if ".dist-info/" not in name}

    @property
    def metadata(self) -> Message:
        with zipfile.ZipFile(self.path) as members:
            (name,) = (name for name in members.namelist() if name.endswith(".dist-info/METADATA"))
            return Parser().parsestr(members.read(name).decode())

    def needs(self, extra: str = "") -> set[str]:
        """Names of what it requires, always or for an extra."""
        asked = [each.partition(";") for each in self.metadata.get_all("Requires-Dist") or ()]
        return {
            re.split(r"[\s<>=~!\[(]", name)[0]
            for name, _, marker in asked
            if (extra in marker if extra else not marker)
        }


@dataclass(frozen=True)
class Environment:
    """An interpreter of its own; what runs in it sees neither this checkout nor this process's packages."""

    folder: Path

    def install(self, requirement: str) -> None:
        """From the indexes, in the locked versions, each file by its hash."""
        asked = self.folder / "asked.txt"
        asked.write_text(requirement)
        self.uv(
            "install",
            "--require-hashes",
            "--only-binary",
            ":all:",
            "--constraint",
            str(ROOT / "requirements/dev.txt"),
            "--requirement",
            str(asked),
        )

    def packages(self) -> set[str]:
        return {each["name"] for each in json.loads(self.uv("list", "--format", "json"))}

    def uv(self, action: str, *arguments: str) -> str:
        command = [str(UV), "pip", action, "--python", str(self.folder), *arguments]
        return subprocess.run(command, cwd=self.folder, check=True, capture_output=True, text=True).stdout

    def command(self, *arguments: str | Path) -> list[str]:
        return [str(self.folder / "bin" / arguments[0]), *map(str, arguments[1:])]

    def run(self, *arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
        ran = subprocess.run(
            self.command(*arguments), cwd=self.folder, env=BARE, capture_output=True, text=True, check=False
        )
        assert ran.returncode == code, ran.stdout + ran.stderr
        return ran


BARE = {"PATH": os.defpath, "HOME": os.devnull, "PYTHONDONTWRITEBYTECODE": "1"}


def built(source: Path, folder: Path) -> Wheel:
    """With the build backend of the development environment, which is the one that pyproject.toml pins."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (path,) = folder.glob("*.whl")
    return Wheel(path)


def environment_of(wheel: Wheel, folder: Path) -> Environment:
    subprocess.run([UV, "venv", "--quiet", "--no-project", "--python", sys.executable, folder], check=True)
    environment = Environment(folder)
    digest = hashlib.sha256(wheel.path.read_bytes()).hexdigest()
    environment.install(f"{wheel.metadata['Name']} @ {wheel.path.as_uri()} --hash=sha256:{digest}\n")
    return environment


@pytest.fixture(scope="module")
def cli_wheel(tmp_path_factory) -> Wheel:
    return built(ROOT, tmp_path_factory.mktemp("tunedrop-wheel"))


@pytest.fixture(scope="module")
def cli(cli_wheel, tmp_path_factory) -> Environment:
    environment = environment_of(cli_wheel, tmp_path_factory.mktemp("tunedrop"))
    shutil.copy(TRAIN, environment.folder / "train.jsonl")
    return environment


@pytest.fixture(scope="module")
def simulator_wheel(tmp_path_factory) -> Wheel:
    return built(ROOT / "simulator", tmp_path_factory.mktemp("simulator-wheel"))


@pytest.fixture(scope="module")
def simulator(simulator_wheel, tmp_path_factory) -> Environment:
    return environment_of(simulator_wheel, tmp_path_factory.mktemp("simulator"))


def sources(folder: Path, base: Path) -> set[str]:
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(base).as_posix() for path in found}


def test_the_wheel_of_the_command_holds_the_command_and_the_domain_and_nothing_that_touches_aws(cli_wheel):
    functions = ROOT / "functions"
    ours = sources(ROOT / "cli/tunedrop_cli", ROOT / "cli") | sources(functions / "tunedrop/domain", functions)
    assert cli_wheel.names == ours | {"tunedrop/__init__.py", "tunedrop/errors.py"}


def test_the_wheel_of_the_command_needs_nothing_of_aws_but_for_its_extra(cli_wheel):
    assert cli_wheel.needs() == {"cramjam", "jsonschema-rs", "msgspec", "rich", "shtab"}
    assert cli_wheel.needs("aws") == {"boto3"}
    assert cli_wheel.needs("mlflow") == {"mlflow-skinny"}


def test_the_wheel_of_the_simulator_holds_the_simulator_its_types_and_its_license(simulator_wheel):
    assert simulator_wheel.names == sources(ROOT / "simulator/bedrock_simulator", ROOT / "simulator")
    assert "bedrock_simulator/py.typed" in simulator_wheel.names
    assert simulator_wheel.needs() == {"botocore", "numpy"}
    assert simulator_wheel.metadata.get_all("License-File") == ["LICENSE"]
    assert (ROOT / "simulator/LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


@pytest.mark.parametrize("folder", [ROOT, ROOT / "simulator"], ids=["tunedrop", "simulator"])
def test_the_build_backend_is_the_locked_one(folder):
    (backend,) = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    assert f"\n{backend} " in (ROOT / "requirements/dev.txt").read_text("utf-8")


def test_the_command_brings_only_what_it_needs(cli):
    assert cli.packages() == {
        "tunedrop",
        "cramjam",
        "jsonschema-rs",
        "markdown-it-py",
        "mdurl",
        "msgspec",
        "pygments",
        "rich",
        "shtab",
    }


def test_the_installed_command_says_its_version(cli, cli_wheel):
    assert cli.run("tunedrop", "--version").stdout == f"tunedrop {cli_wheel.metadata['Version']}\n"
    assert cli.run("python", "-m", "tunedrop_cli", "--version").stdout == f"tunedrop {cli_wheel.metadata['Version']}\n"


def test_the_installed_command_checks_mends_and_converts_a_file(cli):
    said = cli.run(
        "tunedrop", "check", "train.jsonl", "--model", "nova-lite", "--fix", "mended.jsonl", "--html", "page.html"
    )
    assert "accepted for nova-lite" in said.stdout
    assert (cli.folder / "page.html").read_text("utf-8").startswith("<!doctype html>")
    cli.run("tunedrop", "convert", "mended.jsonl", "nova.jsonl", "--model", "nova-lite")
    first = (cli.folder / "nova.jsonl").read_text("utf-8").splitlines()[0]
    assert json.loads(first)["schemaVersion"] == "bedrock-conversation-2024"


def test_the_installed_command_reads_compressed_parquet(cli):
    rows = [json.loads(line) for line in TRAIN.read_text("utf-8").splitlines()]
    columns = {
        name: arro3.core.Array([row[name] for row in rows], arro3.core.DataType.string())
        for name in ("prompt", "completion")
    }
    arro3.io.write_parquet(arro3.core.Table.from_pydict(columns), cli.folder / "train.parquet", compression="zstd(3)")
    assert (
        "accepted for llama-3-1-8b" in cli.run("tunedrop", "check", "train.parquet", "--model", "llama-3-1-8b").stdout
    )


@pytest.mark.parametrize(
    "arguments",
    [("push", "."), ("keys", "list"), ("keys", "create", "--name", "me", "--all-deployments")],
    ids=" ".join,
)
def test_without_its_extra_the_installed_command_says_what_to_install(cli, arguments):
    said = cli.run("tunedrop", *arguments, code=2)
    assert said.stdout == ""
    assert said.stderr == "tunedrop: commands that call AWS need boto3: pip install 'tunedrop[aws]'\n"


def test_the_installed_command_says_where_the_embedded_cloud_runs(cli):
    assert "from a checkout" in cli.run("tunedrop", "local", "up", code=2).stderr


def test_the_installed_command_prints_completion_scripts(cli):
    assert "complete -" in cli.run("tunedrop", "--print-completion", "bash").stdout


BLOCKS = re.findall(
    r"^```(python|sh)\n(.*?)^```", (ROOT / "simulator/README.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
)
IN_PROCESS, SERVER, OVER_HTTP = (text for _, text in BLOCKS)


@pytest.fixture(scope="module")
def with_boto3(simulator) -> Environment:
    """As the README says: with boto3 beside the simulator, which does not need it."""
    assert simulator.packages() == {
        "bedrock-simulator",
        "botocore",
        "jmespath",
        "numpy",
        "python-dateutil",
        "six",
        "urllib3",
    }
    locked = re.search(
        r"^boto3==\S+ (?:\\\n +\S+ ?)+", (ROOT / "requirements/dev.txt").read_text("utf-8"), re.MULTILINE
    )
    assert locked is not None
    simulator.install(locked[0])
    return simulator


def test_a_whole_training_runs_in_process_as_the_readme_of_the_simulator_says(with_boto3):
    said = with_boto3.run("python", "-W", "error", "-c", IN_PROCESS).stdout
    assert re.findall(r"'jobStatus': '(\w+)'", said) == ["InProgress", "Completed"]


@contextmanager
def server(environment: Environment) -> Iterator[str]:
    """The README's command on a free port, with an object in its folder; yields its address."""
    objects = environment.folder / "buckets/data"
    objects.mkdir(parents=True)
    (objects / "train.jsonl").write_bytes(b'{"prompt": "Where is the key?", "completion": "Under the mat."}\n' * 100)
    words = SERVER.partition("#")[0].replace("4570", "0").split()
    with subprocess.Popen(
        environment.command(*words),
        cwd=environment.folder,
        env=BARE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        try:
            yield process.stderr.readline().split()[-1]
        finally:
            process.terminate()


def test_a_whole_training_runs_over_http_as_the_readme_of_the_simulator_says(with_boto3):
    with server(with_boto3) as address:
        with_boto3.run("python", "-W", "error", "-c", OVER_HTTP.replace("http://127.0.0.1:4570", address))
    assert list((with_boto3.folder / "buckets/data/out").rglob("step_wise_training_metrics.csv"))
