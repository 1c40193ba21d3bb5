"""Prints as JSON: statsmodels' intervals of proportions, and DeLong's variance and covariance by their definition, every pair of
units compared (read by intervals_test.cpp); scikit-learn's reliability bins, statsmodels' calibration lines and net benefit by its
definition (read by reliability_test.cpp).

Exit status 3: statsmodels or scikit-learn is not installed.
"""

import json
import sys

try:
    import numpy as np
    from scipy import optimize, special, stats
    from sklearn import calibration, metrics
    from statsmodels.genmod import families
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.stats.proportion import proportion_confint
except ImportError:
    sys.exit(3)

rng = np.random.default_rng(3)


def proportion(k, n, level):
    return {
        "successes": k,
        "n": n,
        "level": level,
        "wilson": [float(x) for x in proportion_confint(k, n, 1 - level, "wilson")],
        "exact": [float(x) for x in proportion_confint(k, n, 1 - level, "beta")],
    }


def placements(positive, scores):
    """[positives], [negatives]: share of the other class won; DeLong et al. 1988."""
    x, y = scores[positive], scores[~positive]
    wins = (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])
    return wins.mean(axis=1), wins.mean(axis=0)


def auc(m, n, decimals, level):
    positive = np.zeros(m + n, dtype=bool)
    positive[:m] = True
    rng.shuffle(positive)
    a = np.round(0.8 * positive + rng.normal(size=m + n), decimals)
    b = np.round(0.5 * a + 0.4 * positive + rng.normal(size=m + n), decimals)
    (a10, a01), (b10, b01) = placements(positive, a), placements(positive, b)
    covariance = np.cov(a10, b10) / m + np.cov(a01, b01) / n
    auc_a, auc_b = metrics.roc_auc_score(positive, a), metrics.roc_auc_score(positive, b)
    variance = covariance[0, 0]
    out = {
        "positive": positive.astype(int).tolist(),
        "a": a.tolist(),
        "b": b.tolist(),
        "level": level,
        "auc": auc_a,
        "variance": variance,
        "difference": auc_a - auc_b,
    }
    z = stats.norm.ppf((1 + level) / 2)
    if variance > 0 and min(m, n) >= 4:
        logit, half = np.log(auc_a / (1 - auc_a)), z * np.sqrt(variance) / (auc_a * (1 - auc_a))
        out["interval"] = [float(1 / (1 + np.exp(-(logit + s * half)))) for s in (-1, 1)]
    error = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    if error > 1e-9 and min(m, n) >= 4:
        out["difference_interval"] = [max(-1, auc_a - auc_b - z * error), min(1, auc_a - auc_b + z * error)]
        out["p"] = 2 * stats.norm.sf(abs(auc_a - auc_b) / error)
    return out


def line(n, decimals, too_sure, level):
    x = rng.normal(0, 1.5, n)
    positive = (rng.random(n) < special.expit(0.3 + x)).astype(int)
    p = np.round(special.expit(too_sure * x), decimals)
    logit = special.logit(np.clip(p, np.finfo(float).eps, 1 - np.finfo(float).eps))
    free = GLM(positive, np.column_stack([np.ones(n), logit]), family=families.Binomial()).fit(tol=1e-14)
    # statsmodels' full Newton steps run away from some of these; the score is monotone, so its root is the maximum.
    held = optimize.brentq(lambda a: (special.expit(a + logit) - positive).sum(), -50, 50, xtol=1e-13)
    weight = special.expit(held + logit) * special.expit(-held - logit)
    half = stats.norm.ppf((1 + level) / 2) / np.sqrt(weight.sum())
    curves, errors = [], []
    for n_bins in (1, 4, 10):
        share, mean = calibration.calibration_curve(positive, p, n_bins=n_bins, strategy="quantile")
        ids = np.searchsorted(np.percentile(p, np.linspace(0, 100, n_bins + 1))[1:-1], p)
        weight = np.bincount(ids)[np.unique(ids)] / n
        curves.append([share.tolist(), mean.tolist()])
        errors.append(float((weight * abs(share - mean)).sum()))
    thresholds = [0.05, 0.3, 0.5, 0.8]
    benefit = [[float(((p >= t) & (positive == 1)).mean() - ((p >= t) & (positive == 0)).mean() * t / (1 - t)),
                float(positive.mean() - (1 - positive.mean()) * t / (1 - t))] for t in thresholds]
    return {
        "positive": positive.tolist(),
        "probability": p.tolist(),
        "level": level,
        "slope": [float(free.params[1]), *free.conf_int(1 - level)[1].tolist()],
        "intercept": float(free.params[0]),
        "in_the_large": [held, held - half, held + half],
        "curves": curves,
        "errors": errors,
        "thresholds": thresholds,
        "benefit": benefit,
    }


json.dump(
    {
        "calibration": [line(n, d, too_sure, level) for n in (60, 61, 400) for d in (1, 16) for too_sure in (0.4, 1, 3)
                        for level in (0.8, 0.95)],
        "proportions": [proportion(k, n, level) for level in (0.8, 0.95, 0.99) for n in (1, 2, 5, 9, 10, 34, 1000)
                        for k in sorted({0, 1, n // 3, n - 1, n})],
        "aucs": [auc(m, n, d, level) for level in (0.9, 0.95) for m, n in ((4, 4), (5, 9), (12, 30), (30, 12), (80, 75))
                 for d in (0, 1, 9) for _ in range(4)],
    },
    sys.stdout,
)
