"""What the cases of tests/cli set up: tiny 10x libraries, an experiment on them, and every way to damage a file."""

import csv
import gzip
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path


def program_to_test() -> str | None:
    """The first argument, else $CELLVERDICT_PROGRAM, as a whole path; says so when there is neither."""
    program = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("CELLVERDICT_PROGRAM", "")
    if not program:
        print("skipped: no program: give its path or set CELLVERDICT_PROGRAM")
        return None
    return str(Path(program).resolve())


def check(holds: bool, claim: str) -> None:
    if not holds:
        sys.exit(f"not so: {claim}")


class Player:
    """Plays the program in a folder: what it prints, or complains of when it should end with another code than 0."""

    def __init__(self, program: str, folder: Path):
        self.program, self.folder = program, folder

    def __call__(self, *words: str, code: int = 0) -> str:
        done = subprocess.run([self.program, *words], cwd=self.folder, capture_output=True, text=True)
        if done.returncode != code:
            sys.exit(f"{' '.join(words)}: exit code {done.returncode}, expected {code}\n{done.stderr}")
        return done.stdout if code == 0 else done.stderr


class Skip(Exception):
    """This machine cannot play the case."""


N_GENES, N_CELLS = 30, 12
LIBRARIES = {  # library: genotype, day, donor
    "L1": ("Control", 0, "d1"), "L2": ("Patient", 0, "d2"), "L3": ("Control", 9, "d3"), "L4": ("Patient", 9, "d4"),
    "L5": ("Control", 19, "d5"), "L6": ("Patient", 19, "d6"), "L7": ("Control", 2, "d1"),
}
EXPERIMENT = """[data]
sources = "samples.csv"
label = "genotype"
unit = "library"
donor = "donor"

[split]
scheme = "lists"
validation = ["L3", "L4"]
test = ["L5", "L6"]

[prepare]
min_genes = 0
max_genes = 0
max_mito_percent = 100
min_cells_per_gene = 1
genes = { select = "all" }

[model]
kind = "mlp"
width = 8
depth = 1

[train]
epochs = 2
batch_size = 16
"""
BAG_EXPERIMENT = """[data]
files = ["sim/cohort.h5ad"]
label = "disease"
unit = "library"
donor = "donor"

[split]
scheme = "group"

[prepare]
min_genes = 0
max_genes = 0
max_mito_percent = 100
min_cells_per_gene = 1
genes = { select = "all" }

[model]
kind = "bag"
bag = { cell_width = 8, attention_width = 8, patient_width = 8, cells = 30, patients = 4 }

[train]
epochs = 3
seed = 1
"""


def counts_of(name: str, shift: int = 0) -> list[list[int]]:
    """[cells][genes]; the first genes are higher when `shift`."""
    draw = random.Random(name)
    return [[draw.choice((0, 0, 1, 2, 5)) + (shift if gene < 4 else 0) for gene in range(N_GENES)] for _ in range(N_CELLS)]


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), mtime=0) if path.suffix == ".gz" else text.encode())


def read_table(path: Path) -> list[dict]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def read_text(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode()


def write_library(folder: Path, counts: list[list[float]], ending: str, gene: str = "ENSG{:011d}") -> None:
    entries = [f"{g + 1} {c + 1} {x}" for c, row in enumerate(counts) for g, x in enumerate(row) if x]
    field = "integer" if all(isinstance(x, int) for row in counts for x in row) else "real"
    write_text(folder / f"matrix.mtx{ending}",
               f"%%MatrixMarket matrix coordinate {field} general\n{len(counts[0])} {len(counts)} {len(entries)}\n" + "\n".join(entries) + "\n")
    write_text(folder / f"barcodes.tsv{ending}", "".join(f"CELL{c}-1\n" for c in range(len(counts))))
    write_text(folder / f"features.tsv{ending}",
               "".join(f"{gene.format(g)}\t{gene.format(g).replace('ENSG', 'GENE')}\tGene Expression\n" for g in range(len(counts[0]))))


def library(runner, folder, name, ending="", gene="ENSG{:011d}"):
    """A 10x folder; `library L1 .gz` compressed; a third word is the pattern of its gene ids, which are all its names if no Ensembl ids."""
    write_library(folder / name, counts_of(name, 3 if LIBRARIES.get(name, ("",))[0] == "Patient" else 0), ending, gene)


def genes(runner, folder, file, symbol, n):
    """A table of the first genes of a library: Ensembl ids with versions, and symbols after a pattern."""
    write_text(folder / file, "gene_id,gene_name\n" + "".join(f"ENSG{g:011d}.{g + 1},{symbol.format(g)}\n" for g in range(int(n))))


def study(runner, folder, ending=""):
    """Seven libraries, their sample sheet, and study.toml, which runs in a moment."""
    for name in LIBRARIES:
        library(runner, folder, name, ending)
    rows = "".join(f"{name},{name},{genotype},{day},{donor}\n" for name, (genotype, day, donor) in LIBRARIES.items())
    write_text(folder / "samples.csv", "library,path,genotype,day,donor\n" + rows)
    write_text(folder / "study.toml", EXPERIMENT)


def confounded(runner, folder):
    """The study's sample sheet with a batch that goes with the genotype."""
    head, *rows = read_text(folder / "samples.csv").splitlines()
    batch = {"Control": "A", "Patient": "B"}
    write_text(folder / "samples.csv", "".join(f"{row},{end}\n" for row, end in [(head, "batch")] + [(row, batch[row.split(",")[2]]) for row in rows]))


once = threading.Lock()


def simulated(runner, folder, name, *options):
    """A simulated study of a few small cells, made once for all cases: lmna/ or cohort/."""
    made = runner.shared / name
    with once:
        if not made.exists():
            subprocess.run([runner.program, "simulate", "-q", "--out", made, "--n-cells", "20", "--n-genes", "200", "--n-disease-genes", "10",
                            "--n-day-genes", "8", *options], check=True, stdout=subprocess.DEVNULL)
    (folder / name).symlink_to(made)


def lmna(runner, folder):
    """The twelve libraries of the LMNA study in lmna/, and lmna.toml: matched by day."""
    simulated(runner, folder, "lmna", "--design", "lmna")
    text = EXPERIMENT.replace('scheme = "lists"\nvalidation = ["L3", "L4"]\ntest = ["L5", "L6"]', 'scheme = "matched"\nby = "day"\ntest = 19\nvalidation = 0')
    write_text(folder / "lmna.toml", text.replace('"samples.csv"', '"lmna/samples.csv"'))


def cohort(runner, folder):
    """One h5ad file of twelve donors: cohort/cohort.h5ad, copied to cohort.h5ad."""
    simulated(runner, folder, "cohort", "--n-donors", "6")
    (folder / "cohort.h5ad").write_bytes((folder / "cohort" / "cohort.h5ad").read_bytes())


def must_learn(runner):
    if not runner.learns:
        raise Skip("built without LibTorch")


def trained(runner, folder):
    """The study with a model in run/model, trained once for all cases."""
    must_learn(runner)
    study(runner, folder)
    made = runner.shared / "trained"
    with once:
        if not made.exists():
            subprocess.run([runner.program, "evaluate", "-q", "study.toml", "--out", made], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cp", "-r", made, folder / "run"], check=True)


def interrupted(runner, folder):
    """The study with a training stopped by Ctrl-C after some epochs: run/checkpoint."""
    must_learn(runner)
    study(runner, folder)
    words = [runner.program, "train", "-q", "study.toml", "--out", "run", "--set", "train.epochs=100000", "--set", "train.patience=0", "--threads", "1"]
    process = subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (folder / "run/checkpoint/checkpoint.safetensors").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130, "the training was not interrupted"


def edit(runner, folder, file, old, new):
    """Replaces a text that must be there, also in .gz; \\n and \\t are what they are in C."""
    old, new = (x.replace("\\n", "\n").replace("\\t", "\t") for x in (old, new))
    text = read_text(folder / file)
    assert old in text, f"{file} has no {old!r}"
    write_text(folder / file, text.replace(old, new, 1))


def entry(runner, folder, file, value):
    """The first entry of a matrix gets another value; the matrix becomes real-valued."""
    lines = read_text(folder / file).split("\n")
    lines[0] = lines[0].replace("integer", "real")
    lines[2] = " ".join(lines[2].split()[:2] + [value])
    write_text(folder / file, "\n".join(lines))


def values(runner, folder, name, how):
    """The library again, with other values: fractions, log1p, normalised."""
    import math
    change = {"fractions": lambda x, total: x * 7.5, "log1p": lambda x, total: math.log1p(x) if x else 0, "normalised": lambda x, total: x * 1e4 / total}[how]
    write_library(folder / name, [[float(change(x, sum(row))) for x in row] for row in counts_of(name)], "")


def cut(runner, folder, file, share):
    """Keeps the first part of a file, in percent."""
    data = (folder / file).read_bytes()
    (folder / file).write_bytes(data[: len(data) * int(share) // 100])


def flip(runner, folder, file, share):
    """Damages some bytes at a place given in percent."""
    data = bytearray((folder / file).read_bytes())
    at = len(data) * int(share) // 100
    data[at:at + 8] = bytes(b ^ 0x5A for b in data[at:at + 8])
    (folder / file).write_bytes(data)


def text(runner, folder, file, content=""):
    write_text(folder / file, content.replace("\\n", "\n").replace("\\t", "\t"))


def remove(runner, folder, file):
    (folder / file).unlink()


def h5ad(runner, folder, file, how="counts"):
    """An h5ad file by anndata's layout, through h5py: counts, or damaged as `how` says."""
    try:
        import h5py
        import numpy as np
    except ImportError:
        raise Skip("h5py is not installed") from None
    counts = np.array([row for name in ("L1", "L2") for row in counts_of(name)], dtype=np.float32)
    x = counts.copy()
    if how == "log1p":
        x = np.log1p(x / x.sum(axis=1, keepdims=True) * 1e4)
    elif how == "scaled":
        x = (x - x.mean(axis=0)) / x.std(axis=0)
    elif how == "nan":
        x[-1, -1] = np.nan
    elif how == "negative-last":
        x[-1, -1] = -1
    elif how == "fractions":
        x *= 7.5
    n_cells, n_genes = (0 if how == "no-cells" else len(x)), (0 if how == "no-genes" else N_GENES)
    x = x[:n_cells, :n_genes]
    with h5py.File(folder / file, "w") as f:
        f.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        if how != "no-x":
            f["X"] = x
            f["X"].attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
        for name, index in (("obs", [f"C{i}" for i in range(len(x))]), ("var", [f"ENSG{i:011d}" for i in range(x.shape[1])])):
            if how == "duplicate-genes" and name == "var":
                index[7] = index[3]
            if how == "duplicate-cells" and name == "obs":
                index[7] = index[3]
            group = f.create_group(name)
            group["_index"] = np.array(index, dtype=h5py.string_dtype())
            group["_index"].attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})
            group.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.2.0", "_index": "_index", "column-order": np.array([], dtype=h5py.string_dtype())})
        for column, data in (("genotype", (["Control"] * N_CELLS + ["Patient"] * N_CELLS)[:n_cells]), ("library", [f"L{1 + i // 4}" for i in range(len(x))])):
            f["obs"][column] = np.array(data, dtype=h5py.string_dtype())
            f["obs"][column].attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})
        f["obs"].attrs["column-order"] = np.array(["genotype", "library"], dtype=h5py.string_dtype())


MOUNTED: list[Path] = []


def small_disk(runner, folder, name, size):
    """A file system of `size` bytes at `name`; only root can make one."""
    place = folder / name
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], stderr=subprocess.DEVNULL) if os.geteuid() == 0 else None
    if done is None or done.returncode != 0:
        raise Skip("no right to mount a small file system")
    MOUNTED.append(place)


def clean_up(folder: Path) -> None:
    for place in [p for p in MOUNTED if folder in p.parents]:
        subprocess.run(["umount", place], check=False)
        MOUNTED.remove(place)


SET_UP = {"library": library, "genes": genes, "study": study, "confounded": confounded, "lmna": lmna, "cohort": cohort, "trained": trained, "interrupted": interrupted, "edit": edit, "entry": entry, "values": values,
          "cut": cut, "flip": flip, "text": text, "remove": remove, "h5ad": h5ad, "small-disk": small_disk}
