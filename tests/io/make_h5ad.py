"""Writes h5ad files with anndata and h5py for tests/io/h5ad_read_test.cpp: every layout and column encoding, and damaged ones."""

import shutil
import sys

import anndata
import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

folder = sys.argv[1]
anndata.settings.allow_write_nullable_strings = True
n_cells, n_genes = 300, 40
rng = np.random.default_rng(7)
counts = rng.poisson(0.3, size=(n_cells, n_genes)).astype(np.float32)
counts[5] = 0
np.savetxt(f"{folder}/counts.txt", counts, fmt="%d")

obs = pd.DataFrame(index=[f"cell{i}" for i in range(n_cells)])
obs["category"] = pd.Categorical([None if i == 1 else ["b", "a"][i % 2] for i in range(n_cells)], categories=["b", "a", "unused"])
obs["ordered"] = pd.Categorical.from_codes(np.arange(n_cells) % 3, ["low", "mid", "high"], ordered=True)
obs["many"] = pd.Categorical([f"level{i:03d}" for i in range(n_cells)])  # 300 categories need 16-bit codes
obs["number_category"] = pd.Categorical(np.arange(n_cells) % 4 * 5)
obs["text"] = [f"t{i % 10}" for i in range(n_cells)]
obs["flag"] = np.arange(n_cells) % 3 == 0
for dtype in ("int8", "uint16", "int64", "float16", "float32", "float64"):
    obs[dtype] = (np.arange(n_cells) % 100).astype(dtype)
obs["gap"] = np.where(np.arange(n_cells) == 2, np.nan, 0.25)
obs["nullable_int"] = pd.array([None if i == 3 else i for i in range(n_cells)], dtype="Int32")
obs["nullable_bool"] = pd.array([None if i == 4 else i % 2 == 0 for i in range(n_cells)], dtype="boolean")
obs["nullable_text"] = pd.array([None if i == 6 else f"s{i}" for i in range(n_cells)], dtype="string")
var = pd.DataFrame(index=[f"GENE{i}" for i in range(n_genes)])
var["gene_ids"] = [f"ENSG{i:011d}" for i in range(n_genes)]


def write(name, x, obs=obs, var=var, **options):
    anndata.AnnData(x, obs=obs.copy(), var=var.copy()).write_h5ad(f"{folder}/{name}.h5ad", **options)


write("csr", sp.csr_matrix(counts))
write("csr_gzip", sp.csr_matrix(counts), compression="gzip")
write("csc", sp.csc_matrix(counts))
write("csc_lzf", sp.csc_matrix(counts.astype(np.float64)), compression="lzf")
write("dense", counts)
write("dense_gzip", counts.astype(np.int64), compression="gzip")
many = rng.poisson(0.7, size=(2000, 100)).astype(np.float32)  # more than libhdf5 keeps in memory of a dataset
write("csc_long", sp.csc_matrix(many), obs=pd.DataFrame(index=[f"cell{i}" for i in range(2000)]),
      var=pd.DataFrame(index=[f"GENE{i}" for i in range(100)]))
wide = sp.csr_matrix(counts.astype(np.int32))
wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
write("csr_int", wide)
scaled = counts - 1
write("negative", scaled)

# Genes.
plain = pd.DataFrame(index=[f"GENE{i}" for i in range(n_genes)])
x = sp.csr_matrix(counts)
write("genes_plain", x, var=plain)
write("genes_named", x, var=pd.DataFrame({"feature_name": [f"S{i % 30}" for i in range(n_genes)]}, index=var["gene_ids"].values))
repeated = [f"ENSG{i // 2:011d}" for i in range(n_genes)]
write("genes_repeated_column", x, var=pd.DataFrame({"gene_ids": repeated}, index=plain.index))
incomplete = ["nan" if i in (1, 2) else f"ENSG{i:011d}" for i in range(n_genes)]
write("genes_incomplete_column", x, var=pd.DataFrame({"gene_ids": incomplete}, index=plain.index))
write("genes_repeated_index", x, var=pd.DataFrame(index=["A"] * 2 + [f"B{i}" for i in range(n_genes - 2)]))
write("genes_repeated_symbols", x, var=pd.DataFrame({"gene_ids": var["gene_ids"].values}, index=["A"] * n_genes))
write("cells_repeated", x, obs=pd.DataFrame(index=["same"] * 3 + [f"c{i}" for i in range(n_cells - 3)]))
write("no_cells", x[:0], obs=pd.DataFrame(index=[]))
write("no_genes", x[:, :0], var=pd.DataFrame(index=[]))
anndata.AnnData(obs=obs, var=var, layers={"counts": x}).write_h5ad(f"{folder}/no_x.h5ad")


def damage(name, change, source="csr"):
    shutil.copy(f"{folder}/{source}.h5ad", f"{folder}/{name}.h5ad")
    with h5py.File(f"{folder}/{name}.h5ad", "r+") as file:
        change(file)


def put(path, at, value):
    def change(file):
        file[path][at] = value
    return change


def replace(path, values, **options):
    def change(file):
        attributes = dict(file[path].attrs)
        del file[path]
        file.create_dataset(path, data=values, **options)
        file[path].attrs.update(attributes)
    return change


def attribute(path, name, value):
    def change(file):
        file[path].attrs[name] = value
    return change


def remove(path):
    def change(file):
        del file[path]
    return change


c = sp.csr_matrix(counts)
first = np.flatnonzero(np.diff(c.indptr) >= 2)[0]  # a row with two entries
at = c.indptr[first]
unsorted = c.indices.copy()
unsorted[at], unsorted[at + 1] = unsorted[at + 1], unsorted[at]
swapped = c.data.copy()
swapped[at], swapped[at + 1] = swapped[at + 1], swapped[at]


def unsort(file):
    file["X/indices"][...] = unsorted
    file["X/data"][...] = swapped


def zeros(file):
    values = c.data.copy()
    values[values == 1] = 0
    file["X/data"][...] = values


damage("unsorted", unsort)
damage("zeros", zeros)
damage("repeated_entry", put("X/indices", at + 1, c.indices[at]))
damage("index_high", put("X/indices", at, n_genes))
damage("index_negative", put("X/indices", at, -1))
damage("nan", put("X/data", at, np.nan))
damage("infinite", put("X/data", at, np.inf))
damage("nan_dense", put("X", (7, 3), np.nan), source="dense")
damage("nan_csc", put("X/data", 0, np.nan), source="csc")
damage("indptr_falls", put("X/indptr", 3, 10**6))
damage("indptr_start", put("X/indptr", 0, 1))
damage("indptr_short", replace("X/indptr", c.indptr[:-1]))
damage("data_short", replace("X/data", c.data[:-1]))
damage("indices_short", replace("X/indices", c.indices[:-1]))
damage("data_text", replace("X/data", np.array([b"x"] * len(c.data))))
damage("shape", attribute("X", "shape", [n_cells, n_genes + 1]))
damage("no_shape", lambda file: file["X"].attrs.__delitem__("shape"))
damage("x_encoding", attribute("X", "encoding-type", "coo_matrix"))
damage("no_indices", remove("X/indices"))
damage("no_obs", remove("obs"))
damage("no_column", remove("obs/text"))
damage("no_index_mark", lambda file: file["obs"].attrs.__delitem__("_index"))
damage("code_high", put("obs/category/codes", 3, 3))
damage("column_short", replace("obs/float32", np.zeros(n_cells - 1, np.float32)))
damage("index_short", replace("obs/_index", [f"cell{i}" for i in range(n_cells - 1)]))
damage("unknown_column", lambda file: [file["obs/text"].attrs.__setitem__("encoding-type", "x"), file.move("obs/text", "obs/old"),
                                       file.create_group("obs/text").attrs.__setitem__("encoding-type", "awkward-array")])
damage("dense_shape", replace("X", np.zeros((n_cells, n_genes - 1), np.float32)), source="dense")
damage("mudata", attribute("/", "encoding-type", "MuData"))


def huge(file):
    del file["obs/float64"]
    file.create_dataset("obs/float64", shape=(2**40,), dtype="f8", chunks=(2**10,), compression="gzip")
    file["obs/float64"][:10] = 1


def huge_chunk(file):
    del file["obs/float64"]
    file.create_dataset("obs/float64", shape=(n_cells,), maxshape=(None,), dtype="f8", chunks=(2**28,), compression="gzip")


damage("huge", huge)
damage("huge_chunk", huge_chunk)
with h5py.File(f"{folder}/tenx.h5ad", "w") as file:
    file.create_group("matrix")
with open(f"{folder}/csr_gzip.h5ad", "rb") as whole:
    bytes_ = whole.read()
open(f"{folder}/truncated.h5ad", "wb").write(bytes_[: len(bytes_) // 2])
open(f"{folder}/text.h5ad", "w").write("hello, this is not an HDF5 file at all\n")
open(f"{folder}/empty.h5ad", "w").close()
