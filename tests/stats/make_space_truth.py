"""Prints as JSON what scikit-learn and scipy say of neighbours, ranks and 2 × 2 tables (read by neighbours_test.cpp and
rank_tests_test.cpp). Exit status 3: they are not installed.
"""

import json
import sys

try:
    import numpy as np
    from scipy import stats
    from sklearn.manifold import trustworthiness
    from sklearn.metrics import adjusted_rand_score
    from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
except ImportError:
    sys.exit(3)

rng = np.random.default_rng(11)


def neighbours(n, d, k, metric, offset, decimals=6):
    x = np.round(rng.normal(offset, 1, (n, d)), decimals)
    y = rng.integers(0, 3, n)
    search = NearestNeighbors(n_neighbors=k, metric=metric, algorithm="brute").fit(x)
    distance, index = search.kneighbors()  # of each among the others
    calls = [int(KNeighborsClassifier(k, metric=metric, algorithm="brute").fit(np.delete(x, i, 0), np.delete(y, i))
                 .predict(x[i:i + 1])[0]) for i in range(25)]
    return {"x": x.ravel().tolist(), "d": d, "k": k, "metric": metric, "y": y.tolist(), "index": index.ravel().tolist(),
            "distance": distance.ravel().tolist(), "calls": calls}


def rank_sum(m, n, decimals, shift):
    a, b = np.round(rng.normal(shift, 1, m), decimals), np.round(rng.normal(0, 1, n), decimals)
    r = stats.mannwhitneyu(a, b, method="auto")
    return {"a": a.tolist(), "b": b.tolist(), "u": float(r.statistic), "p": float(r.pvalue)}


def kruskal(sizes, decimals):
    groups = [np.round(rng.normal(0.4 * i, 1, n), decimals) for i, n in enumerate(sizes)]
    r = stats.kruskal(*groups)
    return {"values": np.concatenate(groups).tolist(), "group": np.repeat(np.arange(len(sizes)), sizes).tolist(),
            "h": float(r.statistic), "p": float(r.pvalue)}


def fisher(table):
    t = [[table[0], table[1]], [table[2], table[3]]]
    odds = float(stats.fisher_exact(t).statistic)
    ps = [float(stats.fisher_exact(t, alternative=a).pvalue) for a in ("two-sided", "greater", "less")]
    return {"table": table, "odds": odds if np.isfinite(odds) else None, "p": ps}


p_values = np.concatenate([rng.random(30), rng.random(12) ** 6, [0.5, 0.5, 0, 1]])
a, b = rng.integers(0, 4, 60), rng.integers(0, 3, 60)
drawn = rng.normal(0, 1, (300, 5))

json.dump(
    {
        "neighbours": [neighbours(130, 7, 5, "euclidean", 0), neighbours(97, 33, 15, "euclidean", 3), neighbours(200, 20, 3, "cosine", 1),
                       neighbours(64, 1, 4, "euclidean", 0), neighbours(300, 40, 15, "cosine", 0)],
        "rank_sum": [rank_sum(m, n, d, s) for m, n in ((3, 4), (8, 20), (20, 8), (9, 9), (40, 60), (1, 5)) for d in (1, 9)
                     for s in (0, 1.2)],
        "kruskal": [kruskal(sizes, d) for sizes in ((5, 6, 7), (10, 10), (3, 20, 4, 9)) for d in (0, 9)],
        "fisher": [fisher(t) for t in ([3, 1, 1, 3], [0, 7, 9, 2], [12, 5, 29, 2], [60, 140, 340, 27460], [1, 999, 500, 28000 - 1500],
                                       [8, 0, 3, 14])],
        "adjusted": {"p": p_values.tolist(), "bh": stats.false_discovery_control(p_values).tolist()},
        "rand": {"a": a.tolist(), "b": b.tolist(), "mixed": np.where(rng.random(60) < 0.7, a, b).tolist(),
                 "ab": adjusted_rand_score(a, b)},
        "trust": {"x": drawn.ravel().tolist(), "value": trustworthiness(drawn, drawn[:, :2], n_neighbors=5)},
    },
    sys.stdout,
)
