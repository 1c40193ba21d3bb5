"""Prints cells of some units, and which of them pass thresholds by median absolute deviations: `is_outlier` as scanpy's tutorials
and Single-cell best practices define it (scipy's deviation, unscaled), and fixed thresholds. Exit 3: no scipy here."""

import json
import sys

try:
    import numpy as np
    from scipy.stats import median_abs_deviation
except ImportError:
    sys.exit(3)


def range_of(metric, mads):
    middle, width = np.median(metric), mads * median_abs_deviation(metric)
    return middle - width, middle + width


def passing(total, genes, mito, mads):
    passes = np.ones(len(total), dtype=bool)
    for metric in (np.log1p(total), np.log1p(genes)):
        low, high = range_of(metric, mads)
        passes &= ~((metric < low) | (high < metric))
    return passes & ~(mito > range_of(mito, mads)[1])


random = np.random.default_rng(5)
units = []
# (cells, depth, mads, min_genes, max_genes, max_mito_percent); small depths: many equal values, also on the thresholds
for n, depth, mads, least, most, mito_most in [(400, 4000, 3, 0, 0, 100), (401, 4000, 5, 0, 0, 100), (301, 6, 2, 0, 0, 100),
                                               (300, 9, 1, 0, 0, 100), (250, 3000, 2.5, 400, 1500, 6), (3, 50, 3, 0, 0, 100),
                                               (200, 12, 0.5, 2, 0, 100)]:
    total = np.round(random.lognormal(np.log(depth), 0.7, n)) + 1
    genes = np.floor(total ** 0.85 * random.uniform(0.8, 1, n)) + 1
    mito = 100 * random.binomial(total.astype(int), random.beta(2, 60, n)) / total
    mito[: n // 20] = 60
    passes = passing(total, genes, mito, mads) & (genes >= least) & (mito <= mito_most)
    if most:
        passes &= genes <= most
    assert 0 < passes.sum() < n or n == 3
    units.append({"cells": np.stack([total, genes, mito], axis=1).tolist(), "mads": mads, "min_genes": least, "max_genes": most,
                  "max_mito_percent": mito_most, "passes": passes.tolist(), "mito_bound": min(mito_most, range_of(mito, mads)[1])})
json.dump(units, sys.stdout)
