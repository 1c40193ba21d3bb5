"""`inspect` looks at the beginning of a matrix: a file of 1 GB takes it no longer than its tables do.

usage: large_inspect_test.py [PROGRAM]

The file is made of holes: 125,000,000 values of which the first cells' alone are written, so it takes some MB of disk.
Exits 77 (skipped) without h5py, or where the file system fills the holes.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import files
from memory_test import SKIPPED

import h5py
import numpy as np

N_CELLS, N_GENES, N_ENTRIES = 100_000, 20_000, 1250
WRITTEN = 2_000      # cells with values
MOST_SECONDS = 5.0   # about one is usual; a machine may be busy
MOST_ON_DISK = 200e6


def frame(file: h5py.File, name: str, index: np.ndarray) -> h5py.Group:
    group = file.create_group(name)
    group.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.2.0", "_index": "_index"})
    group.attrs["column-order"] = np.array([], dtype=h5py.string_dtype())
    group["_index"] = index
    group["_index"].attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})
    return group


def with_holes(group: h5py.Group, name: str, dtype: str, n: int, beginning: np.ndarray) -> None:
    """A contiguous dataset whose room in the file is there and not written."""
    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_layout(h5py.h5d.CONTIGUOUS)
    layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    layout.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    made = h5py.h5d.create(group.id, name.encode(), h5py.h5t.py_create(np.dtype(dtype)), h5py.h5s.create_simple((n,)), layout)
    h5py.Dataset(made)[: len(beginning)] = beginning


def write_large(path: Path) -> None:
    n = N_CELLS * N_ENTRIES
    step = N_GENES // N_ENTRIES
    with h5py.File(path, "w") as file:
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        x = file.create_group("X")
        x.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": [N_CELLS, N_GENES]})
        with_holes(x, "data", "f4", n, np.arange(WRITTEN * N_ENTRIES) % 7 + 1)
        with_holes(x, "indices", "i4", n, np.tile(np.arange(N_ENTRIES) * step, WRITTEN))
        x.create_dataset("indptr", data=np.arange(0, n + 1, N_ENTRIES, dtype=np.int64))
        frame(file, "obs", np.array([f"CELL{i:07d}-1".encode() for i in range(N_CELLS)]))
        frame(file, "var", np.array([f"ENSG{i:011d}".encode() for i in range(N_GENES)]))


def main() -> int:
    program = files.program_to_test()
    if program is None:
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="cellverdict_large.") as name:
        path = Path(name) / "large.h5ad"
        write_large(path)
        status = path.stat()
        if status.st_blocks * 512 > MOST_ON_DISK:
            print("skipped: this file system fills the holes of a file")
            return SKIPPED
        assert status.st_size > 1e9, f"the file has {status.st_size:,} bytes"
        begin = time.monotonic()
        done = subprocess.run([program, "inspect", path], capture_output=True, text=True, timeout=120, env=os.environ | {"NO_COLOR": "1"})
        seconds = time.monotonic() - begin
    print(f"{status.st_size / 1e9:.1f} GB inspected in {seconds:.2f} s")
    if done.returncode != 0 or "100,000" not in done.stdout or "20,000" not in done.stdout:
        print(f"exit {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}")
        return 1
    if seconds > MOST_SECONDS:
        print(f"more than {MOST_SECONDS:.0f} s")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
