"""What people glue together today for the steps of cellverdict: scanpy for reading and preparation, PyTorch for the net. Each verb is
one process that bench/run.py measures beside the program's. Nothing here is slow on purpose: sparse until the net, whole minibatches by
index instead of a DataLoader, statistics by scikit-learn's sparse functions.

  peers.py prepare --source cohort.h5ad --split split.tsv --out prepared.h5ad
  peers.py atlas   --source atlas.h5ad --out prepared.h5ad
  peers.py mex     --source folder --out matrix.h5ad
  peers.py train   --prepared prepared.h5ad --epochs 11 --out model.pt
  peers.py study   --source cohort.h5ad --split split.tsv --epochs 11 --out model.pt
  peers.py predict --source cohort.h5ad --model run/model --out predictions.tsv
"""

import argparse
import csv
import json
from pathlib import Path

import numpy as np

MIN_GENES, MAX_GENES, MAX_MITO_PERCENT = 200, 6000, 20
TARGET_SUM, MIN_CELLS, N_GENES, CLIP = 1e4, 10, 1000, 10
WIDTH, DROPOUT, BATCH, LEARNING_RATE = 512, 0.3, 256, 1e-3


def read(source):
    """An h5ad file, or the 10x folders of a sample sheet as one table with the sheet's columns in obs."""
    import anndata
    import scanpy

    if source.suffix == ".h5ad":
        return scanpy.read_h5ad(source)
    parts = {}
    with open(source, newline="") as sheet:
        for row in csv.DictReader(sheet):
            part = scanpy.read_10x_mtx(source.parent / row["path"], var_names="gene_ids")
            for column, value in row.items():
                part.obs[column] = value
            parts[row["library"]] = part
    return anndata.concat(parts, index_unique="-", merge="same")


def measure_quality(cells):
    import scanpy

    cells.var["mt"] = cells.var["gene_symbols"].astype(str).str.upper().str.startswith("MT-")
    scanpy.pp.calculate_qc_metrics(cells, qc_vars=["mt"], percent_top=None, log1p=False, inplace=True)
    obs = cells.obs
    return ((obs["n_genes_by_counts"] >= MIN_GENES) & (obs["n_genes_by_counts"] <= MAX_GENES)
            & (obs["pct_counts_mt"] <= MAX_MITO_PERCENT)).to_numpy()  # fmt: skip


def normalise(cells):
    import scanpy

    scanpy.pp.normalize_total(cells, target_sum=TARGET_SUM)
    scanpy.pp.log1p(cells)


def atlas(source):
    """The usual script: every step on all cells."""
    import scanpy

    cells = scanpy.read_h5ad(source)
    measure_quality(cells)
    scanpy.pp.filter_cells(cells, min_genes=MIN_GENES)
    cells = cells[cells.obs["pct_counts_mt"] <= MAX_MITO_PERCENT].copy()
    normalise(cells)
    scanpy.pp.highly_variable_genes(cells, n_top_genes=2000)
    cells = cells[:, cells.var["highly_variable"]].copy()
    scanpy.pp.scale(cells, max_value=CLIP)
    return cells


def prepare(source, split):
    """Genes and scale from the training cells alone, as cellverdict does it."""
    from sklearn.utils.sparsefuncs import inplace_column_scale, mean_variance_axis

    with open(split, newline="") as table:
        sides = {row["unit"]: (row["side"], row["label"]) for row in csv.DictReader(table, delimiter="\t")}
    cells = read(source)
    cells = cells[measure_quality(cells)].copy()
    units = cells.obs["library"].astype(str)
    cells.obs["side"] = [sides.get(unit, ("unused", ""))[0] for unit in units]
    labels = sorted({label for _, label in sides.values()})
    cells.obs["target"] = [labels.index(sides[unit][1]) if unit in sides else -1 for unit in units]
    normalise(cells)
    training = cells.X[(cells.obs["side"] == "train").to_numpy()]
    _, variance = mean_variance_axis(training, axis=0)
    variance[training.getnnz(axis=0) < MIN_CELLS] = -1
    top = np.sort(np.argsort(-variance, kind="stable")[:N_GENES])
    cells = cells[:, top].copy()
    deviation = np.sqrt(variance[top])
    deviation[deviation <= 0] = 1
    inplace_column_scale(cells.X, (1 / deviation).astype(np.float32))
    np.clip(cells.X.data, -CLIP, CLIP, out=cells.X.data)
    cells.var["sd"] = deviation
    return cells


def make_net(n_genes):
    from torch import nn

    return nn.Sequential(
        nn.Linear(n_genes, WIDTH), nn.BatchNorm1d(WIDTH), nn.ReLU(), nn.Dropout(DROPOUT),
        nn.Linear(WIDTH, WIDTH), nn.BatchNorm1d(WIDTH), nn.ReLU(), nn.Dropout(DROPOUT),
        nn.Linear(WIDTH, 1),
    )  # fmt: skip


def train(cells, epochs, out):
    """The usual loop over the dense float32 matrix; the weights of the best validation AUC are kept."""
    import torch
    from sklearn.metrics import roc_auc_score

    torch.manual_seed(42)
    side = cells.obs["side"].to_numpy()
    target = cells.obs["target"].to_numpy()

    def dense(name):
        rows = side == name
        return torch.from_numpy(cells.X[rows].toarray().astype(np.float32, copy=False)), target[rows]

    x, y = dense("train")
    y = torch.from_numpy(y.astype(np.float32))
    x_validation, y_validation = dense("validation")
    net = make_net(x.shape[1])
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)
    best, weights = -1.0, None
    for epoch in range(epochs):
        net.train()
        for batch in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            loss = torch.nn.functional.binary_cross_entropy_with_logits(net(x[batch]).squeeze(1), y[batch])
            loss.backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            logits = torch.cat([net(part).squeeze(1) for part in x_validation.split(4096)])
        auc = roc_auc_score(y_validation, logits.numpy())
        if auc > best:
            best, weights = auc, {name: value.clone() for name, value in net.state_dict().items()}
        print(f"epoch {epoch + 1}/{epochs} auc {auc:.3f}", flush=True)
    torch.save({"weights": weights, "genes": list(cells.var_names), "sd": cells.var["sd"].to_numpy()}, out)


def load(model):
    """cellverdict's own model folder in plain PyTorch: both sides then compute the same function."""
    import torch
    from safetensors.torch import load_file

    preparation = json.loads((model / "model.json").read_text())["preparation"]
    saved = load_file(model / "model.safetensors")
    net = make_net(len(preparation["genes"]))
    names = {"0": "hidden0", "1": "norm0", "4": "hidden1", "5": "norm1", "8": "head0"}
    state = {}
    for name in net.state_dict():
        layer, part = name.split(".", 1)
        value = saved[f"{names[layer]}.{part}"]
        state[name] = value.T.contiguous() if name == "0.weight" else value  # stored genes × width
    net.load_state_dict(state)
    net.eval()
    return net, preparation["genes"], torch.tensor(preparation["sd"], dtype=torch.float32)


def predict(source, model, out):
    import pandas
    import torch

    net, genes, deviation = load(model)
    cells = read(source)
    passes = measure_quality(cells)
    normalise(cells)
    cells = cells[:, genes]
    x = cells.X.tocsr()
    parts = []
    with torch.no_grad():
        for begin in range(0, x.shape[0], 4096):
            block = torch.from_numpy(x[begin : begin + 4096].toarray()) / deviation
            parts.append(torch.sigmoid(net(block.clamp_(-CLIP, CLIP)).squeeze(1)))
    p = torch.cat(parts).numpy()
    table = {"cell": cells.obs_names, "unit": cells.obs["library"].to_numpy(), "p": p, "passes_qc": passes}
    pandas.DataFrame(table).to_csv(out, sep="\t", index=False)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=["prepare", "atlas", "mex", "train", "study", "predict"])
    parser.add_argument("--source", type=Path)
    parser.add_argument("--split", type=Path)
    parser.add_argument("--prepared", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    a = parser.parse_args()
    if a.verb in ("train", "study", "predict"):
        import torch

        torch.set_num_threads(a.threads)
    if a.verb == "prepare":
        prepare(a.source, a.split).write_h5ad(a.out)
    elif a.verb == "atlas":
        atlas(a.source).write_h5ad(a.out)
    elif a.verb == "mex":
        import scanpy

        scanpy.read_10x_mtx(a.source, var_names="gene_ids").write_h5ad(a.out)
    elif a.verb == "train":
        import anndata

        train(anndata.read_h5ad(a.prepared), a.epochs, a.out)
    elif a.verb == "study":
        train(prepare(a.source, a.split), a.epochs, a.out)
    else:
        predict(a.source, a.model, a.out)


if __name__ == "__main__":
    main()
