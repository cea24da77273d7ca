"""Seam: saves MiniStack's state while it runs, not only on a clean exit."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import persistence

from tunedrop_local.activity import Activity
from tunedrop_local.adapter import seams

EVERY = 1.0  # seconds between saves while something happens
EVERYDAY = frozenset(
    {
        "cloudwatch",
        "cloudwatch_logs",
        "dynamodb",
        "dynamodb_streams",
        "eventbridge",
        "lambda",
        "lambda_core",
        "s3",
        "scheduler",
        "sns",
        "sqs",
        "sts",
    }
)
"""The services that change while a deployed stack works; to look at the others takes as long again."""

logger = logging.getLogger(__name__)


class Autosave:
    """Writes each service's state if it changed; a crash loses about the last second at most."""

    def __init__(self, activity: Activity, *, folder: Path, snapshot: Callable[[], bytes], snapshot_path: Path) -> None:
        seams.original(app, "_build_persistence_save_dict")
        seams.original(persistence, "save_state", "service", "data")
        self._encode = seams.original(persistence, "_json_default", "obj")
        self._version = seams.original(persistence, "_state_format_version", "service")
        self._activity = activity
        self._folder, self._snapshot, self._snapshot_path = folder, snapshot, snapshot_path
        self._saved: dict[Path, int] = {}
        self._stopped, self._lock = threading.Event(), threading.Lock()

    def install(self) -> None:
        """Replaces MiniStack's own saving, which happens only at the end and writes everything."""
        seams.replace(app, "save_all", lambda services: None, "services")

    def start(self) -> None:
        """Starts the thread that saves."""
        threading.Thread(target=self._run, name="autosave", daemon=True).start()

    def stop(self) -> None:
        """Stops the thread and saves once more."""
        self._stopped.set()
        self.save()

    def save(self, *, everything: bool = True) -> None:
        """Writes what changed since the last save."""
        with self._lock:
            self._folder.mkdir(parents=True, exist_ok=True)
            for service, state in app._build_persistence_save_dict().items():
                if everything or service in EVERYDAY:
                    self._save_service(service, state)
            data = self._snapshot()
            self._write_changed(self._snapshot_path, hash(data), lambda: data)

    def _run(self) -> None:
        while True:
            self._activity.wait()
            if self._stopped.wait(EVERY):
                return
            try:
                with self._activity.saving() as everything:
                    self.save(everything=everything)
            except Exception:
                logger.exception("autosave failed; it is tried again")

    def _save_service(self, service: str, state: Callable[[], Any]) -> None:
        try:
            content = state()
            seen = hash(json.dumps(content, default=self._fingerprint))
        except RuntimeError:  # a dict changed while it was read: the next save takes it
            self._activity.touch(beyond=service not in EVERYDAY)
            return
        if content is not None:
            wrapped = {"__ministack_format__": self._version(service), "payload": content}
            path = self._folder / f"{service}.json"
            self._write_changed(path, seen, lambda: json.dumps(wrapped, default=self._encode).encode())

    def _write_changed(self, path: Path, seen: int, content: Callable[[], bytes]) -> None:
        if self._saved.get(path) == seen:
            return
        partial = path.with_suffix(".partial")
        partial.write_bytes(content())
        partial.replace(path)
        self._saved[path] = seen

    def _fingerprint(self, value: object) -> Any:
        """Encodes a value as for writing; of code archives (tens of MB), length and cached hash suffice."""
        if isinstance(value, bytes):
            return [len(value), hash(value)]
        return self._encode(value)
