"""A file that is written to while `prepare` reads it is refused in one sentence that names it, and no store is left but the sources
that were done before, of which no file is half written.

usage: changed_file_test.py [PROGRAM]

The program is stopped (SIGSTOP) as soon as its temporary store is there, which is after it has looked at every file and before it is
through with any; then a file is changed and the program goes on. Should it have been through all the same, which can be told from
its success, the case is played again with a larger file.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))
import files
from cli_test import complaints_about_error

SKIPPED = 77
LARGE, SMALL = "L1", "L7"  # the first that is read, and the last
N_CELLS, TRIES = 10_000, 5


def rows(n: int, first: int = 1) -> list[list[int]]:
    return [[(first + cell * gene) % 4 for gene in range(files.N_GENES)] for cell in range(n)]


def append_a_line(folder: Path) -> None:
    with open(folder / LARGE / "matrix.mtx", "a") as file:
        file.write("1 1 1\n")


def replace(folder: Path) -> None:
    """Another file of the same length in its place, as a copy that is done once more."""
    text = (folder / LARGE / "matrix.mtx").read_text()
    (folder / "new").write_text(text[:-2] + ("3\n" if text[-2] != "3" else "2\n"))
    (folder / "new").rename(folder / LARGE / "matrix.mtx")


def cut(folder: Path) -> None:
    os.truncate(folder / LARGE / "matrix.mtx", (folder / LARGE / "matrix.mtx").stat().st_size // 2)


def remove(folder: Path) -> None:
    (folder / LARGE / "matrix.mtx").unlink()


def fewer_cells(folder: Path) -> None:
    files.write_library(folder / SMALL, rows(3), "")


def more_cells(folder: Path) -> None:
    files.write_library(folder / SMALL, rows(60), "")


def other_genes(folder: Path) -> None:
    files.write_library(folder / SMALL, rows(files.N_CELLS), "", "ENSG9{:010d}")


def other_cells(folder: Path) -> None:
    (folder / SMALL / "barcodes.tsv").write_text("".join(f"OTHER{c}-1\n" for c in range(files.N_CELLS)))


class Way(NamedTuple):
    words: list  # for prepare
    when: str    # the file in the temporary store that says that it is time


ALL_FIRST = ["--set", "prepare.draw=after", "--set", "prepare.max_cells=100000"]
WAYS = {
    "while it is read, each written when it is read": Way([], "spool0.*"),
    "while it is read, all read before the first is written": Way(ALL_FIRST, "spool0.*"),
    "when all are read and the first is written": Way(ALL_FIRST, ".000_*"),
}
CHANGES = (append_a_line, replace, cut, remove, fewer_cells, more_cells, other_genes, other_cells)


def stop_when(process: subprocess.Popen, reached) -> bool:
    """Stops the program when `reached()`; false when it has ended before."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        if reached():
            process.send_signal(signal.SIGSTOP)
            return True
    raise SystemExit("the program neither ends nor begins a store")


def store_has(folder: Path, pattern: str) -> bool:
    """Whether the temporary store, or the temporary part of one source, holds such a file."""
    try:
        return any(any((folder / "run").glob(f"{place}/{pattern}")) for place in (".store.part*", "store.parts/.*.part*"))
    except FileNotFoundError:
        return False


def left_in(folder: Path) -> list[str]:
    """What should not be there after a failure."""
    run = folder / "run"
    parts = [*run.glob("store.parts/*")]
    half = [p for p in parts if not (p / "part.json").exists() or any(q.name.startswith((".", "spool")) for q in p.iterdir())]
    return [str(p.relative_to(folder)) for p in [*run.glob(".*"), *run.glob("store"), *run.glob("store-*"), *half]]


def play(program: str, folder: Path, change, way: Way) -> tuple[subprocess.CompletedProcess, bool]:
    """(how it ended, whether it was stopped in time for the change)"""
    line = [program, "prepare", "study.toml", "-q", "--out", "run", *way.words]
    process = subprocess.Popen(line, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"NO_COLOR": "1"})
    stopped = stop_when(process, lambda: store_has(folder, way.when))
    if stopped:
        change(folder)
        process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(line, process.returncode, out, err), stopped


def main() -> int:
    program = files.program_to_test()
    if program is None:
        return SKIPPED
    problems = []
    with tempfile.TemporaryDirectory(prefix="cellverdict_changed.") as name:
        for change in CHANGES:
            for name_of_way, way in WAYS.items():
                for attempt in range(TRIES):
                    folder = Path(name) / "study"
                    files.study(None, folder)
                    files.write_library(folder / LARGE, rows(N_CELLS << attempt), "")
                    done, stopped = play(program, folder, change, way)
                    left = left_in(folder)
                    shutil.rmtree(folder)
                    if stopped and done.returncode != 0:
                        break
                if not stopped:
                    problems.append(f"{change.__name__}, {name_of_way}: the program was never seen at work")
                    continue
                said = complaints_about_error(done.stderr, done.stdout)
                if done.returncode != 1:
                    said.append(f"exit {done.returncode} instead of 1")
                if not any(library in done.stderr for library in (LARGE, SMALL)):
                    said.append("does not name the file")
                if left:
                    said.append(f"left {left}")
                problems += [f"{change.__name__}, {name_of_way}: {s}\n      stderr: {done.stderr.strip()[-500:]}" for s in said]
                if "-v" in sys.argv:
                    print(change.__name__, name_of_way, done.stderr.strip())
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
