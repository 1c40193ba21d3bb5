"""The rows of umap: 5,000 × 512 drawn by `fit_umap` (build/…/bench/bench_umap) beside umap-learn, as a fresh process with everything
it loads and compiles, and warm; and how trustworthy both drawings are (scikit-learn, 15 neighbours)."""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rows import THREADS, Run, row


def used():
    return time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_utime


def peer(a):
    """Twice in one process: the first compiles what no cache keeps, the second is warm."""
    import warnings

    import numpy as np
    import umap

    warnings.filterwarnings("ignore")
    x = np.fromfile(a.table, np.float32).reshape(a.rows, a.features)
    for _ in range(a.runs):
        begin = used()
        places = umap.UMAP(n_jobs=a.threads).fit_transform(x)
        seconds, cpu = (now - then for now, then in zip(used(), begin))
        print(json.dumps({"seconds": seconds, "cpu_seconds": cpu}), flush=True)
    places.astype(float).tofile(a.out)


def fresh(command):
    before, cpu = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    said = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True).stdout
    rows = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return {"seconds": time.monotonic() - before, "cpu_seconds": resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - cpu, "runs": rows}


def umap_rows(program, shrink=1):
    import numpy as np
    from sklearn.manifold import trustworthiness

    rows, features = 5000 // shrink, 512
    rng = np.random.default_rng(1)
    x = (rng.normal(0, 0.6, (20, features))[rng.integers(0, 20, rows)] + rng.normal(0, 1, (rows, features))).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        table, ours, theirs = (Path(folder) / name for name in ("table", "ours", "theirs"))
        x.tofile(table)

        def us(runs):
            return fresh([program, table, rows, features, THREADS, runs, ours])

        def them(runs):
            sizes = [f"--{key}={value}" for key, value in (("rows", rows), ("features", features), ("threads", THREADS))]
            return fresh([sys.executable, __file__, "--peer", "--table", table, "--out", theirs, "--runs", runs, *sizes])

        load, out = os.getloadavg()[0], []
        alone = [[Run(side(1)["seconds"], 0) for _ in range(2)] for side in (us, them)]
        warm = [[Run(run["seconds"], 0) for run in side(4)["runs"][1:]] for side in (us, them)]
        kept = [float(trustworthiness(x, np.fromfile(path).reshape(rows, 2), n_neighbors=15)) for path in (ours, theirs)]
        checked = f"trustworthiness {kept[0]:.3f} against {kept[1]:.3f}"
        for name, sides in (("umap, a fresh process", alone), ("umap, warm", warm)):
            out.append(row(name, "umap-learn", *sides, checked, load))
    return out


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="umap-learn, for the rows of umap")
    for name, default in (("rows", 5000), ("features", 512), ("threads", 2), ("runs", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    for name in ("table", "out"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--peer", action="store_true", help="umap-learn, in this process")
    peer(parser.parse_args())
