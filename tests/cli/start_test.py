"""What needs no net starts at once: the program that is called does not open LibTorch.

usage: start_test.py [PROGRAM]
"""

import os
import subprocess
import sys
import time

PROGRAM = sys.argv[1] if len(sys.argv) > 1 else os.environ["CELLVERDICT_PROGRAM"]
MOST_SECONDS = 0.15


def seconds_of_help() -> float:
    begin = time.monotonic()
    subprocess.run([PROGRAM, "--help"], check=True, capture_output=True)
    return time.monotonic() - begin


libraries = subprocess.run(["ldd", PROGRAM], check=True, capture_output=True, text=True).stdout
opened = [line.strip() for line in libraries.splitlines() if "torch" in line or "libc10" in line]
if opened:
    sys.exit(f"{PROGRAM} opens {opened}")

best = min(seconds_of_help() for _ in range(10))  # of ten: other work on the machine only ever adds
print(f"--help in {best:.3f} s")
if best > MOST_SECONDS:
    sys.exit(f"--help took {best:.3f} s at best, at most {MOST_SECONDS} promised")

version = subprocess.run([PROGRAM, "version"], check=True, capture_output=True, text=True).stdout
print(version.strip())
