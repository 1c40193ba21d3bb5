"""`prepare` that is killed (SIGKILL) while it reads the third of six files goes on with the third when it is run again, and a study
that gets a seventh file reads that alone: both stores have the bytes of one prepared from nothing.

usage: killed_prepare_test.py [PROGRAM]
"""

import hashlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import files

SKIPPED = 77
N_FILES, KILLED_IN, TRIES = 7, 2, 5  # the file that is being read when the program is killed, counted from 0
EXPERIMENT = """[data]
files = [{files}]
label = "disease"
unit = "donor"

[split]
scheme = "random-units"

[prepare]
min_genes = 0
max_genes = 0
max_mito_percent = 100
"""


def simulate(program: str, folder: Path, n_cells: int) -> None:
    """S0.h5ad, S1.h5ad, …: studies whose donors have the same names, so that a donor's sums are added over all of them."""
    for i in range(N_FILES):
        subprocess.run([program, "simulate", "-q", "--out", folder / "made", "--seed", str(i), "--n-donors", "4", "--n-cells", str(n_cells),
                        "--n-genes", "500", "--n-disease-genes", "10", "--n-day-genes", "8"], check=True, stdout=subprocess.DEVNULL)
        (folder / "made" / "cohort.h5ad").rename(folder / f"S{i}.h5ad")
    for n in (N_FILES - 1, N_FILES):
        names = ", ".join(f'"S{i}.h5ad"' for i in range(n))
        (folder / f"{n}.toml").write_text(EXPERIMENT.format(files=names))


def prepare(program: str, folder: Path, n: int, out: str) -> str:
    done = subprocess.run([program, "prepare", f"{n}.toml", "--out", out], cwd=folder, capture_output=True, text=True, env=os.environ | {"NO_COLOR": "1"})
    assert done.returncode == 0, done.stderr
    return done.stderr


def reads_the_third(parts: Path) -> bool:
    try:
        return any(parts.glob(f".*.part*/spool{KILLED_IN}.*"))
    except FileNotFoundError:  # renamed while we looked
        return False


def kill_while_it_reads(program: str, folder: Path) -> bool:
    """False when the program was through before it could be killed."""
    process = subprocess.Popen([program, "prepare", "-q", f"{N_FILES - 1}.toml", "--out", "killed"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if reads_the_third(folder / "killed" / "store.parts"):
            process.send_signal(signal.SIGKILL)
            break
    return process.wait(60) == -signal.SIGKILL


def digests(store: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in store.iterdir()}


def sources_read(said: str) -> list[str]:
    return re.findall(r"read +(S\d+) ", said)


def main() -> int:
    program = files.program_to_test()
    if program is None:
        return SKIPPED
    for attempt in range(TRIES):
        with tempfile.TemporaryDirectory(prefix="cellverdict_killed.") as name:
            folder = Path(name)
            simulate(program, folder, 200 << attempt)
            if not kill_while_it_reads(program, folder):
                continue
            run = folder / "killed"
            assert not (run / "store").exists()
            whole = [p for p in (run / "store.parts").iterdir() if not p.name.startswith(".")]
            if len(whole) != KILLED_IN:  # it was quicker than the signal
                continue
            said = prepare(program, folder, N_FILES - 1, "killed")
            assert f"prepare   {KILLED_IN} of {N_FILES - 1} sources taken over, {N_FILES - 1 - KILLED_IN} read" in said, said
            assert sources_read(said) == [f"S{i}" for i in range(KILLED_IN, N_FILES - 1)], said
            prepare(program, folder, N_FILES - 1, "clean")
            assert digests(run / "store") == digests(folder / "clean" / "store")
            assert sorted(p.name for p in run.iterdir()) == sorted(p.name for p in (folder / "clean").iterdir())

            said = prepare(program, folder, N_FILES, "killed")
            assert f"prepare   {N_FILES - 1} of {N_FILES} sources taken over, 1 read" in said, said
            assert sources_read(said) == [f"S{N_FILES - 1}"], said
            prepare(program, folder, N_FILES, "clean more")
            [store] = run.glob("store-*")
            assert digests(store) == digests(folder / "clean more" / "store")
            # One file of two names, not two copies; a file system without such names has copies.
            shard = next(store.glob("000_*.h5ad"))
            assert shard.stat().st_nlink in (1, 2) and shard.read_bytes() == (run / "store" / shard.name).read_bytes()
            return 0
    print("the program was never seen reading the third file")
    return 1


if __name__ == "__main__":
    sys.exit(main())
