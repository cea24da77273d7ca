"""The embedded cloud's process, started by `launcher`: `python -m tunedrop_local.server --state FOLDER`."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import resource
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tunedrop_local.settings import ACCOUNT, PORT, REGION, Keys, Settings, keys

LOOPBACK = "127.0.0.1"

logger = logging.getLogger("tunedrop_local")


def environment(settings: Settings, root: Keys) -> dict[str, str]:
    """The variables that MiniStack reads at import, set so that none of this machine's configuration leaks in."""
    return {
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": root.access_key_id,
        "AWS_SECRET_ACCESS_KEY": root.secret_access_key,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "BIND_HOST": LOOPBACK,
        "DOCKER_HOST": f"unix://{settings.state}/no-docker",  # nothing answers there: no containers, ever
        "GATEWAY_PORT": str(settings.port),
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": "WARNING",
        "MINISTACK_ACCOUNT_ID": settings.account,
        "MINISTACK_HOST": LOOPBACK,
        "MINISTACK_REGION": settings.region,
        "PERSIST_STATE": "1",
        "S3_DATA_DIR": str(settings.state / "objects"),
        "S3_PERSIST": "1",
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(settings.services),
    }


async def serve(settings: Settings, root: Keys) -> None:
    """Serves until SIGTERM or SIGINT, then saves."""
    from hypercorn.asyncio import serve as hypercorn_serve
    from hypercorn.config import Config

    from tunedrop_local.adapter.assembly import assemble

    cloud = assemble(settings, root)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    config = Config()
    config.bind = [f"{LOOPBACK}:{settings.port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.1
    config.loglevel = "WARNING"
    serving = asyncio.ensure_future(hypercorn_serve(cloud.application, config, shutdown_trigger=stop.wait))
    await _listening(settings, serving)
    cloud.start()
    _announce(settings)
    try:
        await serving
    finally:
        cloud.stop()
        settings.running.unlink(missing_ok=True)


async def _listening(settings: Settings, serving: asyncio.Future[None]) -> None:
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, settings.port)
        except OSError:
            await asyncio.sleep(0.01)
            continue
        writer.close()
        return
    await serving


def _announce(settings: Settings) -> None:
    partial = settings.running.with_suffix(".partial")
    partial.write_text(json.dumps({"pid": os.getpid(), "port": settings.port}))
    partial.replace(settings.running)
    threading.Thread(target=_warm_up, daemon=True).start()


def _warm_up() -> None:
    """Imports the SAM transform ahead of the first deployment, which would wait half a second for it."""
    import samtranslator.translator.transform  # noqa: F401


def parse(arguments: list[str] | None = None) -> Settings:
    """Reads the settings from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tunedrop_local.server", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder of the state")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--time-scale", type=float, default=1.0, help="how much faster than AWS")
    parser.add_argument("--region", default=REGION, help="Region of calls that name none")
    parser.add_argument("--account", default=ACCOUNT)
    parser.add_argument("--code-cache", type=Path, help="folder of unpacked code (default: in the state)")
    found = parser.parse_args(arguments)
    if found.time_scale <= 0:
        parser.error("--time-scale must be greater than 0")
    values: Mapping[str, Any] = vars(found)
    return Settings(**{**values, "state": found.state.resolve()})


def main() -> None:
    """Runs the server. MiniStack reads its environment at import, so the environment is set first."""
    settings = parse()
    root = keys(settings.state)
    os.environ.update(environment(settings, root))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(serve(settings, root))


if __name__ == "__main__":
    main()
