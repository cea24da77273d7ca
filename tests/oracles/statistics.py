"""Tests and intervals beside SciPy and statsmodels."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import numpy as np
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from tunedrop.domain.evaluation import bounded_means, paired_tests, power, student

_FREEDOMS = (1, 2, 3, 5, 9, 19, 39, 99, 399, 999, 19_999)
_PROBABILITIES = (0.6, 0.75, 0.9, 0.95, 0.975, 0.995, 0.9995)
_DRAWS = 2_000
_TANGO_1998 = ((9, 3, 32, -0.0270905, 0.3896975),)
"""Better, worse, records, low and high: the example of Tango's interval that R's PropCIs gives for diffscoreci."""


def compare() -> Iterator[tuple[str, float, float]]:
    """What was compared, the largest difference, and the largest that is allowed."""
    yield "Student's quantiles, SciPy", _quantiles(), 1e-9
    yield "McNemar's exact p, statsmodels", _mcnemar(), 1e-12
    yield "Holm, statsmodels", _holm(), 1e-12
    yield "Student's paired interval, SciPy", _paired(), 1e-9
    yield "clustered interval (CR1), statsmodels", _clustered(), 1e-9
    yield "sign flips, SciPy's permutation test (another 9,999 draws)", _sign_flips(), 0.02
    yield "Tango's interval holds just what its score test does not reject", _tango(), 1e-6
    yield "p of a bounded mean, 200,000 draws of weights", _bounded(), 0.01
    yield "power of the records needed for scores, 2,000 draws", _scores_needed(), 0.07


def _quantiles() -> float:
    pairs = [(probability, freedom) for probability in _PROBABILITIES for freedom in _FREEDOMS]
    return max(abs(student.quantile(p, f) / stats.t.ppf(p, f) - 1) for p, f in pairs)


def _mcnemar() -> float:
    tables = [(b, c) for b in range(40) for c in range(40)] + [(4_000, 3_900), (150, 90)]
    return max(abs(paired_tests.mcnemar(b, c) - mcnemar([[0, b], [c, 0]], exact=True).pvalue) for b, c in tables)


def _holm() -> float:
    rng = np.random.default_rng(1)
    sets = [rng.random(size) ** 3 for size in range(1, 9) for _ in range(20)]
    return max(
        float(np.abs(np.array(paired_tests.holm(list(ps))) - multipletests(ps, method="holm")[1]).max()) for ps in sets
    )


def _paired() -> float:
    worst = 0.0
    for differences in _differences():
        found = paired_tests.clustered(differences, [1] * len(differences), 0.95)
        oracle = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
        worst = max(worst, abs(found.low - oracle.low), abs(found.high - oracle.high))
    return worst


def _clustered() -> float:
    """The interval of a regression on a constant with clustered errors, its small-sample correction G / (G - 1)."""
    rng, worst = np.random.default_rng(2), 0.0
    for clusters in (5, 20, 80):
        groups = np.repeat(np.arange(clusters), rng.integers(1, 9, clusters))
        values = rng.normal(size=clusters)[groups] * 0.1 + rng.normal(size=len(groups)) * 0.2
        fitted = OLS(values, np.ones(len(values))).fit(
            cov_type="cluster", cov_kwds={"groups": groups, "use_correction": True, "df_correction": True}, use_t=True
        )
        low, high = fitted.conf_int(0.05)[0]
        sums = [float(values[groups == group].sum()) for group in range(clusters)]
        sizes = [int((groups == group).sum()) for group in range(clusters)]
        found = paired_tests.clustered(sums, sizes, 0.95)
        worst = max(worst, abs(found.low - max(-1, low)), abs(found.high - min(1, high)))
    return worst


def _sign_flips() -> float:
    rng, worst = np.random.default_rng(3), 0.0
    for differences in _differences():
        oracle = stats.permutation_test(
            (np.array(differences),), np.sum, permutation_type="samples", n_resamples=9_999, rng=rng
        ).pvalue
        worst = max(worst, abs(paired_tests.sign_flips(differences) - oracle))
    return worst


def _bounded() -> float:
    """Weights are drawn as often as it takes, instead of worked out."""
    rng, worst = np.random.default_rng(11), 0.0
    for differences in _differences():
        given = np.append(differences, -1.0)
        sums = np.concatenate([rng.exponential(size=(20_000, len(given))) @ given for _ in range(10)])
        found = bounded_means.p_not_above(differences, [1] * len(differences))
        worst = max(worst, abs(found - float((sums <= 0).mean())))
    return worst


def _tango() -> float:
    """Each end of the interval solves Tango's equation, with the constrained maximum found by brute force."""
    worst = 0.0
    for better, worse, records, low, high in _TANGO_1998:
        found = paired_tests.tango(better, worse, records, 0.95)
        worst = max(worst, abs(found.low - low), abs(found.high - high))
    rng = random.Random(4)
    z = stats.norm.ppf(0.975)
    for _ in range(60):
        records = rng.randint(20, 400)
        better = rng.randint(1, records // 3)
        worse = rng.randint(1, records // 3)
        found = paired_tests.tango(better, worse, records, 0.95)
        for end, wanted in ((found.low, z), (found.high, -z)):
            worst = max(worst, abs(_score(end, better, worse, records) - wanted) / records)
    return worst


def _score(difference: float, better: int, worse: int, records: int) -> float:
    """Tango's score statistic, its nuisance parameter by numeric maximum likelihood."""
    from scipy.optimize import minimize_scalar

    def loss(share: float) -> float:
        first, second = share + difference, share
        rest = 1 - first - second
        if min(first, second, rest) <= 0:
            return np.inf
        return -(better * np.log(first) + worse * np.log(second) + (records - better - worse) * np.log(rest))

    least, most = max(0.0, -difference), (1 - difference) / 2
    share = minimize_scalar(loss, bounds=(least, most), method="bounded", options={"xatol": 1e-13}).x
    variance = records * (2 * share + difference * (1 - difference))
    return float((better - worse - records * difference) / np.sqrt(variance))


def _scores_needed() -> float:
    """Of draws of as many records as are needed, how much more or less than four of five show the difference."""
    rng, worst = np.random.default_rng(7), 0.0
    for size, deviation in ((0.03, 0.1), (0.05, 0.2), (0.1, 0.3)):
        records = bounded_means.records_needed(size, deviation)
        draws = np.clip(rng.normal(size, deviation, (_DRAWS, records)), -1, 1)
        shown = sum(bounded_means.p_not_above(draw.tolist(), [1] * records) < power.ALPHA / 2 for draw in draws)
        worst = max(worst, abs(shown / _DRAWS - power.POWER))
    return worst


def _differences() -> Iterator[Sequence[float]]:
    rng = np.random.default_rng(5)
    for records in (8, 40, 200):
        for shift in (0.0, 0.05, 0.15):
            yield [float(value) for value in np.clip(rng.normal(shift, 0.3, records), -1, 1)]
