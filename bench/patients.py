"""The rows of patients as bags of cells: pascient_epoch, integrated_gradients, bag_loader, umap and scale. Called by run.py; the other
side of each is in bag_peers.py and umap.py."""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import umap_row
from rows import HERE, THREADS, Run, finished, measure, ratios, row, spread

GENES = 28231  # of the published panel

NOTES = (
    "pascient_epoch: 64 patients of 1,500 cells, 28,231 genes, about 1,500 of them not zero, published sizes (28,231 → 1,024, attention "
    "1,024, 512, 512), Adam, 32 patients a step; an epoch after the first. cellverdict reads its store, PyTorch dense "
    "batches of the same cells from an h5ad (anndata, backed): the usual loop from a gzip file, as most are, the lean one from a plain "
    "file into one block of memory, in place, with fused Adam. Compute alone: cells in memory on our side, the time of reading and "
    "normalising taken away on the other.",
    "integrated_gradients: patients of the same size, 50 steps, one process a side; captum with the internal batch size named, on fewer "
    "patients, whose time is per patient.",
    "bag_loader: 64 random bags of 500 cells of one patient each, the same rows for all, counts as sparse rows; cellverdict from its store, "
    "the others from the uncompressed h5ad. Cold: the files dropped from the page cache before each run. annbatch is not in the list: "
    "the package index at hand does not have it.",
    "umap: 5,000 × 512, 15 neighbours; fresh: a process with all it loads and compiles.",
    "scale: 400 patients, 2,000,000 cells × 20,000 genes; no peer: nothing else was tried at this size.",
)


def bench_bags(bench, *arguments):
    """What bench_bags prints: a dictionary a line."""
    program = Path(bench.program).parent / "bench" / "bench_bags"
    said = subprocess.run([str(part) for part in (program, *arguments)], capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def peer(*arguments):
    return [sys.executable, HERE / "bag_peers.py", *arguments, "--threads", THREADS]


def marks(said, pattern):
    return [float(found) for found in re.findall(pattern, said)]


class Patients:
    """A simulated cohort of the published size, as an h5ad and as our store."""

    def __init__(self, bench):
        import anndata

        self.bench, self.folder = bench, bench.work / "patients"
        self.n, self.cells = (72, 1500) if bench.shrink == 1 else (16, 200)
        measure(bench.ours("simulate", "--n-donors", self.n, "--n-cells", self.cells, "--n-genes", GENES, "--mean-counts", 2900,
                           "--low-quality", 0, "--out", self.folder))  # fmt: skip
        self.source = self.folder / "cohort.h5ad"
        obs = anndata.read_h5ad(self.source, backed="r").obs
        names = sorted(set(obs["donor"]))
        sick = {name: obs["disease"][obs["donor"] == name].iloc[0] for name in names}
        kinds = [[name for name in names if sick[name] == kind] for kind in sorted(set(sick.values()))]
        self.test = [name for kind in kinds for name in kind[: max(1, self.n // 18)]]
        self.donor = obs["donor"].to_numpy()
        self.experiment, self.prepared = self.folder / "study.toml", self.folder / "prepared"
        self.experiment.write_text(
            f"[data]\nfiles = ['{self.source}']\nlabel = 'disease'\nunit = 'donor'\ndonor = 'donor'\n[split]\nscheme = 'lists'\n"
            f"test = {self.test}\n[prepare]\nmin_genes = 0\nmax_genes = 0\nmax_mito_percent = 100\nmax_cells = 0\n"
            "min_cells_per_gene = 0\ngenes = { select = 'all' }\nscale = { by = 'none' }\n"
            f"[model]\nkind = 'bag'\nbag = {{ cells = {self.cells}, patients = 32 }}\n[train]\npatience = 0\nlearning_rate = 1e-4\n"
            "weight_decay = 1e-4\nclass_weights = 'balanced'\n"
        )
        self.prepare = measure(bench.ours("prepare", self.experiment, "--out", self.prepared))

    def epoch(self):
        import anndata

        bench, out, n = self.bench, self.bench.work / "epochs", self.n - len(self.test)
        packed, epochs = self.folder / "packed.h5ad", 1 + max(1, bench.rounds // 2)  # the first is not measured
        anndata.read_h5ad(self.source).write_h5ad(packed, compression="gzip")
        load = os.getloadavg()[0]
        shutil.copytree(self.prepared, out, copy_function=os.link)
        ours = measure(bench.ours("train", self.experiment, "--out", out, "--set", f"train.epochs={epochs}"))
        shutil.rmtree(out)
        for name, source, more in (("PyTorch, the usual loop, h5ad gzip", packed, ()), ("PyTorch, lean loop, h5ad plain", self.source, ("--lean",))):
            theirs = measure(peer("epoch", "--source", source, "--leave-out", ",".join(self.test), "--epochs", epochs, "--cells", self.cells,
                                  *more))  # fmt: skip
            bench.add(row("pascient_epoch", name, [Run(s, ours.megabytes) for s in ours.epoch_steps],
                          [Run(s, theirs.megabytes) for s in theirs.epoch_steps],
                          f"{n} patients; the store took {self.prepare.seconds:.1f} s once, not counted", load))  # fmt: skip
        computed = bench_bags(bench, "epoch", n, self.cells, GENES, 1500, THREADS, epochs)
        alone = marks(theirs.said, r"compute ([\d.]+) s")[1:]
        bench.add(row("pascient_epoch, compute alone", "PyTorch, lean loop", [Run(c["seconds"], 0) for c in computed],
                      [Run(s, 0) for s in alone], "", load))  # fmt: skip
        packed.unlink()

    def attribution(self):
        bench, together, load = self.bench, 5, os.getloadavg()[0]
        n, few = (20, max(1, bench.rounds // 2)) if bench.shrink == 1 else (2, 1)
        size = (self.cells, GENES, 1500)
        ours = [entry["seconds"] for entry in bench_bags(bench, "attribution", n, *size, THREADS)]
        said = measure(peer("attribution", "--patients", few, "--together", together, "--cells", self.cells)).said
        theirs = [json.loads(line)["seconds"] for line in said.splitlines() if line.startswith("{")]
        middle = statistics.median(theirs)
        entry = {"name": "integrated_gradients", "peer": "captum", "runs": n, "seconds": spread(ours), "peer_seconds": spread(theirs),
                 "speed_ratio": ratios(ours, [middle] * n)}  # fmt: skip
        bench.add(finished(entry, f"seconds a patient, {n} here and {few} there; internal batch size {together}", load))

    def loader(self):
        import numpy as np

        bench, rng, cells, rounds = self.bench, np.random.default_rng(1), min(500, self.cells // 2), 3
        bags, table = self.folder / "bags.txt", {}
        names = sorted(set(self.donor))
        with open(bags, "w") as file:
            for _ in range(64):
                rows = np.flatnonzero(self.donor == rng.choice(names))
                print(*np.sort(rng.choice(rows, cells, replace=False)), file=file)
        store = self.prepared / "store"
        files = [self.source, *store.iterdir()]
        for state in ("warm", "cold"):
            loads = []
            for turn in range(rounds + 1):
                for tool in ("cellverdict", "anndata", "AnnLoader", "scDataset"):
                    for path in files if state == "cold" else ():
                        forget(path)
                    loads.append(os.getloadavg()[0])
                    if tool == "cellverdict":
                        [said] = bench_bags(bench, "load", store, bags, THREADS)
                    else:
                        text = measure(peer("load", "--tool", tool, "--source", self.source, "--bags", bags)).said
                        said = json.loads(text[text.index("{"):])
                    if turn > 0:
                        table.setdefault(tool, []).append(said)
            if len({entry["total"] for runs in table.values() for entry in runs}) != 1:
                sys.exit("bench: bag_loader: other counts than the peers': not the same work")
            ours = [Run(entry["seconds"], 0) for entry in table.pop("cellverdict")]
            for tool, runs in table.items():
                bench.add(row(f"bag_loader, {state}", tool, ours, [Run(entry["seconds"], 0) for entry in runs],
                              f"the same counts; our store took {self.prepare.seconds:.1f} s to make", max(loads)))  # fmt: skip
            table.clear()


def forget(path):
    """Takes a file out of the page cache."""
    handle = os.open(path, os.O_RDONLY)
    os.fsync(handle)
    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(handle)


def scale(bench):
    """2 million cells stored, an epoch trained, the test side explained: seconds and memory of each step."""
    folder, donors = bench.work / "scale", 400 if bench.shrink == 1 else 20
    source, experiment, run = folder / "cohort.h5ad", folder / "study.toml", folder / "run"
    measure(bench.ours("simulate", "--n-donors", donors, "--n-cells", 5000 // bench.shrink, "--n-genes", 20000, "--mean-counts", 900,
                       "--low-quality", 0, "--out", folder))  # fmt: skip
    experiment.write_text(
        f"[data]\nfiles = ['{source}']\nlabel = 'disease'\nunit = 'donor'\ndonor = 'donor'\n[split]\nscheme = 'group'\n"
        "[prepare]\nmin_genes = 0\nmax_genes = 0\nmax_mito_percent = 100\nmax_cells = 0\nmin_cells_per_gene = 0\n"
        "genes = { select = 'all' }\nscale = { by = 'none' }\n[model]\nkind = 'bag'\n[train]\nepochs = 1\nlearning_rate = 1e-4\n"
        "weight_decay = 1e-4\nmonitor = 'validation.loss'\n"
    )
    for name, command in (("prepare", ("prepare", experiment, "--out", run)), ("train, one epoch", ("train", experiment, "--out", run)),
                          ("explain", ("explain", run, "--out", folder / "why"))):  # fmt: skip
        load = os.getloadavg()[0]
        took = measure(bench.ours(*command))
        size = f"{source.stat().st_size / 1e9:.1f} GB of h5ad" if name == "prepare" else ""
        bench.add(row(f"scale, {name}", "", [took], [], size, load))
    shutil.rmtree(folder)


def measure_group(bench, name):
    if name == "scale":
        scale(bench)
    elif name == "umap":
        for entry in umap_row.umap_rows(Path(bench.program).parent / "bench" / "bench_umap", bench.shrink):
            bench.add(entry)
    else:
        patients = Patients(bench)
        patients.epoch()
        patients.attribution()
        patients.loader()
        shutil.rmtree(patients.folder)
