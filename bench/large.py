"""The files of the rows prepare, mex and start, of a size people have: 40,000 cells × 25,000 genes with some 120 million counts as a
packed .h5ad and as a plain one, and 10,000 cells × 30,000 genes with 30 million counts as a 10x folder. Written in pieces, the same
each time."""

import gzip
from pathlib import Path

import numpy as np

N_DONORS, PIECE = 8, 200


def expected_counts(rng, n_genes, genes_a_cell):
    """Gene means, log-normal, so that an average cell has a count of as many genes."""
    base, low, high = rng.normal(0, 2.0, n_genes), -20.0, 5.0
    for _ in range(60):
        middle = (low + high) / 2
        if (1 - np.exp(-np.exp(base + middle))).sum() < genes_a_cell:
            low = middle
        else:
            high = middle
    return np.exp(base + low)


def pieces(rng, n_cells, n_genes, genes_a_cell):
    """(rows, genes, counts) of some cells at a time; rows from 0 in each."""
    means, depth = expected_counts(rng, n_genes, genes_a_cell), np.exp(rng.normal(0, 0.35, n_cells))
    for begin in range(0, n_cells, PIECE):
        counts = rng.poisson(means[None, :] * depth[begin : begin + PIECE, None])
        rows, genes = np.nonzero(counts)
        yield counts.shape[0], rows, genes, counts[rows, genes]


def write_h5ad(path: Path, n_cells, n_genes, genes_a_cell, *, packed):
    """As anndata lays it out, with compression="gzip" or without."""
    import anndata
    import h5py
    import pandas as pd
    import scipy.sparse as sp

    rng = np.random.default_rng(1)
    donor = rng.integers(0, N_DONORS, n_cells)
    obs = pd.DataFrame({"donor": pd.Categorical([f"d{i}" for i in donor]), "disease": pd.Categorical(np.where(donor % 2, "sick", "healthy"))},
                       index=[f"cell{i}" for i in range(n_cells)])  # fmt: skip
    var = pd.DataFrame({"gene_symbols": [f"MT-{i}" if i < 13 else f"G{i}" for i in range(n_genes)]},
                       index=[f"ENSG{i:011d}" for i in range(n_genes)])  # fmt: skip
    empty = anndata.AnnData(sp.csr_matrix((n_cells, n_genes), dtype=np.float32), obs=obs, var=var)
    empty.write_h5ad(path, compression="gzip" if packed else None)
    ends = [np.zeros(1, np.int64)]
    with h5py.File(path, "r+") as file:
        x = file["X"]
        for name in ("data", "indices", "indptr"):
            del x[name]
        how = {"shape": (0,), "maxshape": (None,), "chunks": (1 << 16,), "compression": "gzip" if packed else None}
        data, indices = x.create_dataset("data", dtype="<f4", **how), x.create_dataset("indices", dtype="<i4", **how)
        for n, rows, genes, counts in pieces(rng, n_cells, n_genes, genes_a_cell):
            place = len(data)
            ends.append(place + np.cumsum(np.bincount(rows, minlength=n)))
            for array, values in ((data, counts), (indices, genes)):
                array.resize((place + len(values),))
                array[place:] = values
        x["indptr"] = np.concatenate(ends).astype(np.int32)  # as scipy has it below 2**31 counts; scanpy reads no mixture
    return int(ends[-1][-1])


def write_mex(folder: Path, n_cells, n_genes, genes_a_cell):
    """As Cell Ranger writes it: sorted by cell, gzip."""
    rng = np.random.default_rng(2)
    folder.mkdir(parents=True)
    body, n = folder / "entries.gz", 0
    with gzip.open(body, "wb", compresslevel=6) as file:
        cell = 1
        for n_here, rows, genes, counts in pieces(rng, n_cells, n_genes, genes_a_cell):
            lines = [f"{g} {c} {v}\n" for g, c, v in zip((genes + 1).tolist(), (rows + cell).tolist(), counts.tolist())]
            file.write("".join(lines).encode())
            n, cell = n + len(lines), cell + n_here
    head = f'%%MatrixMarket matrix coordinate integer general\n%metadata_json: {{"format_version": 2}}\n{n_genes} {n_cells} {n}\n'
    with open(folder / "matrix.mtx.gz", "wb") as file:  # one gzip member behind the other
        file.write(gzip.compress(head.encode()))
        file.write(body.read_bytes())
    body.unlink()
    features = "".join(f"ENSG{i:011d}\tG{i}\tGene Expression\n" for i in range(n_genes))
    barcodes = "".join(f"CELL{i:08d}-1\n" for i in range(n_cells))
    (folder / "features.tsv.gz").write_bytes(gzip.compress(features.encode()))
    (folder / "barcodes.tsv.gz").write_bytes(gzip.compress(barcodes.encode()))
    return n
