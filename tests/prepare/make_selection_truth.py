"""Prints which genes scanpy's highly_variable_genes chooses, of simulated counts (printed too) or of the .h5ad
files given as one argument, parted by colons.
Training cells are four of five; of the genes those in at least 10 of them. Exit 3: no scanpy here."""

import importlib.util
import json
import sys
import warnings

try:
    import numpy as np
    import scanpy as sc
    from anndata import AnnData
    from scipy import sparse
except ImportError:
    sys.exit(3)

warnings.simplefilter("ignore")


def simulate(seed, n_cells, n_genes):
    random = np.random.default_rng(seed)
    mean = random.gamma(0.3, 2, size=(1, n_genes))
    noise = random.gamma(1 / (shape := random.uniform(0.05, 1, size=(1, n_genes))), shape, size=(n_cells, n_genes))
    counts = random.poisson(random.gamma(4, 0.25, size=(n_cells, 1)) * mean * noise).astype(np.float32)
    counts[:, 3] = counts[:, 4]  # equal genes: ties
    counts[:, 7] = 0
    return sparse.csr_matrix(counts)


def chosen(counts, flavour, n):
    train = AnnData(counts[np.arange(counts.shape[0]) % 5 != 4].copy())
    detected = np.flatnonzero(np.asarray((train.X > 0).sum(axis=0)).ravel() >= 10)
    if flavour != "seurat_v3":
        sc.pp.normalize_total(train, target_sum=1e4)
        sc.pp.log1p(train)
    train = train[:, detected].copy()
    sc.pp.highly_variable_genes(train, flavor=flavour, n_top_genes=n)
    return detected[train.var["highly_variable"].to_numpy()].tolist()


truth = []
if sys.argv[1]:
    inputs = [(sc.read_h5ad(file).X, (200, 2000)) for file in sys.argv[1].split(":")]
else:
    inputs = [(simulate(1, 200, 400), (20, 100, 390, 5000)), (simulate(2, 60, 25), (5, 20))]
for counts, sizes in inputs:
    item = {"chosen": []}
    if not sys.argv[1]:
        item["counts"] = counts.toarray().tolist()
    flavours = ["seurat", "cell_ranger"]
    if counts.shape[1] > 100 and importlib.util.find_spec("skmisc"):
        flavours.append("seurat_v3")
    for flavour in flavours:
        for n in sizes:
            item["chosen"].append({"flavour": flavour, "n": n, "genes": chosen(counts, flavour, n)})
    truth.append(item)
json.dump(truth, sys.stdout)
