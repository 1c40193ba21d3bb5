"""Opens every shard and the statistics of a store with anndata and prints what it finds. Exit 3: no anndata here.

usage: check_store.py FOLDER
"""

import json
import sys
from pathlib import Path

try:
    import anndata
    import numpy as np
except ImportError:
    sys.exit(3)

folder = Path(sys.argv[1])
shards = {}
for path in sorted(folder.glob("0*.h5ad")):
    data = anndata.read_h5ad(path)
    counts = data.X.toarray().astype(np.float64)
    shards[path.name] = {"cells": list(data.obs_names), "units": [str(x) for x in data.obs["library"]], "type": str(data.X.dtype),
                         "counts": counts.tolist(), "totals": data.obs["total_counts"].tolist(),
                         "n_genes": data.obs["n_genes_by_counts"].tolist(), "mito": data.obs["pct_counts_mt"].tolist(),
                         "genes": list(data.var_names), "symbols": [str(x) for x in data.var["gene_symbols"]]}
sums = anndata.read_h5ad(folder / "statistics.h5ad")
json.dump({"shards": shards, "units": list(sums.obs_names), "n_cells": sums.obs["n_cells"].tolist(), "sum": np.asarray(sums.X).tolist(),
           "sum_squares": np.asarray(sums.layers["sum_squares"]).tolist(),
           "n_positive": np.asarray(sums.layers["n_positive"]).tolist()}, sys.stdout)
