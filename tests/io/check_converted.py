"""Reads with anndata, scanpy, pandas and h5py what tests/run/convert_test.cpp converted truth.h5ad into."""

import sys

import anndata
import h5py
import numpy as np
import pandas as pd
import scanpy

folder = sys.argv[1]
truth = anndata.read_h5ad(f"{folder}/truth.h5ad")
x, cells, ids, symbols = truth.X.toarray(), list(truth.obs_names), list(truth.var_names), list(truth.var["gene_symbols"])


def same(data, with_obs):
    assert np.array_equal(data.X.toarray(), x) and list(data.obs_names) == cells
    if with_obs:
        assert list(data.obs["donor"]) == list(truth.obs["donor"]) and np.array_equal(data.obs["age"], truth.obs["age"])


for name in ("out.h5ad", "packed.h5ad"):
    data = anndata.read_h5ad(f"{folder}/{name}")
    same(data, True)
    assert list(data.var_names) == ids and list(data.var["gene_symbols"]) == symbols
    assert data.X.dtype == np.float32 and data.X.indices.dtype == data.X.indptr.dtype
for name in ("out.h5", "genome.h5", "plain.h5"):
    data = scanpy.read_10x_h5(f"{folder}/{name}", genome="GRCh38" if name == "genome.h5" else None)
    same(data, False)
    assert list(data.var["gene_ids"]) == ids and list(data.var_names) == symbols and set(data.var["feature_types"]) == {"Gene Expression"}
for name in ("out", "plain"):
    data = scanpy.read_10x_mtx(f"{folder}/{name}")
    same(data, False)
    assert list(data.var["gene_ids"]) == ids and list(data.var_names) == symbols
with h5py.File(f"{folder}/out.loom") as f:
    assert np.array_equal(f["matrix"][:].T, x) and f["matrix"].compression == "gzip" and f["matrix"].chunks == (64, 64)
    def read(path):
        return [v.decode() for v in f[path][:]]
    assert read("row_attrs/Accession") == ids and read("row_attrs/Gene") == symbols and read("col_attrs/CellID") == cells
    assert read("col_attrs/donor") == list(truth.obs["donor"]) and np.array_equal(f["col_attrs/age"][:], truth.obs["age"])
    assert f["attrs/LOOM_SPEC_VERSION"][()] == b"3.0.0" and {"layers", "row_graphs", "col_graphs"} <= set(f)
table = pd.read_csv(f"{folder}/out.csv", index_col=0)
assert np.array_equal(table, x) and list(table.index) == cells and list(table.columns) == ids
turned = pd.read_csv(f"{folder}/out.tsv.gz", index_col=0, sep="\t")
assert np.array_equal(turned.T, x) and list(turned.index) == ids and list(turned.columns) == cells

some = anndata.read_h5ad(f"{folder}/some.h5ad")
chosen = truth[truth.obs["donor"] == "d1"]
assert np.array_equal(some.X.toarray(), chosen.X.toarray()) and list(some.obs_names) == list(chosen.obs_names)

user, copy = anndata.read_h5ad(f"{folder}/user.h5ad"), anndata.read_h5ad(f"{folder}/with_counts.h5ad")
counts = copy.layers.pop("counts")
assert np.array_equal(counts.toarray(), truth[user.obs_names, user.var_names].X.toarray())
pd.testing.assert_frame_equal(user.obs, copy.obs)
pd.testing.assert_frame_equal(user.var, copy.var)
assert np.array_equal(user.X, copy.X) and np.array_equal(user.raw.X, copy.raw.X) and np.array_equal(user.obsm["X_umap"], copy.obsm["X_umap"])
assert list(copy.layers) == ["scaled"] and np.array_equal(user.layers["scaled"], copy.layers["scaled"]) and list(copy.uns["colours"]) == ["red", "blue"]

called = anndata.read_h5ad(f"{folder}/called.h5ad")
assert list(called.obs.columns) == [*user.obs.columns, "cellverdict_class", "cellverdict_AML", "cellverdict_passes_qc"]
assert list(called.obs["cellverdict_class"].iloc[:2]) == ["AML", "healthy"] and called.obs["cellverdict_class"].isna().sum() == 98
assert called.obs["cellverdict_AML"].iloc[0] == 0.75 and called.obs["cellverdict_AML"].isna().sum() == 99
pd.testing.assert_frame_equal(user.obs, called.obs[user.obs.columns])
assert np.array_equal(user.X, called.X) and list(called.layers) == ["scaled"] and np.array_equal(user.obsm["X_umap"], called.obsm["X_umap"])
