"""The memory `prepare` promises: private memory (RssAnon, so neither mapped files nor the page cache) stays under 500 MB, grows with
the number of cells by little, and a run that may have no more than that ends well.

usage: memory_test.py [PROGRAM]

Exits 77 (skipped) without h5py.
"""

import os
import resource
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

MOST = 500e6           # bytes of private memory, whatever the number of cells up to LARGE
TOO_LITTLE = 25e6      # bytes; the cells alone take 22 MB
MOST_A_CELL = 500      # bytes more for each cell more
SMALL, LARGE = 50_000, 200_000
N_GENES, N_ENTRIES, CHUNK = 1000, 12, 100_000
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
min_cells_per_gene = 1
genes = {{ select = "all" }}
"""


def write_h5ad(path: Path, n_cells: int) -> None:
    """Packed as people keep them, so that neither the file nor its pages are private memory."""
    rng = np.random.default_rng(1)
    step = N_GENES // N_ENTRIES
    with h5py.File(path, "w") as file:
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        x = file.create_group("X")
        x.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": [n_cells, N_GENES]})
        n = n_cells * N_ENTRIES
        packed = {"chunks": (min(CHUNK, n),), "compression": "gzip", "compression_opts": 1}
        x.create_dataset("data", data=rng.integers(1, 9, n).astype(np.float32), **packed)
        columns = np.arange(N_ENTRIES, dtype=np.int32) * step + rng.integers(0, step, (n_cells, N_ENTRIES), dtype=np.int32)
        x.create_dataset("indices", data=columns.ravel(), **packed)
        x.create_dataset("indptr", data=np.arange(0, n + 1, N_ENTRIES, dtype=np.int64))
        donors = np.arange(n_cells) * 8 // n_cells
        for name, index, columns in (
            ("obs", [f"CELL{i:07d}-1" for i in range(n_cells)], {"donor": (donors, [f"d{i}" for i in range(8)]), "disease": (donors % 2, ["no", "yes"])}),
            ("var", [f"ENSG{i:011d}" for i in range(N_GENES)], {}),
        ):
            group = file.create_group(name)
            group.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.2.0", "_index": "_index"})
            group.attrs["column-order"] = np.array(list(columns), dtype=h5py.string_dtype())
            group["_index"] = np.array(index, dtype=h5py.string_dtype())
            group["_index"].attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})
            for column, (codes, levels) in columns.items():
                categorical = group.create_group(column)
                categorical.attrs.update({"encoding-type": "categorical", "encoding-version": "0.2.0", "ordered": False})
                categorical["codes"] = codes.astype(np.int8)
                categorical["categories"] = np.array(levels, dtype=h5py.string_dtype())
                categorical["categories"].attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})


def private_bytes(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0


def prepare(program: str, folder: Path, n_cells: int, limit: int | None = None) -> tuple[int, int, str]:
    """(exit code, peak of private memory, what was said on stderr)"""
    toml = folder / f"{n_cells}.toml"
    toml.write_text(EXPERIMENT.format(file=f"{n_cells}.h5ad"))
    words = [program, "prepare", "-q", toml, "--out", folder / f"run{n_cells}{limit or ''}", "--threads", "2"]

    def confine():
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))  # private memory that may be written, touched or not

    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=confine,
                               env=os.environ | {"NO_COLOR": "1", "MALLOC_ARENA_MAX": "2"})
    peak = 0
    while process.poll() is None:
        peak = max(peak, private_bytes(process.pid))
        time.sleep(0.002)
    return process.returncode, peak, process.stderr.read()


def main() -> int:
    program = files.program_to_test()
    if program is None:
        return SKIPPED
    problems, peaks = [], {}
    with tempfile.TemporaryDirectory(prefix="cellverdict_memory.") as name:
        folder = Path(name)
        for n_cells in (SMALL, LARGE):
            write_h5ad(folder / f"{n_cells}.h5ad", n_cells)
            code, peaks[n_cells], said = prepare(program, folder, n_cells)
            if code != 0:
                problems.append(f"{n_cells:,} cells: exit {code}: {said.strip()[-500:]}")
        code, _, said = prepare(program, folder, LARGE, int(MOST))
        if code != 0:
            problems.append(f"{LARGE:,} cells with {MOST / 1e6:,.0f} MB of memory and no more: exit {code}: {said.strip()[-500:]}")
        code, _, said = prepare(program, folder, LARGE, int(TOO_LITTLE))
        if code != 1 or "memory" not in said or said.count(": error: ") != 1:
            problems.append(f"{LARGE:,} cells with {TOO_LITTLE / 1e6:.0f} MB: exit {code} rather than 1 and a sentence about memory: {said.strip()[-500:]}")
    a_cell = (peaks[LARGE] - peaks[SMALL]) / (LARGE - SMALL)
    print(f"private memory: {peaks[SMALL] / 1e6:.0f} MB for {SMALL:,} cells, {peaks[LARGE] / 1e6:.0f} MB for {LARGE:,}: {a_cell:.0f} bytes a cell")
    if peaks[LARGE] > MOST:
        problems.append(f"more than {MOST / 1e6:,.0f} MB of private memory")
    if a_cell > MOST_A_CELL:
        problems.append(f"more than {MOST_A_CELL} bytes for each cell more")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
