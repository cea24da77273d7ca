"""What the command imports: no more than it was asked for, and nothing of AWS where files are looked at."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from tunedrop.domain.checks import examples
from tunedrop_cli import main

AWS = {"boto3", "botocore", "s3transfer", "urllib3", "aws_lambda_powertools", "pydantic"}
"""Of the development environment; a wheel's own environment has none of them."""
REPORT = """
import json, sys
from tunedrop_cli.main import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)))
"""


@pytest.fixture
def imported(tmp_path):
    """The modules that are there at the end of `tunedrop ARGUMENT...`."""
    (tmp_path / "train.jsonl").write_bytes(examples.good(40)())

    def run(*arguments: str) -> set[str]:
        program = [sys.executable, "-c", REPORT, *arguments]
        said = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        return set(json.loads(said.splitlines()[-1]))

    return run


def packages(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_what_only_says_something_imports_neither_the_domain_nor_what_prints(imported, option):
    modules = imported(option)
    assert not packages(modules) & {"rich", "msgspec", "shtab", *AWS}
    ours = {module for module in modules if module.startswith("tunedrop")}
    assert ours <= {"tunedrop", "tunedrop_cli", "tunedrop_cli.main", "tunedrop_cli.errors"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "train.jsonl"],
        ["check", "train.jsonl", "--model", "nova-lite", "--fix", "mended.jsonl", "--html", "page.html"],
        ["convert", "train.jsonl", "out.jsonl", "--model", "nova-lite"],
        ["push", "--help"],
        ["keys", "create", "--help"],
        ["doctor", "--help"],
        ["--print-completion", "bash"],
    ],
    ids=lambda each: " ".join(each[:2]),
)
def test_no_aws_package_is_imported_where_nothing_is_asked_of_aws(imported, arguments):
    assert not packages(imported(*arguments)) & AWS


def test_check_imports_what_few_files_need_only_where_they_need_it(imported):
    assert not imported("check", "train.jsonl") & {
        "rich.progress",
        "statistics",
        "tunedrop.domain.mending.mend_file",
        "tunedrop.domain.parquet.footer",
        "tunedrop.domain.reports.html_report",
        "tunedrop.domain.versions.versioning",
    }


@pytest.mark.parametrize("name", main.COMMANDS)
def test_each_command_shows_its_help(name, capsys):
    with pytest.raises(SystemExit) as ended:
        main.main([name, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: tunedrop {name}")


def test_python_m_is_the_same_command():
    said = subprocess.run(
        [sys.executable, "-m", "tunedrop_cli", "--version"], capture_output=True, text=True, check=True
    )
    assert said.stdout.startswith("tunedrop ")


WITHOUT_BOTO3 = """
import sys
sys.modules["boto3"] = None  # as if it were not installed
from tunedrop_cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("arguments", [["push", "."], ["push", "nowhere"], ["keys", "list"], ["doctor"]], ids=" ".join)
def test_without_boto3_a_command_that_signs_says_what_to_install(arguments):
    ran = subprocess.run([sys.executable, "-c", WITHOUT_BOTO3, *arguments], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "tunedrop: commands that call AWS need boto3: pip install 'tunedrop[aws]'\n"
