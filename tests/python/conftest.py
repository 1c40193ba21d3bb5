"""One small simulated cohort and one trained run for all tests.

With CELLVERDICT_PROGRAM the package comes from python/ and calls that program; without, the installed package is tested.
"""

import os
import subprocess
import sys
from pathlib import Path

import anndata
import pytest

ROOT = Path(__file__).resolve().parents[2]
if os.environ.get("CELLVERDICT_PROGRAM"):
    os.environ["CELLVERDICT_PROGRAM"] = str(Path(os.environ["CELLVERDICT_PROGRAM"]).resolve())
    sys.path.insert(0, str(ROOT / "python"))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT / "python"), os.environ.get("PYTHONPATH")]))  # the notebook's kernel

import cellverdict  # noqa: E402

SMALL = {"prepare": {"min_genes": 20, "min_cells_per_gene": 2, "genes": {"n": 100}}, "model": {"width": 16, "depth": 1},
         "train": {"epochs": 3, "batch_size": 64}, "evaluate": {"permutations": 20}}


@pytest.fixture(scope="session")
def program() -> Path:
    return cellverdict.program()


@pytest.fixture(scope="session")
def learns(program) -> None:
    """Skips what a program without LibTorch cannot do."""
    from cellverdict.program import environment
    said = subprocess.run([program, "version"], env=environment(), capture_output=True, text=True, check=True).stdout
    if "LibTorch none" in said:
        pytest.skip("built without LibTorch")


@pytest.fixture(scope="session")
def cohort_file(tmp_path_factory) -> Path:
    return cellverdict.simulate(tmp_path_factory.mktemp("cohort"), n_donors=12, n_cells=60, n_genes=500, n_disease_genes=30, effect=1.5,
                                quiet=True)


@pytest.fixture
def cohort(cohort_file) -> anndata.AnnData:
    return anndata.read_h5ad(cohort_file)


@pytest.fixture
def experiment() -> dict:
    return {"data": {"label": "disease", "unit": "library", "donor": "donor", "positive": "disease"}, **SMALL}


@pytest.fixture(scope="session")
def study(learns, cohort_file, tmp_path_factory) -> cellverdict.Run:
    experiment = {"data": {"label": "disease", "unit": "library", "donor": "donor", "positive": "disease"}, **SMALL}
    return cellverdict.run(experiment, anndata.read_h5ad(cohort_file), out=tmp_path_factory.mktemp("runs") / "study", pictures=False, quiet=True)
