"""One small matrix in many files: truth.h5ad by anndata; loom files by h5py, as loompy 2 and 3 lay them out; tables by pandas, as
people send them. tests/io/loom_test.cpp and delimited_test.cpp hold them against each other."""

import sys

import anndata
import h5py
import numpy as np
import pandas as pd
import scipy.sparse

folder = sys.argv[1]
draw = np.random.default_rng(7)
n_cells, n_genes = 150, 90
x = draw.poisson(0.4, (n_cells, n_genes)) * draw.integers(1, 300, (n_cells, n_genes))
x[11] = 0
cells = np.array(["".join(draw.choice(list("ACGT"), 16)) + "-1" for _ in range(n_cells)])
ids = np.array([f"ENSG{i:011d}" for i in range(n_genes)])
symbols = np.array([f"GENE{i}" for i in range(n_genes)])
symbols[:3] = ["MT-CO1", "GAPDH", "ACTB"]
donor = np.array([f"d{i % 5}" for i in range(n_cells)])
age = draw.normal(50, 10, n_cells).round(2)

truth = anndata.AnnData(scipy.sparse.csr_matrix(x.astype(np.float32)))
truth.obs_names, truth.var_names = cells, ids
truth.var["gene_symbols"] = symbols
truth.obs["donor"], truth.obs["age"] = donor, age
truth.write_h5ad(f"{folder}/truth.h5ad")


def text(values, fixed):
    return np.array(values, dtype="S") if fixed else np.array(values, dtype=object)


def loom(name, version, fixed, **storage):
    with h5py.File(f"{folder}/{name}", "w") as f:
        f.create_dataset("matrix", data=x.T, **storage)
        f.create_dataset("layers/doubled", data=x.T * 2.0)
        def write(path, v):
            return f.create_dataset(path, data=v, dtype=None if fixed else h5py.string_dtype())
        write("row_attrs/Gene", text(symbols, fixed))
        write("row_attrs/Accession", text(ids, fixed))
        write("col_attrs/CellID", text(cells, fixed))
        write("col_attrs/donor", text(donor, fixed))
        f["col_attrs/age"] = age.reshape(-1, 1) if fixed else age
        f["col_attrs/umap"] = draw.normal(size=(n_cells, 2))
        for group in ("row_graphs", "col_graphs"):
            f.create_group(group)
        if version < "3":
            f.attrs["LOOM_SPEC_VERSION"] = version
        else:
            f["attrs/LOOM_SPEC_VERSION"] = version


loom("two.loom", "2.0.1", True, chunks=(64, 64), compression="gzip")
loom("three.loom", "3.0.0", False, chunks=(32, 7), compression="gzip", shuffle=True)
loom("whole.loom", "3.0.0", False)
with h5py.File(f"{folder}/nameless.loom", "w") as f:
    f["matrix"] = x.T.astype(np.int16)
    f["row_attrs/Gene"] = text(symbols, True)
    f.create_group("col_attrs")

by_cell = pd.DataFrame(x, cells, ids)
by_cell.to_csv(f"{folder}/cells.csv")
by_cell.to_csv(f"{folder}/cells.tsv.gz", sep="\t")
by_cell.T.to_csv(f"{folder}/genes.csv.gz")
by_cell.T.to_csv(f"{folder}/semicolons.csv", sep=";", quoting=2)
annotated = by_cell.T.reset_index(names="gene_id")
annotated.insert(1, "gene_name", symbols)
annotated.insert(2, "Length", 1000)
annotated.to_csv(f"{folder}/annotated.txt", sep="\t", index=False)
labelled = by_cell.copy()
labelled.insert(0, "donor", donor)
labelled["kind"] = donor  # behind the values
labelled.to_csv(f"{folder}/labelled.csv")
by_symbol = pd.DataFrame(x.T, symbols, cells)
quoted = by_symbol.to_csv(sep=" ", quoting=2).split("\n")
quoted[0] = quoted[0].split(" ", 1)[1]  # R's write.table has no field above the names
open(f"{folder}/from_r.txt", "w").write("\n".join(quoted))
(by_cell * 0.5).map(lambda v: f"{v:.3e}").to_csv(f"{folder}/scientific.csv")

# A user's own file with everything in it, of some of the cells and genes, in another order.
rows, columns = draw.permutation(n_cells)[:100], draw.permutation(n_genes)[:40]
user = truth[rows, columns].copy()
user.X = np.log1p(user.X.toarray())
user.obs["cluster"] = pd.Categorical(draw.choice(["a", "b"], 100))
user.obsm["X_umap"] = draw.normal(size=(100, 2))
user.layers["scaled"] = draw.normal(size=(100, 40)).astype(np.float32)
user.uns["colours"] = np.array(["red", "blue"])
user.raw = user.copy()
user.write_h5ad(f"{folder}/user.h5ad")
