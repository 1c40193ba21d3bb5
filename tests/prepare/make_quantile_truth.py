"""limma's normalizeQuantiles (ties = TRUE) restated in numpy, on a small matrix with ties and missing values: the reference of all
samples, and every sample brought to it."""

import json
import sys

try:
    import numpy as np
    from scipy.stats import rankdata
except ImportError:
    sys.exit(3)

draw = np.random.default_rng(11)
n_genes, n_samples = 60, 7
x = draw.normal(7, 2, (n_genes, n_samples)).round(1).astype(np.float32)  # one decimal: ties
x[:4, 2] = np.nan
x[10:12, 5] = np.nan
places = np.arange(n_genes) / (n_genes - 1)


def quantiles(column):
    there = np.sort(column[~np.isnan(column)]).astype(np.float64)
    return np.interp(places, np.arange(len(there)) / (len(there) - 1), there)


reference = np.mean([quantiles(column) for column in x.T], axis=0)
normalised = np.full(x.shape, np.nan)
for s, column in enumerate(x.T):
    there = ~np.isnan(column)
    normalised[there, s] = np.interp((rankdata(column[there]) - 1) / (there.sum() - 1), places, reference)
nested = lambda matrix: [[None if np.isnan(v) else float(v) for v in column] for column in matrix.T]  # noqa: E731
json.dump({"samples": nested(x), "reference": reference.tolist(), "normalised": nested(normalised)}, sys.stdout)
