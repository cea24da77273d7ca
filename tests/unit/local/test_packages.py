"""Archives are the same for the same files, and carry what matters."""

from __future__ import annotations

import io
import os
import zipfile

import pytest
from tunedrop_local import packages
from tunedrop_local.code_store import CodeStore


@pytest.fixture
def folder(tmp_path):
    source = tmp_path / "source"
    (source / "package" / "__pycache__").mkdir(parents=True)
    (source / "package" / "__pycache__" / "module.cpython-311.pyc").write_bytes(b"old")
    (source / "package" / "module.py").write_text("value = 1\n")
    (source / "bootstrap").write_text("#!/bin/sh\n")
    (source / "bootstrap").chmod(0o755)
    return source


def test_touching_a_file_does_not_change_the_archive(folder):
    first = packages.archive(folder)
    os.utime(folder / "bootstrap", (0, 0))
    assert packages.archive(folder) == first


def test_caches_stay_out(folder):
    with zipfile.ZipFile(io.BytesIO(packages.archive(folder))) as members:
        assert members.namelist() == ["bootstrap", "package/module.py"]


def test_unpacking_keeps_the_mode_and_happens_once(folder, tmp_path):
    store = CodeStore(tmp_path / "store")
    unpacked = store.unpack(packages.archive(folder))
    assert os.access(unpacked / "bootstrap", os.X_OK)
    assert not os.access(unpacked / "package" / "module.py", os.X_OK)
    (unpacked / "mark").touch()
    assert (store.unpack(packages.archive(folder)) / "mark").exists()


def test_a_layer_is_built_once_and_again_when_its_sources_change(tmp_path):
    source = tmp_path / "layer"
    source.mkdir()
    recipe = 'build-Layer:\n\tmkdir -p "$(ARTIFACTS_DIR)/python" && date +%s%N > "$(ARTIFACTS_DIR)/python/when"\n'
    (source / "Makefile").write_text(recipe)
    first = packages.layer(source, "Layer", tmp_path / "cache")
    assert packages.layer(source, "Layer", tmp_path / "cache") == first
    (source / "requirements.txt").write_text("new")
    assert packages.layer(source, "Layer", tmp_path / "cache") != first


def test_a_layer_that_fails_says_what_make_said(tmp_path):
    (tmp_path / "Makefile").write_text("build-Layer:\n\t@echo no such package >&2; exit 3\n")
    with pytest.raises(packages.BuildFailed, match=r"(?s)make.*build-Layer.*no such package"):
        packages.layer(tmp_path, "Layer", tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*.zip"))
