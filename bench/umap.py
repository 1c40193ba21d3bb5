"""The row umap: 5,000 × 512 drawn by `fit_umap` (build/…/bench/bench_umap) beside umap-learn, as a fresh process with everything
it loads and compiles, and warm; and how trustworthy both drawings are (scikit-learn, 15 neighbours).

  .venv/bin/python bench/umap.py            the row, as JSON
CELLVERDICT_PROGRAM names the program; bench_umap is looked for beside it.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path = [p for p in sys.path if Path(p or ".").resolve() != HERE]  # or this file would be taken for the library


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


def main():
    parser = argparse.ArgumentParser(description="UMAP beside umap-learn")
    for name, default in (("rows", 5000), ("features", 512), ("threads", 2), ("runs", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--peer", action="store_true", help="run only umap-learn, in this process")
    parser.add_argument("--table")
    parser.add_argument("--out")
    a = parser.parse_args()
    if a.peer:
        peer(a)
        return
    import numpy as np
    from sklearn.manifold import trustworthiness

    program = Path(os.environ.get("CELLVERDICT_PROGRAM", ROOT / "build" / "release" / "cellverdict"))
    rng = np.random.default_rng(1)
    x = (rng.normal(0, 0.6, (20, a.features))[rng.integers(0, 20, a.rows)] + rng.normal(0, 1, (a.rows, a.features))).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        table, ours, theirs = (Path(folder) / name for name in ("table", "ours", "theirs"))
        x.tofile(table)
        load = os.getloadavg()[0]

        def us(runs):
            return fresh([program.parent / "bench" / "bench_umap", table, a.rows, a.features, a.threads, runs, ours])

        def them(runs):
            sizes = [f"--{key}={getattr(a, key)}" for key in ("rows", "features", "threads")]
            return fresh([sys.executable, __file__, "--peer", "--table", table, "--out", theirs, "--runs", runs, *sizes])

        row = {"name": "umap", "rows": a.rows, "features": a.features, "load_before": round(load, 1), "ours_fresh": us(1),
               "theirs_fresh": them(1), "ours_warm": us(4)["runs"][1:], "theirs_warm": them(4)["runs"][1:]}
        for name, path in (("ours", ours), ("theirs", theirs)):
            row[f"trustworthiness_{name}"] = float(trustworthiness(x, np.fromfile(path).reshape(a.rows, 2), n_neighbors=15))
    print(json.dumps(row, indent=1))


if __name__ == "__main__":
    main()
