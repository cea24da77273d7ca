"""`tunedrop jobs show`: what it says where a watch is cut short."""

from __future__ import annotations

import argparse
from typing import Any

import pytest
from tunedrop_cli import job_show


class Interrupted:
    """ControlApi for a person who presses Ctrl-C."""

    def get(self, path: str, **_: Any) -> Any:
        raise KeyboardInterrupt


@pytest.mark.parametrize("uri", ["https://dana:secret@host/mlflow", "https://dana:se@cret@host/mlflow"])
def test_the_command_that_watches_on_names_no_password(uri, capsys):
    asked = argparse.Namespace(json=True, csv=None, html="page.html", mlflow=uri, stack_name=None, url=None)
    api: Any = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        job_show.watched(asked, api, "job-1")
    assert "--html page.html --mlflow https://host/mlflow" in " ".join(capsys.readouterr().err.split())
