"""Writes h5ad files for tests/io/h5ad_kinds_test.cpp: the encodings of every anndata, files of other writers, and files whose counts
are not in X. All hold the same counts (counts.txt) somewhere."""

import sys

import anndata
import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

folder = sys.argv[1]
n_cells, n_genes = 60, 12
rng = np.random.default_rng(3)
counts = rng.poisson(0.8, size=(n_cells, n_genes)).astype(np.float32)
counts[:, 0] += 1
np.savetxt(f"{folder}/counts.txt", counts, fmt="%d")
logs = np.log1p(counts)
cells = [f"cell{i}" for i in range(n_cells)]
genes = [f"GENE{i}" for i in range(n_genes)]
kinds = np.arange(n_cells) % 3 - 1  # -1: missing
text = h5py.string_dtype()


def h5sparse(file, name, matrix):
    group = file.create_group(name)
    group.attrs["h5sparse_format"] = matrix.format
    group.attrs["h5sparse_shape"] = matrix.shape
    for part in ("data", "indices", "indptr"):
        group[part] = getattr(matrix, part)


def records(rows, **fields):
    out = np.empty(rows, dtype=[(name, *of[:-1]) for name, of in fields.items()])
    for name, of in fields.items():
        out[name] = of[-1]
    return out


# anndata 0.5 and 0.6: tables of records, categories in uns, raw.X beside X.
with h5py.File(f"{folder}/records.h5ad", "w") as file:
    h5sparse(file, "X", sp.csr_matrix(logs[:, :5]))
    h5sparse(file, "raw.X", sp.csc_matrix(counts))
    file["obs"] = records(n_cells, index=("S8", np.array(cells, "S")), kind=("i1", kinds), single=("i2", np.zeros(n_cells)), n=("<i8", np.arange(n_cells)),
                          big=(">f4", np.arange(n_cells) / 2), flag=("?", np.arange(n_cells) % 2 == 0), name=(text, [f"n{i}" for i in range(n_cells)]),
                          wide=("<f4", (2,), np.zeros((n_cells, 2))))
    file["var"] = records(5, index=("S8", np.array(genes[:5], "S")), n=("<i4", np.arange(5)))
    file["raw.var"] = records(n_genes, index=("S8", np.array(genes, "S")))
    file["obsm"] = records(n_cells, X_pca=("<f4", (3,), np.arange(n_cells * 3).reshape(-1, 3)), X_umap=("<f8", (2,), np.ones((n_cells, 2))))
    file["uns/kind_categories"] = np.array(["b", "a"], dtype=text)
    file["uns/single_categories"] = "only"

# anndata 0.7: categories behind references.
with h5py.File(f"{folder}/references.h5ad", "w") as file:
    matrix = sp.csr_matrix(counts)
    group = file.create_group("X")
    group.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": matrix.shape})
    group["data"], group["indices"], group["indptr"] = matrix.data, matrix.indices.astype(">i8"), matrix.indptr.astype(">i4")
    for name, names in (("obs", cells), ("var", genes)):
        frame = file.create_group(name)
        frame["names"] = np.array(names, dtype=text)
        frame.attrs.update({"_index": "names", "encoding-type": "dataframe", "encoding-version": "0.1.0"})
        frame.attrs["column-order"] = np.array([], dtype=text)
    obs = file["obs"]
    obs["__categories/kind"] = np.array(["b", "a"], dtype=text)
    for name, dtype in (("kind", "i1"), ("kind16", ">i2"), ("kind64", "i8"), ("lost", "i1")):
        obs[name] = kinds.astype(dtype)
        obs[name].attrs["categories"] = obs["__categories/kind"].ref
    obs["fixed"] = np.array([f"t{i % 2}" for i in range(n_cells)], "S4")
    obs["wide"] = np.zeros((n_cells, 2))
    obs.attrs["column-order"] = np.array(["kind", "kind16", "kind64", "fixed", "wide"], dtype=text)

# Other writers: nothing is marked.
with h5py.File(f"{folder}/unmarked.h5ad", "w") as file:
    file["X"] = counts.astype(">f8")
    file["obs/index"] = np.array(cells, dtype=h5py.string_dtype("ascii"))
    file["obs/kind/codes"], file["obs/kind/categories"] = kinds, np.array(["b", "a"], "S1")
    file["obs/n"] = np.arange(n_cells)
    file["obs/other/thing"] = np.arange(3)
    file["var/_index"] = np.array(genes, dtype=h5py.string_dtype("utf-8", 12))
with h5py.File(f"{folder}/numbered.h5ad", "w") as file:
    file["X"] = counts
    file["obs/n"] = np.arange(n_cells)
    file["var/gene_name"] = np.array(genes, dtype=text)
with h5py.File(f"{folder}/nameless.h5ad", "w") as file:
    file["X"] = counts
    file["obs/n"] = np.arange(n_cells)
    file["var/length"] = np.arange(n_genes)


def write(name, x=counts, raw=None, obs=None, var=None, uns=None, **layers):
    obs = pd.DataFrame(index=cells) if obs is None else obs
    data = anndata.AnnData(x, obs=obs, var=pd.DataFrame(index=genes) if var is None else var, uns=uns or {}, layers=layers)
    if raw is not None:
        data.raw = anndata.AnnData(raw, obs=obs, var=pd.DataFrame(index=genes))
    data.obsm["X_pca"] = np.arange(n_cells * 4, dtype=np.float32).reshape(-1, 4)
    data.obsm["table"] = pd.DataFrame({"u": np.arange(n_cells), "v": 0.5}, index=data.obs_names)
    data.obsm["sparse"] = sp.csr_matrix(counts)
    data.obsm["sparse_columns"] = sp.csc_matrix(counts)
    twice = sp.csr_matrix((np.ones(2 * n_cells, np.float32), np.tile([1, 1], n_cells), np.arange(0, 2 * n_cells + 1, 2)), shape=(n_cells, 3))
    data.obsm["sparse_wide"] = sp.csr_matrix((n_cells, 200_000), dtype=np.float32)
    data.obsm["sparse_twice"] = twice  # 2 at place 1 of every row, in two entries
    data.write_h5ad(f"{folder}/{name}.h5ad")


write("number_index", obs=pd.DataFrame({"n": range(n_cells)}, index=pd.Index(range(100, 100 + n_cells)).astype(str)))
with h5py.File(f"{folder}/number_index.h5ad", "r+") as file:
    del file["obs/_index"]
    file["obs/_index"] = np.arange(100, 100 + n_cells)

# Counts elsewhere than in X.
write("in_x", counts, raw=counts + 1, counts=counts + 2)
write("in_raw", logs, raw=counts, counts=counts + 2)
write("in_layer", sp.csr_matrix(logs), raw=logs, raw_counts=sp.csc_matrix(counts), other=logs)
write("nowhere", logs, raw=logs / 2, counts=counts / 3)
write("no_x", None, counts=sp.csr_matrix(counts), spliced=logs)
write("only_spliced", None, spliced=counts)
write("named_alike", logs, X=counts)
write("null_x")
with h5py.File(f"{folder}/null_x.h5ad", "r+") as file:
    del file["X"]
    file["X"] = h5py.Empty("f4")
    file["X"].attrs["encoding-type"] = "null"
    file["layers/raw"] = counts

# CELLxGENE.
primary = np.arange(n_cells) % 4 != 1
ids = [f"ENSG{i:011d}" for i in range(n_genes)]
obs = pd.DataFrame({"is_primary_data": primary, "disease": pd.Categorical(np.where(np.arange(n_cells) % 2, "normal", "AML")), "n": range(n_cells)}, index=cells)
var = pd.DataFrame({"feature_name": genes, "feature_is_filtered": np.arange(n_genes) == 5, "feature_biotype": pd.Categorical(np.where(np.arange(n_genes) == 3, "spike-in", "gene"))}, index=ids)
data = anndata.AnnData(sp.csr_matrix(counts), obs=obs, var=var, uns={"schema_version": "5.0.0"})
data.raw = data
data.write_h5ad(f"{folder}/cellxgene.h5ad")
with h5py.File(f"{folder}/cellxgene.h5ad", "r+") as file:  # as published: raw/var has the ids alone, but for what is a spike-in
    del file["raw/var/feature_name"]
    file["raw/var"].attrs["column-order"] = ["feature_is_filtered", "feature_biotype"]
write("copies", obs=obs.assign(is_primary_data=False))
write("maybe_primary", obs=obs.assign(is_primary_data=pd.Categorical(np.where(primary, "yes", "no"))))


# Damage.
def damage(name, source, change):
    with h5py.File(f"{folder}/{source}.h5ad") as file, h5py.File(f"{folder}/{name}.h5ad", "w") as out:
        for key in file:
            file.copy(key, out, expand_refs=False)
        change(out)


def latin(file):
    file["obs/fixed"] = np.array([b"M\xfcller"] * n_cells, "S8")


def short_record(file):
    values = file["obs"][()][:-1]
    del file["obs"]
    file["obs"] = values


def high_code(file):
    values = file["obs"][()]
    values["kind"][4] = 7
    del file["obs"]
    file["obs"] = values


def lost_reference(file):
    for name in ("kind", "kind16", "kind64"):
        file["obs"][name].attrs["categories"] = h5py.Reference()


damage("latin", "unmarked", latin)
damage("lost_reference", "references", lost_reference)
damage("short_record", "records", short_record)
damage("high_code", "records", high_code)
with h5py.File(f"{folder}/huge_record.h5ad", "w") as file:
    file["X"], file["var/_index"] = counts, np.array(genes, dtype=text)
    file.create_dataset("obs", shape=(2**40,), dtype=[("index", "S16"), ("n", "i8")], chunks=(2**10,), compression="gzip")
