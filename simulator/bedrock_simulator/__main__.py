"""`python -m bedrock_simulator`: a simulated Bedrock over plain HTTP, with a folder as its S3."""

import argparse
import json
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from bedrock_simulator.configuration import Configuration
from bedrock_simulator.event_faults import FaultyEvents
from bedrock_simulator.exchange import Event
from bedrock_simulator.fault_wishes import FaultWishes
from bedrock_simulator.faults import FaultyDoor
from bedrock_simulator.objects import DirectoryObjects
from bedrock_simulator.server import controls, serve
from bedrock_simulator.simulator import Simulator

TICK_SECONDS = 0.5


def main() -> None:
    """Serve until interrupted; events are printed as JSON lines."""
    options = _options()
    simulator = Simulator(
        objects=DirectoryObjects(options.objects),
        publish=(events := FaultyEvents(_print_event)),
        configuration=Configuration(time_scale=options.time_scale),
    )
    door = FaultyDoor(simulator)
    server = serve(door, options.port, controls=controls(simulator, FaultWishes(simulator, door, events)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stderr.write(f"A simulated Bedrock is listening on http://127.0.0.1:{server.server_port}\n")
    stopped = threading.Event()
    try:
        while not stopped.wait(TICK_SECONDS):
            simulator.run_due()
            events.run_due()
    except KeyboardInterrupt:
        server.shutdown()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bedrock_simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=4570)
    parser.add_argument("--time-scale", type=float, default=1, help="divide all durations by this")
    parser.add_argument(
        "--objects", type=Path, default=Path(), help="folder that serves as S3: s3://bucket/key is OBJECTS/bucket/key"
    )
    return parser.parse_args()


def _print_event(event: Event) -> None:
    sys.stdout.write(json.dumps(asdict(event), default=str) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
