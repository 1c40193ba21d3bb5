"""The net of bench/peers.py trained as people train it in PyTorch, one line an epoch; measured by bench/kernels.py.

  epoch_peers.py usual --prepared prepared.h5ad --epochs 8    TensorDataset and DataLoader, as the tutorials have it
  epoch_peers.py lean  --prepared prepared.h5ad --epochs 8    the resident matrix by index, fused Adam: nothing left to take away
"""

import argparse
from pathlib import Path

import numpy as np
import peers


def usual_epoch(torch, net, optimizer, x, y):
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=peers.BATCH, shuffle=True)
    criterion = torch.nn.BCEWithLogitsLoss()
    total = 0.0
    for cells, target in loader:
        optimizer.zero_grad()
        loss = criterion(net(cells).squeeze(1), target)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(cells)
    return total / len(x)


def lean_epoch(torch, net, optimizer, x, y):
    for batch in torch.randperm(len(x)).split(peers.BATCH):
        optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(net(x[batch]).squeeze(1), y[batch])
        loss.backward()
        optimizer.step()
    return loss.item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("loop", choices=["usual", "lean"])
    parser.add_argument("--prepared", type=Path, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--threads", type=int, default=2)
    a = parser.parse_args()
    import anndata
    import torch
    from sklearn.metrics import roc_auc_score

    torch.set_num_threads(a.threads)
    torch.manual_seed(42)
    cells = anndata.read_h5ad(a.prepared)
    side, target = cells.obs["side"].to_numpy(), cells.obs["target"].to_numpy()

    def dense(name):
        return torch.from_numpy(cells.X[side == name].toarray().astype(np.float32, copy=False))

    x, x_validation, y_validation = dense("train"), dense("validation"), target[side == "validation"]
    y = torch.from_numpy(target[side == "train"].astype(np.float32))
    net = peers.make_net(x.shape[1])
    optimizer = torch.optim.Adam(net.parameters(), lr=peers.LEARNING_RATE, fused=True if a.loop == "lean" else None)
    train_epoch = usual_epoch if a.loop == "usual" else lean_epoch
    for epoch in range(a.epochs):
        net.train()
        loss = train_epoch(torch, net, optimizer, x, y)
        net.eval()
        with torch.no_grad():
            logits = torch.cat([net(part).squeeze(1) for part in x_validation.split(4096)])
        print(f"epoch {epoch + 1}/{a.epochs} loss {loss:.4f} auc {roc_auc_score(y_validation, logits.numpy()):.3f}", flush=True)


if __name__ == "__main__":
    main()
