"""Prints as JSON scipy.stats.bootstrap's percentile and BCa intervals for given draws (read by bootstrap_test.cpp), and its
measures of association (read by association_test.cpp).

The draws are made here and handed to scipy as its own, so that both sides see the same ones. The statistic is the AUC of two
samples, resampled each within itself. Exit status 3: scipy is not installed.
"""

import json
import sys

try:
    import numpy as np
    from scipy import stats
except ImportError:
    sys.exit(3)

rng = np.random.default_rng(5)


def auc(x, y, axis=-1):
    x, y = np.moveaxis(np.asarray(x), axis, -1), np.moveaxis(np.asarray(y), axis, -1)
    wins = (x[..., :, None] > y[..., None, :]) + 0.5 * (x[..., :, None] == y[..., None, :])
    return wins.mean(axis=(-1, -2))


class Result:
    def __init__(self, draws):
        self.bootstrap_distribution = draws


def case(m, n, decimals, level):
    x, y = np.round(rng.normal(0.9, 1, m), decimals), np.round(rng.normal(0, 1, n), decimals)
    draws = auc(rng.choice(x, (700, m)), rng.choice(y, (700, n)))
    out = {"x": x.tolist(), "y": y.tolist(), "level": level, "estimate": float(auc(x, y)), "draws": draws.tolist()}
    for method in ("percentile", "BCa"):
        interval = stats.bootstrap((x, y), auc, method=method, confidence_level=level, n_resamples=0, vectorized=True,
                                   bootstrap_result=Result(draws)).confidence_interval
        out[method] = [float(interval.low), float(interval.high)]
    return out


def association(n, n_a, n_b, strength):
    a = rng.integers(0, n_a, n)
    b = np.where(rng.random(n) < strength, a % n_b, rng.integers(0, n_b, n))
    table = stats.contingency.crosstab(a, b).count
    chi = stats.chi2_contingency(table, correction=False)
    phi, (r, c) = chi.statistic / n, table.shape
    corrected = max(0, phi - (r - 1) * (c - 1) / (n - 1)) / (min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1)
    return {"a": a.tolist(), "b": b.tolist(), "statistic": chi.statistic, "p": chi.pvalue, "dof": int(chi.dof),
            "least_expected": chi.expected_freq.min(), "corrected": np.sqrt(corrected),
            "plain": stats.contingency.association(table, method="cramer")}


json.dump(
    {
        "bootstrap": [case(m, n, d, level) for m, n in ((10, 10), (12, 30), (40, 15)) for d in (0, 2, 9) for level in (0.9, 0.95)],
        "association": [association(n, *sizes, s) for n in (12, 60, 500) for sizes in ((2, 2), (2, 5), (4, 3), (9, 9))
                        for s in (0, 0.4, 0.9)],
    },
    sys.stdout,
)
