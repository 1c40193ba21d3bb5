"""The other side of the row tokenise: the published encoder's rule as its users run it, blocks of 512 cells, a loop over the rows of each.

usage: tokens_peer.py CELLS.h5ad DICTIONARIES OUT
"""

import json
import sys
from pathlib import Path

import anndata
import numpy as np
import scipy.sparse as sp

cells, dictionaries, out = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
tokens = json.loads((dictionaries / "token_dictionary.json").read_text())
medians = json.loads((dictionaries / "gene_median_dictionary.json").read_text())
data = anndata.read_h5ad(cells)
place = np.flatnonzero([gene in tokens for gene in data.var_names])
median = np.array([medians[gene] for gene in data.var_names[place]])
gene_token = np.array([tokens[gene] for gene in data.var_names[place]])
size = data.obs["n_counts"].to_numpy()[:, None]
longest, encoded = 2048, []
for first in range(0, data.n_obs, 512):
    rows = slice(first, first + 512)
    values = sp.csr_matrix(data[rows].X[:, place] / size[rows] * 10_000 / median)
    for i in range(values.shape[0]):
        ranked = np.argsort(-values[i].data, kind="stable")
        encoded.append(gene_token[values[i].indices][ranked][:longest])
np.savez(out, tokens=np.concatenate(encoded), ends=np.cumsum([len(ids) for ids in encoded]))
