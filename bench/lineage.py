"""The rows of the blood-lineage system: autoencoder_step, cell_graph, graph_net and transformer_step (build/…/bench/bench_lineage). Called by run.py; the other side of
each is in lineage_peers.py."""

import itertools
import json
import os
import shutil
import sys
from pathlib import Path

from rows import HERE, THREADS, Run, measure, row

WIDTH, CAP, FEW = 256, 1000, 30
BATCH = (4096, 29150, 1749, 512, 256)  # cells, genes, non-zero ones, hidden width, latent numbers
STEP = (64, 256, 256, 4, 1024)  # cells, tokens, width, heads, width of the feed-forward

NOTES = (
    f"autoencoder_step: {BATCH[0]:,} cells × {BATCH[1]:,} genes, about {BATCH[2]:,} of them not zero → {BATCH[3]} → {BATCH[4]} and back, forward, "
    "backward and fused Adam; PyTorch has the minibatch dense in memory. Memory is the peak beyond the runtime and weights, gradients and both "
    "moments of Adam. Some steps a process, in turns; the first is not counted.",
    "cell_graph: 50,000 simulated latents of 256 numbers, 30 kinds of cells with 12 directions each. Exact: the 1,000 most similar cells of "
    "each by cosine; scikit-learn lists them (NearestNeighbors, brute force, the faster of n_jobs 1 and 2), cellverdict also makes the "
    "graph. Approximate: 30 of each; a recall of 0.95 was asked of cellverdict, pynndescent is as it comes; recall of both against the "
    "exact search. Warm: a second graph in the same process; fresh: the first one, with what the process compiles or reads from a cache.",
    "graph_net: a random graph of the size that the paper could not train, all cells in one step; memory is that of the whole process.",
    f"transformer_step: forward and backward of {STEP[0]} cells, {STEP[1]} tokens, width {STEP[2]}, {STEP[3]} heads, feed-forward "
    f"{STEP[4]}, no dropout; torch.nn.TransformerEncoder between the same layers. A process of some steps each, in turns; the first step "
    "is not counted.",
)


def latents(path, n):
    """Kinds of cells as centres, each with directions of its own in which its cells differ, and noise."""
    import numpy as np

    rng = np.random.default_rng(1)
    centres, ways = rng.normal(0, 0.5, (30, WIDTH)), rng.normal(0, 0.35, (30, 12, WIDTH))
    kind, x = rng.integers(0, 30, n), np.empty((n, WIDTH), np.float32)
    for k in range(30):
        here = np.flatnonzero(kind == k)
        x[here] = centres[k] + rng.normal(0, 1, (len(here), 12)) @ ways[k] + rng.normal(0, 0.25, (len(here), WIDTH))
    x.tofile(path)


def runs_of(command):
    """What the process said of each of its runs, with its peak memory."""
    run = measure(command)
    said = [json.loads(line) for line in run.said.splitlines() if line.startswith("{")]
    return [Run(entry["seconds"], run.megabytes, said=entry) for entry in said]


def shared(ours, theirs, cap):
    """Share of their neighbours that are ours too."""
    import numpy as np

    a, b = (np.fromfile(path, np.int32).reshape(-1, cap) for path in (ours, theirs))
    return float(np.mean([len(set(x.tolist()) & set(y.tolist())) / cap for x, y in zip(a, b)]))


def graph_rows(bench, program, folder):
    n, cap = 50000 // bench.shrink, CAP // bench.shrink
    table, ours, theirs, truth = (folder / name for name in ("table", "ours", "theirs", "truth"))
    latents(table, n)

    def us(cap, search, runs, out):
        return runs_of([program, "graph", table, n, WIDTH, THREADS, cap, search, 0.95, runs, out])

    def them(what, cap, runs, *more):
        size = [f"--{key}={value}" for key, value in (("table", table), ("rows", n), ("width", WIDTH), ("threads", THREADS))]
        return runs_of([sys.executable, HERE / "lineage_peers.py", what, *size, f"--cap={cap}", f"--runs={runs}", *more])

    load = os.getloadavg()[0]
    tried = {jobs: them("brute", cap, 1, f"--jobs={jobs}", f"--out={theirs}") for jobs in (1, THREADS)}
    jobs = min(tried, key=lambda count: tried[count][0].seconds)
    sides = ([], tried[jobs])
    for turn in range(min(bench.rounds, 3)):
        sides[0].extend(us(cap, "exact", 1, ours if turn == 0 else "-"))
        if turn > 0:
            sides[1].extend(them("brute", cap, 1, f"--jobs={jobs}"))
    same = shared(ours, theirs, cap)
    if same < 0.999:
        sys.exit(f"bench: only {same:.4f} of scikit-learn's neighbours are ours too: not the same work")
    yield row("cell_graph, exact", f"scikit-learn, n_jobs {jobs}", *sides, f"{same:.4%} of the neighbours are the same", load)

    us(FEW, "exact", 1, truth)
    near, far = us(FEW, "approximate", 4, ours), them("descent", FEW, 4, f"--out={theirs}")
    recall = [shared(path, truth, FEW) for path in (ours, theirs)]
    said = f"recall {recall[0]:.3f} against {recall[1]:.3f}"
    if recall[0] < 0.95:
        sys.exit(f"bench: {said}, 0.95 wanted")
    yield row("cell_graph, approximate, fresh", "pynndescent", near[:1], far[:1], said, load)
    yield row("cell_graph, approximate, warm", "pynndescent", near[1:], far[1:], said, load)


def autoencoder_row(bench, program):
    load, sides, steps = os.getloadavg()[0], ([], []), 4 if bench.shrink == 1 else 2
    batch, genes, nonzeros, hidden, latent = (BATCH[0] // bench.shrink, *BATCH[1:])
    theirs = [sys.executable, HERE / "lineage_peers.py", "autoencoder", f"--threads={THREADS}", f"--runs={steps}", f"--batch={batch}",
              f"--genes={genes}", f"--nonzeros={nonzeros}", f"--width={hidden}", f"--latent={latent}"]  # fmt: skip
    ours = [program, "autoencoder", batch, genes, nonzeros, hidden, latent, THREADS, steps]
    for _ in range(min(bench.rounds, 3)):
        for side, command in zip(sides, (ours, theirs)):
            side.extend(Run(run.seconds, run.said["beyond"]) for run in runs_of(command)[1:])
    return row("autoencoder_step", "PyTorch, dense", *sides, "loss and gradients agree in tests/nets", load)


def transformer_row(bench, program):
    load, sides, steps = os.getloadavg()[0], ([], []), 6 if bench.shrink == 1 else 3
    names = ("batch", "tokens", "width", "heads", "feed-forward")
    theirs = [sys.executable, HERE / "lineage_peers.py", "transformer", f"--threads={THREADS}", f"--runs={steps}",
              *(f"--{name}={value}" for name, value in zip(names, STEP))]  # fmt: skip
    for _ in range(min(bench.rounds, 3)):
        for side, command in zip(sides, ([program, "transformer", *STEP, THREADS, steps], theirs)):
            side.extend(runs_of(command)[1:])
    return row("transformer_step", "torch.nn.TransformerEncoder", *sides, "logits and gradients agree in tests/nets", load)


def graph_net_rows(bench, program):
    """Of the size that the paper could not train; nothing beside it."""
    cells, neighbours, epochs = 199764 // bench.shrink, 1000 // bench.shrink, 4
    load = os.getloadavg()[0]
    runs = runs_of([program, "graph_net", cells, WIDTH, neighbours, THREADS, epochs])
    size = f"{cells:,} cells × {neighbours:,} neighbours"
    yield row("graph_net, once", "", runs[:1], [], f"{size}: {WIDTH} features spread over the graph", load)
    yield row("graph_net, one epoch", "", runs[2:], [], f"{size}: forward and backward, hidden width 128", load)


def measure_group(bench):
    program, folder = Path(bench.program).parent / "bench" / "bench_lineage", bench.work / "lineage"
    folder.mkdir()
    bench.add(autoencoder_row(bench, program))
    bench.add(transformer_row(bench, program))
    for entry in itertools.chain(graph_net_rows(bench, program), graph_rows(bench, program, folder)):
        bench.add(entry)
    shutil.rmtree(folder)
