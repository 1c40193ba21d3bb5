"""The rows sparse_forward, sparse_weight_gradient and mlp_epoch: the kernels beside LibTorch's dense products (build/…/bench/bench_kernels,
one process, in turns), and an epoch of the recipes' net beside PyTorch's usual and leanest loops (a process each, in turns).

  .venv/bin/python bench/kernels.py                          all rows, as JSON
  .venv/bin/python bench/kernels.py --only mlp_epoch         one of: kernels, crossover, mlp_epoch
CELLVERDICT_PROGRAM names the program; bench_kernels is looked for beside it.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from rows import HERE, ROOT, THREADS, Run, ratios, row

EPOCHS = 8


def contest(name, peer, ours, theirs, load, checked="", **more):
    """`ours` and `theirs`: (wall, user CPU) seconds of each round. Ratios are taken round by round."""
    out = row(name, peer, [Run(o[0], 0) for o in ours], [Run(t[0], 0) for t in theirs], checked, load)
    cpu = ratios([o[1] for o in ours if o[1] > 0], [t[1] for o, t in zip(ours, theirs) if o[1] > 0])
    return out | {"cpu_ratio": cpu} | more


def kernel_rows(kernels, rounds, threads=THREADS, shape=()):
    load = os.getloadavg()[0]
    said = subprocess.run([kernels, str(rounds), str(threads), *map(str, shape)], capture_output=True, text=True, check=True).stdout
    rows = []
    for entry in json.loads(said):
        if entry["difference"] > (0.01 if entry["name"] == "relu_dropout" else 1e-4):
            sys.exit(f"bench: {entry['name']} differs from LibTorch's by {entry['difference']}: not the same work")
        ours, theirs = (list(zip(entry[side], entry[f"{side}_cpu"])) for side in ("ours", "theirs"))
        rows.append(contest(entry["name"], entry["peer"], ours, theirs, load, density=entry["density"], difference=entry["difference"]))
    return rows


def epoch_time(command):
    """Wall and user CPU seconds of one epoch, from the first epoch's line to the last one's."""
    environment = os.environ | {"OMP_NUM_THREADS": str(THREADS), "MKL_NUM_THREADS": str(THREADS)}
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               env=environment)  # fmt: skip
    marks, said = [], []
    for line in process.stdout:
        said.append(line)
        if re.search(r"epoch +\d+/\d+", line):
            user = int(Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[11]) / os.sysconf("SC_CLK_TCK")
            marks.append((time.monotonic(), user))
    if process.wait() != 0 or len(marks) < 2:
        sys.exit(f"bench: exit {process.returncode} of: {' '.join(str(part) for part in command)}\n{''.join(said)}")
    return tuple((last - first) / (len(marks) - 1) for first, last in zip(marks[0], marks[-1]))


def epoch_rows(program, experiment, prepared, made, rounds):
    """`prepared`: a run folder with its store; `made`: the same cells as bench/peers.py prepares them."""
    import shutil

    out = prepared.parent / "epoch-out"

    def ours():
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(prepared, out, copy_function=os.link)
        return [program, "train", experiment, "--out", out, "--threads", THREADS, "--set", f"train.epochs={EPOCHS}"]

    def loop(kind):
        return [sys.executable, HERE / "epoch_peers.py", kind, "--prepared", made, "--threads", THREADS, "--epochs", EPOCHS]

    times, loads = {"ours": [], "usual": [], "lean": []}, []
    for turn in range(rounds + 1):
        for side, runs in times.items():
            loads.append(os.getloadavg()[0])
            taken = epoch_time(ours() if side == "ours" else loop(side))
            if turn > 0:  # the first warms up
                runs.append(taken)
    shutil.rmtree(out, ignore_errors=True)
    checked = "validation after every epoch on all sides; cellverdict also writes a checkpoint"
    return [contest("mlp_epoch", f"PyTorch, {words}", times["ours"], times[side], max(loads), checked)
            for side, words in (("usual", "DataLoader"), ("lean", "resident matrix, fused Adam"))]  # fmt: skip


def simulated(program, work):
    """20 donors of 1,000 cells as bench/run.py has them, prepared by both sides."""
    import shutil

    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    source, experiment, made = work / "cohort" / "cohort.h5ad", work / "cohort.toml", work / "made.h5ad"
    size = ("--n-donors", 20, "--n-cells", 1000, "--n-genes", 10000)
    experiment.write_text(
        f"[data]\nfiles = ['{source}']\nlabel = 'disease'\nunit = 'library'\ndonor = 'donor'\n[split]\nscheme = 'group'\n"
        "[prepare]\nmin_genes = 200\nmax_genes = 6000\nmax_mito_percent = 20\nmax_cells = 0\n"
        "genes = { select = 'variance', n = 1000 }\n[train]\npatience = 0\n"
    )
    prepare = [sys.executable, HERE / "peers.py", "prepare", "--source", source, "--split", work / "prepared" / "split.tsv"]
    for command in ([program, "simulate", *size, "--out", work / "cohort"],
                    [program, "prepare", experiment, "--out", work / "prepared"], [*prepare, "--out", made]):  # fmt: skip
        subprocess.run([str(part) for part in command], capture_output=True, check=True)
    return experiment, work / "prepared", made


def main():
    parser = argparse.ArgumentParser(description="the sparse kernels and a training epoch beside PyTorch")
    parser.add_argument("--only", choices=["kernels", "crossover", "mlp_epoch"])
    parser.add_argument("--rounds", type=int, default=7)
    a = parser.parse_args()
    program = Path(os.environ.get("CELLVERDICT_PROGRAM", ROOT / "build" / "release" / "cellverdict"))
    kernels, load = program.parent / "bench" / "bench_kernels", os.getloadavg()[0]
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    rows = []
    if a.only in (None, "kernels"):
        rows += kernel_rows(kernels, a.rounds)
    if a.only == "crossover":
        rows += kernel_rows(kernels, a.rounds, 1, (256, 1000, 512, 0.1, 0.2, 0.3, 0.4, 0.5))
        rows += kernel_rows(kernels, a.rounds, 1, (256, 8000, 512, 0.1, 0.2, 0.3, 0.4, 0.5))
    if a.only in (None, "mlp_epoch"):
        rows += epoch_rows(program, *simulated(program, ROOT / "build" / "bench-epoch"), a.rounds)
    print(json.dumps({"load_before": round(load, 1), "load_after": round(os.getloadavg()[0], 1), "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
