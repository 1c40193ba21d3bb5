"""Writing verbs that may not write where they are told: each says so in one sentence, exits with 1, and leaves what was there as it
was.

usage: not_writable_test.py [PROGRAM]

Places that refuse: below a file, a folder that belongs to another and may only be read (root is let in everywhere, so a test run by
root gives its rights up in the child), and a file system that may only be read (root alone can make one).
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import files
from cli_test import complaints_about_error
from no_room_test import SKIPPED, Maker, verbs

NOBODY = 65534


def give_up_rights():
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def run(program: Path, words: list, out: Path, as_nobody: bool) -> subprocess.CompletedProcess:
    line = [program, *(str(w).replace("OUT", str(out)) for w in words)]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, cwd="/", env=os.environ | {"NO_COLOR": "1"},
                          preexec_fn=give_up_rights if as_nobody else None)


def below_a_file(top: Path) -> Path:
    (top / "file").write_text("what was there\n")
    return top / "file"


def read_only_folder(top: Path) -> Path:
    (top / "closed").mkdir(mode=0o555)
    return top / "closed"


def read_only_disk(top: Path) -> Path:
    files.small_disk(None, top, "disk", "40960")
    subprocess.run(["mount", "-o", "remount,ro", top / "disk"], check=True)
    return top / "disk"


def what_is_in(top: Path) -> dict[str, str]:
    return {str(p.relative_to(top)): p.read_text() if p.is_file() else "" for p in top.rglob("*")}


def main() -> int:
    program = files.program_to_test()
    if program is None:
        return SKIPPED
    is_root = os.geteuid() == 0
    problems, n_refused, skipped = [], 0, set()
    with tempfile.TemporaryDirectory(prefix="cellverdict_not_writable.") as name:
        top = Path(name)
        top.chmod(0o755)
        program = Path(program).resolve()
        files.study(Maker(), top / "study")
        for place in (below_a_file, read_only_folder, read_only_disk):
            as_nobody = is_root and place is read_only_folder
            if as_nobody:  # who may not see the folder the program was built in
                shutil.copy(program, top / "program")
                try:
                    helpless = run(top / "program", ["version"], top, True).returncode != 0
                except PermissionError:
                    helpless = True
                if helpless:
                    skipped.add("the program does not start without the rights of root")
                    continue
            for verb, (words, _) in verbs(top / "study").items():
                case = top / "case"
                case.mkdir(mode=0o755)
                try:
                    try:
                        out = place(case)
                    except files.Skip as reason:
                        skipped.add(str(reason))
                        continue
                    before = what_is_in(case)
                    done = run(top / "program" if as_nobody else program, words, out, as_nobody)
                    said = complaints_about_error(done.stderr, done.stdout)
                    if done.returncode != 1:
                        said.append(f"exit {done.returncode} instead of 1")
                    if str(out) not in done.stderr:
                        said.append("does not name the place")
                    if what_is_in(case) != before:
                        said.append(f"left behind: {what_is_in(case)}")
                    n_refused += done.returncode == 1
                    problems += [f"{verb}, {place.__name__}: {s}\n      stderr: {done.stderr.strip()[-500:]}" for s in said]
                finally:
                    files.clean_up(case)
                    shutil.rmtree(case)
    print(f"{n_refused} refused")
    print("\n".join([f"skipped: {reason}" for reason in sorted(skipped)] + problems))
    return 1 if problems or n_refused == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
