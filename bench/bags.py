"""The rows pascient_epoch and integrated_gradients: a training epoch and attributions of a net of bags at PaSCient's published sizes
(build/…/bench/bench_bags) beside the same model in PyTorch fed with padded dense batches, and beside captum.

  .venv/bin/python bench/bags.py                                   both rows, as JSON
  .venv/bin/python bench/bags.py --only integrated_gradients --patients 1
CELLVERDICT_PROGRAM names the program; bench_bags is looked for beside it. Needs about 10 GB of memory for the dense batches.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


def used():
    return time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_utime


def counts_of(a, rng, n_rows):
    """A sparse block as bench_bags draws it."""
    import numpy as np
    import scipy.sparse as sp

    most = 2 * a.genes // a.nonzeros - 1
    columns, indptr = [], [0]
    for _ in range(n_rows):
        genes = np.cumsum(1 + rng.integers(0, most, 2 * a.nonzeros)) - 1
        genes = genes[genes < a.genes]
        columns.append(genes)
        indptr.append(indptr[-1] + len(genes))
    indices = np.concatenate(columns).astype(np.int32)
    values = rng.integers(1, 5, len(indices)).astype(np.float32)
    return sp.csr_matrix((values, indices, indptr), shape=(n_rows, a.genes))


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


def peer_epoch(a):
    """Counts to dense batches, normalised in place, class-weighted loss, Adam: the leanest form of the published loop."""
    import numpy as np
    import torch

    torch.set_num_threads(a.threads)
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    patients = [counts_of(a, rng, a.cells) for _ in range(a.patients)]
    data = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    net = pascient(a.genes)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4, weight_decay=1e-4, fused=True)
    loss_of = torch.nn.CrossEntropyLoss(weight=torch.tensor([1.0, 1.0]))
    batch = torch.empty(a.batch, a.cells, a.genes)
    begin, loading = used(), [0.0, 0.0]
    for first in range(0, a.patients, a.batch):
        before = used()
        for k, counts in enumerate(patients[first : first + a.batch]):
            counts.toarray(out=batch[k].numpy())
        batch.div_(batch.sum(-1, keepdim=True) / 1e4).log1p_()
        loading = [x + now - then for x, now, then in zip(loading, used(), before)]
        optimizer.zero_grad()
        loss_of(net(batch), torch.arange(first, first + a.batch) % 2).backward()
        optimizer.step()
    seconds, cpu = (now - then for now, then in zip(used(), begin))
    return {"seconds": seconds, "cpu_seconds": cpu, "compute_seconds": seconds - loading[0], "compute_cpu_seconds": cpu - loading[1],
            "data_bytes": data, "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}  # fmt: skip


def peer_attribution(a):
    import numpy as np
    import torch
    from captum.attr import IntegratedGradients

    torch.set_num_threads(a.threads)
    rng = np.random.default_rng(1)
    net = pascient(a.genes)
    gradients = IntegratedGradients(lambda x: torch.softmax(net(x), 1)[:, 1])
    times = []
    for _ in range(a.patients):
        x = torch.from_numpy(counts_of(a, rng, a.cells).toarray()).unsqueeze(0)
        x = torch.log1p(x / x.sum(-1, keepdim=True) * 1e4)
        begin = used()
        gradients.attribute(x, n_steps=50, internal_batch_size=a.together)
        times.append([now - then for now, then in zip(used(), begin)])
    return {"seconds": [t[0] for t in times], "cpu_seconds": [t[1] for t in times],
            "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}  # fmt: skip


def run(command):
    said = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in said.splitlines()]


def main():
    parser = argparse.ArgumentParser(description="bags of cells beside PyTorch and captum")
    parser.add_argument("--only", choices=["pascient_epoch", "integrated_gradients"])
    parser.add_argument("--peer", choices=["epoch", "attribution"], help="run only this peer, in this process")
    parser.add_argument("--patients", type=int, default=0, help="64 for the epoch, 20 for the attributions")
    for name, default in (("cells", 1500), ("genes", 28231), ("nonzeros", 1500), ("threads", 2), ("batch", 32), ("together", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    a = parser.parse_args()
    if a.peer:
        print(json.dumps({"epoch": peer_epoch, "attribution": peer_attribution}[a.peer](a)))
        return
    program = Path(os.environ.get("CELLVERDICT_PROGRAM", ROOT / "build" / "release" / "cellverdict"))
    bench, rows = program.parent / "bench" / "bench_bags", []
    for name, peer, patients in (("pascient_epoch", "epoch", 64), ("integrated_gradients", "attribution", 20)):
        if a.only not in (None, name):
            continue
        load, n = os.getloadavg()[0], a.patients or patients
        ours = run([bench, peer, n, a.cells, a.genes, a.nonzeros, a.threads])
        sizes = [f"--{key}={getattr(a, key)}" for key in ("cells", "genes", "nonzeros", "threads", "batch", "together")]
        theirs = run([sys.executable, __file__, "--peer", peer, "--patients", n, *sizes])[0]
        rows.append({"name": name, "patients": n, "load_before": round(load, 1), "ours": ours, "theirs": theirs})
    print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
