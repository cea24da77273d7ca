"""Judge the diagnosis of training runs on thousands of curves: `.venv/bin/python -m benchmarks.diagnosis [--even]`.

docs/diagnosis.md#how-it-is-judged says what is drawn and what counts. Odd seeds, which nothing was tuned on, unless
`--even` is given.
"""

from __future__ import annotations

import sys
import time

from tunedrop.domain.training.diagnosis import diagnose
from tunedrop.domain.training.diagnosis_codes import CODES

from tests.unit.training import curves

HEALTHY, DEFECTIVE, SIMULATED = 500, 300, 150
"""Curves of each kind."""
FIRST_SEED = 20_000
"""The first thousand seeds were looked at before the last change of a threshold."""
SLOW_STEPS = 100_000


def main() -> None:
    """Draw, diagnose and print a table."""
    odd = "--even" not in sys.argv
    begun = time.perf_counter()
    kinds = dict.fromkeys(curves.HEALTHY, HEALTHY) | dict.fromkeys(curves.DEFECTIVE, DEFECTIVE)
    kinds |= dict.fromkeys(curves.SIMULATED, SIMULATED)
    tally = curves.judged(range(FIRST_SEED + odd, FIRST_SEED + 2 * HEALTHY, 2), kinds)
    count = tally.curves
    print(f"{count['all']:,} curves of {'odd' if odd else 'even'} seeds, {count['healthy']:,} of them healthy")
    print(f"{'code':<20} {'found':>16} {'false':>18}")
    for code in CODES:
        found, of = tally.found[code], tally.defective[code]
        false, others = tally.false[code], tally.without[code]
        share = f"{100 * found / of:6.1f} %" if of else "none"
        print(f"{code:<20} {share} of {of:<5} {100 * false / max(others, 1):8.2f} % of {others:<6}")
    print(f"healthy curves with any wrong code: {100 * count['wronged'] / count['healthy']:.2f} %")
    print(f"best_epoch is off by (epochs: curves): {dict(sorted(tally.best.items()))}")
    print(f"the record behind a spike is a candidate: {tally.located[True]} of {tally.located.total()}")
    print(f"{time.perf_counter() - begun:.0f} s")
    slowest()


def slowest() -> None:
    """The CPU time of the largest run that any base model allows."""
    run = curves.healthy_run(SLOW_STEPS)
    begun = time.process_time()
    diagnose(run)
    print(f"{SLOW_STEPS:,} steps: {time.process_time() - begun:.2f} s")


if __name__ == "__main__":
    main()
