"""Every command that the documentation shows in a code block exists: its verb, its options, the keys it sets, its make target.

usage: docs_test.py [PROGRAM]      PROGRAM: else $CELLVERDICT_PROGRAM
"""

import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = 77
PROGRAM = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("CELLVERDICT_PROGRAM", "")


@cache
def help_of(*words: str) -> str:
    done = subprocess.run([PROGRAM, "help", *words], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else ""


@cache
def keys() -> set[str]:
    """"train.epochs" and so on, from `help experiment`."""
    found, section = set(), ""
    for line in help_of("experiment").splitlines():
        if heading := re.match(r"\[(\w+)\]$", line):
            section = heading[1]
        elif key := re.match(r"  (\w+) +\S", line):
            found.add(f"{section}.{key[1]}")
    return found


def targets() -> set[str]:
    return set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))


def commands(text: str):
    """(line number, words) of every cellverdict and make command in a fenced block; continued lines joined, comments and pipes off."""
    inside, held = False, ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            inside, held = not inside, ""
            continue
        if not inside:
            continue
        line = held + line.strip().removeprefix("$ ")
        held = line[:-1] if line.endswith("\\") else ""
        if held:
            continue
        try:
            words = shlex.split(re.split(r"\s(?:#|\||>|&&|;)\s?", line + " ")[0], comments=True)
        except ValueError:
            continue
        # The overview of the program itself has "cellverdict 0.1.0: …" and "cellverdict help VERB" in a sentence.
        if len(words) > 1 and (words[0] == "make" or words[0].split("/")[-1] == "cellverdict") and not words[1].endswith(":"):
            yield number, words


def complaints(words: list[str]) -> list[str]:
    if words[0] == "make":
        return [f"make has no target '{w}'" for w in words[1:] if "=" not in w and not w.startswith("-") and w not in targets()]
    verb, rest = words[1], words[2:]
    if verb in ("help", "version", "--help", "--version"):
        return [] if verb != "help" or not rest or rest[0].isupper() or rest[0] == "--markdown" or help_of(rest[0]) else [f"no help for '{rest[0]}'"]
    text = help_of(verb)
    if not text:
        return [f"no verb '{verb}'"]
    said = [f"{verb} has no option '{w}'" for w in rest if re.match(r"--?[A-Za-z]", w) and not re.search(rf"(^|[ ,]){re.escape(w.split('=')[0])}\b", text, re.M)]
    for option, value in zip(rest, rest[1:]):
        key = ".".join(value.split("=")[0].split(".")[:2])
        if option == "--set" and key not in keys() and key != "section.key":
            said.append(f"no key '{key}' in an experiment file")
    return said


def main() -> int:
    if not PROGRAM:
        print("skipped: no program; set CELLVERDICT_PROGRAM or give its path")
        return SKIPPED
    pages = [p for p in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "src/cellverdict/README.md", *sorted((ROOT / "docs").rglob("*.md"))] if p.exists()]
    n, said = 0, []
    for page in pages:
        for number, words in commands(page.read_text()):
            n += 1
            said += [f"{page.relative_to(ROOT)}:{number}: {s}: {' '.join(words)}" for s in complaints(words)]
    # The examples of the help are commands too.
    for verb in re.findall(r"^  (\w+) {2,}", help_of(), re.M):
        for _, words in commands("```\n" + help_of(verb) + "```"):
            n += 1
            said += [f"help {verb}: {s}: {' '.join(words)}" for s in complaints(words)]
    manual = ROOT / "docs/CLI.md"
    if manual.exists() and manual.read_text() != help_of("--markdown"):
        said.append("docs/CLI.md:1: is not what the program says; run `make docs`")
    print(*said, f"{n} commands in {len(pages)} pages and the help, {len(said)} complaints", sep="\n")
    return 1 if said or n < 10 or len(keys()) < 30 else 0


if __name__ == "__main__":
    sys.exit(main())
