"""The notebook of the documentation runs from top to bottom and says what its text says."""

from pathlib import Path

import nbformat
from notebook import executed

FILE = Path(__file__).resolve().parents[2] / "docs/first-study.ipynb"


def outputs(book: nbformat.NotebookNode, kind: str) -> list[str]:
    return [str(o.get("text") or o.get("data")) for cell in book.cells if cell.cell_type == "code" for o in cell.outputs if o.output_type == kind]


def test_the_notebook_runs_and_answers(learns, tmp_path):
    book = executed(FILE, tmp_path)
    said, shown = "".join(outputs(book, "stream")), outputs(book, "execute_result") + outputs(book, "display_data")
    assert "Shown" in said or "shown" in said.split(".")[0]
    assert "learning_rate" in said
    assert any("image/png" in text for text in shown) and any("cellverdict_class" in text for text in shown)


def test_the_kept_outputs_name_no_machine(tmp_path):
    kept = FILE.read_text(encoding="utf-8")
    assert not any(name in kept for name in ("/tmp/", "/home/", "/root/", "site-packages")), "a path of the machine that ran it"
    book = nbformat.read(FILE, as_version=4)
    assert not [o for cell in book.cells if cell.cell_type == "code" for o in cell.outputs if o.output_type == "error"]
