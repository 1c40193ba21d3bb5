"""The row tokenise: cells of an .h5ad to rank-value tokens, beside the published numpy rule (tokens_peer.py). Called by run.py."""

import json
import os
import sys

from rows import HERE, Run, measure, row

CELLS, GENES, PER_CELL = 20000, 25000, 2000

NOTES = (
    f"tokenise: {CELLS:,} simulated cells × {GENES:,} genes, about {PER_CELL:,} of them not zero, CSR of 32-bit floats, not compressed; the "
    "whole process, from the file to the tokens of every cell on disk (cellverdict: an .h5ad; the other side: a NumPy file, without the "
    "dataset its users make of it). The tokens of both are the same.",
)


def write_cells(path, n_cells):
    """Counts whose genes differ in level over some decades."""
    import anndata
    import numpy as np
    import scipy.sparse as sp

    rng = np.random.default_rng(3)
    level = rng.lognormal(0, 1.6, GENES)
    present = np.minimum(1, level / level.mean() * PER_CELL / GENES)
    present *= PER_CELL / present.sum()
    blocks = []
    for first in range(0, n_cells, 1000):
        block = sp.csr_matrix(rng.random((min(1000, n_cells - first), GENES), dtype=np.float32) < present.astype(np.float32))
        counts = 1 + rng.poisson(np.minimum(50, level[block.indices] * 0.3))
        blocks.append(sp.csr_matrix((counts.astype(np.float32), block.indices, block.indptr), block.shape))
    cells = anndata.AnnData(X=sp.vstack(blocks, format="csr"))
    cells.var_names = [f"ENSG{10_000_000_000 + i}" for i in range(GENES)]
    cells.obs_names = [f"c{i}" for i in range(n_cells)]
    cells.obs["n_counts"] = np.asarray(cells.X.sum(axis=1)).ravel().astype(np.float64)
    cells.write_h5ad(path)
    return list(cells.var_names), np.exp(rng.normal(1, 0.8, GENES))


def write_dictionaries(folder, genes, medians):
    folder.mkdir()
    tokens = {name: i for i, name in enumerate(["<pad>", "<mask>", *genes])}
    (folder / "token_dictionary.json").write_text(json.dumps(tokens))
    (folder / "gene_median_dictionary.json").write_text(json.dumps(dict(zip(genes, medians.tolist()))))


def compared(ours, theirs):
    """Token by token."""
    import anndata
    import numpy as np

    cells, other = anndata.read_h5ad(ours), np.load(theirs)
    x = cells.X.tocsr()
    cell = np.repeat(np.arange(x.shape[0]), np.diff(x.indptr))
    tokens = cells.var["token"].to_numpy().astype(int)[x.indices[np.lexsort((x.data, cell))]]
    if not (np.array_equal(x.indptr[1:], other["ends"]) and np.array_equal(tokens, other["tokens"])):
        sys.exit("bench: other tokens than the published rule's: not the same work")
    return f"the same {len(tokens):,} tokens"


def measure_group(bench):
    folder = bench.work / "tokens"
    folder.mkdir()
    cells, dictionaries, ours, theirs = (folder / name for name in ("cells.h5ad", "dictionaries", "ours.h5ad", "theirs.npz"))
    n_cells = CELLS // bench.shrink
    write_dictionaries(dictionaries, *write_cells(cells, n_cells))
    commands = (bench.ours("tokenise", cells, "--dictionary", dictionaries, "--size", "n_counts", "--out", ours),
                [sys.executable, HERE / "tokens_peer.py", cells, dictionaries, theirs])  # fmt: skip
    load, sides = os.getloadavg()[0], ([], [])
    for turn in range(1 + min(bench.rounds, 3)):
        for side, command in zip(sides, commands):
            run: Run = measure(command)
            if turn > 0:  # the first warms up the disk cache
                side.append(run)
    out = row("tokenise", "Geneformer's rule, numpy", *sides, compared(ours, theirs), load)
    bench.add(out | {"cells_per_second": round(n_cells / out["seconds"]["median"])})
    for path in (cells, ours, theirs, *dictionaries.iterdir()):
        path.unlink()
    dictionaries.rmdir()
    folder.rmdir()
