"""The memory `prepare` promises: private memory (RssAnon, so neither mapped files nor the page cache) stays under 500 MB and does not
grow with the number of cells, and a run that may have no more than that ends well.

usage: memory_test.py [PROGRAM]
       memory_test.py PROGRAM --cells 1000000 5000000 25000000 [--folder FOLDER]    as many cells as that, and what they take

Exits 77 (skipped) without h5py.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import files

SKIPPED = 77
try:
    import h5py
    import numpy as np
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(SKIPPED)

MOST = 500e6           # bytes of private memory, whatever the number of cells
TOO_LITTLE = 6e6       # bytes; the program alone takes more
MOST_A_CELL = 10       # bytes more for each cell more: what a list of the cells' names, or of one number each, would cost
SMALL, LARGE = 200_000, 1_000_000
N_GENES, N_ENTRIES, N_DONORS, CHUNK, PIECE = 1000, 8, 40, 100_000, 500_000
EXPERIMENT = """[data]
files = ["{file}"]
label = "disease"
unit = "donor"

[split]
scheme = "random-units"

[prepare]
min_genes = 0
max_genes = 0
max_mito_percent = 100
max_cells = 0
min_cells_per_gene = 1
genes = {{ select = "all" }}
"""
TEXT = h5py.string_dtype()


def barcodes(first: int, n: int) -> list[bytes]:
    """Sixteen letters and "-1", different for every cell and in no order."""
    number = (np.arange(first, first + n, dtype=np.uint64) * np.uint64(2654435761)) & np.uint64(0xFFFFFFFF)
    letters = np.frombuffer(b"ACGT", np.uint8)[(number[:, None] >> np.arange(30, -1, -2, dtype=np.uint64)) & np.uint64(3)]
    ending = np.broadcast_to(np.frombuffer(b"-1", np.uint8), (n, 2))
    return np.ascontiguousarray(np.hstack([letters, ending])).view("S18").ravel().tolist()


def encoding(of, kind: str, version: str) -> None:
    of.attrs.update({"encoding-type": kind, "encoding-version": version})


def frame(file, name: str, columns: list[str]):
    group = file.create_group(name)
    encoding(group, "dataframe", "0.2.0")
    group.attrs.update({"_index": "_index", "column-order": np.array(columns, dtype=TEXT)})
    return group


def write_h5ad(path: Path, n_cells: int) -> None:
    """Packed as people keep them, some cells at a time. As many cells of each of 40 donors, who are ill or not; a cell type, a batch
    of a donor and a score for every cell."""
    rng = np.random.default_rng(1)
    levels = {"donor": [f"d{i}" for i in range(N_DONORS)], "disease": ["no", "yes"], "batch": list("abcde"),
              "cell_type": [f"type {i}" for i in range(12)]}  # fmt: skip
    packed = {"chunks": (min(CHUNK, n_cells),), "compression": "gzip", "compression_opts": 1}
    with h5py.File(path, "w") as file:
        encoding(file, "anndata", "0.1.0")
        x = file.create_group("X")
        encoding(x, "csr_matrix", "0.1.0")
        x.attrs["shape"] = [n_cells, N_GENES]
        data = x.create_dataset("data", (n_cells * N_ENTRIES,), "f4", **packed)
        indices = x.create_dataset("indices", (n_cells * N_ENTRIES,), "i4", **packed)
        indptr = x.create_dataset("indptr", (n_cells + 1,), "i8", **packed)
        obs = frame(file, "obs", [*levels, "score", "sample", "tag"])
        names = obs.create_dataset("_index", (n_cells,), TEXT, **packed)
        sample = obs.create_dataset("sample", (n_cells,), TEXT, **packed)  # texts, not categories
        tag = obs.create_dataset("tag", (n_cells,), TEXT, **packed)  # another for each cell
        score = obs.create_dataset("score", (n_cells,), "f8", **packed)
        for texts in (names, sample, tag):
            encoding(texts, "string-array", "0.2.0")
        encoding(score, "array", "0.2.0")
        codes = {}
        for column, words in levels.items():
            group = obs.create_group(column)
            encoding(group, "categorical", "0.2.0")
            group.attrs["ordered"] = False
            codes[column] = group.create_dataset("codes", (n_cells,), "i1", **packed)
            group["categories"] = np.array(words, dtype=TEXT)
            encoding(group["categories"], "string-array", "0.2.0")
        step = N_GENES // N_ENTRIES
        for begin in range(0, n_cells, PIECE):
            n = min(PIECE, n_cells - begin)
            cells, entries = slice(begin, begin + n), slice(begin * N_ENTRIES, (begin + n) * N_ENTRIES)
            donor = np.arange(begin, begin + n) * N_DONORS // n_cells
            data[entries] = rng.integers(1, 9, n * N_ENTRIES).astype(np.float32)
            indices[entries] = (np.arange(N_ENTRIES) * step + rng.integers(0, step, (n, N_ENTRIES))).ravel()
            indptr[cells] = np.arange(begin, begin + n) * N_ENTRIES
            names[cells] = barcodes(begin, n)
            tag[cells] = [name[:-2] for name in names[cells]]
            sample[cells] = [b"sample %d" % i for i in donor]
            score[cells] = rng.normal(size=n)
            for column, values in (("donor", donor), ("disease", donor % 2), ("batch", donor % 5), ("cell_type", rng.integers(0, 12, n))):
                codes[column][cells] = values
        indptr[n_cells] = n_cells * N_ENTRIES
        var = frame(file, "var", [])
        var["_index"] = np.array([f"ENSG{i:011d}" for i in range(N_GENES)], dtype=TEXT)
        encoding(var["_index"], "string-array", "0.2.0")


def private_bytes(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0


def prepare(program: str, folder: Path, n_cells: int, limit: int | None = None, sets: tuple = ()) -> tuple[int, int, str]:
    """(exit code, peak of private memory, what was said on stderr)"""
    toml = folder / f"{n_cells}.toml"
    toml.write_text(EXPERIMENT.format(file=f"{n_cells}.h5ad"))
    out = folder / "run"
    shutil.rmtree(out, ignore_errors=True)
    words = [program, "prepare", "-q", toml, "--out", out, "--threads", "2", *[w for s in ("data.where=cell_type != 'type 11'", *sets) for w in ("--set", s)]]

    def confine():
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))  # private memory that may be written, touched or not

    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=said, preexec_fn=confine,
                                   env=os.environ | {"NO_COLOR": "1", "MALLOC_ARENA_MAX": "2"})  # fmt: skip
        peak = 0
        while process.poll() is None:
            peak = max(peak, private_bytes(process.pid))
            time.sleep(0.002)
        said.seek(0)
        return process.returncode, peak, said.read()


def differences(folder: Path, n_cells: int) -> list[str]:
    """Between the annotations of the shard and those of the cells that were to be kept."""
    with h5py.File(folder / f"{n_cells}.h5ad") as file, h5py.File(folder / "run" / "store" / f"000_{n_cells}.h5ad") as shard:
        there, here = file["obs"], shard["obs"]
        kept = there["cell_type/codes"][:] != 11
        same = {
            "_index": np.array_equal(there["_index"][:][kept], here["_index"][:]),
            "tag": np.array_equal(there["tag"][:][kept], here["tag"][:]),
            "score": np.array_equal(there["score"][:][kept], here["score"][:]),
            "sample": np.array_equal(there["sample"][:][kept], here["sample/categories"][:][here["sample/codes"][:]]),
            "total_counts": np.array_equal(np.add.reduceat(file["X/data"][:], file["X/indptr"][:-1])[kept], here["total_counts"][:]),
        } | {name: np.array_equal(there[name]["codes"][:][kept], here[name]["codes"][:]) for name in ("donor", "disease", "batch", "cell_type")}
    return [f"{n_cells:,} cells: obs/{name} of the shard is not that of the cells" for name, good in same.items() if not good]


def measure(program: str, sizes: list[int], folder: str | None) -> int:
    """For people: cells, seconds and the peak, file by file."""
    worst = 0
    with tempfile.TemporaryDirectory(prefix="cellverdict_memory.", dir=folder) as name:
        for n_cells in sizes:
            path = Path(name) / f"{n_cells}.h5ad"
            write_h5ad(path, n_cells)
            begin = time.monotonic()
            code, peak, said = prepare(program, Path(name), n_cells)
            print(f"{n_cells:>12,} cells  {path.stat().st_size / 1e6:>8,.0f} MB file  {time.monotonic() - begin:>6.0f} s  "
                  f"{peak / 1e6:>6,.0f} MB of private memory  exit {code}", flush=True)  # fmt: skip
            print(said if code else "", end="")
            worst = max(worst, code, int(peak > MOST))
            path.unlink()
    return worst


def check(program: str) -> int:
    problems, peaks = [], {}
    ways = {"all cells": {}, "drawn after quality control by MADs": {"sets": ("prepare.max_cells=4000", "prepare.draw=after", "prepare.mads=5")}}
    with tempfile.TemporaryDirectory(prefix="cellverdict_memory.") as name:
        folder = Path(name)
        for n_cells in (SMALL, LARGE):
            write_h5ad(folder / f"{n_cells}.h5ad", n_cells)
            for way, how in ways.items():
                code, peaks[way, n_cells], said = prepare(program, folder, n_cells, **how)
                if code != 0:
                    problems.append(f"{n_cells:,} cells, {way}: exit {code}: {said.strip()[-500:]}")
                elif not how:
                    problems += differences(folder, n_cells)
        code, _, said = prepare(program, folder, LARGE, int(MOST))
        if code != 0:
            problems.append(f"{LARGE:,} cells with {MOST / 1e6:,.0f} MB of memory and no more: exit {code}: {said.strip()[-500:]}")
        code, _, said = prepare(program, folder, LARGE, int(TOO_LITTLE))
        if code != 1 or "memory" not in said or said.count(": error: ") != 1:
            problems.append(f"{LARGE:,} cells with {TOO_LITTLE / 1e6:.0f} MB: exit {code} rather than 1 and a sentence about memory: {said.strip()[-500:]}")
    for way in ways:
        small, large = peaks[way, SMALL], peaks[way, LARGE]
        a_cell = (large - small) / (LARGE - SMALL)
        print(f"{way}: {small / 1e6:.0f} MB of private memory for {SMALL:,} cells, {large / 1e6:.0f} MB for {LARGE:,}: {a_cell:.1f} bytes a cell")
        if large > MOST:
            problems.append(f"{way}: more than {MOST / 1e6:,.0f} MB of private memory")
        if a_cell > MOST_A_CELL:
            problems.append(f"{way}: more than {MOST_A_CELL} bytes for each cell more")
    print("\n".join(problems))
    return 1 if problems else 0


def main() -> int:
    program = files.program_to_test()
    if program is None:
        return SKIPPED
    arguments = argparse.ArgumentParser()
    arguments.add_argument("program", nargs="?")
    arguments.add_argument("--cells", type=int, nargs="+")
    arguments.add_argument("--folder")
    given = arguments.parse_args()
    return measure(program, given.cells, given.folder) if given.cells else check(program)


if __name__ == "__main__":
    sys.exit(main())
