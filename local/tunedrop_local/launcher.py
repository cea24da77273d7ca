"""Starts and ends the server's process, whatever environment the caller runs in."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tunedrop_local.settings import Settings

STARTS_WITHIN = 300.0  # seconds; it takes one on an idle machine
STOPS_WITHIN = 120.0  # seconds, to save the state
_LASTING_PORTS = range(15_000, 32_000)

#: Servers that this process started, by pid: it must reap them, or they would look alive as zombies.
_children: dict[int, subprocess.Popen[bytes]] = {}


class CannotStart(RuntimeError):
    """The server did not come up; the message says why and what to do."""


def launch(root: Path, settings: Settings) -> None:
    """Starts a server in its own session, to outlive the caller; waits until it is ready. Raises CannotStart."""
    _refuse_taken(settings.port)
    settings.running.unlink(missing_ok=True)
    command = [
        str(_server_python(root)), "-m", "tunedrop_local.server",
        "--state", str(settings.state), "--port", str(settings.port),
        "--time-scale", str(settings.time_scale), "--region", settings.region,
        "--account", settings.account, "--code-cache", str(settings.code_cache),
    ]  # fmt: skip
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(str(root.resolve() / folder) for folder in ("local", "simulator")),
    }
    with settings.log.open("ab") as log:
        process = subprocess.Popen(
            command, cwd=settings.state, env=environment, stdin=subprocess.DEVNULL,
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    _children[process.pid] = process
    try:
        _await_ready(process, settings)
    except BaseException:  # also KeyboardInterrupt: giving up must not leave a server behind
        process.kill()
        raise
    (settings.state / "port").write_text(str(settings.port))


def _await_ready(process: subprocess.Popen[bytes], settings: Settings) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while not settings.running.exists():
        late = time.monotonic() > deadline
        if late or process.poll() is not None:
            trouble = f"is not ready after {STARTS_WITHIN:.0f} seconds" if late else "did not start"
            tail = settings.log.read_text(errors="replace")[-2000:]
            raise CannotStart(f"the server {trouble}; the end of {settings.log}:\n{tail}")
        time.sleep(0.02)


def end(settings: Settings, how: signal.Signals) -> None:
    """Ends the server of a state folder and waits until it is gone. Kills it if it takes too long."""
    try:
        pid = json.loads(settings.running.read_text())["pid"]
        os.kill(pid, how)
    except (OSError, ValueError):
        return
    deadline = time.monotonic() + STOPS_WITHIN
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    if alive(pid):
        os.kill(pid, signal.SIGKILL)
    settings.running.unlink(missing_ok=True)


def _server_python(root: Path) -> Path:
    """The interpreter with MiniStack: TUNEDROP_LOCAL_PYTHON, this one, or the project's `.venv-local`."""
    if chosen := os.environ.get("TUNEDROP_LOCAL_PYTHON"):
        return Path(chosen)
    if importlib.util.find_spec("ministack"):
        return Path(sys.executable)
    own = root / ".venv-local" / "bin" / "python"
    if not own.exists():
        raise CannotStart(f"the embedded cloud needs an environment of its own at {own}: run `make up` in {root}")
    return own


def cache(root: Path) -> Path:
    """The folder of built layers and unpacked code, which all state folders share."""
    return root.resolve() / "build" / "local" / "cache"


def port_of(state: Path, wish: int) -> int:
    """The port of a state folder. It never changes, because queue URLs in the state contain it.

    A new folder gets the wanted port, or a free one for 0. Raises CannotStart if a folder has another port already.
    """
    kept = state / "port"
    if kept.exists():
        port = int(kept.read_text())
        if wish not in (0, port):
            raise CannotStart(f"{state} is bound to port {port}: omit --port, `reset` it, or use another --state")
        return port
    return wish or _free_port()


def _free_port() -> int:
    """A free port below the ephemeral range, because it must be free again at every later start."""
    while True:
        port = secrets.choice(_LASTING_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _refuse_taken(port: int) -> None:
    if _taken(port):
        words = f"port {port} is taken, perhaps by an embedded cloud with another state folder"
        raise CannotStart(f"{words}: stop that, or choose another port with --port")


def alive(pid: int) -> bool:
    """Whether the process runs. A zombie does not."""
    if (child := _children.get(pid)) is not None:
        return child.poll() is None
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return _exists(pid)
    return state != "Z"


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path("/proc/self").exists()
