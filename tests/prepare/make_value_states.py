"""Writes one matrix of counts in every state that scanpy and its users leave values in, for tests/prepare/value_state_test.cpp.

usage: make_value_states.py FOLDER [COUNTS.h5ad]

Prints {file: expected state}. The counts are drawn, or those of COUNTS.h5ad. Exit 3: no scanpy here.
"""

import json
import sys
import warnings

try:
    import anndata
    import numpy as np
    import scanpy as sc
    import scipy.sparse as sp
except ImportError:
    sys.exit(3)

folder, given = sys.argv[1], (sys.argv[2:] or [""])[0]
rng = np.random.default_rng(5)
if given:
    counts = anndata.read_h5ad(given)
    counts = anndata.AnnData(sp.csr_matrix(counts.X[:400], dtype=np.float32))
else:  # 400 cells, 600 genes, depth 150 to 3,000
    mean = rng.gamma(0.3, 1, 600)
    depth = rng.lognormal(6.5, 0.6, (400, 1))
    counts = anndata.AnnData(sp.csr_matrix(rng.poisson(mean / mean.sum() * depth * rng.gamma(2, 0.5, (400, 600))).astype(np.float32)))
states = {}
warnings.simplefilter("ignore")


def state(name, expected, change=None, data=counts):
    data = data.copy()
    changed = change(data) if change else None
    if changed is not None:
        data = anndata.AnnData(sp.csr_matrix(np.asarray(changed), dtype=np.float32))
    data.write_h5ad(f"{folder}/{name}.h5ad")
    states[name] = expected


def dense(data):
    return data.X.toarray().astype(np.float64)


def log1p(base=None, target=1e4):
    def change(data):
        sc.pp.normalize_total(data, target_sum=target)
        sc.pp.log1p(data, base=base)
    return change


def of_largest_genes(data):
    log1p()(data)
    best = np.argsort(-np.asarray(data.X.mean(axis=0)).ravel())[:100]
    return data.X[:, np.sort(best)].toarray()


def share(data, total):
    x = dense(data)
    return x / np.maximum(x.sum(axis=1, keepdims=True), 1) * total


def lengths():
    return rng.uniform(0.3, 8, counts.n_vars)


def tpm(data):
    rate = dense(data) / lengths()
    return rate / np.maximum(rate.sum(axis=1, keepdims=True), 1e-9) * 1e6


def corrected(data):  # as DecontX and SoupX leave counts: a part of each taken away, none whole
    x = dense(data)
    return np.where(x > 0, np.maximum(x - rng.uniform(0.05, 0.6, x.shape) * np.minimum(x, 3), 0.01), 0)


def estimated(data):  # as alevin and kallisto share reads among genes: most are whole
    x = dense(data)
    return np.where((x > 0) & (rng.random(x.shape) < 0.1), x + rng.choice([0.5, 0.25, 1 / 3], x.shape), x)


state("counts", "counts")
state("counts_double", "counts", lambda data: setattr(data, "X", data.X.astype(np.float64)))
state("log1p", "log1p", log1p())
state("log1p_median", "log1p", log1p(target=None))
state("log1p_million", "log1p", log1p(target=1e6))
state("log2", "log1p", log1p(base=2))
state("log2_million", "log1p", log1p(base=2, target=1e6))
state("log10_million", "log1p", log1p(base=10, target=1e6))
state("log1p_of_counts", "log1p", lambda data: sc.pp.log1p(data))
state("log2_of_counts", "log1p", lambda data: sc.pp.log1p(data, base=2))
state("log1p_few_genes", "log1p", of_largest_genes)
state("log2_tpm", "log1p", lambda data: np.log2(1 + tpm(data)))
state("log1p_tpm", "log1p", lambda data: np.log1p(tpm(data)))
state("half_floats", "log1p", lambda data: (log1p()(data), data.X.toarray().astype(np.float16).astype(np.float32))[1])
state("normalised", "normalised", lambda data: share(data, 1e4))
state("million", "normalised", lambda data: share(data, 1e6))
state("fractions_of_one", "normalised", lambda data: share(data, 1))
state("median_depth", "normalised", lambda data: sc.pp.normalize_total(data))
state("tpm", "normalised", tpm)
state("square_roots", "square roots", lambda data: sc.pp.sqrt(data))
state("scaled", "scaled", lambda data: (log1p()(data), sc.pp.scale(data))[1])
state("whole_but_negative", "scaled", lambda data: dense(data) - 1)
state("corrected", "counts, not all whole", corrected)
state("estimated", "counts, not all whole", estimated)
state("times_seven_and_a_half", "counts, not all whole", lambda data: dense(data) * 7.5)
# uns/log1p says that a logarithm was taken; here it was taken back, and there it is not said.
told = counts.copy()
told.uns["log1p"] = {"base": None}
state("told_but_counts", "counts", data=told)
state("untold_log1p", "log1p", lambda data: (log1p()(data), data.uns.pop("log1p"))[0])
state("empty_first", "log1p", lambda data: np.vstack([np.zeros((520, data.n_vars)), (log1p()(data), data.X.toarray())[1]]))
print(json.dumps(states))
