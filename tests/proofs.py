"""How `make prove` and `make faults` run their proofs: a line of figures for each, and what is against it."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Proof:
    """What a proof says: a line of figures, what is against it, and details for who asks."""

    figures: str
    objections: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)


def run(program: str, proofs: Mapping[str, Callable[[], Proof]], arguments: list[str]) -> int:
    """Run the proofs that are named, or all; the exit status."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description="Run the proofs, with figures.")
    parser.add_argument("names", nargs="*", metavar="proof", help=f"of {', '.join(proofs)}; all by default")
    parser.add_argument("--verbose", action="store_true", help="say the details of each: what was tried, what found it")
    parsed = parser.parse_args(arguments)
    if unknown := set(parsed.names) - set(proofs):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known are: {', '.join(proofs)}")
    holds = True
    for name in parsed.names or proofs:
        began = time.monotonic()
        proof = proofs[name]()
        seconds = time.monotonic() - began
        if parsed.verbose:
            print(*(f"  {line}" for line in proof.details), sep="\n")
        print(f"{name}: {proof.figures}; {seconds:.1f} s")
        print(*(f"  {line}" for line in proof.objections), sep="\n", end="\n" if proof.objections else "", flush=True)
        holds &= not proof.objections
    return 0 if holds else 1
