"""The other side of the rows of the blood-lineage system (bench/lineage.py), each a process of its own; prints JSON lines."""

import argparse
import json
import resource
import time


def used():
    return time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_utime


def say(begin, **more):
    seconds, cpu = (now - then for now, then in zip(used(), begin))
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "megabytes": megabytes} | more), flush=True)


def table_of(a):
    import numpy as np

    return np.fromfile(a.table, np.float32).reshape(a.rows, a.width)


def brute(a):
    """The `cap` nearest others of each row, as scikit-learn's users find them."""
    from sklearn.neighbors import NearestNeighbors

    x = table_of(a)
    for _ in range(a.runs):
        begin = used()
        search = NearestNeighbors(n_neighbors=a.cap, metric="cosine", algorithm="brute", n_jobs=a.jobs).fit(x)
        index = search.kneighbors(return_distance=False)
        say(begin)
    if a.out != "-":
        index.astype("int32").tofile(a.out)


def descent(a):
    import numpy as np
    import pynndescent

    x = table_of(a)
    for _ in range(a.runs):
        begin = used()
        # A row is the first of its own neighbours.
        index, _ = pynndescent.NNDescent(x, metric="cosine", n_neighbors=a.cap + 1, random_state=1, n_jobs=a.threads).neighbor_graph
        say(begin)
    others = np.array([row[row != i][: a.cap] if (row == i).any() else row[: a.cap] for i, row in enumerate(index)])
    others.astype("int32").tofile(a.out)


def transformer(a):
    """The net of nets/latent_transformer.h, its encoder being torch.nn.TransformerEncoder."""
    import torch
    from torch import nn

    torch.set_num_threads(a.threads)
    torch.manual_seed(1)
    token, position, head = nn.Linear(1, a.width), nn.Parameter(torch.randn(a.tokens, a.width)), nn.Linear(a.width, 7)
    layer = nn.TransformerEncoderLayer(a.width, a.heads, a.feed_forward, 0.0, "relu", batch_first=True)
    net = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
    x, truth = torch.randn(a.batch, a.tokens), torch.randint(7, (a.batch,))
    for _ in range(a.runs):
        begin = used()
        for p in (position, *token.parameters(), *net.parameters(), *head.parameters()):
            p.grad = None
        logits = head(net(token(x.unsqueeze(2)) + position).mean(1))
        nn.functional.cross_entropy(logits, truth).backward()
        say(begin)


def autoencoder(a):
    """The net of nets/autoencoder.h on a dense minibatch that is there; fused Adam."""
    import torch
    from torch import nn

    torch.set_num_threads(a.threads)
    torch.manual_seed(1)

    def megabytes():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096 / 1e6

    runtime = megabytes()
    x = torch.zeros(a.batch, a.genes)
    n = a.batch * a.nonzeros
    x.view(-1)[torch.randint(x.numel(), (n,))] = 3 * torch.rand(n)
    net = nn.Sequential(nn.Linear(a.genes, a.width), nn.BatchNorm1d(a.width), nn.ReLU(), nn.Linear(a.width, a.latent), nn.Linear(a.latent, a.width),
                        nn.BatchNorm1d(a.width), nn.ReLU(), nn.Linear(a.width, a.genes))  # fmt: skip
    adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
    parameters = sum(4e-6 * p.numel() for p in net.parameters())
    for _ in range(a.runs):
        begin = used()
        adam.zero_grad()
        nn.functional.mse_loss(net(x), x).backward()
        adam.step()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
        say(begin, beyond=peak - runtime - 4 * parameters)


def main():
    parser = argparse.ArgumentParser(description="peers of the rows of the blood-lineage system")
    parser.add_argument("what", choices=["autoencoder", "brute", "descent", "transformer"])
    parser.add_argument("--table", default="")
    parser.add_argument("--out", default="-")
    for name, default in (("rows", 0), ("width", 256), ("cap", 1000), ("threads", 2), ("runs", 1), ("batch", 64), ("tokens", 256),
                          ("heads", 4), ("feed-forward", 1024), ("genes", 29150), ("nonzeros", 1749), ("latent", 256)):  # fmt: skip
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--jobs", type=int, help="scikit-learn's n_jobs")
    a = parser.parse_args()
    {"autoencoder": autoencoder, "brute": brute, "descent": descent, "transformer": transformer}[a.what](a)


if __name__ == "__main__":
    main()
