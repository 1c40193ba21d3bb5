"""Writing verbs that run out of room, at many points of their work: each says so in one sentence, exits with 1, leaves nothing
half-written, and what it leaves does not keep the next run from succeeding.

usage: no_room_test.py [PROGRAM]

Two kinds of "no room": no file may grow beyond N bytes (as under `ulimit -f`), and a file system of N bytes, which only root can
make (skipped otherwise).
"""

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import files
from cli_test import complaints_about_error

SKIPPED = 77
SIMULATE = ["simulate", "-q", "--n-cells", "30", "--n-genes", "300", "--n-disease-genes", "10", "--n-day-genes", "8", "--n-donors", "4"]


class Maker:  # what files.py asks of a runner
    learns = False


def verbs(study: Path) -> dict[str, tuple[list, str]]:
    """name: (words, with OUT for the place to write; what must be whole or absent in OUT)"""
    return {
        "prepare": (["prepare", "-q", study / "study.toml", "--out", "OUT/run"], "run/store"),
        "simulate": ([*SIMULATE, "--out", "OUT/made"], "made/cohort.h5ad"),
        "simulate --format 10x": ([*SIMULATE, "--format", "10x", "--out", "OUT/made"], ""),
        "convert to h5ad": (["convert", "-q", study / "L1", "OUT/a.h5ad"], "a.h5ad"),
        "convert to loom": (["convert", "-q", study / "L1", "OUT/a.loom"], "a.loom"),
        "convert to 10x HDF5": (["convert", "-q", study / "L1", "OUT/a.h5"], "a.h5"),
        "convert to tsv.gz": (["convert", "-q", study / "L1", "OUT/a.tsv.gz"], "a.tsv.gz"),
        "convert to 10x": (["convert", "-q", study / "L1", "OUT/mex"], "mex"),
    }


def sizes_of(path: Path) -> dict[str, int]:
    found = [path] if path.is_file() else path.rglob("*")
    return {str(p.relative_to(path)): p.stat().st_size for p in found if p.is_file()}


def run(program: str, words: list, out: Path, limit: int | None = None) -> subprocess.CompletedProcess:
    def confine():
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    line = [program, *(str(w).replace("OUT", str(out)) for w in words)]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, preexec_fn=confine, env=os.environ | {"NO_COLOR": "1"})


def judge(done: subprocess.CompletedProcess, out: Path, whole: str, reference: dict[str, int]) -> list[str]:
    said = []
    if done.returncode not in (0, 1):
        said.append(f"exit {done.returncode}")
    if done.returncode != 0:
        said += complaints_about_error(done.stderr, done.stdout)
        if not re.search("No space left|File too large", done.stderr):
            said.append("does not say that there is no room")
    left = [str(p.relative_to(out)) for p in out.rglob("*") if re.search(r"\.part\d*$|\.tmp$|^\..*\.part", p.name)]
    if left:
        said.append(f"left behind: {left}")
    if whole and (out / whole).exists() and sizes_of(out / whole) != reference:
        said.append(f"{whole} is there and not whole")
    return [f"{s}\n      stderr: {done.stderr.strip()[-500:]}" for s in said]


def main() -> int:
    program = files.program_to_test()
    if program is None:
        return SKIPPED
    problems, n_runs, n_refused = [], 0, 0
    with tempfile.TemporaryDirectory(prefix="cellverdict_no_room.") as name:
        top = Path(name)
        files.study(Maker(), top / "study")
        for verb, (words, whole) in verbs(top / "study").items():
            reference_out = top / "reference"
            reference_out.mkdir()
            done = run(program, words, reference_out)
            assert done.returncode == 0, f"{verb} fails with all the room there is: {done.stderr}"
            reference = sizes_of(reference_out / whole)
            largest = max(p.stat().st_size for p in reference_out.rglob("*") if p.is_file())
            shutil.rmtree(reference_out)
            limits = sorted({0, 1, 700, *(largest * share // 8 for share in range(1, 9)), largest - 1})
            for limit in limits:
                out = top / "out"
                out.mkdir()
                done = run(program, words, out, limit)
                n_runs, n_refused = n_runs + 1, n_refused + (done.returncode == 1)
                said = judge(done, out, whole, reference)
                if limit < largest and done.returncode == 0:
                    said.append("exit 0 although its largest file cannot have been written")
                if not said and limit == limits[3]:
                    again = run(program, words, out)
                    if again.returncode != 0:
                        said.append(f"what was left keeps the next run from succeeding: {again.stderr.strip()[-500:]}")
                problems += [f"{verb}, files of at most {limit:,} of {largest:,} bytes: {s}" for s in said]
                shutil.rmtree(out)
            for pages in (1, 3, 8, 20, 40) if os.geteuid() == 0 else ():
                out = top / "disk"
                try:
                    files.small_disk(None, top, "disk", str(pages * 4096))
                except files.Skip as reason:
                    print(f"skipped: {reason}")
                    out.rmdir()
                    break
                try:
                    done = run(program, words, out)
                    n_runs, n_refused = n_runs + 1, n_refused + (done.returncode == 1)
                    problems += [f"{verb}, a disk of {pages} pages: {s}" for s in judge(done, out, whole, reference)]
                finally:
                    files.clean_up(top)
                    out.rmdir()
    print(f"{n_runs} runs, {n_refused} without room")
    print("\n".join(problems))
    return 1 if problems or n_refused == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
