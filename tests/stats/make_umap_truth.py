"""Writes umap_truth.json: points, and what umap-learn 0.5 makes of them: curve, graph, and how trustworthy its drawings are (read
by umap_test.cpp). Kept as a file because the library compiles itself for most of a minute before it draws.
"""

import json
import warnings
from pathlib import Path

import numpy as np
import umap
from sklearn.manifold import trustworthiness
from umap.umap_ import find_ab_params, fuzzy_simplicial_set

warnings.filterwarnings("ignore")
rng = np.random.default_rng(3)


def groups(n, d, k, apart):
    centres = rng.normal(0, apart, (k, d))
    return np.round(centres[rng.integers(0, k, n)] + rng.normal(0, 1, (n, d)), 2)


def curve_along(n, d):
    t = np.linspace(0, 1, n)
    basis = rng.normal(0, 1, (6, d))
    waves = np.stack([f(m * np.pi * t) for m in (1, 2, 3) for f in (np.sin, np.cos)], 1)
    return np.round(3 * waves @ basis + rng.normal(0, 0.4, (n, d)), 2)


def graph_of(x, k):
    graph = fuzzy_simplicial_set(x.astype(np.float32), k, np.random.RandomState(0), "euclidean")[0].tocsr()
    graph.sort_indices()
    return {"indptr": graph.indptr.tolist(), "indices": graph.indices.tolist(), "weights": graph.data.round(7).tolist()}


def case(x):
    drawn = [umap.UMAP(random_state=seed).fit_transform(x) for seed in (1, 2, 3)]
    return {"x": x.ravel().tolist(), "d": x.shape[1], "trust": [float(trustworthiness(x, y, n_neighbors=15)) for y in drawn]}


few = groups(70, 4, 2, 1)
truth = {
    "curves": [{"min_dist": m, "spread": s, "ab": [round(float(v), 7) for v in find_ab_params(s, m)]}
               for m, s in ((0.1, 1.0), (0.5, 1.0), (0.0, 1.0), (0.3, 2.0))],
    "graph": {"x": few.ravel().tolist(), "d": 4, **graph_of(few, 15)},
    "cases": [case(groups(300, 12, 6, 1.2)), case(curve_along(250, 12)), case(rng.normal(0, 1, (200, 6)).round(2))],
}
Path(__file__).with_name("umap_truth.json").write_text(json.dumps(truth).replace('], "', '],\n"') + "\n")
