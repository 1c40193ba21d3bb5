"""Measures cellverdict beside what people use today (bench/peers.py) and writes bench/RESULTS.md and bench/results.json.

Both do the same work on the same simulated files, each run its own process on the same cores, in turns (A B A B …) after a warm-up; what
they made is compared before anything is believed. Wall time is of the whole process; memory is the largest private memory (RssAnon) seen
while it ran. CELLVERDICT_PROGRAM names the program.

  .venv/bin/python bench/run.py                       everything, three quarters of an hour on two quiet cores
  .venv/bin/python bench/run.py --only files kernels  these groups; the other rows stay as they were measured
  .venv/bin/python bench/run.py --quick               a tenth of the cells, two runs, nothing written: does it work?
"""

import argparse
import importlib.metadata
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import bert
import geo
import kernels
import large
import lineage
import patients
import tokens
from rows import HERE, ROOT, THREADS, Run, measure, page, row, table_of

GROUPS = ("small", "files", "kernels", "patients", "umap", "scale", "lineage", "tokens", "bert", "geo")
PREPARE = "min_genes = 200\nmax_genes = 6000\nmax_mito_percent = 20\nmax_cells = 0\ngenes = { select = 'variance', n = 1000 }\n"


def remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()


class Bench:
    work = ROOT / "build" / "bench-work"

    def __init__(self, program, quick, rounds):
        self.program, self.rounds = program, 2 if quick else rounds
        self.shrink = 10 if quick else 1
        self.epochs = 3 if quick else 11
        self.rows = []
        remove(self.work)
        self.work.mkdir(parents=True)

    def ours(self, *arguments):
        return [self.program, *arguments, "--threads", THREADS]

    def theirs(self, *arguments):
        return [sys.executable, HERE / "peers.py", *arguments, "--threads", THREADS]

    def compare(self, name, peer, ours, theirs, fresh, checked=lambda: ""):
        """In turns. `fresh` puts everything back, outside the measured time; a pair does so for each side, and leaves what the other
        made. Round 0 warms up the disk cache and compiled code. `checked` compares what the last round made."""
        runs, loads = ([], []), []
        fresh_sides = fresh if isinstance(fresh, tuple) else (fresh, fresh)
        for turn in range(self.rounds + 1):
            for side, (command, put_back) in enumerate(zip((ours, theirs), fresh_sides)):
                put_back()
                loads.append(os.getloadavg()[0])
                run = measure(command)
                if turn > 0:
                    runs[side].append(run)
        self.add(row(name, peer, *runs, checked(), max(loads)))
        return runs, max(loads)

    def add(self, entry):
        self.rows.append(entry)
        theirs = f"  {entry['peer']} {entry['peer_seconds']['median']:8.2f} s" if entry["peer"] else ""
        print(f"  {entry['name']:<46} {entry['seconds']['median']:8.2f} s{theirs}", file=sys.stderr, flush=True)

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
        self.compare(name, "scanpy", ours, theirs, lambda: (remove(out), remove(made)), lambda: same_cells(split, made))

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
        sides, load = self.compare(f"train, {self.epochs} epochs, from the prepared cells", "PyTorch", ours, theirs, fresh,
                                   lambda: "both check the validation side after every epoch")  # fmt: skip
        epoch = [[Run(statistics.mean(run.epoch_steps), run.megabytes) for run in runs] for runs in sides]
        self.add(row("train, one epoch", "PyTorch", *epoch, "from the first epoch's end to the last one's, by the step", load))

        def nothing_there():
            remove(out)
            remove(made)

        theirs = self.theirs("study", "--source", source, "--split", split, "--epochs", self.epochs, "--out", made)
        self.compare(f"from the file to a model, {self.epochs} epochs", "scanpy + PyTorch", ours, theirs, nothing_there,
                     lambda: same_genes(out, experiment, self, made))  # fmt: skip

    def predict_row(self, source):
        model, ours_made, theirs_made = self.work / "model", self.work / "ours.tsv", self.work / "theirs.tsv"
        ours = self.ours("predict", model, source, "--out", ours_made)
        theirs = self.theirs("predict", "--source", source, "--model", model, "--out", theirs_made)
        self.compare("predict, from the file", "scanpy + PyTorch", ours, theirs, lambda: None,
                     lambda: same_predictions(ours_made, theirs_made))  # fmt: skip

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
        size = f"{cells:,} cells × {n_genes:,} genes, {n:,} counts, gzip"
        self.compare("prepare", "scanpy", ours, theirs, (lambda: remove(out), lambda: remove(made)),
                     lambda: f"{size}; {same_number(self.program, out, made)}")  # fmt: skip

        n = large.write_mex(folder, 10000 // self.shrink, 30000, 3000)
        converted = self.work / "mex.h5ad"
        ours = self.ours("convert", folder, converted, "--gzip", "no")
        theirs = self.theirs("mex", "--source", folder, "--out", made)
        self.compare("mex", "scanpy", ours, theirs, (lambda: remove(converted), lambda: remove(made)),
                     lambda: f"10x folder to h5ad, {n:,} counts, gzip; {same_matrix(converted, made)}")  # fmt: skip

        for name, command in (("start, --help", ["--help"]), ("start, inspect", ["inspect", plain])):
            load, runs = os.getloadavg()[0], [measure([self.program, *command]) for _ in range(self.rounds + 1)][1:]
            checked = f"a file of {plain.stat().st_size / 1e9:.2f} GB" if "inspect" in name else ""
            self.add(row(name, "", runs, [], checked, load))

    def kernel_rows(self):
        """[sparse_forward], [sparse_weight_gradient] and [mlp_epoch], measured by bench/kernels.py."""
        program = Path(self.program)
        for entry in (*kernels.kernel_rows(program.parent / "bench" / "bench_kernels", self.rounds),
                      *kernels.epoch_rows(program, *kernels.simulated(program, self.work / "epoch"), self.rounds)):  # fmt: skip
            self.add(entry)

    def simulate_row(self):
        out, runs, load = self.work / "large", [], os.getloadavg()[0]
        cells = 10000 // self.shrink
        for turn in range(min(self.rounds, 3) + 1):
            remove(out)
            size = ("--n-donors", 10, "--n-cells", cells, "--n-genes", 20000, "--mean-counts", 2900)
            run = measure(self.ours("simulate", *size, "--out", out))
            if turn > 0:
                runs.append(run)
        said = next(line for line in run.said.splitlines() if " cells × " in line).split(":")[0]
        remove(out)
        self.add(row("simulate", "", runs, [], said, load))

    def small_rows(self):
        source, experiment = self.cohort()
        self.prepare_row("prepare, one h5ad", source, experiment, "cohort")
        gzip_source, gzip_experiment = self.gzip_cohort(source)
        self.prepare_row("prepare, one h5ad, gzip", gzip_source, gzip_experiment, "gzip")
        self.train_rows(source, experiment)
        self.predict_row(source)
        tenx_source, tenx_experiment = self.tenx_study()
        self.prepare_row("prepare, twelve 10x folders", tenx_source, tenx_experiment, "tenx")
        self.simulate_row()

    def group(self, name):
        """The rows of one group, measured now."""
        self.rows = []
        if name == "small":
            self.small_rows()
        elif name == "files":
            self.large_rows()
        elif name == "kernels":
            self.kernel_rows()
        elif name == "lineage":
            lineage.measure_group(self)
        elif name == "tokens":
            tokens.measure_group(self)
        elif name == "bert":
            bert.measure_group(self)
        elif name == "geo":
            geo.measure_group(self)
        else:
            patients.measure_group(self, name)
        return self.rows


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


def machine():
    info = Path("/proc/cpuinfo").read_text()
    model = next((line.split(":", 1)[1].strip() for line in info.splitlines() if line.startswith("model name")), "unknown CPU")
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"cpu": model, "cores": os.cpu_count(), "memory_gb": round(gigabytes), "threads_used": THREADS}


def versions(program):
    said = subprocess.run([program, "version"], capture_output=True, text=True, check=True).stdout
    found = {"cellverdict": re.search(r"\d+\.\d+\.\d+", said).group()}
    for name in ("scanpy", "anndata", "scikit-learn", "pynndescent", "transformers", "numpy", "pandas", "GEOparse", "torch"):
        found[name] = importlib.metadata.version(name).split("+")[0]
    return found


NOTES = (
    "Every run is a process of its own, start and imports included; one warm-up, then several in turns. Times are medians; a ratio is "
    "taken run by run, its median given with smallest and largest. Files are in the disk cache.",
    "Memory is the largest private memory (RssAnon) seen, looked at every 5 ms; mapped files do not count.",
    "h5ad: 20 donors of 1,000 cells, 10,000 genes, not compressed and as anndata compresses it. 10x: 12 folders of 1,000 cells, 10,000 "
    "genes, gzip.",
    "prepare: read, quality control, normalise, write. scanpy's script also chooses and scales the 1,000 genes and writes those alone; "
    "cellverdict writes counts of all genes and their sums, hashes its inputs, and chooses and scales when training begins. The row from "
    "the file to a model has all of it on both sides.",
    "train: 1,000 genes → 512 → 512 → 1, batch normalisation, dropout 0.3, minibatches of 256, Adam, 60 % of the donors. PyTorch has the "
    "whole matrix dense and takes minibatches by index; cellverdict keeps a checkpoint of every epoch and writes it every other second.",
    "predict: the same saved model on both sides.",
    "prepare (the large file): scanpy reads, measures quality, filters, normalises, takes logarithms, chooses 2,000 genes, scales and "
    "writes those; cellverdict as in the smaller rows.",
    "sparse_forward, sparse_weight_gradient: 2,048 cells × 20,000 genes, 6 % of them not zero, to 512, beside LibTorch's dense product in "
    "the same process. mlp_epoch: the net of train, beside the usual DataLoader loop and the leanest loop over a dense tensor.",
    *patients.NOTES,
    *lineage.NOTES,
    *tokens.NOTES,
    *bert.NOTES,
    *geo.NOTES,
)


def merged(old, new, groups):
    """Rows of groups that were not measured now stay, in the order of GROUPS."""
    kept = [entry for entry in old if entry.get("group") not in groups]
    return sorted([*kept, *new], key=lambda entry: GROUPS.index(entry["group"]))


def main():
    parser = argparse.ArgumentParser(description="cellverdict beside scanpy and PyTorch")
    parser.add_argument("--quick", action="store_true", help="small sizes, nothing written")
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=GROUPS, help="groups to measure")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each side after the warm-up; a row says how many it had")
    a = parser.parse_args()
    program = Path(os.environ.get("CELLVERDICT_PROGRAM", ROOT / "build" / "release" / "cellverdict"))
    if not program.exists():
        sys.exit(f"bench: no program at {program}: run `make build`, or set CELLVERDICT_PROGRAM")
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    bench, path = Bench(program, a.quick, a.rounds), HERE / "results.json"
    about = {"machine": machine(), "versions": versions(program)}
    known = set() if a.quick or not path.exists() else set(GROUPS)
    rows = [entry for entry in json.loads(path.read_text())["rows"] if entry.get("group") in known] if known else []
    for name in a.only:
        measured = [{"group": name} | entry for entry in bench.group(name)]
        rows = merged(rows, measured, [name])
        text = page(about, rows, NOTES)
        if not a.quick:
            (HERE / "RESULTS.md").write_text(text)
            path.write_text(json.dumps(about | {"rows": rows}, indent=1, ensure_ascii=False) + "\n")
    remove(Bench.work)
    print(text)


if __name__ == "__main__":
    main()
