"""Compiles one file that must be refused, for the stated reason.

usage: check.py FILE COMPILER FLAGS…

The first line of FILE is `// must not compile: REGEX` (found in the compiler's message) or `// must compile`. The wrong line
stands between `#ifndef CONTROL` and `#endif`: with -DCONTROL the file must compile, so that it is refused for nothing else.
"""

import os
import re
import subprocess
import sys


def compiles(command: list[str]) -> tuple[bool, str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    return done.returncode == 0, done.stderr


def main() -> int:
    file, *compiler = sys.argv[1:]
    with open(file, encoding="utf-8") as opened:
        text = opened.read()
    first = text.split("\n", 1)[0]
    accepted, message = compiles([*compiler, file])
    if first == "// must compile":
        if accepted:
            return 0
        print(f"{file} should compile and does not:\n{message}")
        return 1
    wanted = re.fullmatch(r"// must not compile: (.+)", first)
    if not wanted:
        print(f"{file}: first line is '{first}', expected '// must not compile: REGEX' or '// must compile'")
        return 1
    if "#ifndef CONTROL" not in text:
        print(f"{file}: no '#ifndef CONTROL' around the wrong line, so nothing shows that the rest is right")
        return 1
    fine, control_message = compiles([*compiler, "-DCONTROL", file])
    if not fine:
        print(f"{file}: refused even without the wrong line:\n{control_message}")
        return 1
    if accepted:
        print(f"{file} compiles and should not")
        return 1
    if not re.search(wanted[1], message):
        print(f"{file} is refused, but not for '{wanted[1]}':\n{message}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
