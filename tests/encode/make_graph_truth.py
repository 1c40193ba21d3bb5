"""Prints as JSON the graphs of cells that follow from scikit-learn's nearest neighbours by cosine (read by cell_graph_test.cpp). Exit
status 3: it is not installed.
"""

import json
import sys

try:
    import numpy as np
    from sklearn.neighbors import NearestNeighbors
except ImportError:
    sys.exit(3)

rng = np.random.default_rng(5)
CLEAR = 1e-5  # similarities nearer to each other, or to the threshold, might be told apart otherwise in single precision


def case(n, d, threshold, cap, groups):
    centres = rng.normal(0, 1, (groups, d))
    x = (centres[rng.integers(0, groups, n)] + rng.normal(0, 0.7, (n, d))).astype(np.float32)
    distance, index = NearestNeighbors(n_neighbors=n - 1, metric="cosine", algorithm="brute").fit(x.astype(float)).kneighbors()
    similar = 1 - distance
    if np.abs(similar - threshold).min() < CLEAR or (cap < n - 1 and (similar[:, cap - 1] - similar[:, cap]).min() < CLEAR):
        return case(n, d, threshold, cap, groups)
    kept = [set(index[i, :cap][similar[i, :cap] >= threshold].tolist()) for i in range(n)]
    lists = [sorted(j for j in kept[i] if i in kept[j]) for i in range(n)]
    pairs = [(-similar[i, k], i, int(index[i, k])) for i in range(n) for k in range(n - 1) if i < index[i, k] and similar[i, k] >= threshold]
    top = sorted(pairs)[:cap]
    near = any(abs(a[0] - b[0]) < 1e-7 for a, b in zip(sorted(pairs)[cap - 1 : cap], sorted(pairs)[cap : cap + 1]))
    if near:
        return case(n, d, threshold, cap, groups)
    return {"x": [float(v) for v in x.ravel()], "d": d, "threshold": threshold, "cap": cap, "lists": lists,
            "n_capped": int(((similar >= threshold).sum(1) > cap).sum()), "top": sorted([i, j] for _, i, j in top)}  # fmt: skip


print(json.dumps([case(230, 12, 0.4, 10, 4), case(230, 12, 0.4, 1000, 4), case(333, 5, -1, 20, 3), case(64, 33, 0.75, 5, 2), case(3, 2, 0.1, 2, 1)]))
