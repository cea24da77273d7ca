"""Settings of an embedded cloud, the paths in its state folder, and that folder's keys."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

ACCOUNT = "123456789012"
REGION = "us-west-2"
PORT = 4566
SHORTEST_INTERVAL = 2.5  # seconds: a high time scale must not make schedules fire without pause


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server runs. `time_scale` divides Bedrock's delays and the intervals of schedules."""

    state: Path
    port: int = PORT
    time_scale: float = 1.0
    region: str = REGION
    account: str = ACCOUNT
    code_cache: Path | None = None

    @property
    def endpoint(self) -> str:
        """URL of all services."""
        return f"http://127.0.0.1:{self.port}"

    def interval(self, seconds: float) -> float:
        """The interval, in seconds, of a schedule that fires every `seconds` on AWS."""
        return seconds if self.time_scale == 1 else max(SHORTEST_INTERVAL, seconds / self.time_scale)

    @property
    def log(self) -> Path:
        """The server's own log."""
        return self.state / "server.log"

    @property
    def services(self) -> Path:
        """Folder of the emulated services' state, one file each."""
        return self.state / "services"

    @property
    def function_logs(self) -> Path:
        """Folder of the functions' logs, one file each."""
        return self.state / "logs"

    @property
    def running(self) -> Path:
        """The file (pid and port) that exists while the server is ready."""
        return self.state / "server.json"


@dataclass(frozen=True, slots=True)
class Keys:
    """The root user's keys and the token of the control paths, of one state folder."""

    access_key_id: str
    secret_access_key: str
    control_token: str


def keys(state: Path) -> Keys:
    """Reads the keys of a state folder; creates them on first use, readable by their owner only."""
    path = state / "root.json"
    state.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return Keys(**json.loads(path.read_text()))
    made = Keys(f"AKIA{secrets.token_hex(8).upper()}", secrets.token_hex(20), secrets.token_hex(20))
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(made), file)
    return made
