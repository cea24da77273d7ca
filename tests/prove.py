"""`make prove`: each prover with its figures. A prover is a function that yields lines and returns whether it holds.

python -m tests.prove [--verbose] [prover ...]
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests import evaluation_size, gates, planted, tracking, worked_examples
from tests.hostile import campaign, deployed
from tests.hostile.campaign import Outcome
from tests.hostile.world import populated
from tests.iam import prover as iam
from tests.iam.record import record
from tests.iam.recording import differences
from tests.iam.seeds import FAULTS as SLIPS
from tests.iam.seeds import LOST, WIDENED
from tests.iam.unneeded import UNNEEDED
from tests.proofs import Proof, run
from tests.template.wiring import prover as wiring
from tests.template.wiring.seeds import FAULTS
from tests.template.wiring.unmended import UNMENDED
from tests.upgrade import journey, releases

WANTED_SHARE = 43 / 44
HOSTILE_CASES = 5_000
"""For each operation, in this process: half an hour."""
SIGNED_CASES = 10
"""For each operation, through the embedded cloud: 200 in all."""


def prove_wiring() -> Proof:
    """Each edge of the translated template, and what the checks find of the seeded faults."""
    found, finders = wiring.clean(), wiring.seeded()
    missed = [words for words, checks in finders.items() if not checks]
    objections = [f"found in the template: {each}" for each in sorted(found - UNMENDED)]
    objections += [f"mended, but still in unmended.py: {each}" for each in sorted(UNMENDED - found)]
    if len(missed) > len(FAULTS) * (1 - WANTED_SHARE):
        objections.append(f"{len(missed)} seeded faults are missed, more than 1 in 44")
    details = [f"{', '.join(sorted(checks)) or 'MISSED':40} {words}" for words, checks in finders.items()]
    details += [f"to mend: {each}" for each in sorted(found & UNMENDED)]
    return Proof(
        f"{len(wiring.CHECKS)} checks find {len(FAULTS) - len(missed)} of {len(FAULTS)} seeded faults, "
        f"and {len(found - UNMENDED)} in the template ({len(UNMENDED)} known and to mend)",
        objections,
        details + [f"missed: {words}" for words in missed],
    )


def prove_gates() -> Proof:
    """What other people's tools say of template, code, secrets and licenses, less what is suppressed with a reason."""
    hits, reasons = gates.hits(), gates.suppressions()
    objections = [str(hit) for hit in sorted(hits) if hit.place not in reasons]
    objections += [f"suppressed, and nothing says it any more: {' '.join(each)}" for each in gates.stale(hits)]
    return Proof(
        f"{len(gates.GATES)} gates, {len(objections)} objections, {len(reasons)} suppressed with a reason",
        objections,
        [f"{' '.join(place)}: {reason}" for place, reason in reasons.items()],
    )


def prove_upgrade() -> Proof:
    """The last release, at work in the embedded cloud, becomes this one and goes back, judged by Bedrock's ledger."""
    try:
        reference = releases.last()
        with tempfile.TemporaryDirectory(prefix="tunedrop-upgrade-") as folder:
            last = releases.unpack(reference, Path(folder) / "last")
            found = journey.go(last, releases.ROOT, Path(folder) / "state")
    except releases.NotHere as absent:
        return Proof("the last release is not here", [str(absent)])
    return Proof(f"from {reference} to this and back; {'; '.join(found.steps[-1:])}", found.objections, found.steps)


def prove_oracles() -> Proof:
    """Metrics and statistics beside SciPy, statsmodels, rouge-score and sacrebleu, with the rates of every verdict."""
    return _elsewhere("oracles")


def prove_writers() -> Proof:
    """Parquet files of pyarrow, polars, DuckDB and arro3, read like pyarrow reads them; large ones in little memory."""
    return _elsewhere("writers")


def _elsewhere(name: str) -> Proof:
    """A proof that needs an environment of its own: `python -m tests.<name>` prints it as JSON."""
    python = releases.ROOT / f".venv-{name}" / "bin" / "python"
    if not python.exists():
        return Proof(f"there are no {name} here", [f"run python3 bootstrap {name} first"])
    told = subprocess.run([python, "-m", f"tests.{name}"], cwd=releases.ROOT, check=True, capture_output=True)
    return Proof(**json.loads(told.stdout))


def prove_hostile() -> Proof:
    """ControlApi under requests made from docs/openapi.json: in this process, and signed through the embedded cloud."""
    with populated() as stack:
        here = campaign.in_process(stack, HOSTILE_CASES)
    there = deployed.run(SIGNED_CASES)
    objections = [f"{where}: {words}" for where, words in sorted((here.failures | there.failures).items())]
    objections += [f"asked too seldom: {label}" for label in sorted(here.short(HOSTILE_CASES))]
    objections += [
        f"signed, and refused for its signature: {label}" for label, status in there.answers if status == 403
    ]
    return Proof(
        f"{len(here.cases)} operations, {_told(here)} in this process, {_told(there)} signed through the embedded "
        f"cloud, {sum(here.checks.values()):,} checks, {len(objections)} objections",
        objections,
        [f"{label} {status}: {number:,}" for (label, status), number in sorted(here.answers.items())],
    )


def _told(outcome: Outcome) -> str:
    by_class = Counter(f"{status // 100}xx" for (_, status), number in outcome.answers.items() for _ in range(number))
    classes = ", ".join(f"{number:,} {kind}" for kind, number in sorted(by_class.items()))
    return f"{sum(outcome.cases.values()):,} cases ({classes})"


def prove_iam() -> Proof:
    """Permissions both ways: what is called is allowed, what is allowed is needed; Z3 shows it for every request."""
    kept, answers = iam.recorded(), iam.included()
    found, solved = iam.seeded(SLIPS), iam.solved_seeds(SLIPS)
    objections = [f"{check}: {each}" for check, against in iam.clean().items() for each in sorted(against)]
    objections += [f"needed or granted no more, but still in unneeded.py: {atom}" for atom in iam.stale()]
    objections += [f"called and never recorded: {operation} in {module}" for module, operation in iam.unrecorded()]
    objections += differences(kept, record(kept.tests, "-n", "auto"))
    objections += [f"not proved, {each['name']}: {each}" for each in answers if not each["proved"]]
    objections += [f"a seeded slip is missed: {words}" for words, checks in found.items() if not checks]
    objections += [f"Z3 misses a seeded slip: {fault.words}" for fault in (*LOST, *WIDENED) if not solved[fault.words]]
    details = [
        f"{', '.join([*sorted(checks), *(['Z3'] if solved[words] else [])]) or 'MISSED':44} {words}"
        for words, checks in found.items()
    ]
    return Proof(
        f"{iam.figures()}; {sum(each['proved'] for each in answers)} of {len(answers)} inclusions proved by Z3; "
        f"{sum(map(bool, found.values()))} of {len(SLIPS)} seeded slips found ({sum(solved.values())} by Z3 too)",
        objections,
        details + [f"granted and not needed: {atom}: {reason}" for atom, reason in UNNEEDED.items()],
    )


PROVERS: dict[str, Callable[[], Proof]] = {
    "wiring": prove_wiring,
    "gates": prove_gates,
    "iam": prove_iam,
    "upgrade": prove_upgrade,
    "hostile": prove_hostile,
    "mlflow": tracking.prove,
    "oracles": prove_oracles,
    "writers": prove_writers,
    "planted": planted.prove,
    "evaluation-size": evaluation_size.prove,
    "examples": worked_examples.prove,
}


if __name__ == "__main__":
    sys.exit(run("tests.prove", PROVERS, sys.argv[1:]))
