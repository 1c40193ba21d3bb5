"""The Python package's tests, by pytest. Exit code 77: something they need is not installed.

usage: run.py [ARGUMENTS OF PYTEST…]
"""

import importlib.util
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    missing = [name for name in ("pytest", "anndata", "nbclient", "ipykernel") if importlib.util.find_spec(name) is None]
    if missing:
        print(f"skipped: {', '.join(missing)} not installed in {sys.executable}")
        sys.exit(77)
    import pytest

    sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", str(HERE.parents[1]), *(sys.argv[1:] or [str(HERE)])]))
