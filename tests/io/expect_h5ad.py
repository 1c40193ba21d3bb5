"""What h5ad files hold, told without cellverdict: by anndata where it can read the file, else by h5py and pandas alone.

usage: expect_h5ad.py FILE… > table.json

For every file: the sum of each matrix, and of each column of obs how many values are missing and what the others add up to (numbers)
or how often each text stands there. Cells that are not primary data and spiked-in genes are left out, as cellverdict does.
"""

import json
import sys
import warnings

import anndata
import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

warnings.filterwarnings("ignore")


def plain(values):
    return [v.decode() if isinstance(v, bytes) else v for v in np.asarray(values).tolist()]


def frame_of_records(records, uns):
    """A compound obs or var of anndata before 0.7; categories lie in uns."""
    columns = {}
    for name in records.dtype.names:
        values = records[name]
        if values.ndim > 1:
            continue
        if values.dtype.kind in "SO":
            values = plain(values)
        elif uns is not None and f"{name}_categories" in uns and values.dtype.kind in "iu":
            values = pd.Categorical.from_codes(values, [str(c) for c in plain(np.atleast_1d(uns[f"{name}_categories"][()]))])
        columns[name] = values
    frame = pd.DataFrame(columns)
    index = next(n for n in ("_index", "index", frame.columns[0]) if n in frame)
    return frame.set_index(index)


def frame_by_hand(group, uns):
    if isinstance(group, h5py.Dataset):
        return frame_of_records(group[()], uns)
    columns, index = {}, group.attrs.get("_index", "_index")
    for name in group.attrs["column-order"]:
        name = name.decode() if isinstance(name, bytes) else name
        if isinstance(group[name], h5py.Group):
            columns[name] = pd.Categorical.from_codes(group[name]["codes"][()], [str(c) for c in plain(group[name]["categories"][()])])
        else:
            columns[name] = plain(group[name][()])
    names = plain(group[index][()]) if index in group else None
    return pd.DataFrame(columns, index=names)


def matrix_by_hand(node):
    if isinstance(node, h5py.Dataset):
        return np.asarray(node[()], dtype=np.float64)
    layout = node.attrs.get("encoding-type", node.attrs.get("h5sparse_format", ""))
    shape = tuple(node.attrs["shape"] if "shape" in node.attrs else node.attrs["h5sparse_shape"])
    kind = sp.csr_matrix if str(layout).startswith("csr") else sp.csc_matrix
    return kind((node["data"][()].astype(np.float64), node["indices"][()], node["indptr"][()]), shape=shape)


def by_hand(path):
    with h5py.File(path) as file:
        uns = file.get("uns")
        obs, matrices, var = frame_by_hand(file["obs"], uns), {}, {}
        for name, at, of in (("X", "X", "var"), ("raw", "raw/X", "raw/var"), ("raw", "raw.X", "raw.var")):
            if at in file:
                matrices[name], var[name] = matrix_by_hand(file[at]), frame_by_hand(file[of], uns)
        for name in file.get("layers", {}):
            matrices[name], var[name] = matrix_by_hand(file["layers"][name]), frame_by_hand(file["var"], uns)
    return obs, matrices, var


def by_anndata(path):
    a = anndata.read_h5ad(path)
    matrices, var = {}, {}
    if a.X is not None:
        matrices["X"], var["X"] = a.X, a.var
    if a.raw is not None:
        matrices["raw"], var["raw"] = a.raw.X, a.raw.var
    for name, layer in a.layers.items():
        name = f"layers/{name}" if name in matrices else name
        matrices[name], var[name] = layer, a.var
    return a.obs, matrices, var


def said_of_column(column):
    missing = column.isna() | (column.astype(str) == "")
    there = column[~missing]
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        return {"missing": int(missing.sum()), "sum": float(there.astype(float).sum())}
    texts = [f"{v:g}" if isinstance(v, float) else str(v) for v in there.astype(object)]
    return {"missing": int(missing.sum()), "texts": {k: int(n) for k, n in pd.Series(texts, dtype=object).value_counts().items()}}


def describe(path):
    try:
        obs, matrices, var = by_anndata(path)
        reader = "anndata"
    except Exception:
        obs, matrices, var = by_hand(path)
        reader = "h5py"
    keep = np.ones(len(obs), dtype=bool)
    if "is_primary_data" in obs and obs["is_primary_data"].astype(str).isin(["True", "False"]).all():
        primary = (obs["is_primary_data"].astype(str) == "True").to_numpy()
        keep = primary if primary.any() else keep
    out = {"reader": reader, "n_cells": int(keep.sum()), "matrices": {}, "obs": {}}
    for name, matrix in matrices.items():
        genes = np.ones(len(var[name]), dtype=bool)
        if "feature_biotype" in var[name]:
            genes = (var[name]["feature_biotype"].astype(str) != "spike-in").to_numpy()
        part = (matrix.tocsr() if sp.issparse(matrix) else np.asarray(matrix))[keep][:, genes]
        out["matrices"][name] = {"n_genes": int(genes.sum()), "sum": float(part.sum(dtype=np.float64)), "size": float(abs(part).sum(dtype=np.float64))}
    for name in obs:
        out["obs"][str(name)] = said_of_column(obs.loc[keep, name])
    return out


print(json.dumps({path: describe(path) for path in sys.argv[1:]}))
