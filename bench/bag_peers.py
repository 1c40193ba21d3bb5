"""What the rows of bench/patients.py are held against, each in a process of its own: the published loop over bags of cells in PyTorch, fed
dense batches from an h5ad; captum's integrated gradients of the same net; and loaders of random bags.

  bag_peers.py epoch --source F.h5ad --leave-out d1,d2 --epochs 3 [--lean]
  bag_peers.py attribution --patients 2 --together 5
  bag_peers.py load --tool anndata|AnnLoader|scDataset --source F.h5ad --bags rows.txt
"""

import argparse
import json
import resource
import time


def used():
    return time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_utime


def pascient(genes):
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = nn.Linear(genes, 1024)
            self.attention = nn.Sequential(nn.Linear(1024, 1024), nn.Tanh(), nn.Linear(1024, 1))
            self.patient = nn.Sequential(nn.Linear(1024, 512), nn.PReLU(), nn.Linear(512, 512), nn.PReLU())
            self.predictor = nn.Linear(512, 2)

        def forward(self, x):  # [patients, cells, genes]
            z = self.cell(x)
            w = torch.softmax(self.attention(z), 1)
            return self.predictor(self.patient((w * z).sum(1)))

    return Net()


def lean_batch(cells, rows, batch):
    """Into one block of memory, in place."""
    for k, drawn in enumerate(rows):
        cells.X[drawn].toarray(out=batch[k].numpy())
    here = batch[: len(rows)]
    return here.div_(here.sum(-1, keepdim=True) / 1e4).log1p_()


def usual_batch(cells, rows):
    """As a Dataset and its collate_fn are written."""
    import torch

    def patient(drawn):
        x = torch.from_numpy(cells.X[drawn].toarray())
        return torch.log1p(x / x.sum(1, keepdim=True) * 1e4)

    return torch.stack([patient(drawn) for drawn in rows])


def epoch(a):
    """Counts of each patient from the file to a dense batch, normalised; class-weighted loss, Adam. Lean: nothing is allocated twice,
    Adam is the fused one."""
    import anndata
    import numpy as np
    import torch

    torch.set_num_threads(a.threads)
    torch.manual_seed(1)
    cells = anndata.read_h5ad(a.source, backed="r")
    donor, disease = cells.obs["donor"].to_numpy(), cells.obs["disease"].to_numpy()
    names = sorted(set(donor) - set(a.leave_out.split(",")))
    rows = {name: np.flatnonzero(donor == name) for name in names}
    sick = {name: int(disease[rows[name][0]] != "control") for name in names}
    net = pascient(cells.n_vars)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4, weight_decay=1e-4, fused=a.lean or None)
    share = np.mean(list(sick.values()))
    loss_of = torch.nn.CrossEntropyLoss(weight=torch.tensor([0.5 / (1 - share), 0.5 / share], dtype=torch.float32))
    rng, kept = np.random.default_rng(1), torch.empty(a.batch, a.cells, cells.n_vars) if a.lean else None
    for number in range(1, a.epochs + 1):
        loading, begin = 0.0, time.monotonic()
        order = rng.permutation(names)
        for first in range(0, len(order), a.batch):
            before, chosen = time.monotonic(), order[first : first + a.batch]
            drawn = [np.sort(rng.choice(rows[name], a.cells, replace=False)) for name in chosen]
            batch = lean_batch(cells, drawn, kept) if a.lean else usual_batch(cells, drawn)
            loading += time.monotonic() - before
            optimizer.zero_grad()
            loss_of(net(batch), torch.tensor([sick[name] for name in chosen])).backward()
            optimizer.step()
        print(f"epoch {number}/{a.epochs} compute {time.monotonic() - begin - loading:.3f} s", flush=True)


def attribution(a):
    import numpy as np
    import torch
    from captum.attr import IntegratedGradients

    torch.set_num_threads(a.threads)
    rng = np.random.default_rng(1)
    net = pascient(a.genes)
    gradients = IntegratedGradients(lambda x: torch.softmax(net(x), 1)[:, 1])
    for _ in range(a.patients):
        x = torch.zeros(1, a.cells, a.genes)
        for cell in x[0]:
            genes = torch.from_numpy(rng.choice(a.genes, a.nonzeros, replace=False))
            cell[genes] = torch.from_numpy(rng.integers(1, 5, a.nonzeros).astype(np.float32))
        x.div_(x.sum(-1, keepdim=True) / 1e4).log1p_()
        begin = used()
        gradients.attribute(x, n_steps=50, internal_batch_size=a.together)
        seconds, cpu = (now - then for now, then in zip(used(), begin))
        print(json.dumps({"seconds": seconds, "cpu_seconds": cpu}), flush=True)


def load(a):
    """Bags as lists of rows, one a line; each tool gives back their counts as it stores them, sparse."""
    import anndata
    import numpy as np

    with open(a.bags) as file:
        bags = [np.array([int(i) for i in line.split()]) for line in file]
    cells = anndata.read_h5ad(a.source, backed="r")
    if a.tool == "anndata":
        loaded = (cells.X[rows] for rows in bags)
    elif a.tool == "AnnLoader":
        from anndata.experimental import AnnLoader

        loaded = (batch.X for batch in AnnLoader(cells, batch_size=None, sampler=bags, use_default_converter=False))
    else:
        from scdataset import Streaming, scDataset

        class Given(Streaming):
            def get_indices(self, *_, **__):
                return np.concatenate(bags)

        # One fetch a bag: more at a time are sorted together, and a bag is torn.
        loaded = scDataset(cells.X, Given(), batch_size=len(bags[0]), fetch_factor=1, batch_callback=lambda x, _: x)
    begin, total = used(), 0.0
    for counts in loaded:
        total += float(counts.data.sum(dtype=np.float64))
    seconds, cpu = (now - then for now, then in zip(used(), begin))
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "total": total}))


def main():
    parser = argparse.ArgumentParser(description="peers of the rows of bags")
    parser.add_argument("what", choices=["epoch", "attribution", "load"])
    for name in ("source", "leave-out", "tool", "bags"):
        parser.add_argument(f"--{name}", default="")
    for name, default in (("patients", 1), ("cells", 1500), ("genes", 28231), ("nonzeros", 1500), ("threads", 2), ("batch", 32),
                          ("together", 1), ("epochs", 2)):  # fmt: skip
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--lean", action="store_true")
    a = parser.parse_args()
    {"epoch": epoch, "attribution": attribution, "load": load}[a.what](a)


if __name__ == "__main__":
    main()
