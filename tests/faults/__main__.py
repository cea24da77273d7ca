"""`make faults`: what happens when AWS misbehaves, judged by the simulator's ledger and by histories, with figures.

python -m tests.faults [--verbose] [proof ...]
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.faults import (
    bedrock_modes,
    budget_walks,
    canary_proof,
    deployment_races,
    evaluations,
    every_call,
    gates,
    idempotency_traps,
    lost_events,
    money_proof,
    replays,
    restores,
    storm_proof,
    thorough,
)
from tests.faults.stateful import proof as stateful
from tests.proofs import Proof, run

PROOFS: dict[str, Callable[[], Proof]] = {
    "every-call": every_call.prove,
    "pairs": every_call.prove_pairs,
    "money": money_proof.prove,
    "bedrock-modes": bedrock_modes.prove,
    "deployment-races": deployment_races.prove,
    "idempotency-traps": idempotency_traps.prove,
    "lost-events": lost_events.prove,
    "replays": replays.prove,
    "restores": restores.prove,
    "evaluations": evaluations.prove,
    "gates": gates.prove,
    "storm": storm_proof.prove,
    "canaries": canary_proof.prove,
    "budget": budget_walks.prove,
    "stateful": stateful.prove,
    "thorough": thorough.prove,
}
"""By name; each proof lives in a module of its own here, and a bounded part of it in `make test`."""

if __name__ == "__main__":
    sys.exit(run("tests.faults", PROOFS, sys.argv[1:]))
