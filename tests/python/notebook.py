"""Runs a notebook in an empty folder, as a reader would; with --write its outputs are kept in it (`make docs`).

usage: notebook.py [--write] FILE
"""

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient


def executed(file: Path, folder: Path) -> nbformat.NotebookNode:
    """The notebook with its outputs. Raises at the first cell that fails. Nothing is left in the user's own folders."""
    for name in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR"):
        os.environ[name] = str(folder / ".settings")
    book = nbformat.read(file, as_version=4)
    work = folder / "work"
    work.mkdir()
    NotebookClient(book, timeout=240, kernel_name="python3", record_timing=False, resources={"metadata": {"path": str(work)}}).execute()
    return book


def main() -> None:
    file = Path(sys.argv[-1])
    with tempfile.TemporaryDirectory() as folder:
        book = executed(file, Path(folder))
    if "--write" in sys.argv:
        book.metadata.language_info = {"name": "python"}  # not which Python wrote it
        nbformat.write(book, file)


if __name__ == "__main__":
    main()
