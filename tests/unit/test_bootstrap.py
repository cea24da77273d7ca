"""The bootstrap: what it reads of pip's and uv's configuration, how it reads an index, and what it refuses."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bootstrap import __main__ as command
from bootstrap import uv
from bootstrap.environments import fingerprint
from bootstrap.index import (
    PUBLIC_INDEX,
    BootstrapError,
    Configuration,
    find_link,
    pip_files,
    pip_settings,
    read,
    read_configuration,
    request_for,
    shown,
    uv_environment,
)

FOLDER = Path(__file__).parents[2] / "bootstrap"
WHEEL = "uv-0.13.9-py3-none-musllinux_1_1_x86_64.whl"
MACHINES = [(system, machine, libc) for system, machine, libc in uv.UV_WHEELS]


@pytest.fixture
def pip_conf(tmp_path):
    def write(text: str, name: str = "pip.conf") -> Path:
        path = Path(tmp_path, name)
        path.write_text(text, "utf-8")
        return path

    return write


# --- configuration


def test_where_nothing_is_configured_the_public_index_is_asked():
    configuration = read_configuration({}, [])
    assert configuration == Configuration()
    assert list(configuration.pages()) == [f"{PUBLIC_INDEX}uv/"]


def test_pip_configuration_gives_index_extra_indexes_folders_certificates_and_hosts(pip_conf):
    path = pip_conf(
        "[global]\nindex-url = https://packages.example/simple\n"
        "extra-index-url =\n    https://one.example/simple/\n    https://two.example/simple\n"
        "find-links = /srv/wheels\ncert = /srv/ca.pem\ntrusted-host = packages.example\ntimeout = 7\n"
    )
    assert read_configuration({}, [path]) == Configuration(
        index="https://packages.example/simple",
        extra_indexes=("https://one.example/simple/", "https://two.example/simple"),
        find_links=("/srv/wheels",),
        certificates="/srv/ca.pem",
        trusted_hosts=("packages.example",),
        timeout=7.0,
    )


def test_the_places_are_tried_in_order_the_persons_own_folders_first():
    configuration = Configuration(
        index="https://a.example/simple", extra_indexes=("file:///srv/index",), find_links=("/srv/wheels",)
    )
    assert list(configuration.pages()) == [
        "file:///srv/wheels",
        "file:///srv/index/uv/",
        "https://a.example/simple/uv/",
    ]


def test_a_later_file_wins_over_an_earlier_one(pip_conf):
    weak = pip_conf("[global]\nindex-url = https://weak.example\n", "weak.conf")
    strong = pip_conf("[global]\nindex-url = https://strong.example\n", "strong.conf")
    assert read_configuration({}, [weak, strong]).index == "https://strong.example"


def test_the_install_section_wins_over_global_even_from_a_weaker_file(pip_conf):
    weak = pip_conf("[install]\nindex-url = https://install.example\n", "weak.conf")
    strong = pip_conf("[global]\nindex-url = https://global.example\n", "strong.conf")
    assert pip_settings({}, [weak, strong])["index-url"] == "https://install.example"


@pytest.mark.parametrize(
    ("environ", "index"),
    [
        ({"PIP_INDEX_URL": "https://pip.example"}, "https://pip.example"),
        ({"PIP_INDEX_URL": "https://pip.example", "UV_INDEX_URL": "https://uv.example"}, "https://uv.example"),
        ({"UV_INDEX_URL": "https://old.example", "UV_DEFAULT_INDEX": "https://new.example"}, "https://new.example"),
        ({"PIP_INDEX_URL": ""}, "https://file.example"),
    ],
)
def test_variables_win_over_files_and_those_of_uv_over_those_of_pip(pip_conf, environ, index):
    path = pip_conf("[global]\nindex-url = https://file.example\n")
    assert read_configuration(environ, [path]).index == index


def test_a_named_index_of_uv_is_its_address():
    configuration = read_configuration({"UV_INDEX": "inner=https://a.example/simple https://b.example/s?x=y"}, [])
    assert configuration.extra_indexes == ("https://a.example/simple", "https://b.example/s?x=y")


def test_without_an_index_only_folders_are_asked():
    configuration = read_configuration({"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/srv/wheels"}, [])
    assert list(configuration.pages()) == ["file:///srv/wheels"]


def test_a_broken_configuration_file_is_named(pip_conf):
    path = pip_conf("index-url without a section\n")
    with pytest.raises(BootstrapError, match=r"pip\.conf can't be read"):
        read_configuration({}, [path])


def test_a_timeout_that_is_no_number_is_named():
    with pytest.raises(BootstrapError, match="timeout of 'soon'"):
        read_configuration({"PIP_TIMEOUT": "soon"}, [])


def test_pip_files_are_those_that_pip_documents():
    files = pip_files({"HOME": "/home/ada"}, prefix="/opt/python", system="linux")
    assert [str(path) for path in files] == [
        "/etc/xdg/pip/pip.conf",
        "/etc/pip.conf",
        "/home/ada/.pip/pip.conf",
        "/home/ada/.config/pip/pip.conf",
        "/opt/python/pip.conf",
    ]


def test_a_chosen_file_replaces_the_persons_own_and_dev_null_replaces_all(pip_conf):
    chosen = pip_conf("[global]\n")
    files = pip_files({"HOME": "/home/ada", "PIP_CONFIG_FILE": str(chosen)}, prefix="/opt/python", system="linux")
    assert files[-1] == chosen
    assert not any("ada" in str(path) for path in files)
    assert pip_files({"PIP_CONFIG_FILE": os.devnull}) == []


def test_uv_is_told_what_pip_knows():
    told = uv_environment(
        Configuration(
            index="https://a.example/simple",
            extra_indexes=("file:///one", "file:///two"),
            find_links=("/srv/wheels", "/srv/more"),
            certificates="/srv/ca.pem",
            trusted_hosts=("a.example",),
        ),
        {"PATH": "/usr/bin", "UV_CACHE_DIR": "/var/cache/uv"},
        cache=Path("/checkout/build/uv-cache"),
    )
    assert told == {
        "PATH": "/usr/bin",
        "UV_CACHE_DIR": "/var/cache/uv",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_DEFAULT_INDEX": "https://a.example/simple",
        "UV_INDEX": "file:///one file:///two",
        "UV_FIND_LINKS": "/srv/wheels,/srv/more",
        "UV_INSECURE_HOST": "a.example",
        "UV_HTTP_TIMEOUT": "60",
        "SSL_CERT_FILE": "/srv/ca.pem",
    }


def test_what_would_lead_uv_elsewhere_is_left_out():
    told = uv_environment(
        Configuration(), {"VIRTUAL_ENV": "/home/ada/other", "UV_CONSTRAINT": "/x"}, cache=Path("/cache")
    )
    assert not {"VIRTUAL_ENV", "UV_CONSTRAINT", "UV_DEFAULT_INDEX"} & set(told)


# --- an index and its pages


@pytest.mark.parametrize(
    ("href", "link"),
    [
        (f"{WHEEL}#sha256=0", f"https://a.example/simple/uv/{WHEEL}"),
        (f"../../files/{WHEEL}", f"https://a.example/files/{WHEEL}"),
        (f"https://files.example/x/{WHEEL}?token=1", f"https://files.example/x/{WHEEL}?token=1"),
        (f"/p/{WHEEL.replace('-', '%2D')}", f"https://a.example/p/{WHEEL.replace('-', '%2D')}"),
    ],
)
def test_a_html_page_gives_the_absolute_link_of_the_wheel(href, link):
    page = f'<html><body><a href="uv-0.1-py3-none-any.whl">old</a><a href="{href}">it</a></body></html>'.encode()
    assert find_link(page, "text/html; charset=utf-8", "https://a.example/simple/uv/", WHEEL) == link


def test_the_base_of_a_html_page_moves_its_links():
    page = f'<base href="https://cdn.example/d/"><a href="{WHEEL}">it</a>'.encode()
    assert find_link(page, "text/html", "https://a.example/simple/uv/", WHEEL) == f"https://cdn.example/d/{WHEEL}"


def test_a_json_page_gives_the_link_of_the_wheel():
    page = json.dumps({"files": [{"filename": WHEEL, "url": f"../../f/{WHEEL}"}]}).encode()
    found = find_link(page, "application/vnd.pypi.simple.v1+json", "https://a.example/simple/uv/", WHEEL)
    assert found == f"https://a.example/f/{WHEEL}"


def test_a_page_without_the_wheel_gives_nothing():
    assert find_link(f'<a href="x{WHEEL}">'.encode(), "text/html", "https://a.example/uv/", WHEEL) is None


def test_a_local_folder_is_read_as_its_listing_and_a_local_index_as_its_page(tmp_path):
    (tmp_path / WHEEL).write_bytes(b"wheel")
    listed = find_link(*read(tmp_path.as_uri(), Configuration()), WHEEL)
    assert listed == (tmp_path / WHEEL).as_uri()
    assert read(str(listed), Configuration())[0] == b"wheel"
    project = tmp_path / "simple" / "uv"
    project.mkdir(parents=True)
    (project / "index.html").write_text(f'<a href="../../{WHEEL}">')
    assert find_link(*read(f"{project.as_uri()}/", Configuration()), WHEEL) == (tmp_path / WHEEL).as_uri()


def test_a_password_in_an_address_is_never_shown():
    assert shown("https://ada:secret@a.example/simple") == "https://a.example/simple"


@pytest.mark.parametrize(
    ("url", "header"),
    [
        ("https://a.example:8443/simple/uv/", None),
        ("https://ada:se%40cret@a.example/simple/uv/", "Basic YWRhOnNlQGNyZXQ="),
        ("https://known.example/simple/uv/", "Basic Z3JhY2U6aG9wcGVy"),
    ],
)
def test_credentials_of_the_address_or_of_netrc_go_into_a_header_that_no_redirect_carries(
    tmp_path, monkeypatch, url, header
):
    (tmp_path / ".netrc").write_text("machine known.example login grace password hopper\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    request = request_for(url)
    assert request.unredirected_hdrs.get("Authorization") == header
    assert "Authorization" not in request.headers
    assert request.full_url == shown(url)


# --- uv


@pytest.mark.parametrize("machine", MACHINES, ids=" ".join)
def test_every_pinned_wheel_has_a_name_and_a_hash(machine):
    name, digest = uv.uv_wheel(*machine)
    assert name.startswith(f"uv-{uv.UV_VERSION}-py3-none-")
    assert len(bytes.fromhex(digest)) == 32


def test_an_unknown_machine_is_told_which_are_known():
    with pytest.raises(BootstrapError, match="no uv is pinned for linux riscv64 gnu; pinned are: darwin arm64, "):
        uv.uv_wheel("linux", "riscv64", "gnu")


def place(folder: Path) -> str:
    """A wheel that holds a script as its uv; its SHA-256."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as members:
        members.writestr(f"uv-{uv.UV_VERSION}.data/scripts/uv", "#!/bin/sh\n")
    folder.mkdir()
    (folder / WHEEL).write_bytes(content.getvalue())
    return hashlib.sha256(content.getvalue()).hexdigest()


def test_a_wheel_with_the_pinned_hash_is_unpacked_once(tmp_path):
    digest = place(tmp_path / "wheels")
    there = Configuration(find_links=(str(tmp_path / "wheels"),), no_index=True)
    binary = uv.fetch_uv(there, tmp_path / "uv", WHEEL, digest)
    assert os.access(binary, os.X_OK)
    nowhere = Configuration(no_index=True)
    assert uv.fetch_uv(nowhere, tmp_path / "uv", WHEEL, digest) == binary


def test_a_wheel_with_another_hash_is_refused_and_not_unpacked(tmp_path):
    found, expected = place(tmp_path / "wheels"), "0" * 64
    there = Configuration(find_links=(str(tmp_path / "wheels"),), no_index=True)
    with pytest.raises(BootstrapError) as refused:
        uv.fetch_uv(there, tmp_path / "uv", WHEEL, expected)
    assert str(refused.value).splitlines()[1:] == [f"  its SHA-256 is {found}", f"  expected       {expected}"]
    assert not (tmp_path / "uv").exists()


def test_where_the_wheel_is_nowhere_every_place_says_why(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    configuration = Configuration(find_links=(str(empty), str(tmp_path / "missing")), no_index=True)
    with pytest.raises(BootstrapError) as refused:
        uv.fetch_uv(configuration, tmp_path / "uv", WHEEL, "0" * 64)
    lines = str(refused.value).splitlines()
    assert lines[1] == f"  {empty.as_uri()}: does not list it"
    assert lines[2].startswith(f"  {(tmp_path / 'missing').as_uri()}: [Errno 2]")
    assert "PIP_INDEX_URL" in lines[3]


# --- environments


def test_an_environments_stamp_follows_its_lock(tmp_path):
    lock = tmp_path / "local.txt"
    lock.write_text("a==1\n")
    before = fingerprint("local", lock)
    assert fingerprint("local", lock) == before
    lock.write_text("a==2\n")
    assert fingerprint("local", lock) != before


def test_an_unknown_environment_is_told_which_are_known(capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main(["prod"])
    assert (
        "unknown: prod; known are: dev, local, sam, gates, mlflow, oracles, writers, peers, lock"
        in capsys.readouterr().err
    )


# --- a machine that has nothing yet


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_it_needs_nothing_but_the_standard_library(path):
    imports = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Import)]
    sources = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
    named = {alias.name for node in imports for alias in node.names} | {node.module or "" for node in sources}
    assert {name.partition(".")[0] for name in named} <= sys.stdlib_module_names | {"bootstrap"}


def test_a_python_that_is_too_old_can_read_what_tells_it_so():
    ast.parse((FOLDER / "__main__.py").read_text("utf-8"), feature_version=(3, 8))


@pytest.mark.parametrize("command_line", [[str(FOLDER)], ["-P", str(FOLDER)], ["-m", "bootstrap"]])
def test_it_runs_as_a_folder_from_anywhere_and_as_a_module_in_the_checkout(tmp_path, command_line):
    where = FOLDER.parent if "-m" in command_line else tmp_path
    done = subprocess.run(
        [sys._base_executable, "-S", *command_line, "--help"], cwd=where, capture_output=True, text=True, check=True
    )
    assert "environments (default: dev local):" in done.stdout
