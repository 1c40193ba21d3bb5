"""Measures cellverdict beside what people use today (bench/peers.py) and writes bench/RESULTS.md and bench/results.json.

Both do the same work on the same simulated files, each run its own process on the same cores, in turns (A B A B …) after a warm-up; what
they made is compared before anything is believed. Wall time is of the whole process; memory is the largest private memory (RssAnon) seen
while it ran. CELLVERDICT_PROGRAM names the program.

  .venv/bin/python bench/run.py            the real sizes, a quarter of an hour on two quiet cores
  .venv/bin/python bench/run.py --quick    a tenth of the cells, two runs, nothing written: does it work?
"""

import argparse
import csv
import importlib.metadata
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import kernels
import large

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
THREADS = 2
PREPARE = "min_genes = 200\nmax_genes = 6000\nmax_mito_percent = 20\nmax_cells = 0\ngenes = { select = 'variance', n = 1000 }\n"


@dataclass
class Run:
    seconds: float
    megabytes: float
    epoch_seconds: float = 0.0  # from the first epoch's line to the last one's, a step
    said: str = ""


@dataclass
class Row:
    name: str  # what was measured
    peer: str  # against what
    ours: list  # Run of each round
    theirs: list
    more: str = ""  # what was found equal


def private_megabytes(pid):
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0.0


def measure(command):
    """Runs it to its end; what it said is shown only if it failed."""
    environment = dict(os.environ)
    for name in ("OMP", "MKL", "OPENBLAS", "NUMBA"):
        environment[f"{name}_NUM_THREADS"] = str(THREADS)
    said, epochs, peak = [], [], 0.0

    def listen(stream):
        for line in stream:
            if re.search(r"epoch +\d+/\d+", line):
                epochs.append(time.monotonic())
            said.append(line)

    begin = time.monotonic()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               env=environment)  # fmt: skip
    listener = threading.Thread(target=listen, args=(process.stdout,))
    listener.start()
    while True:
        peak = max(peak, private_megabytes(process.pid))
        try:
            process.wait(timeout=0.005)
            break
        except subprocess.TimeoutExpired:
            pass
    seconds = time.monotonic() - begin
    listener.join()
    if process.returncode != 0:
        sys.exit(f"bench: exit {process.returncode} of: {' '.join(str(part) for part in command)}\n{''.join(said)}")
    step = (epochs[-1] - epochs[0]) / (len(epochs) - 1) if len(epochs) > 1 else 0.0
    return Run(seconds, peak, step, "".join(said))


def remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()


class Bench:
    work = ROOT / "build" / "bench-work"

    def __init__(self, program, quick):
        self.program, self.rounds = program, 2 if quick else 5
        self.shrink = 10 if quick else 1
        self.epochs = 3 if quick else 11
        self.rows, self.extra, self.loads = [], [], []  # loads: the last minute's, before every run
        remove(self.work)
        self.work.mkdir(parents=True)

    def ours(self, *arguments):
        return [self.program, *arguments, "--threads", THREADS]

    def theirs(self, *arguments):
        return [sys.executable, HERE / "peers.py", *arguments, "--threads", THREADS]

    def compare(self, name, peer, ours, theirs, fresh):
        """In turns. `fresh` puts everything back, outside the measured time; a pair does so for each side, and leaves what the other
        made. Round 0 warms up the disk cache and compiled code."""
        row = Row(name, peer, [], [])
        fresh_sides = fresh if isinstance(fresh, tuple) else (fresh, fresh)
        for turn in range(self.rounds + 1):
            for command, runs, put_back in ((ours, row.ours, fresh_sides[0]), (theirs, row.theirs, fresh_sides[1])):
                put_back()
                self.loads.append(os.getloadavg()[0])
                run = measure(command)
                if turn > 0:
                    runs.append(run)
        self.rows.append(row)
        print(f"  {name:<46} {middle(row.ours):8.2f} s  {peer} {middle(row.theirs):8.2f} s", file=sys.stderr)
        return row

    def cohort(self):
        folder = self.work / "cohort"
        measure(self.ours("simulate", "--n-donors", 20, "--n-cells", 1000 // self.shrink, "--n-genes", 10000, "--out", folder))
        source = folder / "cohort.h5ad"
        split = "[split]\nscheme = 'group'\n"
        return source, self.experiment("cohort", f"files = ['{source}']\nlabel = 'disease'\n", split)

    def gzip_cohort(self, source):
        """The same cells as most downloaded files are."""
        made = self.work / "gzip.h5ad"
        script = "import sys, anndata; anndata.read_h5ad(sys.argv[1]).write_h5ad(sys.argv[2], compression='gzip')"
        measure([sys.executable, "-c", script, source, made])
        return made, self.experiment("gzip", f"files = ['{made}']\nlabel = 'disease'\n", "[split]\nscheme = 'group'\n")

    def tenx_study(self):
        folder = self.work / "tenx"
        size = ("--n-cells", 1000 // self.shrink, "--n-genes", 10000)
        measure(self.ours("simulate", "--design", "lmna", *size, "--out", folder))
        source = folder / "samples.csv"
        split = "[split]\nscheme = 'matched'\nby = 'day'\ntest = [19]\nvalidation = [0]\n"
        return source, self.experiment("tenx", f"sources = '{source}'\nlabel = 'genotype'\n", split)

    def experiment(self, name, data, split):
        """The experiment file, and the run folder of one `prepare`, whose split table the peer follows."""
        file = self.work / f"{name}.toml"
        file.write_text(f"[data]\n{data}unit = 'library'\ndonor = 'donor'\n{split}[prepare]\n{PREPARE}[train]\npatience = 0\n")
        measure(self.ours("prepare", file, "--out", self.work / f"{name}-prepared"))
        return file

    def prepare_row(self, name, source, experiment, kind):
        out, made = self.work / "out", self.work / f"{kind}-peer.h5ad"
        split = self.work / f"{kind}-prepared" / "split.tsv"
        ours = self.ours("prepare", experiment, "--out", out)
        theirs = self.theirs("prepare", "--source", source, "--split", split, "--out", made)
        row = self.compare(name, "scanpy", ours, theirs, lambda: (remove(out), remove(made)))
        row.more = same_cells(split, made)

    def train_rows(self, source, experiment):
        """From the prepared matrix, and from the file."""
        out, made, split = self.work / "out", self.work / "model.pt", self.work / "cohort-prepared" / "split.tsv"

        def fresh():
            remove(out)
            remove(made)
            shutil.copytree(self.work / "cohort-prepared", out, copy_function=os.link)

        epochs = ("--set", f"train.epochs={self.epochs}")
        ours = self.ours("train", experiment, "--out", out, *epochs)
        prepared = self.work / "cohort-peer.h5ad"
        theirs = self.theirs("train", "--prepared", prepared, "--epochs", self.epochs, "--out", made)
        full = self.compare(f"train, {self.epochs} epochs, from the prepared cells", "PyTorch", ours, theirs, fresh)
        full.more = "both check the validation side after every epoch"
        epoch = [[Run(run.epoch_seconds, run.megabytes) for run in runs] for runs in (full.ours, full.theirs)]
        self.rows.insert(-1, Row("train, one epoch", "PyTorch", *epoch, "from the first epoch's end to the last one's, by the step"))

        def nothing_there():
            remove(out)
            remove(made)

        theirs = self.theirs("study", "--source", source, "--split", split, "--epochs", self.epochs, "--out", made)
        row = self.compare(f"from the file to a model, {self.epochs} epochs", "scanpy + PyTorch", ours, theirs, nothing_there)
        row.more = same_genes(out, experiment, self, made)

    def predict_row(self, source):
        model, ours_made, theirs_made = self.work / "model", self.work / "ours.tsv", self.work / "theirs.tsv"
        ours = self.ours("predict", model, source, "--out", ours_made)
        theirs = self.theirs("predict", "--source", source, "--model", model, "--out", theirs_made)

        row = self.compare("predict, from the file", "scanpy + PyTorch", ours, theirs, lambda: None)
        row.more = same_predictions(ours_made, theirs_made)

    def large_rows(self):
        """[prepare], [mex] and [start]: files as large as people have them."""
        cells, n_genes = 40000 // self.shrink, 25000
        packed, plain, folder = self.work / "large.h5ad", self.work / "plain.h5ad", self.work / "mex"
        n = large.write_h5ad(packed, cells, n_genes, 3000, packed=True)
        large.write_h5ad(plain, cells, n_genes, 3000, packed=False)
        data = f"[data]\nfiles = ['{packed}']\nlabel = 'disease'\nunit = 'donor'\ndonor = 'donor'\n"
        experiment, out, made = self.work / "large.toml", self.work / "out", self.work / "large-peer.h5ad"
        experiment.write_text(data + "[split]\nscheme = 'group'\n[prepare]\nmax_genes = 0\nmax_cells = 0\ngenes = { select = 'variance', n = 2000 }\n")
        ours = self.ours("prepare", experiment, "--out", out)
        theirs = self.theirs("atlas", "--source", packed, "--out", made)
        row = self.compare("prepare", "scanpy", ours, theirs, (lambda: remove(out), lambda: remove(made)))
        row.more = f"{cells:,} cells × {n_genes:,} genes, {n:,} counts, gzip; {same_number(self.program, out, made)}"

        n = large.write_mex(folder, 10000 // self.shrink, 30000, 3000)
        converted = self.work / "mex.h5ad"
        ours = self.ours("convert", folder, converted, "--gzip", "no")
        theirs = self.theirs("mex", "--source", folder, "--out", made)
        row = self.compare("mex", "scanpy", ours, theirs, (lambda: remove(converted), lambda: remove(made)))
        row.more = f"10x folder to h5ad, {n:,} counts, gzip; {same_matrix(converted, made)}"

        for name, command in (("start, --help", ["--help"]), ("start, inspect", ["inspect", plain])):
            runs = [measure([self.program, *command]) for _ in range(self.rounds + 1)][1:]
            self.rows.append(Row(name, "", runs, [], f"inspect: a file of {plain.stat().st_size / 1e9:.2f} GB" if "inspect" in name else ""))

    def kernel_rows(self):
        """[sparse_forward], [sparse_weight_gradient] and [mlp_epoch], measured by bench/kernels.py."""
        program = Path(self.program)
        self.extra = kernels.kernel_rows(program.parent / "bench" / "bench_kernels", self.rounds)
        self.extra += kernels.epoch_rows(program, *kernels.simulated(program, self.work / "epoch"), self.rounds)

    def simulate_row(self):
        out, runs = self.work / "large", []
        cells = 10000 // self.shrink
        for turn in range(min(self.rounds, 3) + 1):
            remove(out)
            size = ("--n-donors", 10, "--n-cells", cells, "--n-genes", 20000, "--mean-counts", 2900)
            run = measure(self.ours("simulate", *size, "--out", out))
            if turn > 0:
                runs.append(run)
        said = next(line for line in run.said.splitlines() if " cells × " in line).split(":")[0]
        remove(out)
        self.rows.append(Row("simulate", "", runs, [], said))
        print(f"  {'simulate':<46} {middle(runs):8.2f} s  {said}", file=sys.stderr)


def middle(runs):
    return statistics.median(run.seconds for run in runs)


def table_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def same_cells(split, made):
    import anndata

    n = sum(int(unit["n_cells"]) for unit in table_of(split))
    cells = anndata.read_h5ad(made, backed="r")
    if cells.n_obs != n:
        sys.exit(f"bench: {made.name} has {cells.n_obs} cells and the store {n}: not the same work")
    return f"both keep {n:,} cells"


def same_number(program, out, made):
    import anndata

    store = json.loads((out / "store" / "store.json").read_text())
    kept, theirs = sum(store["flow"]["n_cells"][-1]), anndata.read_h5ad(made, backed="r").n_obs
    if kept != theirs:
        sys.exit(f"bench: {theirs} cells of scanpy and {kept} of {Path(program).name}: not the same work")
    return f"both keep {kept:,} cells"


def same_matrix(ours, theirs):
    import anndata

    a, b = anndata.read_h5ad(ours), anndata.read_h5ad(theirs)
    if a.shape != b.shape or (a.X != b.X).nnz != 0:
        sys.exit("bench: other counts than scanpy's: not the same work")
    return "the same matrix on both sides"


def same_genes(out, experiment, bench, made):
    import torch

    measure(bench.ours("train", experiment, "--out", out, "--set", f"train.epochs={bench.epochs}"))
    kept = json.loads((out / "model" / "model.json").read_text())["preparation"]["genes"]
    theirs = torch.load(made, weights_only=False)["genes"] if made.exists() else []
    shared = len(set(kept) & set(theirs))
    if shared < 0.99 * len(kept):
        sys.exit(f"bench: only {shared} of {len(kept)} genes are the peer's too: not the same work")
    remove(bench.work / "model")
    (out / "model").rename(bench.work / "model")
    return f"{shared:,} of {len(kept):,} chosen genes are the same"


def same_predictions(ours, theirs):
    a, b = table_of(ours), table_of(theirs)
    column = [name for name in a[0] if name.startswith("p_")][-1]
    if [row["cell"] for row in a] != [row["cell"] for row in b]:
        sys.exit("bench: predictions of other cells: not the same work")
    largest = max(abs(float(x[column]) - float(y["p"])) for x, y in zip(a, b))
    if largest > 1e-3:
        sys.exit(f"bench: probabilities differ by {largest}: not the same work")
    return f"the same model on both sides; probabilities agree to {largest:.0e}"


def spread(values, digits=2):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def ratios(row):
    return [theirs.seconds / ours.seconds for ours, theirs in zip(row.ours, row.theirs)]


def memory_ratio(row):
    return statistics.median(t.megabytes for t in row.theirs) / statistics.median(o.megabytes for o in row.ours)


def machine():
    info = Path("/proc/cpuinfo").read_text()
    model = next((line.split(":", 1)[1].strip() for line in info.splitlines() if line.startswith("model name")), "unknown CPU")
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"cpu": model, "cores": os.cpu_count(), "memory_gb": round(gigabytes), "threads_used": THREADS}


def versions(program):
    said = subprocess.run([program, "version"], capture_output=True, text=True, check=True).stdout
    found = {"cellverdict": re.search(r"\d+\.\d+\.\d+", said).group()}
    for name in ("scanpy", "anndata", "scikit-learn", "numpy", "torch"):
        found[name] = importlib.metadata.version(name).split("+")[0]
    return found


def results(rows, about, extra):
    listed = []
    for row in rows:
        entry = {"name": row.name, "peer": row.peer or None, "runs": len(row.ours), "seconds": round(middle(row.ours), 3),
                 "megabytes": round(statistics.median(r.megabytes for r in row.ours)), "checked": row.more}  # fmt: skip
        if row.theirs:
            speed = ratios(row)
            entry |= {"peer_seconds": round(middle(row.theirs), 3),
                      "peer_megabytes": round(statistics.median(r.megabytes for r in row.theirs)),
                      "speed_ratio": round(statistics.median(speed), 3), "spread": [round(min(speed), 3), round(max(speed), 3)],
                      "memory_ratio": round(memory_ratio(row), 3)}  # fmt: skip
        listed.append(entry)
    for row in extra:
        speed = row["speed_ratio"]
        listed.append({"name": row["name"], "peer": row["peer"], "runs": row["rounds"], "seconds": row["seconds"]["median"],
                       "peer_seconds": row["peer_seconds"]["median"], "speed_ratio": speed["median"], "spread": speed["spread"],
                       "cpu_ratio": row["cpu_ratio"]["median"]})  # fmt: skip
    return about | {"rows": listed}


def verdict(rows):
    """Where the program is not faster, in words."""
    lines = []
    for row in rows:
        if not row.theirs:
            continue
        speed = ratios(row)
        if max(speed) < 1:
            lines.append(f"- {row.name}: cellverdict is **slower**, {1 / statistics.median(speed):.2f} times the peer's time.")
        elif min(speed) <= 1:
            lines.append(f"- {row.name}: no difference shown; the spread of the ratio contains 1.")
        if memory_ratio(row) < 1:
            lines.append(f"- {row.name}: cellverdict takes **more memory**, {1 / memory_ratio(row):.2f} times the peer's.")
    return lines or ["- In none of the rows above."]


def page(rows, about, extra):
    m, v = about["machine"], about["versions"]
    peers = ", ".join(f"{name} {number}" for name, number in v.items() if name != "cellverdict")
    text = [
        "# Measured beside what people use today",
        "",
        "Written by `make bench`; the same numbers are in `results.json`. Do not edit.",
        "",
        f"Machine: {m['cpu']}, {m['cores']} cores, {m['memory_gb']} GB; {m['threads_used']} threads for both sides. "
        f"Load of the machine (last minute's, taken before every run): {about['load_before']:.1f} before the start, then "
        f"{about['load_median']:.1f}, at most {about['load_largest']:.1f}. This benchmark alone makes up to {m['threads_used']}; more means "
        "that other work disturbed it, training most of all, whose threads wait for each other many times a minibatch.",
        f"cellverdict {v['cellverdict']} against {peers}.",
        "",
        "| what | cellverdict, s | peer | peer, s | times faster (min–max) | memory, MB | peer, MB | times less |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        ours_mb = statistics.median(r.megabytes for r in row.ours)
        if not row.theirs:
            text.append(f"| {row.name} | {spread([r.seconds for r in row.ours])} | – | – | – | {ours_mb:,.0f} | – | – |")
            continue
        theirs_mb = statistics.median(r.megabytes for r in row.theirs)
        text.append(
            f"| {row.name} | {middle(row.ours):.2f} | {row.peer} | {middle(row.theirs):.2f} | {spread(ratios(row))} | "
            f"{ours_mb:,.0f} | {theirs_mb:,.0f} | {memory_ratio(row):.1f} |"
        )
    for row in extra:
        ratio = row["speed_ratio"]
        text.append(f"| {row['name']} | {row['seconds']['median']:.3f} | {row['peer']} | {row['peer_seconds']['median']:.3f} | "
                    f"{ratio['median']:.2f} ({ratio['spread'][0]:.2f}–{ratio['spread'][1]:.2f}) | – | – | – |")  # fmt: skip
    text += ["", "Where cellverdict is not ahead:", "", *verdict(rows), "", "## What was done", ""]
    text += [f"- {row.name}: {row.more}." for row in rows if row.more]
    text += [
        f"- Every run is a process of its own, start and imports included; one warm-up, then {len(rows[0].ours)} runs in turns. Times are "
        "medians; a ratio is taken run by run, its median given with smallest and largest. Files are in the disk cache.",
        "- Memory is the largest private memory (RssAnon) seen, looked at every 5 ms; mapped files do not count.",
        "- h5ad: 20 donors of 1,000 cells, 10,000 genes, not compressed and as anndata compresses it. 10x: 12 folders of 1,000 cells, 10,000 genes, gzip.",
        "- prepare: read, quality control, normalise, write. scanpy's script also chooses and scales the 1,000 genes and writes those "
        "alone; cellverdict writes counts of all genes and their sums, hashes its inputs, and chooses and scales when training "
        "begins. The row from the file to a model has all of it on both sides.",
        "- train: 1,000 genes → 512 → 512 → 1, batch normalisation, dropout 0.3, minibatches of 256, Adam, 60 % of the donors. PyTorch "
        "has the whole matrix dense and takes minibatches by index; cellverdict keeps a checkpoint of every epoch and writes it every other second.",
        "- predict: the same saved model on both sides.",
        "- prepare (the large file): scanpy reads, measures quality, filters, normalises, takes logarithms, chooses 2,000 genes, scales and "
        "writes those; cellverdict as in the smaller rows.",
        "- sparse_forward, sparse_weight_gradient: 2,048 cells × 20,000 genes, 6 % of them not zero, to 512, beside LibTorch's dense product "
        "in the same process. mlp_epoch: the net of train, beside the usual DataLoader loop and the leanest loop over a dense tensor.",
        "",
    ]
    return "\n".join(text)


def main():
    parser = argparse.ArgumentParser(description="cellverdict beside scanpy and PyTorch")
    parser.add_argument("--quick", action="store_true", help="small sizes, nothing written")
    quick = parser.parse_args().quick
    program = Path(os.environ.get("CELLVERDICT_PROGRAM", ROOT / "build" / "release" / "cellverdict"))
    if not program.exists():
        sys.exit(f"bench: no program at {program}: run `make build`, or set CELLVERDICT_PROGRAM")
    cores = sorted(os.sched_getaffinity(0))[:THREADS]
    os.sched_setaffinity(0, cores)
    about = {"machine": machine(), "versions": versions(program), "load_before": round(os.getloadavg()[0], 1)}
    bench = Bench(program, quick)
    source, experiment = bench.cohort()
    bench.prepare_row("prepare, one h5ad", source, experiment, "cohort")
    gzip_source, gzip_experiment = bench.gzip_cohort(source)
    bench.prepare_row("prepare, one h5ad, gzip", gzip_source, gzip_experiment, "gzip")
    bench.train_rows(source, experiment)
    bench.predict_row(source)
    tenx_source, tenx_experiment = bench.tenx_study()
    bench.prepare_row("prepare, twelve 10x folders", tenx_source, tenx_experiment, "tenx")
    bench.simulate_row()
    bench.large_rows()
    bench.kernel_rows()
    about |= {"load_median": round(statistics.median(bench.loads), 1), "load_largest": round(max(bench.loads), 1)}
    remove(Bench.work)
    text = page(bench.rows, about, bench.extra)
    print(text)
    if not quick:
        (HERE / "RESULTS.md").write_text(text)
        (HERE / "results.json").write_text(json.dumps(results(bench.rows, about, bench.extra), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
