"""Seam: what MiniStack knows is saved while it runs, not only on a clean exit."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import persistence

from tunedrop_local.adapter import seams

EVERY = 1.0  # seconds between two looks at what changed

logger = logging.getLogger(__name__)


class Autosave:
    """Writes each service's state when it changed; a crash loses at most the last second or so."""

    def __init__(self, *, snapshot: Callable[[], bytes], snapshot_path: Path) -> None:
        seams.original(app, "_build_persistence_save_dict")
        seams.original(persistence, "save_state", "service", "data")
        self._encode = seams.original(persistence, "_json_default", "obj")
        self._snapshot, self._snapshot_path = snapshot, snapshot_path
        self._saved: dict[str, int] = {}
        self._stopped, self._lock = threading.Event(), threading.Lock()

    def start(self) -> None:
        threading.Thread(target=self._run, name="autosave", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()
        self.save()

    def save(self) -> None:
        with self._lock:
            for service, state in app._build_persistence_save_dict().items():
                self._save_service(service, state)
            self._save_simulator()

    def _run(self) -> None:
        while not self._stopped.wait(EVERY):
            try:
                self.save()
            except Exception:
                logger.exception("autosave failed; it is tried again")

    def _save_service(self, service: str, state: Callable[[], Any]) -> None:
        try:
            content = state()
            fingerprint = hash(json.dumps(content, default=self._fingerprint))
        except RuntimeError:  # it changed while it was read: the next look takes it
            return
        if content is not None and self._saved.get(service) != fingerprint:
            persistence.save_state(service, content)
            self._saved[service] = fingerprint

    def _fingerprint(self, value: object) -> Any:
        """As MiniStack writes it, but with code archives by their cached hash: they are tens of megabytes."""
        if isinstance(value, bytes):
            return [len(value), hash(value)]
        return self._encode(value)

    def _save_simulator(self) -> None:
        data = self._snapshot()
        if self._saved.get("") != hash(data):
            partial = self._snapshot_path.with_suffix(".partial")
            partial.write_bytes(data)
            partial.replace(self._snapshot_path)
            self._saved[""] = hash(data)
