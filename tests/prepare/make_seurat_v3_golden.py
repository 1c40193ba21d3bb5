"""Writes seurat_v3_golden.json beside itself: small counts, the curve that scikit-misc's loess draws and the standardised variance
that scanpy's flavour "seurat_v3" gives. Made with scanpy 1.11.5 and scikit-misc 0.5.3; run again only to change the example."""

import json
import os

import numpy as np
import scanpy as sc
from anndata import AnnData
from scipy import sparse
from skmisc.loess import loess

random = np.random.default_rng(11)
n_cells, n_genes = 60, 120
mean = np.exp(random.uniform(-0.5, 3, size=(1, n_genes)))
counts = random.poisson(mean * random.gamma(3, 1 / 3, size=(n_cells, n_genes)))
counts[:, 5] = 0
counts[:, 6] = 2
counts[0, np.argmin(mean)] = 60  # clipped
counts = np.minimum(counts, 78)  # one readable letter each
_, first = np.unique(counts.sum(axis=0), return_index=True)
counts = counts[:, np.union1d(first, [5, 6])]  # where means are equal, how the curve's vertices fall is a matter of taste
data = AnnData(sparse.csr_matrix(counts.astype(np.float32)))
variances = sc.pp.highly_variable_genes(data, flavor="seurat_v3", n_top_genes=20, inplace=False)

x = np.sort(random.normal(size=150))
y = np.sin(2 * x) + 0.1 * random.normal(size=150)
smooth = loess(x, y, span=0.3, degree=2)
smooth.fit()
file = os.path.join(os.path.dirname(__file__), "seurat_v3_golden.json")
with open(file, "w", encoding="utf-8") as out:
    json.dump({"counts": ["".join(chr(48 + c) for c in row) for row in counts.tolist()],
               "variance": [round(v, 9) for v in variances["variances_norm"]],
               "x": x.tolist(), "y": y.tolist(), "curve": smooth.outputs.fitted_values.tolist()}, out)
    out.write("\n")
