"""How often each verdict comes out and how often each interval covers, with truths that are known.

Right or wrong is worked out exactly, over every outcome that two models of known skill can have; scores and clusters
by simulation with a fixed seed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln
from scipy.stats import multivariate_normal, norm
from tunedrop.domain.evaluation import contrasts, paired_tests
from tunedrop.domain.evaluation.contrasts import Pair

MARGIN = 0.03
_LIKELY = 1e-9
_ALIKE = 0.6
"""How alike the models are in what they know: the correlation of their latent skills."""
Floats = NDArray[np.float64]


def compare() -> Iterator[tuple[str, float, float, float]]:
    """What was measured, the figure, and the least and the most that is allowed."""
    for records in (40, 100, 400):
        rates = verdicts(records, 0.80, 0.80)
        yield f"'better' of equal models, {records} records", rates["better"], 0, 0.025
        yield f"'worse' of equal models, {records} records", rates["worse"], 0, 0.025
    yield "'better' of ten points, 400 records", verdicts(400, 0.90, 0.80)["better"], 0.80, 1
    yield "'worse' of three points less, 400 records", verdicts(400, 0.77, 0.80)["worse"], 0.05, 0.60
    yield "'better' of three points less, 400 records", verdicts(400, 0.77, 0.80)["better"], 0, 0.005
    for ours, theirs in ((0.75, 0.70), (0.90, 0.80), (0.95, 0.95), (0.95, 0.70)):
        for records in (40, 100, 400):
            what = f"Tango's 95 % interval covers, {ours:.2f} and {theirs:.2f}, {records} records"
            yield what, covers(records, ours, theirs), 0.935, 1
    for records in (40, 100, 400):
        yield f"the interval of scores covers, {records} records", _scores_cover(records), 0.93, 1
        yield f"'better' of equal scores, {records} records", _scores_better(records), 0, 0.035
        yield f"'better' of equal scores, rare losses, {records} records", _rare_losses(records, "better"), 0, 0.035
        yield f"not worse of scores 4.5 points worse, {records} records", _rare_losses(records, "not_worse"), 0, 0.065
    yield "'better' of ten points by scores, 400 records", _scores_better(400, 0.10), 0.80, 1
    yield "'better' of five points by scores, 400 records", _scores_better(400, 0.05), 0.50, 1
    for clusters in (20, 80):
        yield f"the clustered interval covers, {clusters} x 5", _clusters_cover(clusters), 0.93, 1
    yield "'equivalent' of rare gains, 40 records", _rare_equivalent(), 0, 0


def cells(ours: float, theirs: float) -> tuple[float, float]:
    """The probability that only the first model is right, and that only the second is."""
    both = multivariate_normal(cov=[[1, _ALIKE], [_ALIKE, 1]]).cdf([norm.ppf(ours), norm.ppf(theirs)])
    return ours - both, theirs - both


def _outcomes(records: int, ours: float, theirs: float) -> Iterator[tuple[int, int, float]]:
    first, second = cells(ours, theirs)
    better, worse = np.meshgrid(np.arange(records + 1), np.arange(records + 1), indexing="ij")
    possible = better + worse <= records
    better, worse = better[possible], worse[possible]
    same = records - better - worse
    logs = gammaln(records + 1) - gammaln(better + 1) - gammaln(worse + 1) - gammaln(same + 1)
    logs += better * np.log(first) + worse * np.log(second) + same * np.log(1 - first - second)
    likely = np.exp(logs) > _LIKELY
    for b, c, weight in zip(better[likely], worse[likely], np.exp(logs[likely]), strict=True):
        yield int(b), int(c), float(weight)


def verdicts(records: int, ours: float, theirs: float) -> Counter[str]:
    """The probability of each verdict on two models of these skills."""
    rates: Counter[str] = Counter()
    for better, worse, weight in _outcomes(records, ours, theirs):
        pairs = _binary(better, worse, records)
        rates[contrasts.verdict(contrasts.measure(pairs, binary=True), MARGIN)] += weight  # type: ignore[assignment]
    return rates


def covers(records: int, ours: float, theirs: float) -> float:
    """The probability that the interval holds the true difference."""
    total = 0.0
    for better, worse, weight in _outcomes(records, ours, theirs):
        found = paired_tests.tango(better, worse, records, 0.95)
        total += weight * (found.low - 1e-12 <= ours - theirs <= found.high + 1e-12)
    return total


def _binary(better: int, worse: int, records: int) -> list[Pair]:
    scores = [(1.0, 0.0)] * better + [(0.0, 1.0)] * worse + [(1.0, 1.0)] * (records - better - worse)
    return [Pair(ours, theirs, False, False, str(place)) for place, (ours, theirs) in enumerate(scores)]


def _scores(records: int, rounds: int, seed: int, more: float = 0.0) -> Floats:
    """Differences of scores like token F1 of two models, equal or not: many at 0 and 1, the others between."""
    rng = np.random.default_rng(seed)
    latent = rng.multivariate_normal([0, 0], [[1, _ALIKE], [_ALIKE, 1]], size=(rounds, records))
    scores = np.clip(np.array([0.62 + more, 0.62]) + 0.42 * latent, 0, 1)
    return np.asarray(scores[..., 0] - scores[..., 1])


def _scores_cover(records: int) -> float:
    held = 0
    for row in _scores(records, 600, 6):
        found = contrasts.interval_of_scores(row.tolist(), [1] * records, 0.95)
        held += found.low <= 0 <= found.high
    return held / 600


def _scores_better(records: int, more: float = 0.0) -> float:
    rounds = 400
    return sum(_says(row, "better") for row in _scores(records, rounds, 7, more)) / rounds


def _says(differences: Floats, what: str) -> bool:
    """Whether it is said of these scores, `better` or `not_worse`; most of the work only where Student would say it."""
    given = differences.tolist()
    if paired_tests.clustered(given, [1] * len(given), 0.80).low <= (0 if what == "better" else -MARGIN):
        return False
    pairs = [Pair(max(each, 0.0), max(-each, 0.0), False, False, str(place)) for place, each in enumerate(given)]
    contrast = contrasts.measure(pairs, binary=False)
    if what == "better":
        return contrasts.verdict(contrast, MARGIN) == "better"
    return contrasts.is_not_worse(contrast, MARGIN)


def _rare_losses(records: int, what: str) -> float:
    """How often what is not true is said, at worst, where .9 of a score is lost on a few records.

    `better`: equal models, of which one gains a little on all others. `not_worse`: one that is 4.5 points worse.
    """
    rng, rounds, worst = np.random.default_rng(10), 1_000, 0.0
    for share in (0.02, 0.05) if what == "better" else (0.05,):
        lost = rng.random((rounds, records)) < share
        gain = share * 0.9 / (1 - share) if what == "better" else 0.0
        rest = gain * rng.uniform(0.5, 1.5, lost.shape) if gain else rng.uniform(-0.01, 0.01, lost.shape)
        said = sum(_says(row, what) for row in np.where(lost, -0.9, rest))
        worst = max(worst, said / rounds)
    return worst


def _clusters_cover(clusters: int) -> float:
    """Five turns a conversation, a quarter of the variance between conversations, no true difference."""
    rng, held, rounds = np.random.default_rng(8), 0, 1_000
    for _ in range(rounds):
        noise = 0.3 * (rng.normal(size=(clusters, 1)) * 0.5 + rng.normal(size=(clusters, 5)) * 0.866)
        found = paired_tests.clustered(noise.sum(1).tolist(), [5] * clusters, 0.95)
        held += found.low <= 0 <= found.high
    return held / rounds


def _rare_equivalent() -> float:
    """Six in a hundred records gain a lot: their interval covers too little to call anything equivalent."""
    rng, said, rounds = np.random.default_rng(9), 0, 200
    for _ in range(rounds):
        gains = (rng.random(40) < 0.06) * rng.uniform(0.2, 1, 40)
        pairs = [Pair(float(gain), 0.0, False, False, str(place)) for place, gain in enumerate(gains)]
        said += contrasts.verdict(contrasts.measure(pairs, binary=False), MARGIN) == "equivalent"
    return said / rounds
