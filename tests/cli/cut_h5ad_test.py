"""A whole .h5ad of which the end is missing, as after a broken download: `inspect` and `prepare` refuse it in one sentence that names
the file, wherever it ends, and leave nothing.

usage: cut_h5ad_test.py [PROGRAM]

Exits 77 (skipped) without h5py.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import files
from cli_test import complaints_about_error
from memory_test import EXPERIMENT, SKIPPED, write_h5ad

SHARES = (0, 0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.9999)


def main() -> int:
    program = files.program_to_test()
    if program is None:
        return SKIPPED
    problems, n_refused = [], 0
    with tempfile.TemporaryDirectory(prefix="cellverdict_cut.") as name:
        folder = Path(name)

        def run(*words):
            return subprocess.run([program, *words], cwd=folder, capture_output=True, text=True, timeout=60, env=os.environ | {"NO_COLOR": "1"})

        def verbs_on(stem):
            (folder / f"{stem}.toml").write_text(EXPERIMENT.format(file=f"{stem}.h5ad"))
            return {"inspect": run("inspect", f"{stem}.h5ad"), "prepare": run("prepare", "-q", f"{stem}.toml", "--out", f"run_{stem}")}

        write_h5ad(folder / "packed.h5ad", 2000)
        files.h5ad(None, folder, "plain.h5ad")
        done = verbs_on("packed")
        assert all(d.returncode == 0 for d in done.values()), f"the whole file is refused: {done}"
        for source in ("packed", "plain"):
            whole = (folder / f"{source}.h5ad").read_bytes()
            for share in SHARES:
                (folder / "cut.h5ad").write_bytes(whole[: min(int(len(whole) * share), len(whole) - 1)])
                for verb, done in verbs_on("cut").items():
                    said = complaints_about_error(done.stderr, done.stdout)
                    if done.returncode != 1:
                        said.append(f"exit {done.returncode} instead of 1")
                    if "cut.h5ad" not in done.stderr:
                        said.append("does not name the file")
                    if (folder / "run_cut").exists():
                        said.append(f"left {sorted(folder.glob('run_cut/**/*'))}")
                    n_refused += done.returncode == 1
                    problems += [f"{verb} {source}.h5ad, {share:.2%} of it: {s}\n      stderr: {done.stderr.strip()[-500:]}" for s in said]
    print(f"{n_refused} refused")
    print("\n".join(problems))
    return 1 if problems or n_refused != 4 * len(SHARES) else 0


if __name__ == "__main__":
    sys.exit(main())
