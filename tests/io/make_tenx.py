"""Writes 10x matrices in the forms people have, and beside each what scanpy or scipy reads from it: NAME.truth with one line a
barcode (B), gene (G id symbol) and entry (E cell gene value). usage: make_tenx.py FOLDER"""

import gzip
import io
import sys
import tarfile
from pathlib import Path

import h5py
import numpy as np
import scanpy
import scipy.io
import scipy.sparse

folder = Path(sys.argv[1])
rng = np.random.default_rng(7)
n_genes, n_cells = 61, 97
counts = scipy.sparse.random(n_genes, n_cells, 0.2, format="csc", random_state=1, data_rvs=lambda n: rng.integers(1, 9, n)).astype(np.int32)
ids = [f"ENSG{i:011d}" for i in range(n_genes)]
symbols = [f"GENE{i // 2}" for i in range(n_genes)]
types = ["Gene Expression"] * 50 + ["Antibody Capture"] * 6 + ["CRISPR Guide Capture"] * 3 + ["Multiplexing Capture"] * 2
genomes = ["GRCh38"] * 30 + ["mm10"] * 20 + [""] * 11
barcodes = [f"{''.join(rng.choice(list('ACGT'), 12))}{i}-1" for i in range(n_cells)]


def write_truth(name, data, path=None):
    """`path`: what is opened, when it is not NAME."""
    x = scipy.sparse.csr_matrix(data.X)
    x.sort_indices()
    x.eliminate_zeros()
    with open(folder / f"{name.replace('/', '_')}.truth", "w") as out:
        out.write(f"{path or name}\n")
        for barcode in data.obs_names:
            out.write(f"B\t{barcode}\n")
        for gene, symbol in zip(data.var["gene_ids"], data.var_names):
            out.write(f"G\t{gene}\t{symbol}\n")
        for cell in range(x.shape[0]):
            for k in range(x.indptr[cell], x.indptr[cell + 1]):
                out.write(f"E\t{cell}\t{x.indices[k]}\t{float(x.data[k])!r}\n")


TEXT = h5py.string_dtype()


def write_h5(path, x, *, shuffled=False, text=TEXT, index=np.int64, extras=False, version=3):
    x = scipy.sparse.csc_matrix(x)
    data, indices = x.data.copy(), x.indices.astype(index)
    if shuffled:  # Cell Ranger sorts within a column downwards
        for c in range(x.shape[1]):
            part = slice(x.indptr[c], x.indptr[c + 1])
            data[part], indices[part] = data[part][::-1].copy(), indices[part][::-1].copy()
    many = {"chunks": (64,), "compression": "gzip", "shuffle": True}
    with h5py.File(path, "w") as file:
        if extras:
            file.create_group("metadata")["learning_rate"] = 0.1
            file.create_group("droplet_latents")["cell_probability"] = np.ones(3)
        groups = {"matrix": (data, x)} if version == 3 else {"GRCh38": (data, x), "mm10": (data * 2, x)}
        for name, (values, m) in groups.items():
            group = file.create_group(name)
            group.create_dataset("barcodes", data=np.array(barcodes, dtype="S"), dtype=text)
            group.create_dataset("data", data=values, **many)
            group.create_dataset("indices", data=indices, **many)
            group.create_dataset("indptr", data=m.indptr.astype(index))
            group.create_dataset("shape", data=np.array(m.shape, dtype=np.int32))
            if extras:
                group.create_dataset("ambient_expression", data=np.zeros(n_genes))
            if version == 2:
                group.create_dataset("genes", data=np.array([f"{name}_{i}" if name == "mm10" else i for i in ids], dtype="S"))
                group.create_dataset("gene_names", data=np.array(symbols, dtype="S"))
                continue
            features = group.create_group("features")
            features.create_dataset("_all_tag_keys", data=np.array(["genome"], dtype="S"))
            for column, column_values in (("id", ids), ("name", symbols), ("feature_type", types), ("genome", genomes)):
                features.create_dataset(column, data=np.array(column_values, dtype="S"), dtype=text)


def write_mex(place, matrix, *, genes="features.tsv.gz", columns=3, bars="barcodes.tsv.gz", mtx="matrix.mtx.gz", prefix=""):
    place.mkdir(parents=True, exist_ok=True)

    def write(name, text):
        data = text if isinstance(text, bytes) else text.encode()
        (place / (prefix + name)).write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)

    write(genes, "".join("\t".join(row[:columns]) + "\n" for row in zip(ids, symbols, types)))
    write(bars, "".join(b + "\n" for b in barcodes))
    write(mtx, matrix)


def market(matrix, **options):
    out = io.BytesIO()
    scipy.io.mmwrite(out, matrix, **options)
    return out.getvalue()


# Folders, against scanpy.
write_mex(folder / "v3", market(counts, field="integer"))
write_truth("v3", scanpy.read_10x_mtx(folder / "v3", make_unique=False))
write_mex(folder / "v2", market(counts, field="integer"), genes="genes.tsv", columns=2, bars="barcodes.tsv", mtx="matrix.mtx")
v2 = scanpy.read_10x_mtx(folder / "v2", make_unique=False)
write_truth("v2", v2)
write_mex(folder / "mixed", market(counts, field="integer"), genes="genes.tsv.gz", columns=2, bars="barcodes.tsv", mtx="matrix.mtx.gz")
write_truth("mixed", v2)
real = (counts * 0.37).tocoo()
order = rng.permutation(real.nnz)
write_mex(folder / "by_gene", market(counts.tocsr().tocoo(), field="integer"), genes="genes.tsv", columns=2)
write_truth("by_gene", v2)
write_mex(folder / "any_order", market(scipy.sparse.coo_matrix((real.data[order], (real.row[order], real.col[order])), real.shape)),
          genes="genes.tsv", columns=2)
scaled = v2.copy()
scaled.X = scipy.sparse.csr_matrix(real.T).astype(np.float32)
write_truth("any_order", scaled)
write_mex(folder / "turned", market(counts.T.tocoo(), field="integer"), genes="genes.tsv", columns=2)
write_truth("turned", v2)
text = market(counts, field="integer")
cut = text.index(b"\n", len(text) // 2) + 1
members = gzip.compress(text[:cut]) + gzip.compress(b"") + gzip.compress(text[cut:]).ljust(9000, b"\0")
write_mex(folder / "members", b"", genes="genes.tsv", columns=2)
(folder / "members/matrix.mtx.gz").write_bytes(members)
write_truth("members", v2)
write_mex(folder / "crlf", text.replace(b"\n", b"\r\n"), genes="genes.tsv", columns=2, mtx="matrix.mtx")
write_truth("crlf", v2)

# HDF5, against scanpy.
write_h5(folder / "v3.h5", counts, shuffled=True)
write_truth("v3.h5", scanpy.read_10x_h5(folder / "v3.h5"))
write_truth("human", scanpy.read_10x_h5(folder / "v3.h5", genome="GRCh38"), "v3.h5 GRCh38")
write_h5(folder / "fixed.h5", counts, text="S40", index=np.int32)
write_truth("fixed.h5", scanpy.read_10x_h5(folder / "fixed.h5"))
write_h5(folder / "bender.h5", counts * 0.5, text="S40", extras=True)
write_truth("bender.h5", scanpy.read_10x_h5(folder / "bender.h5"))
write_h5(folder / "v2.h5", counts, version=2, text="S40")
write_truth("mouse", scanpy.read_10x_h5(folder / "v2.h5", genome="mm10"), "v2.h5 mm10")
(folder / "packed.h5.gz").write_bytes(gzip.compress((folder / "v3.h5").read_bytes()))
write_truth("packed.h5.gz", scanpy.read_10x_h5(folder / "v3.h5"))
with h5py.File(folder / "negative.h5", "w") as file, h5py.File(folder / "v3.h5") as good:
    good.copy("matrix", file)
    file["matrix/data"][7] = -3
with h5py.File(folder / "shape.h5", "w") as file, h5py.File(folder / "v3.h5") as good:
    good.copy("matrix", file)
    file["matrix/shape"][0] = 60
with h5py.File(folder / "probes.h5", "w") as file, h5py.File(folder / "v3.h5") as good:
    good.copy("matrix", file)
    file["matrix/features/probe_region"] = np.array(["spliced"] * n_genes, dtype="S")
with h5py.File(folder / "antibodies.h5", "w") as file, h5py.File(folder / "v3.h5") as good:
    good.copy("matrix", file)
    file["matrix/features/feature_type"][:] = b"Antibody Capture"
with h5py.File(folder / "anything.h5", "w") as file:
    file["measurements"] = np.zeros(3)
    file.create_group("notes")

# Archives of three kinds of header; one has names longer than the old header holds.
write_mex(folder / "series", text, prefix="GSM1_a_")
write_mex(folder / "series", text, prefix="GSM2_b_", mtx="matrix.mtx")
write_h5(folder / "series/GSM3_raw_feature_bc_matrix.h5", counts * 3)
write_h5(folder / "series/GSM3_filtered_feature_bc_matrix.h5", counts, shuffled=True)
(folder / "series/GSM4.h5.gz").write_bytes(gzip.compress((folder / "v3.h5").read_bytes()))
long = "a_folder_whose_name_is_long/" * 12
for name, form in (("ustar", tarfile.USTAR_FORMAT), ("gnu", tarfile.GNU_FORMAT), ("pax", tarfile.PAX_FORMAT)):
    with tarfile.open(folder / f"{name}.tar", "w", format=form) as archive:
        archive.add(folder / "series/GSM3_raw_feature_bc_matrix.h5", "GSM3_raw_feature_bc_matrix.h5")
        for path in sorted((folder / "series").iterdir()):
            if "raw" not in path.name:
                archive.add(path, path.name)
        for path in sorted((folder / "v3").iterdir()):
            archive.add(path, f"./{'' if name == 'ustar' else long}run5/outs/filtered_feature_bc_matrix/{path.name}")
