"""Types commands as a user does and holds what comes back against the cases in tests/cli/*.txt.

usage: cli_test.py [PROGRAM] [--show] [WORDS…]

PROGRAM: else $CELLVERDICT_PROGRAM; WORDS: only cases whose title has them all; --show: print what each failing command said

A case is read top down, in an empty folder of its own:

    == A title that claims what happens
    with study                   set up files; the verbs are the functions of files.py
    $ cellverdict prepare study.toml
    exit 2                       the exit code (0 when not said)
    err  fragment                stderr has it; `not` has it not, `once` exactly once; `out` is for stdout
    absent run/store             nothing is there; `present` the other way round

Every command that fails must say exactly one sentence, last on stderr, nothing on stdout, and no case may leave a temporary file.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import files

HERE = Path(__file__).parent
SKIPPED = 77  # ctest's word for it


@dataclass
class Case:
    place: str
    title: str
    lines: list = field(default_factory=list)


def read_cases(path: Path) -> list[Case]:
    cases = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("== "):
            cases.append(Case(f"{path.name}:{number}", line[3:]))
        else:
            word, _, rest = line.strip().partition(" ")
            cases[-1].lines.append((number, word, rest.strip()))
    return cases


def complaints_about_error(stderr: str, stdout: str) -> list[str]:
    """What every failure owes its reader."""
    lines = stderr.splitlines()
    errors = [line for line in lines if ": error: " in line]
    if len(errors) != 1 or lines[-1] != errors[0]:
        return ["expected exactly one error line, at the end"]
    said, sentence = [], errors[0].split(": error: ", 1)[1]
    if sentence[-1:] not in ".?" or sentence.endswith(("..", "?.")):
        said.append("the sentence does not end with one full stop or question mark")
    if len(sentence) > 600:
        said.append(f"the sentence has {len(sentence)} characters")
    for bad in ("std::", "filesystem error", "json.exception", "terminate", "Traceback", "c10::", "what():", " :", ";;"):
        if bad in sentence:
            said.append(f"the sentence has '{bad}' in it")
    if stdout:
        said.append(f"stdout has something: {stdout[:80]!r}")
    return said


class Runner:
    def __init__(self, program: str, shared: Path):
        self.program, self.shared = program, shared
        self.heard: list[tuple[str, str]] = []
        self.learns = "LibTorch none" not in subprocess.run([program, "version"], capture_output=True, text=True).stdout

    def run(self, case: Case) -> tuple[str, list[str]]:
        """("passed" | "skipped" | "failed", what to say)"""
        with tempfile.TemporaryDirectory(prefix="cellverdict_cli.") as name:
            folder = Path(name)
            try:
                said = self.play(case, folder)
            except files.Skip as reason:
                return "skipped", [str(reason)]
            finally:
                files.clean_up(folder)
            left = [str(p.relative_to(folder)) for p in folder.rglob("*") if re.search(r"^\..*\.part\d*|\.tmp", p.name)]
            if left:
                said.append(f"left behind: {left}")
            return ("failed" if said else "passed"), said

    def play(self, case: Case, folder: Path) -> list[str]:
        said, result, expected = [], None, 0

        def judge():
            if result is None:
                return
            problems = []
            if result.returncode != expected:
                problems.append(f"exit {result.returncode}, expected {expected}")
            if result.returncode in (1, 2, 70) and len(result.args) > 1:  # the program's name alone gives the overview
                self.heard.append((case.title, result.stderr.strip().rsplit("\n", 1)[-1]))
                problems += complaints_about_error(result.stderr, result.stdout)
            said.extend(f"{p}\n      stderr: {result.stderr.strip()[-700:]}" for p in problems)

        for number, word, rest in case.lines:
            at = f"line {number}: "
            if word == "with":
                verb, *arguments = shlex.split(rest)
                files.SET_UP[verb](self, folder, *arguments)
            elif word == "$":
                judge()
                result, expected = self.command(rest, folder), 0
                if "a cellverdict built without LibTorch" in result.stderr:
                    raise files.Skip("built without LibTorch")
            elif word == "exit":
                expected = int(rest)
            elif word in ("out", "err", "not"):
                text = result.stdout if word == "out" else result.stderr
                if (rest in text) == (word == "not"):
                    said.append(f"{at}{word} {rest!r}\n      got: {text.strip()[-700:]}")
            elif word == "once":
                if (count := result.stderr.count(rest)) != 1:
                    said.append(f"{at}{rest!r} is said {count} times\n      got: {result.stderr.strip()[-700:]}")
            elif word in ("absent", "present"):
                if (folder / rest).exists() == (word == "absent"):
                    said.append(f"{at}{rest} is {'there' if word == 'absent' else 'not there'}")
            else:
                raise SystemExit(f"{case.place}: line {number}: unknown word '{word}'")
        judge()
        return said

    def command(self, line: str, folder: Path) -> subprocess.CompletedProcess:
        words = shlex.split(line)
        target = words.pop()[1:] if words[-1].startswith(">") else None  # only `>/dev/full` is needed
        if words[0] == "cellverdict":
            words[0] = self.program
        environment = os.environ | {"NO_COLOR": "1", "OMP_NUM_THREADS": "1"}
        with open(target, "w") if target else tempfile.TemporaryFile("w+") as out:
            done = subprocess.run(words, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, env=environment, timeout=120)
            if not target:
                out.seek(0)
            return subprocess.CompletedProcess(words, done.returncode, "" if target else out.read(), done.stderr.decode(errors="replace"))


def main() -> int:
    arguments = sys.argv[1:]
    program = arguments.pop(0) if arguments and Path(arguments[0]).is_file() else os.environ.get("CELLVERDICT_PROGRAM", "")
    if not program:
        print("skipped: no program; set CELLVERDICT_PROGRAM or give its path")
        return SKIPPED
    show = "--show" in arguments
    arguments = [a for a in arguments if a != "--show"]
    cases = [c for path in sorted(HERE.glob("*.txt")) for c in read_cases(path) if all(w in c.title for w in arguments)]
    with tempfile.TemporaryDirectory(prefix="cellverdict_cli.") as shared:
        runner = Runner(str(Path(program).resolve()), Path(shared))
        with ThreadPoolExecutor(max(2, min(8, len(os.sched_getaffinity(0))))) as pool:
            results = list(pool.map(runner.run, cases))
    if show:
        print(*(f"{title}\n    {sentence}" for title, sentence in runner.heard), sep="\n")
    for case, (verdict, said) in zip(cases, results):
        if verdict != "passed":
            print(f"{verdict}: {case.place} {case.title}", *(f"    {s}" for s in said), sep="\n")
    count = {v: sum(r[0] == v for r in results) for v in ("passed", "failed", "skipped")}
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 1 if count["failed"] or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
