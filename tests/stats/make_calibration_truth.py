"""Draws cases with a fixed seed and prints scipy's best temperatures and a brute-force search's best thresholds as JSON
(read by calibration_test.cpp).

Exit status 3: scipy or scikit-learn is not installed.
"""

import json
import sys

try:
    import numpy as np
    from scipy import optimize, special
    from sklearn import metrics
except ImportError:
    sys.exit(3)

rng = np.random.default_rng(7)


def temperature_case(n_units, k, too_sure):
    """Units of 1 to 40 cells, whose truth is drawn from the unit's own probabilities; each cell errs on its own."""
    centre = 2 * rng.normal(size=(n_units, k))
    truth = (centre + rng.gumbel(size=(n_units, k))).argmax(axis=1)  # draws from softmax(centre)
    unit = np.repeat(np.arange(n_units), rng.integers(1, 41, n_units))
    p = special.softmax(too_sure * (centre[unit] + rng.normal(size=(len(unit), k))), axis=1)
    log_p = np.log(np.maximum(p, np.finfo(float).eps))  # what the log loss can tell apart
    weight = 1 / (n_units * np.bincount(unit)[unit])  # every unit the same

    def loss(log_t):
        cells = special.log_softmax(log_p / np.exp(log_t), axis=1)
        return float(-(weight * cells[np.arange(len(unit)), truth[unit]]).sum())

    grid = np.linspace(np.log(0.05), np.log(20), 400)
    at = int(np.argmin([loss(x) for x in grid]))
    best = optimize.minimize_scalar(loss, bounds=(grid[max(0, at - 1)], grid[min(399, at + 1)]), method="bounded", options={"xatol": 1e-10})
    return {
        "n_classes": k,
        "truth": truth.tolist(),
        "unit": unit.tolist(),
        "probability": p.ravel().tolist(),
        "best_temperature": float(np.exp(best.x)),
        "applied": special.softmax(log_p / 2.5, axis=1).ravel().tolist(),
    }


def threshold_case(n, decimals):
    positive = np.zeros(n, dtype=int)
    positive[: max(1, n // 3)] = 1
    rng.shuffle(positive)
    scores = np.clip(0.25 * positive + 0.8 * rng.random(n), 0, 1)
    if decimals is not None:
        scores = np.round(scores, decimals)
    distinct = np.unique(scores)
    tried = [(a + b) / 2 for a, b in zip(distinct[:-1], distinct[1:])]
    tried += [min(0.5, distinct[0]), max(0.5, np.nextafter(distinct[-1], np.inf))]
    values = [metrics.balanced_accuracy_score(positive, (scores >= t).astype(int)) for t in tried]
    equals = [t for t, v in zip(tried, values) if v > max(values) - 1e-12]
    return {
        "positive": positive.tolist(),
        "scores": scores.tolist(),
        "balanced_accuracy": max(values),
        "distance": min(abs(t - 0.5) for t in equals),
    }


json.dump(
    {
        "temperature": [temperature_case(n, k, t) for n in (24, 200) for k in (2, 3, 5) for t in (0.3, 1.0, 4.0)],
        "threshold": [threshold_case(n, d) for n in (2, 3, 5, 20, 200) for d in (None, 1, 2) for _ in range(6)],
    },
    sys.stdout,
)
