"""`python -m cellverdict` and the command `cellverdict`: the program itself, with this environment's LibTorch."""

import os
import sys

from .errors import CellverdictError
from .program import environment, program


def main() -> None:
    try:
        path = program()
    except CellverdictError as error:
        sys.exit(f"cellverdict: error: {error}")
    os.execve(path, ["cellverdict", *sys.argv[1:]], environment())


if __name__ == "__main__":
    main()
