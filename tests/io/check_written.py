"""Reads with anndata and scanpy what tests/io/h5ad_write_test.cpp wrote and compares it with what was meant."""

import sys

import anndata
import numpy as np
import pandas as pd
import scanpy

folder = sys.argv[1]
expected = np.array([[3, 0, 500, 0], [0, 0, 0, 0], [0, 65535, 0, 0]], dtype=np.float64)

for name, dtype in (("a", np.float32), ("b", np.uint16)):
    path = f"{folder}/{name}.h5ad"
    for data in (anndata.read_h5ad(path), anndata.read_h5ad(path, backed="r").to_memory()):
        assert data.X.dtype == dtype and data.X.format == "csr", data.X
        assert np.array_equal(data.X.toarray().astype(np.float64), expected)
        assert list(data.obs_names) == ["AAA-1", "CCC-1", "GGG-1"]
        assert list(data.obs.columns) == ["disease", "n/counts"]
        disease = data.obs["disease"]
        assert isinstance(disease.dtype, pd.CategoricalDtype) and not disease.cat.ordered
        assert disease.isna().tolist() == [False, True, False] and disease.iloc[2] == "healthy"
        assert data.obs["n/counts"].isna().tolist() == [False, True, False] and data.obs["n/counts"].iloc[2] == 65535
        assert data.var["gene_symbols"].iloc[1] == "ACTB"
        assert data.uns["made_by"] == "a test"
    assert data.X.indices.dtype == data.X.indptr.dtype == np.int32
    scanpy.pp.calculate_qc_metrics(data, percent_top=None, inplace=True)  # compiled: refuses a mixture of index types
    assert data.obs["total_counts"].tolist() == [503, 0, 65535]
    data.X = data.X.astype(np.float32)
    scanpy.pp.normalize_total(data, target_sum=1e4)
    data.write_h5ad(f"{folder}/{name}_again.h5ad")

dense = anndata.read_h5ad(f"{folder}/d.h5ad")
assert dense.X.dtype == np.float64 and (dense.X == 0.5).all() and (dense.layers["sums"] == 2).all()

mex = scanpy.read_10x_mtx(f"{folder}/mex", var_names="gene_ids")
assert np.array_equal(mex.X.toarray(), expected) and list(mex.obs_names) == ["AAA-1", "CCC-1", "GGG-1"]
assert list(mex.var["gene_symbols"]) == ["A", "B", "C", "A"] and mex.var_names[3] == "ENSG00000000004"
