"""Runs clang-tidy over the sources of the rooms in a compile database; a file that passed is not looked at again until it, a
header of the project or the checks change.

usage: tidy.py BUILD_FOLDER
"""

import hashlib
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIDY = "clang-tidy-14"


def project_files(source: Path, seen: set[Path]) -> set[Path]:
    """The source and every header of the project it reaches, by its include lines."""
    if source in seen or not source.exists():
        return seen
    seen.add(source)
    for name in re.findall(r"#include <(cellverdict/[^>]+)>", source.read_text()):
        project_files(ROOT / "src" / name, seen)
    return seen


def key_of(source: Path, command: str) -> str:
    digest = hashlib.sha256(command.encode())
    for file in [ROOT / ".clang-tidy", *sorted(project_files(source, set()))]:
        digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()


def check(entry: dict, build: Path) -> tuple[str, str]:
    source = Path(entry["file"])
    name = str(source.relative_to(ROOT))
    stamp = build / "tidy" / key_of(source, entry.get("command", ""))
    if stamp.exists():
        return name, ""
    done = subprocess.run(
        [TIDY, "-p", str(build), "--quiet", "--warnings-as-errors=*", "--extra-arg=-Wno-unknown-warning-option", str(source)],
        capture_output=True, text=True, check=False)
    if done.returncode == 0:
        stamp.touch()
        return name, ""
    return name, done.stdout + done.stderr


def main() -> int:
    build = Path(sys.argv[1]).resolve()
    (build / "tidy").mkdir(exist_ok=True)
    entries = [e for e in json.loads((build / "compile_commands.json").read_text()) if Path(e["file"]).is_relative_to(ROOT / "src")]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        failures = [(name, said) for name, said in pool.map(lambda e: check(e, build), entries) if said]
    for _, said in failures:
        print(said, file=sys.stderr)
    print(f"clang-tidy: {len(entries)} files, {len(failures)} with complaints", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
